"""A recipe sends nothing away by itself: no prompt to a host that it names, and no key anywhere."""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from loopback import Endpoint
from recipes_of_strangers import line_of, stranger
from typer.testing import CliRunner, Result

from llmx.config.compose import compose
from llmx.core import hosts
from llmx.core.errors import ConfigError, EngineError
from llmx.core.judging import JudgeSpec
from llmx.core.spec import Destination, EngineSpec
from llmx.engines.endpoint.address import find_address
from llmx.graph.graph import refusal, sending

SECRET = "token-of-another-service"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "hosts"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LLMX_CONFIG", str(folder / "config"))
    monkeypatch.delenv("LLMX_HOSTS", raising=False)
    monkeypatch.setenv("PRIVATE_DEPLOY_TOKEN", SECRET)
    monkeypatch.setenv("OPENAI_API_KEY", "key-of-the-user")
    monkeypatch.setenv("COLUMNS", "400")
    return folder


def llmx(*words: str) -> Result:
    from llmx.cli.app import app

    return CliRunner().invoke(app, list(words), prog_name="llmx")


def naming(url: str, key: str = "", **more: str) -> str:
    inner = f", key_env: {key}" if key else ""
    return f'engine: {{base_url: "{url}"{inner}}}'


# Entry that is allowed, address that is asked, whether it is allowed by that.
TABLE = [
    ("api.example", "https://api.example/v1", True),
    ("API.Example.", "https://api.example/v1", True),
    ("api.example", "https://API.EXAMPLE.:443/v1", True),
    ("https://api.example/v1", "https://api.example/v2", True),
    ("api.example", "http://api.example/v1", False),  # a key would be readable on the way
    ("api.example:80", "http://api.example/v1", True),
    ("api.example", "https://api.example:8443/v1", False),
    ("api.example:8443", "https://api.example:8443/v1", True),
    ("api.example", "https://evil.api.example/v1", False),
    ("api.example", "https://api.example.evil.example/v1", False),
    ("api.example", "https://evilapi.example/v1", False),
    ("api.example", "https://evil.example/api.example", False),
    ("api.example", "https://evil.example\\@api.example/v1", False),
    ("api.example", "https://evil.example#@api.example/v1", False),
    ("api.example", "https://evil.example?@api.example/v1", False),
    ("api.example", "https://api.example@evil.example/v1", False),
    ("api.example", "https://api.example:443@evil.example/v1", False),
    ("api.example", "https://api.example\t.evil.example/v1", False),
    ("api.example", "https://api.example\n/v1", False),
    ("api.example", "https://аpi.example/v1", False),  # a Cyrillic letter
    ("api.example", "ftp://api.example/v1", False),
    ("api.example", "https:///api.example/v1", False),
    ("[2001:db8::1]:8000", "http://[2001:DB8::1]:8000/v1", True),
    ("127.0.0.1", "http://127.0.0.1:8000/v1", True),
    ("localhost", "http://127.0.0.1:8000/v1", False),
    ("127.0.0.1:8000", "http://127.0.0.1:8001/v1", False),
]


@pytest.mark.parametrize(("entry", "url", "allowed"), TABLE)
@pytest.mark.parametrize("by", ["command", "variable"])
def test_an_entry_allows_its_own_host_and_port(monkeypatch, entry, url, allowed, by):
    if by == "variable":
        monkeypatch.setenv("LLMX_HOSTS", f"other.example, {entry}")
    else:
        hosts.remember(entry)
    assert hosts.is_trusted(url) is allowed
    monkeypatch.delenv("LLMX_HOSTS", raising=False)
    hosts.forget(entry)
    assert not hosts.is_trusted(url)


def test_what_a_refusal_says_to_type_allows_the_host():
    urls = [url for _, url, allowed in TABLE if allowed]
    for url in urls:
        hosts.remember(hosts.entry_of(url))
        assert hosts.is_trusted(url)


