"""What an arm and a stage reach for outside of llmx: programs, code, files, hosts and keys.

A value that a file gives is held against lists of what is known to be harmless. Hosts are no
matter of composing: they are gathered with who named them, and the run asks what the user allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmx.config.edge import Origins
from llmx.config.places import Mount
from llmx.config.points import Point
from llmx.config.problems import Problems
from llmx.core.exposure import exposures, refusal
from llmx.core.hosts import Named
from llmx.core.spec import SHIPPED, Destination, EngineSpec, StageSpec
from llmx.core.user_cache import at_home

VLLM = frozenset({"vllm", "vllm_server"})
"""Kinds of engines whose options are vLLM's."""

VLLM_OPTIONS = frozenset({
    "tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size",
    "prefill_context_parallel_size", "decode_context_parallel_size", "enable_expert_parallel",
    "max_model_len", "max_num_batched_tokens", "max_num_scheduled_tokens", "max_logprobs",
    "gpu_memory_utilization", "kv_cache_memory_bytes", "kv_cache_dtype", "cpu_offload_gb",
    "num_gpu_blocks_override", "block_size", "enable_prefix_caching", "enable_chunked_prefill",
    "disable_chunked_mm_input", "disable_hybrid_kv_cache_manager", "long_prefill_token_threshold",
    "disable_sliding_window", "disable_cascade_attn", "disable_custom_all_reduce",
    "disable_log_stats", "enforce_eager", "seed", "quantization", "scheduling_policy",
    "language_model_only", "skip_mm_profiling", "stream_interval", "use_tqdm_on_load",
    "ignore_eos", "cache_salt",
})  # fmt: skip
"""Numbers, switches and names out of lists of vLLM's own; the last two are llmx's."""

_SPECULATIVE = frozenset({
    "draft_sample_method", "draft_tensor_parallel_size", "disable_padded_drafter_batch",
})  # fmt: skip

TRAINING_TEXTS = frozenset({
    "lr_scheduler_type", "lr_scheduler_kwargs", "logging_strategy", "log_level",
    "train_sampling_strategy", "truncation_mode", "packing_strategy", "loss_type", "loss_weights",
    "f_divergence_type", "pad_to_multiple_of", "reward_weights", "reward_clip_range",
    "scale_rewards", "importance_sampling_level", "multi_objective_aggregation",
    "vllm_mode", "vllm_importance_sampling_mode", "chat_template_kwargs",
    "gradient_checkpointing_kwargs", "include_num_input_tokens_seen", "pad_token",
})  # fmt: skip
"""Settings of TRL with names, or lists or mappings of them; any number or switch is harmless."""
_OPTIMIZERS = frozenset({
    "adamw_torch", "adamw_torch_fused", "adafactor", "sgd", "adagrad", "rmsprop", "lion_32bit",
    "adamw_bnb_8bit", "adamw_8bit", "paged_adamw_32bit", "paged_adamw_8bit", "lion_8bit",
})  # fmt: skip
_LOADING = {  # of model_init_kwargs: name -> what its value has to look like
    "dtype": re.compile(r"auto|float32|float16|bfloat16"),
    "torch_dtype": re.compile(r"auto|float32|float16|bfloat16"),
    # Any other text may be a repository whose kernel is fetched and run.
    "attn_implementation": re.compile(r"eager|sdpa|flash_attention_[23]|flex_attention"),
    "use_cache": re.compile(r"True|False"),
    "low_cpu_mem_usage": re.compile(r"True|False"),
}

LORA = frozenset({
    "r", "alpha", "lora_alpha", "dropout", "lora_dropout", "target_modules", "exclude_modules",
    "fan_in_fan_out", "bias", "use_rslora", "use_dora", "lora_bias", "modules_to_save",
    "init_lora_weights", "layers_to_transform", "layers_pattern", "rank_pattern", "alpha_pattern",
    "layer_replication", "target_parameters", "ensure_weight_tying",
})  # fmt: skip
"""Fields of peft's LoraConfig; `megatron_core`, for one, names a module to import."""

_NAME = re.compile(r"[A-Za-z0-9_.+-]{1,80}")  # no path, no address, no flag


@dataclass(frozen=True)
class RefusedValue:
    """Why a file may not set a value, and what the user can do."""

    reason: str
    hint: str


def engine_refusals(engine: Mapping[str, Any]) -> Iterator[tuple[str, RefusedValue]]:
    """Yield the settings of an engine that no file may set, as ``python`` or ``options.NAME``."""
    if engine.get("python") is not None:
        hint = "set $LLMX_VLLM_PYTHON, or type engine.python=PATH"
        yield "python", RefusedValue("a file names no program", hint)
    options = engine.get("options")
    if engine.get("kind") not in VLLM or not isinstance(options, Mapping):
        return
    for name, value in options.items():
        if not _of_vllm(str(name), value):
            reason = "not among the settings of vLLM that a file may set (docs/security.md)"
            yield f"options.{name}", RefusedValue(reason, f"type engine.options.{name}=…")


