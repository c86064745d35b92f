"""``llmx doctor``: what this machine has, and the line to paste for what it lacks."""

from __future__ import annotations

import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from llmx.cli import doctor_sandbox
from llmx.cli.console import say, show, size, table
from llmx.cli.options import Debug, Runs
from llmx.core.errors import ConfigError, StoreError
from llmx.core.install import pip_install, with_extra

_NEEDED = ("torch", "transformers", "tokenizers", "hydra-core", "omegaconf", "typer", "numpy")
_EXTRAS = {"datasets": "hub", "gguf": "gguf", "trl": "train"}
_EXPORT = "export {}=…, for engine=openai; engine.key_env names another"
_ZOO = ("gsm_target", "gsm_draft")


def doctor(
    part: Annotated[
        str | None,
        typer.Argument(metavar="[PART]", show_default=False, help="sandbox = that part, tried."),
    ] = None,
    bench: Annotated[
        bool, typer.Option("--bench", help="Measure this machine, for the estimates of plans.")
    ] = False,
    shared: Annotated[
        Path | None,
        typer.Option(
            "--shared", metavar="DIR", help="With a second machine: do locks hold between both?"
        ),
    ] = None,
    runs: Runs = None,
    debug: Debug = False,
) -> None:
    """Show versions, cores, memory, disk, the zoo, the extras, and whether vLLM is found.

    --bench measures how fast this machine steps a model, in some ten seconds, and keeps the rates
    in your cache folder. Plans then estimate by them; they change no result.
    `sandbox` shows what holds a program here, and what each attack of the red team comes to.

    --shared DIR runs on two machines at the same time and says whether locks hold between them;
    what it finds is kept in DIR for `llmx submit`.

    \b
    Examples:
      llmx doctor
      llmx doctor sandbox
      llmx doctor --bench
      llmx doctor --shared runs
    """
    from llmx.api import runs_folder

    if part is not None:
        if part != "sandbox":
            raise ConfigError(f"doctor has no part '{part}'", "llmx doctor sandbox")
        doctor_sandbox.diagnose()
        return
    if shared is not None:
        _shared(shared)
        return
    if bench:
        _bench()

    rows = [("python", platform.python_version(), "")]
    rows += [_package(name, pip_install("llmx-lab")) for name in _NEEDED]
    rows += [_package(name, with_extra(extra)) for name, extra in _EXTRAS.items()]
    rows += [_vllm(), _key()]
    rows += [_kernel(), doctor_sandbox.found()]
    rows += [("cores", str(_cores()), ""), ("torch threads", _threads(), ""), ("cuda", _cuda(), "")]
    rows += [("memory", _memory(), ""), ("disk", f"{_disk(runs_folder(runs))}, for runs", "")]
    rows += [_zoo(name) for name in _ZOO]
    rows += _rates()
    show(table(("what", "found"), [row[:2] for row in rows], whole=("found",)))
    show(*(f"{what}: {help_}" for what, _, help_ in rows if help_))


def _shared(folder: Path) -> None:
    """Show what two machines see of a folder; the same command runs on both."""
    from llmx.cluster.shared import look

    if not folder.is_dir():
        raise StoreError(f"{folder} is no folder", "llmx doctor --shared DIR")
    say(f"waiting for the same command on a second machine, at {folder} …", err=True)
    found = look(folder)
    rows = [
        ("machines", " and ".join(found.hosts)),
        ("flock excludes", "yes" if found.flock else "no: jobs go by lock files"),
        ("one alone makes a file", "yes" if found.exclusive else "no: do not share this folder"),
        ("a renamed folder is seen", f"after {found.renamed_seen:.2f} s"),
        ("clocks differ by", f"{found.clocks:.2f} s, give or take {found.trip:.2f} s"),
    ]
    show(table(("what", "found"), rows, whole=("found",)))


def _bench() -> None:
    from llmx.engines.bench import measure
    from llmx.store.machine import keep_rates, machine_rates

    say("measuring this machine, some ten seconds of one core …", err=True)
    keep_rates(measure())
    if not machine_rates().measured:
        say("the rates were not kept: the cache folder cannot be written", err=True)


def _rates() -> list[tuple[str, str, str]]:
    """How fast this machine is, one core of it."""
    from llmx.store.machine import machine_rates

    rates = machine_rates()
    how = "measured" if rates.measured else "assumed"
    missing = "" if rates.measured else "llmx doctor --bench measures this machine"
    rows = [
        ("rates of a core", how, missing),
        ("memory bandwidth", f"{rates.bandwidth / 1e9:.1f} GB/s", ""),
        ("large products", f"{rates.operations / 1e9:.1f} GFLOP/s", ""),
        ("a call into torch", f"{1e6 * rates.call:.2f} µs", ""),
    ]
    for kernel, one in rates.forwards.items():
        step = f"{1e3 * one.step:.2f} ms + {1e3 * one.layer:.3f} ms a layer"
        text = f"{step}, {one.operations / 1e9:.1f} GFLOP/s"
        rows.append((f"a step by {kernel}", text, ""))
    return rows


def _package(name: str, install: str) -> tuple[str, str, str]:
    try:
        return name, version(name), ""
    except PackageNotFoundError:
        return name, "missing", install


def _vllm() -> tuple[str, str, str]:
    from llmx.core.errors import LlmxError
    from llmx.engines.vllm.found import vllm_found

    try:
        found = vllm_found()
    except LlmxError as error:
        return "vllm", "missing", f"{_make()}, or engine.python=PATH ({error.message})"
    if found.version is None:
        return "vllm", f"none at {found.python}", _make()
    return "vllm", f"{found.version} at {found.python}", found.trouble


def _kernel() -> tuple[str, str, str]:
    """Whether the compiled forward can be had here."""
    from llmx.engines.native.found import forward_found

    found = forward_found()
    if found.build is None:
        return "compiled forward", f"none: engine.kernel={found.kernel}", found.trouble
    return "compiled forward", f"{found.kernel} ({found.build})", ""


def _key() -> tuple[str, str, str]:
    """Whether an endpoint's key is there; not what it is."""
    from llmx.core.spec import EngineSpec

    name = EngineSpec().key_env
    found = "set" if os.environ.get(name) else "not set"
    return "endpoint key", f"${name} {found}", "" if found == "set" else _EXPORT.format(name)


def _make() -> str:
    return "make vllm" if _cuda() not in ("none", "unknown") else "make vllm-cpu"


def _cores() -> int:
    # The cores that this process may use: containers often get fewer than the machine has.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _threads() -> str:
    try:
        import torch
    except ImportError:
        return "unknown"
    return f"{torch.get_num_threads()} (recipes set engine.threads themselves)"


def _cuda() -> str:
    try:
        import torch
    except ImportError:
        return "unknown"
    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"


def _memory() -> str:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return "unknown"
    return f"{size(total)}, {size(free)} free"


def _disk(folder: Path) -> str:
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    return f"{size(shutil.disk_usage(place).free)} free at {place}"


def _zoo(name: str) -> tuple[str, str, str]:
    import llmx

    folder = Path(str(llmx.__file__)).parent / "zoo" / name
    found = next(folder.glob("*.safetensors"), None) if folder.is_dir() else None
    if found is None:
        return f"zoo:{name}", "missing", "llmx run recipe=zoo_gsm"
    return f"zoo:{name}", size(found.stat().st_size), ""