@pytest.mark.parametrize(
    "word", ["", " ", "a b", "*", "*.example", "a/b", "a:b", "a:99999", "a\nb"]
)
def test_what_is_no_host_is_refused(word):
    with pytest.raises(ConfigError, match="is no host"):
        hosts.remember(word)


AWAY = ["https://evil.example/v1", "http://evil.example:80/v1", "http://10.0.0.7:8000/v1",
        "http://127.0.0.2:80/v1", "http://0.0.0.0:80/v1", "http://[::2]/v1",
        "http://localhost.evil.example/v1", "http://2130706433/v1", "http://0x7f.1/v1"]  # fmt: skip


@pytest.mark.parametrize("url", AWAY)
def test_a_file_sends_nothing_to_another_machine(tmp_path, url):
    path = stranger(tmp_path, naming(url), "openai")
    spec = compose(str(path))
    found = refusal(spec)
    assert found is not None and line_of(path, "base_url") in found.message
    assert "llmx trust" in found.hint
    with pytest.raises(ConfigError, match="nothing is sent there without your word"):
        find_address(next(iter(spec.arms.values())).engine)
    hosts.remember(hosts.entry_of(url))
    assert refusal(spec) is None
    assert find_address(next(iter(spec.arms.values())).engine).key == "key-of-the-user"


def test_what_the_user_types_needs_no_permission(tmp_path):
    path = str(stranger(tmp_path, engine="openai"))
    spec = compose(path, ["engine.base_url=https://mine.example/v1"])
    assert refusal(spec) is None
    assert find_address(spec.arms["greedy"].engine).key == "key-of-the-user"
    words = ["engine.base_url=https://mine.example/v1", "engine.key_env=PRIVATE_DEPLOY_TOKEN"]
    spec = compose(path, words)
    assert refusal(spec) is None and find_address(spec.arms["greedy"].engine).key == SECRET


def test_a_file_chooses_no_key_for_a_host_of_the_users(tmp_path):
    path = stranger(tmp_path, "engine: {key_env: PRIVATE_DEPLOY_TOKEN}", "openai")
    spec = compose(str(path), ["engine.base_url=https://mine.example/v1"])
    found = refusal(spec)
    assert found is not None
    assert "a file asks to send $PRIVATE_DEPLOY_TOKEN to mine.example" in found.message
    assert line_of(path, "key_env") in found.message
    with pytest.raises(ConfigError, match="PRIVATE_DEPLOY_TOKEN"):
        find_address(spec.arms["greedy"].engine)
    hosts.remember("mine.example")
    assert find_address(spec.arms["greedy"].engine).key == SECRET


def test_a_typed_key_goes_to_no_host_of_a_files(tmp_path):
    path = stranger(tmp_path, naming("http://127.0.0.1:9/v1"), "openai")
    spec = compose(str(path), ["engine.key_env=PRIVATE_DEPLOY_TOKEN"])
    assert find_address(spec.arms["greedy"].engine).key == ""


def asked(endpoint: Endpoint, path: Path, *words: str) -> Result:
    return llmx("run", f"recipe={path}", "scale=smoke", "--limit", "2", "--runs", "runs",
                "--workers", "1", "--quiet", *words)  # fmt: skip


def test_a_key_goes_to_this_machine_with_permission_alone(tmp_path, alone):
    with Endpoint() as endpoint:
        path = stranger(tmp_path, naming(endpoint.url, "PRIVATE_DEPLOY_TOKEN"), "openai")
        shown = llmx("run", f"recipe={path}", "scale=smoke", "--dry-run", "--runs", "runs").stdout
        plan = " ".join(shown.split())
        assert f"sends prompts of the engine to {endpoint.url}" in plan
        assert "without the key in $PRIVATE_DEPLOY_TOKEN: not before `llmx trust 127.0.0.1:" in plan
        done = asked(endpoint, path)
        assert done.exit_code == 0, done.stderr
        assert len(endpoint.seen) == 2
        assert not any("authorization" in map(str.lower, held) for held in endpoint.headers)
        assert llmx("trust", hosts.entry_of(endpoint.url)).exit_code == 0
        done = asked(endpoint, path, "seed=5")
        assert done.exit_code == 0, done.stderr
        sent = {name.lower(): text for name, text in endpoint.headers[-1].items()}
        assert sent["authorization"] == f"Bearer {SECRET}"
    everything = b"".join(p.read_bytes() for p in alone.rglob("*") if p.is_file())
    assert SECRET.encode() not in everything


