"""The compiled library: built once into the user's cache folder, then loaded by every process.

Its name says what it was made of (sources, compiler, flags), so a stale one is never loaded. It is
written beside its place and renamed, under a lock: processes that start together build it once, and
a kill leaves nothing that looks whole.
"""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from llmx.core import user_cache
from llmx.core.errors import EngineError
from llmx.store.files import sync

# By preference. Never -march=native: a cache folder may be shared by machines.
_X86 = {
    "avx512": ({"avx512f", "avx2", "fma"}, ("-mavx512f", "-mavx2", "-mfma")),
    "avx2": ({"avx2", "fma"}, ("-mavx2", "-mfma")),
}
FLAGS: dict[str, tuple[str, ...]] = {name: flags for name, (_, flags) in _X86.items()}
FLAGS |= {"neon": (), "plain": ()}
"""Build → what the compiler is told. ``plain`` runs anywhere, slowly: tests compare bits."""


@lru_cache(maxsize=1)
def best_build() -> str | None:
    """Return the fastest build for this processor, None where there is none."""
    if platform.machine() in ("aarch64", "arm64"):
        return "neon"
    if platform.machine() not in ("x86_64", "AMD64"):
        return None
    has = features()
    return next((name for name, (needs, _) in _X86.items() if needs <= has), None)


def features() -> set[str]:
    """Return what the processor says it has, as Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())


SOURCES = Path(__file__).parent
_COMPILERS = ("c++", "g++", "clang++")
_KEPT = 16  # libraries: of earlier versions, and of machines that share the folder
_FLAGS = (
    "-std=c++17",
    "-O3",
    "-fPIC",
    "-shared",
    # The bits rest on it: no fused multiply-add but those that are written down.
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-Wno-psabi",
)
_HINT = "install a C++ compiler (Debian: g++), or engine.kernel=torch"


def cache_folder() -> Path:
    """Return where libraries are kept, in the user's cache folder."""
    return user_cache.folder() / "native"


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL:
    """Return the library for this processor, built if need be.

    Raises:
        EngineError: if it cannot be had here: no such processor, no compiler, no place to write.
    """
    build = best_build()
    if build is None:
        raise EngineError("this processor has no fused multiply-add", "engine.kernel=torch")
    return load(build)


@lru_cache(maxsize=1)
def trouble() -> str | None:
    """Return why there is no library here, in one line; None if there is one."""
    try:
        library()
    except EngineError as error:
        return error.message
    return None


def load(build: str, extra: tuple[str, ...] = ()) -> ctypes.CDLL:
    """Return the library of a named build, made with further flags."""
    path = _built(build, extra)
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise EngineError(f"cannot load {path.name}: {error}", f"delete {path}") from error


def _built(build: str, extra: tuple[str, ...]) -> Path:
    compiler = _compiler()
    flags = (*_FLAGS, *FLAGS[build], *extra)
    path = cache_folder() / f"{build}-{_name(compiler, flags)}.so"
    if not path.exists():
        with _locked(path):
            if not path.exists():
                _compile(compiler, flags, path)
    return path


def _compiler() -> str:
    named = os.environ.get("CXX")
    found = [shutil.which(name) for name in ((named,) if named else _COMPILERS)]
    first = next((path for path in found if path), None)
    if first is None:
        raise EngineError(f"there is no C++ compiler ({named or ', '.join(_COMPILERS)})", _HINT)
    return first


def _name(compiler: str, flags: tuple[str, ...]) -> str:
    """Return a name of sources, compiler and flags; an upgraded compiler is another one."""
    state = Path(compiler).resolve().stat()
    made = f"{compiler} {state.st_size} {state.st_mtime_ns} {' '.join(flags)}"
    digest = blake2b(made.encode(), digest_size=10)
    for path in sorted(SOURCES.glob("*.cpp")) + sorted(SOURCES.glob("*.h")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    import fcntl

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
    except OSError as error:
        text = f"the compiled forward cannot be kept in {path.parent}: {error.strerror or error}"
        raise EngineError(text, "make it writable, or set LLMX_CACHE") from error


def _compile(compiler: str, flags: tuple[str, ...], path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        made = Path(scratch) / path.name
        command = [compiler, *flags, str(SOURCES / "native.cpp"), "-o", str(made)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode or not made.exists():
            first = next((line for line in done.stderr.splitlines() if "error" in line), "")
            text = f"{Path(compiler).name} could not compile the forward: {first[:200]}"
            raise EngineError(text.rstrip(": "), _HINT)
        sync(made)
        made.replace(path)
    # One that is loaded stays with who loaded it.
    user_cache.keep_newest("native/*.so", _KEPT)
