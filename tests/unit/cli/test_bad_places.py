"""Faults of disks, folders and models, met while a recipe runs: one line, exit 2, nothing lost."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import Result

import llmx as package

Llmx = Callable[..., Result]
ZOO = Path(str(package.__file__)).parent / "zoo"
SMALL = ("recipe=fsd_gsm8k", "scale=smoke", "arms=[target,sd]", "sampler.max_tokens=8")
ALONE = ("--workers", "1", "--quiet", "--limit", "2")


def refused(done: Result, *named: str) -> None:
    """One line on stderr that says and helps, and no output that only looks whole."""
    assert done.exit_code == 2, done.output
    assert isinstance(done.exception, SystemExit)
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert [word for word in named if word not in line] == []
    assert not list(half_written(Path("runs")))


def half_written(runs: Path) -> Iterator[Path]:
    """Outputs under their final name that do not say what they are."""
    for folder in runs.glob("cache/*/*"):
        named = folder.is_dir() and folder.suffix != ".partial"
        if named and not (folder / "stage.json").exists():
            yield folder


def model(name: str) -> Path:
    shutil.copytree(ZOO / "gsm_target", name)
    return Path(name)


def cut_weights(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100_000])


def turn_two_tokens(folder: Path) -> None:
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text())
    vocabulary = content["model"]["vocab"]
    first, second = list(vocabulary)[100:102]
    vocabulary[first], vocabulary[second] = vocabulary[second], vocabulary[first]
    path.write_text(json.dumps(content))


# id, what is done to a whole model, where it is used, what the line must name
MODELS = [
    ("weights cut short", cut_weights, "target", ["cannot load ./m", "safetensors", "copy it"]),
    (
        "weights of noise",
        lambda m: (m / "model.safetensors").write_bytes(b"noise"),
        "target",
        ["m/model.safetensors", "not a whole safetensors file"],
    ),
    (
        "a header longer than the file",
        lambda m: (m / "model.safetensors").write_bytes(b"\xff" * 64),
        "target",
        ["m/model.safetensors", "header"],
    ),
    (
        "no tokenizer",
        lambda m: (m / "tokenizer.json").unlink(),
        "target",
        ["./m", "tokenizer.json"],
    ),
    ("no configuration", lambda m: (m / "config.json").unlink(), "target", ["config.json"]),
    ("a configuration cut short", lambda m: (m / "config.json").write_text("{"), "target", ["m"]),
    ("tokens of another family", turn_two_tokens, "draft", ["./m", "zoo:gsm_target", "2 of 1536"]),
]


@pytest.mark.parametrize(
    ("spoil", "role", "named"), [row[1:] for row in MODELS], ids=[row[0] for row in MODELS]
)
def test_a_model_that_is_not_whole(
    llmx: Llmx, spoil: Callable[[Path], object], role: str, named: list[str]
) -> None:
    spoil(model("m"))
    refused(llmx("run", *SMALL, f"model.{role}=./m", *ALONE), *named)


# id, settings, what the line must name
SETTINGS = [
    ("no such folder", ["model.target=./nothing"], ["nothing", "holds no model"]),
    ("no such zoo model", ["model.target=zoo:gsm_trget"], ["gsm_trget", "gsm_target"]),
    ("a hub name offline", ["model.target=org/nothing"], ["org/nothing", "model=zoo_gsm"]),
    ("a dataset offline", ["data=gsm8k"], ["gsm8k", "data=gsm_symbolic"]),
    ("no GPU", ["engine.device=cuda"], ["engine.device=cuda", "engine.device=auto"]),
    ("a device of no kind", ["engine.device=gpu"], ["engine.device=gpu", "cuda"]),
    ("past the context", ["sampler.max_tokens=9999"], ["9999", "sampler.max_tokens="]),
]


@pytest.mark.parametrize(
    ("words", "named"), [row[1:] for row in SETTINGS], ids=[row[0] for row in SETTINGS]
)
def test_a_setting_that_this_machine_cannot_follow(
    llmx: Llmx, words: list[str], named: list[str]
) -> None:
    small = [word for word in SMALL if not any(word.startswith(w.split("=")[0]) for w in words)]
    refused(llmx("run", *small, *words, *ALONE), *named)


VALUES = [
    ("a threshold that is no number", "arms.fsd_r_lo.sampler.threshold=nan", "threshold"),
    ("a threshold of text", "arms.fsd_r_lo.sampler.threshold=low", "threshold=low"),
    ("a negative gamma", "sampler.gamma=-3", "gamma=-3"),
    ("a temperature below zero", "sampler.temperature=-1", "temperature=-1"),
    ("an endless temperature", "sampler.temperature=inf", "temperature"),
    ("no mass", "sampler.top_p=0", "top_p=0"),
    ("more than all mass", "sampler.top_p=1.5", "top_p=1.5"),
    ("no tokens", "sampler.max_tokens=0", "max_tokens=0"),
    ("a share of all", "arms.fsd_r_mid.sampler.draft_share=1", "draft_share=1"),
    ("a divergence that is none", "arms.fsd_r_lo.sampler.divergence=jss", "divergence=jss"),
    ("semantics that are none", "arms.fsd_h_lo.sampler.semantics=fall", "semantics=fall"),
    ("an algorithm that is none", "arms.sd.sampler.algorithm=fuzy", "'fuzy'"),
    ("two settings", "arms.fsd_r_lo.sampler.draft_share=.5", "sampler.threshold"),
    ("a share and a loss", "arms.fsd_r_mid.sampler.accuracy_loss=.01", "sampler.accuracy_loss"),
    ("a floor above one", "arms.fsd_r_lo.sampler.floor=2", "floor=2"),
    ("no threads", "engine.threads=0", "threads=0"),
    ("an unknown precision", "engine.dtype=float8", "dtype=float8"),
]


@pytest.mark.parametrize(
    ("word", "named"), [row[1:] for row in VALUES], ids=[row[0] for row in VALUES]
)
def test_a_value_out_of_range(llmx: Llmx, word: str, named: str) -> None:
    arms = "arms=[sd,fsd_r_lo,fsd_r_mid,fsd_h_lo]"
    refused(llmx("run", "recipe=fsd_gsm8k", arms, word, "--dry-run"), named)
    assert not Path("runs").exists()


def test_a_value_may_hold_an_equals_sign(llmx: Llmx) -> None:
    done = llmx("run", *SMALL, 'sampler.stop=["x=y"]', *ALONE)
    assert done.exit_code == 0, done.output


PLACES = [
    ("a file", lambda: Path("place").write_text("")),
    ("a folder of the system", lambda: Path("place").symlink_to("/proc")),
]


@pytest.mark.parametrize("make", [row[1] for row in PLACES], ids=[row[0] for row in PLACES])
def test_a_place_that_cannot_hold_runs(llmx: Llmx, make: Callable[[], object]) -> None:
    make()
    refused(llmx("run", *SMALL, *ALONE, "--runs", "place"), "cannot write place", "--runs DIR")


@pytest.mark.parametrize(
    ("code", "help_"), [(errno.ENOSPC, "free some space"), (errno.EROFS, "--runs DIR")]
)
@pytest.mark.parametrize("after", [0, 3, 9])
def test_a_disk_that_takes_nothing_more_loses_nothing(
    llmx: Llmx, monkeypatch: pytest.MonkeyPatch, code: int, help_: str, after: int
) -> None:
    real, calls = os.fsync, [0]

    def full(handle: int) -> None:
        calls[0] += 1
        if calls[0] > after:
            raise OSError(code, os.strerror(code))
        real(handle)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        refused(llmx("run", *SMALL, *ALONE), "cannot write", os.strerror(code), help_)
    assert not list(Path("runs").rglob("*.tmp"))
    assert llmx("run", *SMALL, *ALONE).exit_code == 0


@pytest.fixture
def finished(llmx: Llmx) -> Path:
    assert llmx("run", *SMALL, *ALONE).exit_code == 0
    (found,) = Path("runs").glob("fsd_gsm8k-*")
    return found


def test_a_deleted_cache_entry_is_made_again_alike(llmx: Llmx, finished: Path) -> None:
    (decoded, *_) = Path("runs/cache/decode").glob("*/samples.jsonl")
    before = decoded.read_bytes()
    shutil.rmtree(decoded.parent)
    assert llmx("report", finished.name).exit_code == 0  # the run holds its own links
    assert llmx("run", *SMALL, *ALONE).exit_code == 0
    assert decoded.read_bytes() == before


def spoil(path: Path, text: str) -> None:
    path.unlink()  # a link: the cache keeps its own
    path.write_text(text)


def test_a_damaged_cache_entry_is_set_aside_and_made_again(llmx: Llmx, finished: Path) -> None:
    (about, *_) = Path("runs/cache/decode").glob("*/stage.json")
    whole = json.loads(about.read_text())
    about.write_text('{"kind": "dec')
    done = llmx("run", *SMALL, *ALONE)
    assert done.exit_code == 0, done.output
    assert json.loads(about.read_text())["fingerprint"] == whole["fingerprint"]
    assert list(Path("runs/cache/decode").glob("*.damaged"))


# id, file of a run, its new content, what the line must name
FOREIGN = [
    ("results cut short", "results.json", "{", ["results.json", "run again"]),
    (
        "results of another version",
        "results.json",
        '{"schema_version": 9}',
        ["results.json", "again"],
    ),
    ("results that are none", "results.json", '{"a": 1}', ["results.json", "again"]),
    ("a foreign manifest", "manifest.json", '{"a": 1}', ["manifest.json", "not written by this"]),
    ("a foreign specification", "spec.json", '{"a": 1}', ["spec.json", "not written by this"]),
    ("no manifest", "manifest.json", "", ["unfinished", "llmx run recipe=fsd_gsm8k"]),
]


@pytest.mark.parametrize(
    ("name", "text", "named"), [row[1:] for row in FOREIGN], ids=[row[0] for row in FOREIGN]
)
def test_a_foreign_run_folder(
    llmx: Llmx, finished: Path, name: str, text: str, named: list[str]
) -> None:
    spoil(finished / name, text)
    if not text:
        (finished / name).unlink()
    refused(llmx("report", finished.name), *named)


def test_a_folder_that_is_no_run_is_not_listed_nor_deleted(llmx: Llmx, finished: Path) -> None:
    Path("runs/mine").mkdir()
    Path("runs/mine/thesis.tex").write_text("years of work")
    assert "mine" not in llmx("runs").stdout
    refused(llmx("runs", "rm", "mine"), "no run 'mine'")
    assert llmx("runs", "gc").exit_code == 0
    assert Path("runs/mine/thesis.tex").exists()


def test_the_exact_name_of_a_run_wins_over_a_newer_longer_one(llmx: Llmx, finished: Path) -> None:
    shutil.copytree(finished, finished.with_name(f"{finished.name}b"))
    assert f"{finished.name}/report.html" in llmx("report", finished.name).stdout


def test_from_a_real_shell_it_is_one_line_too() -> None:
    command = [sys.executable, "-m", "llmx", "run", *SMALL, "model.target=./nothing", "-q"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("error: ")
