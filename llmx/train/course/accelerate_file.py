"""Reading accelerate's configuration file, as far as a plan and an identity depend on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from llmx.core.errors import ConfigError
from llmx.core.user_cache import at_home
from llmx.train.course.processes import START_ALL, Processes
from llmx.train.course.sharding import NONE, Sharding, deepspeed, fsdp, zero

_NO = ("no", "False", "None", "")  # YAML reads an unquoted "no" as false
_MAKE = "`accelerate config --config_file FILE.yaml` makes one"


def read_processes(configuration: str | None, where: str = "accelerate") -> Processes:
    """Return what a configuration file asks for; one plain process without a file.

    Args:
        where: the option's dotted name, for messages.

    Raises:
        ConfigError: if the file is not there, or says nothing that can be understood.
    """
    if configuration is None:
        return Processes()
    where = f"{where}: {configuration}"
    said = _mapping(at_home(configuration), where)
    try:
        return _processes(said)
    except (ValueError, TypeError, AttributeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{where} cannot be read: {reason}", _MAKE) from error


def _mapping(path: Path, where: str) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{where} is no file", _MAKE) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # not text is a ValueError
        raise ConfigError(f"{where} is no YAML: {' '.join(str(error).split())}", _MAKE) from error
    if not isinstance(found, Mapping):
        raise ConfigError(f"{where} holds no settings of accelerate", _MAKE)
    return found


def _processes(said: Mapping[str, Any]) -> Processes:
    kind = str(said.get("distributed_type") or "NO").upper()
    zeros = said.get("deepspeed_config") or {}
    precision = str(said.get("mixed_precision"))
    return Processes(
        count=_count(kind, said),
        machines=int(said.get("num_machines") or 1),
        precision="no" if precision in _NO else precision,
        accumulation=int(deepspeed(zeros).get("gradient_accumulation_steps", 1)),
        kind=kind,
        sharding=_sharding(kind, said),
        launcher=str(zeros.get("deepspeed_multinode_launcher") or START_ALL[0]),
    )


def _sharding(kind: str, said: Mapping[str, Any]) -> Sharding:
    if kind == "FSDP":
        return fsdp(said.get("fsdp_config") or {})
    return zero(said.get("deepspeed_config") or {}) if kind == "DEEPSPEED" else NONE


def _count(kind: str, said: Mapping[str, Any]) -> int:
    """Return how many processes accelerate starts: on CPUs only MPI starts more than one."""
    alone = kind == "NO" or (
        kind == "MULTI_CPU" and not (said.get("mpirun_config") or {}).get("mpirun_hostfile")
    )
    count = 1 if alone else int(said.get("num_processes") or -1)
    if count < 1:
        raise ValueError(f"{kind} needs num_processes")
    return count
