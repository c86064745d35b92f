"""The index: quick, cached, and never an obstacle."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llmx.config import index

Write = Callable[..., Path]


def test_an_entry_tells_what_the_list_and_completion_need(write: Write) -> None:
    path = write()
    found = {entry.name: entry for entry in index.entries([path.parent.parent])}
    assert found["small"].arms == ("target", "sd", "fsd")
    assert found["small"].group == "decode"
    assert "stages.speed.problems" in found["small"].keys
    assert found["fsd_gsm8k"].paper == "fsd"


def test_the_cache_answers_the_same_and_follows_edits(write: Write) -> None:
    path = write()
    first = index.entries([path.parent.parent])
    assert index.cache_file().exists()
    assert index.entries([path.parent.parent]) == first
    path.write_text(path.read_text().replace("fsd:", "fuzzy:"))
    found = {entry.name: entry for entry in index.entries([path.parent.parent])}
    assert found["small"].arms == ("target", "sd", "fuzzy")


@pytest.mark.parametrize("content", [b"", b"[]", b"{]", b"\xff"])
def test_a_spoilt_cache_is_ignored(write: Write, content: bytes) -> None:
    first = index.entries()
    index.cache_file().write_bytes(content)
    assert index.entries() == first


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LLMX_CACHE", str(tmp_path / "file"))
    assert index.entries()


def test_keys_and_choices() -> None:
    assert {"recipe", "scale", "sampler", "sampler.gamma", "engine.dtype"} <= set(index.keys())
    assert {"fuzzy", "speculative"} <= set(index.choices("sampler"))
    assert not [name for name in index.choices("sampler") if name.startswith("_")]


HEAVY = ("torch", "transformers", "numpy", "hydra", "omegaconf", "pydantic", "networkx")


@pytest.mark.parametrize("module", ["llmx", "llmx.config.index", "llmx.cli", "llmx.cli.app"])
def test_light_modules_import_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_one_module_imports_hydra() -> None:
    import llmx

    package = Path(str(llmx.__file__)).parent
    users = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if any(
            line.startswith(("import hydra", "from hydra", "import omegaconf", "from omegaconf"))
            for line in path.read_text(encoding="utf-8").splitlines()
        )
    ]
    assert users == ["config/edge.py"]


def test_another_programs_hydra_is_left_as_it_was(small_program: str) -> None:
    done = subprocess.run([sys.executable, "-c", small_program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def small_program(tmp_path: Path) -> str:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "main.yaml").write_text("x: 1\n")
    return f"""
from hydra import compose, initialize_config_dir
from llmx.config.compose import compose as ours
with initialize_config_dir(config_dir={str(tmp_path / "conf")!r}, version_base="1.3"):
    ours("fsd_gsm8k", scale="smoke")
    assert compose("main").x == 1
"""