def _of_vllm(name: str, value: Any) -> bool:
    if name == "speculative_config":
        inner = value.items() if isinstance(value, Mapping) else [("", value)]
        return value is None or all(key in _SPECULATIVE and _plain(held) for key, held in inner)
    return name in VLLM_OPTIONS and _plain(value)


def _plain(value: Any) -> bool:
    """Whether a value is a number, a switch or a mere name."""
    if isinstance(value, str):
        return _NAME.fullmatch(value) is not None and not value.startswith("-")
    return value is None or isinstance(value, bool | int | float)


def stage_refusals(options: Mapping[str, Any]) -> Iterator[tuple[str, RefusedValue]]:
    """Yield the options of a stage that no file may set, as ``accelerate`` or ``lora.NAME``."""
    if options.get("accelerate") is not None:
        reason = "accelerate's own file says what it starts, and where"
        yield "accelerate", RefusedValue(reason, "write accelerate: null and type the path")
    reason = "not among the settings that a file may set (docs/security.md)"
    for section, fits in (("settings", _of_training), ("lora", _of_lora)):
        held = options.get(section)
        for name, value in held.items() if isinstance(held, Mapping) else ():
            if not fits(str(name), value):
                yield f"{section}.{name}", RefusedValue(reason, "type it on the command line")


def _of_training(name: str, value: Any) -> bool:
    if name == "optim":
        return value in _OPTIMIZERS
    if name == "model_init_kwargs":
        inner = value.items() if isinstance(value, Mapping) else [("", value)]
        return value is None or all(_loads(str(key), held) for key, held in inner)
    if value is None or isinstance(value, bool | int | float):
        return True
    parts = list(value.values()) if isinstance(value, Mapping) else value
    held = parts if isinstance(parts, list) else [parts]
    return name in TRAINING_TEXTS and all(map(_plain, held))


def _loads(name: str, value: Any) -> bool:
    return name in _LOADING and _LOADING[name].fullmatch(str(value)) is not None


def _of_lora(name: str, value: Any) -> bool:
    return name in LORA


SCORER = "scorer_options"
BY = ("address_by", "key_by")
"""What composition says of an address and a key; nobody else does."""


def _scorer_options(stage: StageSpec) -> Mapping[str, Any]:
    held = stage.options.get(SCORER)
    return held if isinstance(held, Mapping) else {}


_USUAL_KEYS = {"vllm_server": "VLLM_API_KEY"}
_LOCAL_TRACKERS = ("tensorboard",)
_USER = "command line"


