"""Recipes of random nodes: a line for a person or a plan; nothing leaves, nothing is started.

What Python itself reports (audit events) is watched, so it does not matter who writes or connects.
"""

import copy
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from counts import count
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strangers import DECODE, SCRIPT
from typer.testing import Result

from llmx.config.recipe import KEYS
from llmx.core import user_cache
from llmx.core.errors import LlmxError
from llmx.core.spec import ArmSpec

Command = Callable[..., Result]
Path_ = tuple[str | int, ...]

BASE: dict[str, Any] = {
    "description": "two ways to decode",
    "paper": "none",
    "reference": "sd",
    "seed": 3,
    "defaults": [{"override /model": "zoo_gsm"}, {"override /data": "gsm_symbolic"}],
    "data": {"templates": [43, 10], "test": 4, "calibration": 2, "train": 0, "heldout": 0},
    "engine": {"batch_size": 4, "kernel": "torch"},
    "stages": {
        "calibrate": {"kind": "divergence_quantiles", "over": "arm", "split": "calibration"},
        "generate": {**DECODE, "needs": ["calibrate"]},
        "score": {"kind": "score", "over": "arm", "needs": ["generate"], "scorer": "gsm"},
        "report": {"kind": "report", "over": "recipe", "needs": ["score"]},
    },
    "arms": {
        "sd": ["sampler=speculative", "sampler.gamma=3"],
        "fsd": ["sampler=fuzzy", "sampler.draft_share=0.5"],
    },
    "scales": {"smoke": ["sampler.max_tokens=8"]},
    "evidence": {"sampler.gamma": {"grade": "paper", "where": "p. 3"}},
    "deviations": ["a small model"],
    "references": {"fsd": "sd"},
}

WORDS = sorted({
    *KEYS, *ArmSpec.model_fields, "kind", "options", "base_url", "key_env", "python", "script",
    "target", "draft", "needs", "over", "split", "settings", "voices", "proposers", "accelerate",
    "problems", "override /engine", "override /sampler", "gamma", "threshold", "url", "name",
})  # fmt: skip
TEXTS = [
    "", ".", "..", "../x", "/etc/passwd", "null", "~", "${seed}", "${oc.env:HOME}", "${now:%Y}",
    "http://127.0.0.1:9/v1", "https://evil.example/v1", "org/model", "zoo:gsm-target", "openai",
    "vllm", "hf", "decode", "sft", "judge", "sampler=greedy", "sampler.gamma=1,2", "a=b", "=", "a=",
    "engine=openai", "model.target=org/x", "~a", "+a=1", "\x1b[31m", "\0", "٣", "x" * 300, "{", "[",
    "smoke", "paper", "sd", "1e400", "nan", "_target_",
]  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 10)
    | st.sampled_from([10**30, -(2**63), 10**90])
    | st.floats()
    | st.sampled_from(TEXTS)
    | st.text(max_size=6)
)
NAMES = st.sampled_from(WORDS) | st.sampled_from(TEXTS) | st.text(max_size=4)
NODES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def paths(node: Any, at: Path_ = ()) -> Iterator[Path_]:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        yield (*at, key)
        if isinstance(value, dict | list):
            yield from paths(value, (*at, key))