def test_run_and_serve_are_refused_before_anything_is_written(tmp_path, alone):
    path = stranger(tmp_path, naming("https://evil.example/v1"), "openai")
    for verb in ("run", "serve"):
        done = llmx(verb, f"recipe={path}", "scale=smoke")
        assert done.exit_code == 2
        assert f"{line_of(path, 'base_url')}: a file names https://evil.example/v1" in done.stderr
    assert not list(alone.rglob("spec.json"))


def test_a_permission_that_is_taken_back_is_gone_although_the_composition_is_kept(tmp_path):
    path = stranger(tmp_path, naming("https://evil.example/v1"), "openai")
    llmx("trust", "evil.example")
    assert refusal(compose(str(path))) is None
    llmx("trust", "--remove", "evil.example")
    assert refusal(compose(str(path))) is not None


def test_the_list_of_verbs_names_hosts_and_keys(tmp_path):
    path = stranger(tmp_path, naming("https://evil.example/v1", "PRIVATE_DEPLOY_TOKEN"), "openai")
    for words in (("list", "--recipes", str(path.parent)), ("describe", str(path)),
                  ("validate", str(path))):  # fmt: skip
        told = llmx(*words).stdout
        assert "https://evil.example/v1" in told and "$PRIVATE_DEPLOY_TOKEN" in told, words
        assert line_of(path, "evil.example") in told and SECRET not in told


VOICES = """\
ensemble:
  proposers: [a]
  aggregator: a
  voices:
    a:
      model: {target: x}
      engine: {kind: openai, base_url: "https://evil.example/v1", key_env: PRIVATE_DEPLOY_TOKEN}
"""


def test_a_voice_and_a_judge_are_asked_for_as_well(tmp_path):
    path = stranger(tmp_path, VOICES, engine="hf")
    found = refusal(compose(str(path)))
    assert found is not None and line_of(path, "evil.example") in found.message
    own = "judge: {url: https://evil.example/v1, model: m, key_env: PRIVATE_DEPLOY_TOKEN}"
    path = stranger(tmp_path, own, engine="hf", judge="_endpoint")
    path.write_text(path.read_text().replace("/judge: _endpoint", "/judge: arena_hard_gpt4_turbo"))
    spec = compose(str(path))
    found = refusal(spec)
    assert found is not None and line_of(path, "evil.example") in found.message
    judge = spec.arms["greedy"].judge
    assert judge is not None and judge.address_by == "file"
    with pytest.raises(ConfigError, match="nothing is sent there"):
        find_address(judge.engine)
    typed = compose(str(path), ["judge.url=https://mine.example/v1", "judge.key_env=MINE"])
    assert refusal(typed) is None


def test_a_file_of_elsewhere_is_not_sent_to_a_judge(tmp_path, alone):
    (tmp_path / "private").write_text("a key")
    own = f"judge: {{instructions: {tmp_path / 'private'}}}"
    path = stranger(tmp_path, own, engine="hf", judge="arena_hard_gpt4_turbo")
    with pytest.raises(ConfigError, match="would be sent to the judge"):
        compose(str(path))
    for climbing in ("../private", "../from/../private"):
        own = f"judge: {{instructions: {path.parent / climbing}}}"
        with pytest.raises(ConfigError, match="would be sent to the judge"):
            compose(str(stranger(tmp_path, own, engine="hf", judge="arena_hard_gpt4_turbo")))
    link = path.parent / "link"
    link.symlink_to(tmp_path / "private")
    own = f"judge: {{instructions: {link}}}"
    with pytest.raises(ConfigError, match="would be sent to the judge"):
        compose(str(stranger(tmp_path, own, engine="hf", judge="arena_hard_gpt4_turbo")))
    beside = path.parent / "words.txt"
    beside.write_text("be fair")
    own = f"judge: {{instructions: {beside}}}"
    compose(str(stranger(tmp_path, own, engine="hf", judge="arena_hard_gpt4_turbo")))