class Outside:
    """Checks what is composed for one recipe, and gathers where it sends to."""

    def __init__(self, mount: Mount, problems: Problems, trust_remote_code: bool) -> None:
        self.mount = mount
        self.problems = problems
        self.trust_remote_code = trust_remote_code
        self._found: dict[Destination, None] = {}

    @property
    def destinations(self) -> tuple[Destination, ...]:
        """Where all that was checked sends to."""
        return tuple(self._found)

    def check(self, point: Point) -> None:
        """Note what no file may set, and say in the values who named each host and key."""
        for what, path, engine in _engines(point.values):
            said = SetBy(path, point.origins, self.mount)
            for key, refused in engine_refusals(engine):
                self._refuse(said, key, refused)
            engine["trust_remote_code"] = self.trust_remote_code
            self._address(said, what, engine, "base_url")
        judge = point.values.get("judge")
        if isinstance(judge, dict):
            said = SetBy("judge", point.origins, self.mount)
            self._address(said, "judge", judge, "url")
            self._instructions(said, judge)
        data = point.values.get("data")
        if isinstance(data, dict) and isinstance(data.get("options"), dict):
            self._questions(SetBy("data.options", point.origins, self.mount), data["options"])

    def is_exposed(self, point: Point) -> bool:
        """Whether a point holds a secret, e.g. of a group's file; each is noted with its place."""
        found = list(exposures(point.values))
        for path in found:
            said = SetBy(path[0], point.origins, self.mount)
            self.problems.take(refusal(path, said.place(".".join(path[1:]))))
        return bool(found)

    def check_stages(self, stages: Sequence[StageSpec], typed: Origins) -> None:
        """The same for the options of stages; `typed` holds what the command line set of them."""
        for stage in stages:
            said = SetBy(f"stages.{stage.name}", typed, self.mount)
            for key, refused in stage_refusals(stage.options):
                self._refuse(said, key, refused)
            names = stage.options.get("trackers")
            by: Named = "user" if said.is_typed("trackers") else "file"
            for name in names if isinstance(names, list | tuple) else ():
                if name not in _LOCAL_TRACKERS:
                    found = Destination(
                        what="tracker", url=str(name), place=said.place("trackers"), address_by=by
                    )
                    self._found[found] = None

    def with_senders(self, stages: Sequence[StageSpec], typed: Origins) -> tuple[StageSpec, ...]:
        """Return stages whose scorers say who named the endpoint that they ask."""
        return tuple(self._with_sender(stage, typed) for stage in stages)

    def _with_sender(self, stage: StageSpec, typed: Origins) -> StageSpec:
        held = stage.options.get(SCORER)
        if not isinstance(held, Mapping) or not {"base_url", *BY}.intersection(held):
            return stage
        said = SetBy(f"stages.{stage.name}.{SCORER}", typed, self.mount)
        for name in BY:
            if name in held:
                text = f"{said.place(name)}: {said.path}.{name} is no setting"
                self.problems.add(text, "llmx says itself who named an address")
        named = dict(held)
        self._address(said, "judge", named, "base_url")
        named = {key: value for key, value in named.items() if key not in BY or value != "user"}
        return stage.changed({SCORER: named})

    def check_senders(self, arm: Sequence[StageSpec], stages: Mapping[str, StageSpec]) -> None:
        """Refuse an arm whose scorer asks elsewhere than those of the others, or is said to.

        What one judge says and what another does cannot be compared, and nobody would see from an
        arm's options who named an address.
        """
        for stage in arm:
            own, shared = (
                {name: held[name] for name in ("base_url", "key_env", *BY) if name in held}
                for held in (_scorer_options(stage), _scorer_options(stages[stage.name]))
            )
            if own != shared:
                key = f"stages.{stage.name}.{SCORER}.base_url"
                text = f"{key}, key_env: all arms ask the same judge"
                self.problems.add(text, "set it in the recipe's stages, or on the command line")

    def _refuse(self, said: SetBy, key: str, refused: RefusedValue) -> None:
        if not said.is_typed(key):
            text = f"{said.place(key)}: {said.path}.{key}: {refused.reason}"
            self.problems.add(text, refused.hint)

    def _address(self, said: SetBy, what: str, held: dict[str, Any], name: str) -> None:
        default = EngineSpec.model_fields["key_env"].default
        key_env = held.get("key_env", default)
        usual = _USUAL_KEYS.get(str(held.get("kind")), default)
        of_user = said.is_typed("key_env") or key_env == usual
        held["address_by"] = by = "user" if said.is_typed(name) else "file"
        held["key_by"] = key_by = "user" if of_user else "file"
        url = held.get(name)
        if not isinstance(url, str) or not isinstance(key_env, str):
            # Nothing is sent, so nobody is named; a value of another type is refused elsewhere.
            held["address_by"] = held["key_by"] = "user"
            return
        place = said.place(name if by == "file" or key_by == "user" else "key_env")
        found = Destination(
            what=what, url=url, key_env=key_env, place=place, address_by=by, key_by=key_by
        )
        self._found[found] = None

    def _instructions(self, said: SetBy, judge: Mapping[str, Any]) -> None:
        """Refuse a file that is not the recipe's own: what is in it is sent to the judge."""
        named = judge.get("instructions")
        if not isinstance(named, str) or said.is_typed("instructions"):
            return
        if not self._beside(named):
            text = f"{said.place('instructions')}: judge.instructions={named} lies elsewhere"
            hint = "a file beside the recipe, or type judge.instructions=PATH"
            self.problems.add(f"{text}, and it would be sent to the judge", hint)

    def _questions(self, said: SetBy, options: Mapping[str, Any]) -> None:
        """Refuse the same of a file of questions, which are sent to the model."""
        named = options.get("path")
        if not isinstance(named, str) or named.startswith(SHIPPED) or said.is_typed("path"):
            return
        if not self._beside(named):
            text = f"{said.place('path')}: data.options.path={named} lies elsewhere"
            hint = "a file beside the recipe, or type data.options.path=PATH"
            self.problems.add(f"{text}, and it would be sent to the model", hint)

    def _beside(self, named: str) -> bool:
        """Whether a file lies where the recipe does, or below."""
        beside = self.mount.recipe.document.path.parent
        return at_home(named).resolve().is_relative_to(beside.resolve())


def _engines(values: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (name for a person, dotted path, settings) of every engine of an arm."""
    engine = values.get("engine")
    if isinstance(engine, dict):
        yield "engine", "engine", engine
    ensemble = values.get("ensemble")
    voices = ensemble.get("voices") if isinstance(ensemble, dict) else None
    for name, voice in voices.items() if isinstance(voices, dict) else ():
        own = voice.get("engine") if isinstance(voice, dict) else None
        if isinstance(own, dict):
            yield f"voice {name}", f"ensemble.voices.{name}.engine", own


class SetBy:
    """Who set the settings below one path, and where."""

    def __init__(self, path: str, origins: Origins, mount: Mount) -> None:
        self.path = path
        self.origins = origins
        self.mount = mount

    def is_typed(self, key: str) -> bool:
        """Whether the user typed the value of a key below the path."""
        return self.origins.is_typed(f"{self.path}.{key}")

    def place(self, key: str) -> str:
        """Return where the value of a key below the path comes from: file and line, or who."""
        whole = f"{self.path}.{key}"
        setter = self.origins.setter(whole)
        document = self.mount.recipe.document
        if setter is None:
            return document.where(*whole.split("."))
        group, _, choice = self.origins.places[setter].partition("=")
        if setter == group:  # a choice of a group, whose file says it
            return self.mount.where(group, choice, *whole.split(".")[1:])
        place = self.origins.places[setter]
        inner = document.where(*whole.split("."))
        return inner if place.split(":")[0] == inner.split(":")[0] else place
