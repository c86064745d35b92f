"""The one place where model libraries load a folder or a name: no code of its own, no pickles.

transformers runs a file of the folder where its settings name one (``auto_map``), and asks on the
terminal first if nobody has said no. Everything here says no, unless the user typed
``--trust-remote-code``. Weights are safetensors: a pickle can run code when it is read.
Errors of these libraries are told in one line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llmx.core.errors import EngineError, LlmxError, TurnsError
from llmx.core.speech import DATE
from llmx.core.templates.dialect import dated
from llmx.core.templates.guarded import guard_transformers
from llmx.core.user_cache import at_home
from llmx.engines.size import INDEX, cached_folder, read_settings

NO_SYSTEM = "perhaps it has no system turn: data.system='', and its text as data.preamble=…"
_OFFLINE = "without a network use model=zoo_gsm, or a local folder"
_INCOMPLETE = "the folder needs whole config.json, *.safetensors and tokenizer.json: copy it again"


class explained:
    """Turns a library's loading error into one line."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None or isinstance(error, (LlmxError, KeyboardInterrupt)):
            return
        raise in_one_line(self.name, error) from error


def in_one_line(name: str, error: BaseException) -> EngineError:
    """Return what a library says of a model that it cannot load."""
    said = str(error).strip() or type(error).__name__
    if "trust_remote_code" in said:
        text = f"{name} brings code of its own (auto_map in its settings), which is not run"
        return EngineError(text, "read that code; if you trust it: --trust-remote-code")
    if "use_safetensors" in said:
        text = f"{name} has no *.safetensors: pickled weights can run code and are not loaded"
        return EngineError(text, "take a revision that has them, or convert it where you trust it")
    offline = any(word in said.lower() for word in ("connect", "offline", "resolve"))
    is_folder = at_home(name).is_dir()
    hint = _OFFLINE if offline else _INCOMPLETE if is_folder else ""
    return EngineError(f"cannot load {name}: {said.splitlines()[0][:200]}", hint)


@contextmanager
def template_explained(messages: Sequence[Mapping[str, Any]] = ()) -> Iterator[None]:
    """Turn what a chat template raises into one line: it is a program of whoever made the model.

    Args:
        messages: that it was given, for what may help.
    """
    try:
        yield
    except LlmxError:
        raise
    except Exception as error:  # templates raise what they like
        said = " ".join(str(error).split())[:300] or type(error).__name__
        has_system = any(message.get("role") == "system" for message in messages)
        hint = NO_SYSTEM if has_system else "use another model"
        raise TurnsError(f"the chat template fails: {said}", hint) from error


WEIGHTS = {"use_safetensors": True}
"""What whoever loads weights by another library has to pass on."""
_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".h5", ".msgpack")
_SAFE = ".safetensors"
_NOT_WEIGHTS = ("training_args.bin", "optimizer.", "scheduler.", "scaler.", "rng_state")
_KERNELS = ("attn_implementation", "experts_implementation")


def tokenizer(
    place: str, revision: str | None = None, trust_remote_code: bool = False, day: str = DATE
) -> Any:
    """Return a tokenizer of transformers; its chat template renders within limits.

    Args:
        day: that the template's clock shows.
    """
    from transformers import AutoTokenizer

    guard_transformers()
    found = AutoTokenizer.from_pretrained(
        place, revision=revision, trust_remote_code=trust_remote_code
    )
    template = found.chat_template
    if isinstance(template, str):
        found.chat_template = dated(template, day)
    elif template:  # several, by name
        found.chat_template = {name: dated(one, day) for name, one in template.items()}
    return found


def config(place: str, revision: str | None = None, trust_remote_code: bool = False) -> Any:
    """Return a model's configuration."""
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(place, revision=revision, trust_remote_code=trust_remote_code)


def generation_config(place: str, revision: str | None = None) -> Any:
    """Return a model's generation settings."""
    from transformers import GenerationConfig

    return GenerationConfig.from_pretrained(place, revision=revision, trust_remote_code=False)


