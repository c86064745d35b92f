"""What `llmx serve` refuses before it listens to anybody, and what it takes."""

import os

import pytest
from typer.testing import CliRunner

from llmx.cli.app import app

pytest.importorskip("uvicorn")

KEY = "sk-of-this-test-0123456789"
SERVE = ["serve", "recipe=staircase_moa", "scale=smoke", "--port", "0"]
REFUSED = [
    (["--host", "0.0.0.0"], ["0.0.0.0 can be reached", "LLMX_API_KEY", "--no-api-key"]),
    (["--host", ""], ["nothing after --host"]),
    (["--host", "0"], ["0.0.0.0 can be reached"]),
    (["--api-key"], ["$LLMX_API_KEY is not set", "export LLMX_API_KEY"]),
    (["--api-key-env", "NO_SUCH_KEY"], ["$NO_SUCH_KEY is not set"]),
    (["--api-key-env", "EMPTY_KEY"], ["$EMPTY_KEY is empty"]),
    (["--allow-host", "*"], ["'*'", "--api-key"]),
    (["--allow-origin", "*"], ["'*'", "--api-key"]),
    (["--allow-host", "box.example:80"], ["box.example:80", "without a port"]),
    (["--allow-host", "https://box.example"], ["https://box.example"]),
    (["--allow-origin", "chat.example"], ["chat.example", "https://"]),
    (["--max-messages", "0"], ["--max-messages"]),
    (["--max-characters", "-1"], ["--max-characters"]),
    (["--max-connections", "0"], ["--max-connections"]),
    (["--header-seconds", "0"], ["--header-seconds"]),
    (["--body-seconds", "x"], ["--body-seconds"]),
    (["--reader-seconds", "-3"], ["--reader-seconds"]),
]


@pytest.fixture
def serve(monkeypatch):
    """Return a function: words → (result, servers that would run)."""
    from llmx.serve import answerer, server

    servers = []

    async def warm(self):
        pass

    def run(self, sockets):
        servers.append(self.service)
        sockets[0].close()

    monkeypatch.setattr(answerer.EnsembleAnswerer, "warm", warm)
    monkeypatch.setattr(server.Server, "run", run)
    monkeypatch.setattr(server, "prepare", lambda connections: None)
    monkeypatch.delenv("LLMX_API_KEY", raising=False)
    monkeypatch.setenv("EMPTY_KEY", "")
    monkeypatch.setenv("COLUMNS", "200")

    def called(*words):
        return CliRunner().invoke(app, [*SERVE, *words]), servers

    return called


@pytest.mark.parametrize(("words", "named"), REFUSED, ids=lambda value: "-".join(value)[:40])
def test_what_is_not_safe_is_refused_in_a_line(serve, words, named):
    result, servers = serve(*words)
    said = " ".join(result.stderr.split())
    assert result.exit_code == 2 and servers == [] and "Traceback" not in said
    assert all(name in said for name in named)


def test_the_key_of_the_environment_is_asked_for_and_shown_nowhere(serve, monkeypatch):
    monkeypatch.setenv("LLMX_API_KEY", KEY)
    result, (service,) = serve("--host", "0.0.0.0", "--allow-host", "box.example")
    assert result.exit_code == 0 and service.access.digest is not None
    assert KEY not in result.output and "Bearer $LLMX_API_KEY" in result.output
    assert "box.example" in service.access.hosts and "0.0.0.0" not in service.access.hosts


def test_another_variable_may_hold_it(serve, monkeypatch):
    monkeypatch.setenv("A_KEY", KEY)
    result, (service,) = serve("--api-key-env", "A_KEY")
    assert result.exit_code == 0 and service.access.digest is not None


def test_everybody_may_ask_where_that_is_said(serve, monkeypatch):
    monkeypatch.setenv("LLMX_API_KEY", KEY)
    result, (service,) = serve("--host", "0.0.0.0", "--no-api-key")
    assert result.exit_code == 0 and service.access.digest is None
    assert "everybody may ask" in result.output


def test_limits_are_those_of_the_command(serve):
    words = ["--max-connections", "7", "--max-messages", "8", "--max-characters", "9"]
    times = ["--header-seconds", "1", "--body-seconds", "2", "--reader-seconds", "3"]
    limits = serve(*words, *times)[1][0].limits
    assert (limits.connections, limits.messages, limits.characters) == (7, 8, 9)
    assert (limits.header_seconds, limits.body_seconds, limits.reader_seconds) == (1, 2, 3)


def test_what_is_loaded_is_kept_before_anybody_asks(serve, monkeypatch):
    kept = []
    monkeypatch.setattr("llmx.serve.memory.keep_what_is_loaded", lambda: kept.append(1))
    _, servers = serve()
    assert kept == [1] and len(servers) == 1


def test_a_number_of_connections_gets_its_descriptors():
    import resource
    import subprocess
    import sys

    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 300));"
        "from llmx.serve.server import prepare; prepare(150); prepare(9000);"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 300:
        pytest.skip("no descriptors to give")
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert int(found.stdout) == 300
