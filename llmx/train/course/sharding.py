"""How FSDP and DeepSpeed divide a training among processes, from accelerate's configuration.

ZeRO (Rajbhandari et al., arXiv 1910.02054, section 5) divides the optimiser in stage 1, gradients
as well in stage 2, weights as well in stage 3. FSDP's SHARD_GRAD_OP is as stage 2, as weights are
whole from the forward pass on, and FULL_SHARD is as stage 3. Names and defaults are those of
accelerate 1.15.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmx.core import json_text
from llmx.core.user_cache import at_home

_STRATEGIES = ("FULL_SHARD", "SHARD_GRAD_OP", "NO_SHARD", "HYBRID_SHARD", "HYBRID_SHARD_ZERO2")
_OPTIMISER = frozenset({"optimiser"})
_GRADIENTS = _OPTIMISER | {"gradients"}
_ALL = _GRADIENTS | {"weights"}
_DIVIDED = dict(zip(_STRATEGIES, (_ALL, _GRADIENTS, frozenset(), _ALL, _GRADIENTS), strict=True))
_STAGES: tuple[frozenset[str], ...] = (frozenset(), _OPTIMISER, _GRADIENTS, _ALL)
_FULL = ("FULL_STATE_DICT", "1")
_YES = ("y", "yes", "t", "true", "on", "1")
_FILES = {  # accelerate's name → where DeepSpeed's own file has it
    "zero_stage": ("zero_optimization", "stage"),
    "zero3_save_16bit_model": ("zero_optimization", "stage3_gather_16bit_weights_on_model_save"),
    "offload_optimizer_device": ("zero_optimization", "offload_optimizer", "device"),
    "offload_param_device": ("zero_optimization", "offload_param", "device"),
    "gradient_accumulation_steps": ("gradient_accumulation_steps",),
}


@dataclass(frozen=True)
class Sharding:
    """What is divided, and by whom; the default divides nothing.

    Attributes:
        divided: of ``weights``, ``gradients`` and ``optimiser``.
        away: what lies outside the device, in the machine's memory or on its disk.
        unsaved: what to write so that whole weights are saved; empty where they are.
    """

    name: str = "none"
    divided: frozenset[str] = frozenset()
    away: frozenset[str] = frozenset()
    unsaved: str = ""


NONE = Sharding()


def fsdp(given: Mapping[str, Any]) -> Sharding:
    """Return what ``fsdp_config`` says; its keys may leave ``fsdp_`` out, as for accelerate."""
    said = {key if key.startswith("fsdp") else f"fsdp_{key}": v for key, v in given.items()}
    second = str(said.get("fsdp_version", 1)) == "2"
    strategy = _second(said) if second else _strategy(said.get("fsdp_sharding_strategy", 1))
    saved = str(said.get("fsdp_state_dict_type") or ("SHARDED" if second else "1")).upper()
    return Sharding(
        f"FSDP{2 if second else 1} {strategy}",
        _DIVIDED.get(strategy, _ALL),
        _ALL if yes(said.get("fsdp_offload_params")) else frozenset(),
        "" if saved in _FULL else "fsdp_state_dict_type: FULL_STATE_DICT",
    )


def _second(said: Mapping[str, Any]) -> str:
    return _STRATEGIES[0 if yes(said.get("fsdp_reshard_after_forward", True)) else 1]


def _strategy(said: object) -> str:
    """Return a strategy's name; accelerate knows its number as well, from 1."""
    text = str(said).upper()
    known = text.isdigit() and 0 < int(text) <= len(_STRATEGIES)
    return _STRATEGIES[int(text) - 1] if known else text


def zero(given: Mapping[str, Any]) -> Sharding:
    """Return what ``deepspeed_config`` says, with the file that it may name."""
    said = deepspeed(given)
    stage = min(int(said.get("zero_stage", 2)), 3)
    away = {"optimiser"} if _elsewhere(said, "offload_optimizer_device") else set()
    if stage == 3 and _elsewhere(said, "offload_param_device"):
        away.add("weights")
    saves = stage < 3 or yes(said.get("zero3_save_16bit_model"))
    return Sharding(
        f"ZeRO-{stage}",
        _STAGES[stage],
        frozenset(away),
        "" if saves else "zero3_save_16bit_model: true",
    )


def _elsewhere(said: Mapping[str, Any], name: str) -> bool:
    return str(said.get(name, "none")).lower() != "none"


def deepspeed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``deepspeed_config``, where DeepSpeed's own file counts more; ``auto`` is nothing."""
    found = dict(given)
    if _elsewhere(given, "deepspeed_config_file"):
        file = at_home(str(given["deepspeed_config_file"]))
        inside = json_text.parse(file.read_text(encoding="utf-8"))
        told = {name: _inside(inside, path) for name, path in _FILES.items()}
        # A stage that its own file leaves out is 0, where accelerate's is 2.
        found = {"zero_stage": 0, **found, **{n: v for n, v in told.items() if v is not None}}
    return {name: value for name, value in found.items() if value not in (None, "auto")}


def _inside(found: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return None if found == "auto" else found


def yes(said: object) -> bool:
    """Whether accelerate reads a value as true."""
    return str(said).lower() in _YES
