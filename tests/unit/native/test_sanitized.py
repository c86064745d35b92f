"""No read or write outside of what was given, and nothing undefined, over random shapes."""

import shutil
import subprocess
from pathlib import Path

import pytest
from counts import THOROUGH

from llmx.engines.native.build import _FLAGS, SOURCES

WATCH = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-UNDEBUG")
DRIVER = Path(__file__).with_name("drive.cpp")
COMPILER = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")


@pytest.mark.slow
@pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler")
@pytest.mark.parametrize("width", [4, 16] if THOROUGH else [4])
def test_the_driver_ends_without_a_finding(width, tmp_path):
    made = tmp_path / "drive"
    kept = [flag for flag in _FLAGS if flag not in ("-O3", "-shared")]
    command = [COMPILER, *kept, *WATCH, "-O0", f"-DLLMX_WIDTH={width}", f"-I{SOURCES}"]
    built = subprocess.run([*command, DRIVER, "-o", made], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    done = subprocess.run([made], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr[-4000:]