@st.composite
def recipes(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a recipe with one to four of its nodes replaced, removed or added."""
    made = copy.deepcopy(BASE)
    for _ in range(draw(st.integers(1, 4))):
        known = list(paths(made))
        if not known:
            break
        *above, last = draw(st.sampled_from(known))
        holder: Any = made
        for name in above:
            holder = holder[name]
        change = draw(st.sampled_from(["replace", "remove", "add"]))
        if change == "remove":
            del holder[last]
        elif change == "replace":
            holder[last] = draw(NODES)
        elif isinstance(holder, dict):
            holder[draw(NAMES)] = draw(NODES)
        else:
            holder.append(draw(NODES))
    return made


_WRITES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
_STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.system"}
_ASKS = {"socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.bind"}


class Watch:
    """Refuses, while it is on, what nothing that only reads has any business with."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.allowed: tuple[str, ...] | None = None
        sys.addaudithook(self._hear)

    def _hear(self, event: str, given: tuple[Any, ...]) -> None:
        if self.allowed is None:
            return
        if event in _STARTS | _ASKS or (self._writes(event, given) and self._outside(given)):
            self.seen.append(f"{event} {given!r:.300}")
            raise PermissionError(f"watched: {event}")

    def _writes(self, event: str, given: tuple[Any, ...]) -> bool:
        if event == "open":
            return isinstance(given[2], int) and bool(given[2] & (os.O_WRONLY | os.O_RDWR))
        return event in _WRITES

    def _outside(self, given: tuple[Any, ...]) -> bool:
        named = [os.fsdecode(one) for one in given[:2] if isinstance(one, str | bytes | Path)]
        named = [os.path.realpath(one) for one in named if one and one not in ("r", "w", "a", "x")]
        return any("__pycache__" not in one and not one.startswith(self.allowed) for one in named)

    @contextmanager
    def only(self, *folders: Path) -> Iterator[None]:
        self.allowed = (*(os.path.realpath(folder) for folder in folders), os.devnull)
        try:
            yield
        finally:
            self.allowed = None


WATCH = Watch()


def test_the_watch_sees_what_it_is_for(here: Path, tmp_path: Path) -> None:
    import socket
    import subprocess

    def tried() -> Iterator[Callable[[], object]]:
        yield lambda: (tmp_path / "outside").write_text("x")
        yield lambda: (tmp_path / "outside").mkdir()
        yield lambda: subprocess.run(["true"])
        yield lambda: socket.socket().connect(("127.0.0.1", 9))
        yield lambda: os.system("true")

    before = len(WATCH.seen)
    with WATCH.only(here):
        (here / "inside").write_text("x")
        for action in tried():
            with pytest.raises(PermissionError, match="watched"):
                action()
    assert len(WATCH.seen) == before + 5
    del WATCH.seen[before:]


def told(done: Result, what: str) -> None:
    """Check that it ended well, or with lines for a person."""
    if done.exit_code == 0:
        return
    assert isinstance(done.exception, SystemExit), f"{what}: {done.exception!r}"
    assert done.exit_code == 2, f"{what}: {done.output}"
    lines = done.stderr.splitlines()
    assert lines and all(line.startswith("error: ") for line in lines), f"{what}: {done.stderr}"
    assert "\x1b" not in done.output


def tried(made: dict[str, Any], here: Path, llmx: Command) -> None:
    (here / "mine.yaml").write_text(
        yaml.safe_dump(made, sort_keys=False, allow_unicode=True), encoding="utf-8"
    )
    WATCH.seen.clear()
    with WATCH.only(here, user_cache.folder()):
        results = {
            verb: llmx(*words)
            for verb, words in (
                ("validate", ("validate", "mine.yaml")),
                ("plan", ("run", "recipe=mine.yaml", "scale=smoke", "--dry-run", "--runs", "runs")),
            )
        }
    assert not WATCH.seen, WATCH.seen
    for verb, done in results.items():
        told(done, f"{verb} of {made!r}")
    assert {path.name for path in here.iterdir()} == {"mine.yaml", SCRIPT}


def warm(here: Path, llmx: Command) -> None:
    """Let the machine be looked at, and the forward be compiled, before processes are refused."""
    (here / "mine.yaml").write_text(yaml.safe_dump(BASE, sort_keys=False))
    words = ("recipe=mine.yaml", "scale=smoke", "engine.kernel=auto", "--runs", "runs")
    assert llmx("run", *words, "--dry-run").exit_code == 0


def test_random_recipes_are_planned_or_refused_and_reach_for_nothing(
    here: Path, llmx: Command
) -> None:
    warm(here, llmx)
    tried(BASE, here, llmx)

    @settings(max_examples=count(30, 2000), suppress_health_check=list(HealthCheck))
    @given(recipes())
    def each(made: dict[str, Any]) -> None:
        tried(made, here, llmx)

    each()


def test_the_recipe_that_is_changed_is_a_whole_one(here: Path, llmx: Command) -> None:
    (here / "mine.yaml").write_text(yaml.safe_dump(BASE, sort_keys=False))
    done = llmx("run", "recipe=mine.yaml", "scale=smoke", "--dry-run", "--runs", "runs")
    assert done.exit_code == 0, done.stderr
    assert not isinstance(done.exception, LlmxError)
