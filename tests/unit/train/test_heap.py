"""Memory that is freed and asked for again is not taken from the kernel again."""

import json
import os
import subprocess
import sys

import pytest

from llmx.train.malloc import _glibc

pytestmark = pytest.mark.skipif(not _glibc(), reason="the C library is not glibc")

BLOCK, ROUNDS = 24 << 20, 20
PAGES = ROUNDS * BLOCK // os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 1
PROGRAM = f"""
import ctypes, json, resource, sys
from llmx.train.malloc import keep_freed_memory
kept = keep_freed_memory() if sys.argv[1] == "keep" else False
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
libc.mallopt(-1, 128 << 10) if sys.argv[1] == "give back" else None  # nor by glibc's own adapting
def turn():
    place = libc.malloc({BLOCK})
    ctypes.memset(place, 1, {BLOCK})
    libc.free(place)
turn()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range({ROUNDS}):
    turn()
print(json.dumps([kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before]))
"""


def faults(how, **environment):
    """Whether memory is kept, and how many pages the kernel handed out in all rounds."""
    without = {name: value for name, value in os.environ.items() if "MALLOC" not in name}
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, how],
        env={**without, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(found.stdout)


def test_blocks_come_from_what_was_freed():
    assert faults("give back") == [False, pytest.approx(PAGES, rel=0.1)]
    kept, found = faults("keep")
    assert kept and found < PAGES / 100


OWN_SETTINGS = {
    "a variable": {"MALLOC_TRIM_THRESHOLD_": "131072"},
    "a tunable": {"GLIBC_TUNABLES": "glibc.malloc.trim_threshold=131072"},
}


@pytest.mark.parametrize("case", OWN_SETTINGS, ids=str)
def test_settings_of_the_environment_stand(case):
    kept, found = faults("keep", **OWN_SETTINGS[case])
    assert not kept and found > PAGES / 2
