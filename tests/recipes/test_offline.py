"""No network: the smoke run works in a process without one, and its page asks for nothing."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

WITHOUT_NETWORK = ["unshare", "--map-root-user", "--net"]
RUN = ["run", "recipe=fsd_gsm8k", "scale=smoke", "arms=[target,sd,fsd_h_mid]"]
FEW = ["sampler.max_tokens=24", "--limit", "2", "--workers", "1", "--quiet"]


def permitted() -> bool:
    try:
        done = subprocess.run([*WITHOUT_NETWORK, "true"], capture_output=True)
    except OSError:
        return False
    return done.returncode == 0


needs_unshare = pytest.mark.skipif(not permitted(), reason="unshare --net is not permitted here")


def without_network(*command: str, **env: str) -> subprocess.CompletedProcess[str]:
    asked = {k: v for k, v in os.environ.items() if k not in ("HF_HUB_OFFLINE", "HF_HOME")}
    return subprocess.run(
        [*WITHOUT_NETWORK, *command], env={**asked, **env}, capture_output=True, text=True
    )


@needs_unshare
def test_there_is_really_no_network() -> None:
    code = "import socket; print(*[name for _, name in socket.if_nameindex()])"
    assert without_network(sys.executable, "-c", code).stdout.split() == ["lo"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that had no network and no cache of the hub."""
    home = tmp_path_factory.mktemp("home")
    env = {"LLMX_RUNS": str(home / "runs"), "HF_HOME": str(home / "hub")}
    done = without_network(sys.executable, "-m", "llmx", *RUN, *FEW, **env)
    assert done.returncode == 0, done.stderr
    (manifest,) = (home / "runs").glob("*/manifest.json")
    return manifest.parent


class References(HTMLParser):
    """Collects everything that a browser would fetch."""

    FETCHING = ("src", "href", "srcset", "poster", "data", "action", "xlink:href")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)
        self.found += re.findall(r"url\(\s*['\"]?([^)'\"]+)|@import\s+['\"]?([^'\";]+)", page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [value or "" for name, value in attrs if name in self.FETCHING]


def external(page: str) -> list[str]:
    return [one for one in References(page).found if not str(one).startswith(("#", "data:"))]


@needs_unshare
@pytest.mark.slow
@pytest.mark.parametrize("file", ["report.html", "plot.svg"])
def test_the_page_asks_for_nothing(run: Path, file: str) -> None:
    page = (run / file).read_text(encoding="utf-8")
    assert external(page) == []
    assert not {"script", "iframe", "link", "object", "embed"} & References(page).tags


@needs_unshare
@pytest.mark.slow
def test_the_run_without_network_has_every_answer(run: Path) -> None:
    for arm in ("target", "sd", "fsd_h_mid"):
        assert len((run / f"generate/{arm}/samples.jsonl").read_text().splitlines()) == 2


@needs_unshare
@pytest.mark.slow
def test_a_model_of_the_hub_is_one_line_without_a_network(tmp_path: Path) -> None:
    words = ["model.target=some-org/some-model", "model.draft=some-org/other-model"]
    env = {"LLMX_RUNS": str(tmp_path / "runs"), "HF_HOME": str(tmp_path / "hub")}
    done = without_network(
        *(sys.executable, "-m", "llmx", *RUN[:3], "arms=[target]", *words, *FEW), **env
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    said = done.stderr.strip()
    assert said.startswith("error: cannot load some-org/some-model: ")
    assert "model=zoo_gsm" in said and len(said.splitlines()) <= 2


@pytest.mark.parametrize(
    "page",
    [
        '<img src="https://x.org/a.png">',
        "<link rel=stylesheet href=//x.org/a.css>",
        '<script src="a.js"></script>',
        "<style>@import 'x.css';</style>",
        "<style>p {background: url(http://x.org/a.png)}</style>",
    ],
)
def test_an_external_reference_would_be_seen(page: str) -> None:
    assert external(page)


def test_what_a_page_holds_itself_is_allowed() -> None:
    assert external('<a href="#top"></a><img src="data:image/png;base64,AA">') == []