@pytest.mark.parametrize("tracker", ["wandb", "mlflow", "trackio"])
def test_a_tracker_of_a_files_wants_permission(tmp_path, tracker):
    stages = (
        f"stages:\n  sft:\n    kind: sft\n    over: arm\n    trackers: [tensorboard, {tracker}]\n"
    )
    path = stranger(tmp_path, stages=stages, engine="hf")
    spec = compose(str(path))
    found = refusal(spec)
    assert found is not None and line_of(path, "trackers") in found.message
    assert any(f"llmx trust {tracker}" in line for line in sending(spec))
    assert refusal(compose(str(path), [f"stages.sft.trackers=[{tracker}]"])) is None
    hosts.remember(tracker)
    assert refusal(spec) is None


class Redirecting:
    """Answers everything with a way to another port."""

    def __init__(self, to: str, status: int) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
                self.send_header("Location", to + "/chat/completions")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirection_takes_nothing_along(tmp_path, status):
    with Endpoint() as elsewhere:
        there = Redirecting(elsewhere.url, status)
        path = stranger(tmp_path, engine="openai")
        done = asked(elsewhere, path, f"engine.base_url={there.url}", "engine.retries=0")
        there.close()
        assert done.exit_code == 2 and f"says {status}" in done.stderr
        assert not elsewhere.seen and not elsewhere.headers


def test_the_users_file_is_whole_after_each_change(alone):
    names = [f"h{n}.example" for n in range(20)]
    threads = [threading.Thread(target=hosts.remember, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hosts.remembered() == tuple(sorted(names))
    assert llmx("trust").stdout.split() == sorted(names)
    left = {path.name for path in (alone / "config").iterdir()}
    assert left == {"hosts", ".hosts.lock"}


def test_a_damaged_file_allows_nothing_and_is_named(alone):
    hosts.remember("a.example")
    hosts.place().write_bytes(b"a.example\n* \xff\n")
    with pytest.raises(ConfigError, match="hosts cannot be read"):
        hosts.is_trusted("https://a.example/v1")
    hosts.place().write_text("a.example\n*\n")
    with pytest.raises(ConfigError, match="is no host"):
        hosts.is_trusted("https://b.example/v1")


def test_what_says_who_named_a_host_changes_no_specification_of_before():
    for spec in (EngineSpec(), JudgeSpec()):
        written = json.loads(spec.model_dump_json())
        assert not {"address_by", "key_by", "trust_remote_code"} & set(written)
    named = EngineSpec(base_url="https://a.example/v1", address_by="file")
    assert EngineSpec.model_validate_json(named.model_dump_json()) == named
    judge = JudgeSpec(url="https://a.example/v1", address_by="file", key_by="file")
    assert (judge.engine.address_by, judge.engine.key_by) == ("file", "file")


def test_without_a_key_a_host_of_the_users_is_asked_for_one(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(EngineError, match="wants a key"):
        find_address(EngineSpec(kind="openai", base_url="https://mine.example/v1"))
    to = Destination(what="engine", url="https://mine.example/v1", key_env="OPENAI_API_KEY")
    assert hosts.refusal(to) is None and "OPENAI_API_KEY" not in os.environ


def documented() -> list[list[str]]:
    page = Path(__file__).parents[2] / "docs" / "security.md"
    blocks = page.read_text(encoding="utf-8").split("```bash\n")[1:]
    lines = [line for block in blocks for line in block.split("```")[0].splitlines()]
    return [line.partition("#")[0].split() for line in lines]


def test_the_commands_of_the_page_work():
    commands = documented()
    assert len(commands) == 4
    for command in commands:
        assert command[0] == "llmx"
        done = llmx(*command[1:])
        assert done.exit_code == 0, (command, done.stderr)
