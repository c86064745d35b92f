"""The library is built once and whole, under a name that says of what; without it torch works."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmx.cli.app import app
from llmx.core.errors import EngineError
from llmx.core.spec import EngineSpec
from llmx.engines.kernel import NATIVE, TORCH, kernel_of
from llmx.engines.native import build

AUTO, ASKED = EngineSpec(device="cpu"), EngineSpec(device="cpu", kernel="native")
SMALL = ("recipe=fsd_gsm8k", "scale=smoke", "arms=[target]", "sampler.max_tokens=4")
ALONE = ("--workers", "1", "--quiet", "--limit", "2", "engine.device=cpu")


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    """A cache folder of its own, and nothing remembered."""
    monkeypatch.setenv("LLMX_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CXX", raising=False)
    remembered = (build.library, build.trouble, build.best_build)
    for one in remembered:
        one.cache_clear()
    yield
    monkeypatch.undo()
    for one in remembered:
        one.cache_clear()


def compiler(folder: Path, script: str) -> Path:
    path = folder / "compiler"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def no_compiler(monkeypatch, folder):
    monkeypatch.setenv("CXX", "/nonexistent/c++")
    return "there is no C++ compiler (/nonexistent/c++)"


def failing(monkeypatch, folder):
    script = "echo 'lanes.h:1:2: error: no such vector' >&2; exit 1"
    monkeypatch.setenv("CXX", str(compiler(folder, script)))
    return "could not compile the forward: lanes.h:1:2: error: no such vector"


def silent(monkeypatch, folder):
    """A compiler that says all is well and writes nothing."""
    monkeypatch.setenv("CXX", str(compiler(folder, "exit 0")))
    return "could not compile the forward"


def garbage(monkeypatch, folder):
    script = 'for last in "$@"; do :; done; echo no library > "$last"'
    monkeypatch.setenv("CXX", str(compiler(folder, script)))
    return "cannot load"


def empty(monkeypatch, folder):
    monkeypatch.setenv("CXX", str(compiler(folder, 'for last in "$@"; do :; done; : > "$last"')))
    return "cannot load"


def file_in_place(monkeypatch, folder):
    (folder / "cache").write_text("no folder")
    return "the compiled forward cannot be kept in"


def old_processor(monkeypatch, folder):
    monkeypatch.setattr(build.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(build, "features", lambda: {"sse2", "avx2"})
    return "this processor has no fused multiply-add"


def other_processor(monkeypatch, folder):
    monkeypatch.setattr(build.platform, "machine", lambda: "riscv64")
    return "this processor has no fused multiply-add"


TROUBLES = [
    no_compiler,
    failing,
    silent,
    garbage,
    empty,
    file_in_place,
    old_processor,
    other_processor,
]


@pytest.fixture(params=TROUBLES, ids=lambda make: make.__name__)
def reason(request, monkeypatch, tmp_path):
    return request.param(monkeypatch, tmp_path)


def test_auto_is_torch_where_there_is_trouble(reason):
    assert kernel_of(AUTO) == TORCH
    assert build.trouble() is not None and "\n" not in build.trouble()
    assert reason in build.trouble()


def test_native_is_refused_in_one_line_where_there_is_trouble(reason):
    with pytest.raises(EngineError) as caught:
        kernel_of(ASKED)
    assert caught.value.message.startswith("engine.kernel=native: ")
    assert reason in caught.value.message and "\n" not in str(caught.value)


def test_a_run_that_asks_for_native_ends_with_one_line_and_exit_2(reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    words = ["run", *SMALL, *ALONE, "engine.kernel=native"]
    done = CliRunner().invoke(app, words, prog_name="llmx")
    assert done.exit_code == 2 and isinstance(done.exception, SystemExit)
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ") and reason[:40] in line


def test_a_version_that_is_not_ours_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    words = ["run", *SMALL, *ALONE, "engine.kernel=native-9"]
    done = CliRunner().invoke(app, words, prog_name="llmx")
    assert done.exit_code == 2 and isinstance(done.exception, SystemExit)
    assert f"engine.kernel=native-9: this version of llmx has {NATIVE}" in done.stderr


UNFIT = {"dtype": "bfloat16", "lean": False, "device": "cuda"}


@pytest.mark.parametrize("name", UNFIT)
@pytest.mark.parametrize("kernel", ["native", NATIVE])
def test_what_the_compiled_forward_does_not_do_is_refused_with_it(name, kernel):
    given = EngineSpec(**{"device": "cpu", name: UNFIT[name]})
    with pytest.raises(EngineError, match=f"engine.{name}="):
        kernel_of(given.model_copy(update={"kernel": kernel}))
    assert kernel_of(given) == TORCH


SLOW = """echo once >> "{log}"; sleep 0.3
for last in "$@"; do :; done; cp "{library}" "$last\""""
LOAD = "from llmx.engines.native import build; build.library()"


def test_processes_that_start_together_build_it_once(tmp_path, monkeypatch):
    log, kept = tmp_path / "log", tmp_path / "kept.so"
    source = tmp_path / "empty.cpp"
    source.write_text("")
    subprocess.run([build._compiler(), "-shared", source, "-o", kept], check=True)
    monkeypatch.setenv("CXX", str(compiler(tmp_path, SLOW.format(log=log, library=kept))))
    started = [subprocess.Popen([sys.executable, "-c", LOAD]) for _ in range(4)]
    assert [one.wait() for one in started] == [0] * 4
    assert log.read_text() == "once\n"
    left = sorted(path.suffix for path in build.cache_folder().iterdir())
    assert left.count(".so") == 1 and not [one for one in left if one not in (".so", ".lock")]


def test_a_build_that_is_killed_leaves_nothing_that_looks_whole(tmp_path, monkeypatch):
    script = 'for last in "$@"; do :; done; echo half > "$last"; kill -9 $PPID'
    monkeypatch.setenv("CXX", str(compiler(tmp_path, script)))
    done = subprocess.run([sys.executable, "-c", LOAD])
    assert done.returncode == -9
    assert not list(build.cache_folder().glob("*.so"))


def names(monkeypatch, *changes):
    """Names of the library before and after each change."""
    found = [build._name(build._compiler(), build._FLAGS)]
    for change in changes:
        change()
        found.append(build._name(build._compiler(), build._FLAGS))
    return found


def test_another_source_flag_or_compiler_is_another_file(tmp_path, monkeypatch):
    sources = tmp_path / "sources"
    sources.mkdir()
    for path in build.SOURCES.glob("*.*"):
        (sources / path.name).write_bytes(path.read_bytes())

    def header():
        (sources / "lanes.h").write_text((sources / "lanes.h").read_text() + " ")

    monkeypatch.setattr(build, "SOURCES", sources)
    found = names(
        monkeypatch,
        header,
        lambda: (sources / "new.cpp").write_text("int one;"),
        lambda: monkeypatch.setattr(build, "_FLAGS", (*build._FLAGS, "-g")),
        lambda: monkeypatch.setenv("CXX", str(compiler(tmp_path, "exit 0"))),
        lambda: compiler(tmp_path, "exit 10"),
    )
    assert len(set(found)) == len(found)


def test_a_python_file_is_no_part_of_the_name(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "SOURCES", tmp_path)
    before, after = names(monkeypatch, lambda: (tmp_path / "model.py").write_text("more"))
    assert before == after