def causal_model(
    place: str, revision: str | None = None, trust_remote_code: bool = False, **loading: Any
) -> Any:
    """Return a causal language model of transformers.

    Args:
        loading: ``dtype`` and the like, by transformers' names.

    Raises:
        EngineError: for weights that are pickled, or a kernel that would be fetched and run.
    """
    from transformers import AutoModelForCausalLM

    check_folder(place, revision)
    config(place, revision, trust_remote_code)  # of the hub: then its settings are here
    check_folder(place, revision)
    return AutoModelForCausalLM.from_pretrained(
        place, revision=revision, trust_remote_code=trust_remote_code, **WEIGHTS, **loading
    )


def gguf_model(file: Path) -> tuple[Any, Any]:
    """Return the model of a GGUF file, its weights unpacked to float32, and its tokenizer.

    Nothing beside the file is read where the file lies alone in its folder, as here it has to.

    Raises:
        EngineError: if the file lacks a weight that the model has.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    guard_transformers()
    place: dict[str, Any] = {"gguf_file": file.name}
    tokenizer = AutoTokenizer.from_pretrained(file.parent, trust_remote_code=False, **place)
    loading = {**place, "dtype": torch.float32, "output_loading_info": True, **_unpacked()}
    model, told = AutoModelForCausalLM.from_pretrained(
        file.parent, trust_remote_code=False, **WEIGHTS, **loading
    )
    if missing := sorted(told["missing_keys"]):
        raise EngineError(f"it lacks {missing[0]} and {len(missing) - 1} more weights")
    # Both say that the weights are still packed, and then nothing can be saved.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer = None
    return model, tokenizer


def _unpacked() -> dict[str, Any]:
    """Return what keeps newer versions of transformers from leaving weights packed."""
    import transformers

    packed = getattr(transformers, "GgufConfig", None)
    return {} if packed is None else {"quantization_config": packed(dequantize=True)}


def with_adapter(model: Any, adapter: Path) -> Any:
    """Return a model with an adapter of peft's."""
    from peft import PeftModel

    check_weights(adapter)
    return PeftModel.from_pretrained(model, adapter, trust_remote_code=False)


def check_folder(place: str, revision: str | None = None) -> None:
    """Refuse what would run code when a folder, or a snapshot that is here, is loaded.

    Raises:
        EngineError: naming the file.
    """
    folder = Path(place) if Path(place).is_dir() else cached_folder(place, revision)
    if folder is None:
        return
    check_weights(folder)
    settings = folder / "config.json"
    for name, value in _walk(read_settings(settings)) if settings.exists() else ():
        if name.endswith(_KERNELS) and "/" in str(value):
            text = f"{settings}: {name} names a kernel of the hub ({value}), which is code"
            raise EngineError(text, "take the line out: eager and sdpa need none")


def _walk(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        yield name, value
        if isinstance(value, Mapping):
            yield from _walk(value)


def check_weights(folder: Path) -> None:
    """Refuse pickled weights by name, where no safetensors stand beside them.

    Raises:
        EngineError: naming the file, and what to do.
    """
    listed = (
        read_settings(folder / INDEX).get("weight_map", {}) if (folder / INDEX).exists() else {}
    )
    names = set(listed.values()) if isinstance(listed, Mapping) else set()
    wrong = sorted(str(name) for name in names if not _is_plain(name))
    if wrong:
        raise EngineError(f"{folder / INDEX} names {wrong[0]}: weights are *{_SAFE} beside it")
    there = sorted(path.name for path in folder.iterdir() if path.is_file())
    if any(name.endswith(_SAFE) for name in there):
        return
    pickled = [n for n in there if n.endswith(_PICKLED) and not n.startswith(_NOT_WEIGHTS)]
    if pickled:
        raise EngineError(
            f"{folder / pickled[0]} holds pickled weights, which can run code: not loaded",
            f"take a revision with *{_SAFE}, or convert it where you trust it",
        )


def _is_plain(name: object) -> bool:
    return isinstance(name, str) and name.endswith(_SAFE) and Path(name).name == name
