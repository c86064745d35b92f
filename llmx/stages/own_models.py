"""Models that a user names: looked at by their files before anything is generated.

Whole or not, whether a draft has the target's tokens, whether an adapter fits, whether an answer
has room, and what is said of a model before it is used. Only models that a sampler reads count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from llmx.core import json_text
from llmx.core.errors import EngineError
from llmx.core.spec import ArmSpec, ModelSpec
from llmx.core.stage import StageInput
from llmx.engines.size import is_gguf, local_folder, model_size
from llmx.engines.tokenizer.plain_template import SAID

_HERE = ("hf", "vllm", "vllm_server")
_SHIPPED = ("zoo:", "stage:")
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")


def brings_own(arm: ArmSpec) -> bool:
    """Whether an arm loads a model here that neither ships with llmx nor is trained by a stage."""
    here = arm.engine.kind in _HERE and arm.engine.base_url is None
    return here and bool(arm.brought_models)


def _names(model: ModelSpec) -> list[str]:
    return [name for name in (model.target, model.draft) if name]


def check_models(inputs: Iterable[StageInput]) -> None:
    """Refuse models that cannot do what an arm asks of them.

    Args:
        inputs: of the stages that are still to be done.

    Raises:
        EngineError: for the first that cannot, naming what to type.
    """
    seen = set()
    for arm in _asking(inputs):
        assert arm.sampler is not None and arm.used_model is not None
        key = (arm.used_model, arm.sampler.max_tokens, arm.engine.kind)
        if key not in seen:
            seen.add(key)
            _check(*key)


def said_of_models(inputs: Iterable[StageInput]) -> tuple[str, ...]:
    """Return lines on what is made of the models, and on what they are sent."""
    models = dict.fromkeys(arm.used_model for arm in _asking(inputs))
    lines = (line for model in models if model is not None for line in _said(model))
    return tuple(dict.fromkeys(lines))


def _asking(inputs: Iterable[StageInput]) -> Iterator[ArmSpec]:
    """Yield every arm with a model of the user's, as the stage that asks it has it."""
    for given in inputs:
        named = getattr(given.options, "model", None) if given.stage.over == "arm" else None
        for arm in given.arms.values():
            if arm.sampler is not None and named is None and brings_own(arm):
                yield arm


def _check(model: ModelSpec, max_tokens: int, engine: str) -> None:
    from llmx.engines.adapter import check_adapter

    places = {name: _place(name) for name in _names(model)}
    target = places[model.target]
    if model.adapter is not None:
        folder = target if target is not None and not is_gguf(target) else None
        check_adapter(model.adapter, folder)
    if engine == "vllm_server" and target is not None and not has_template(target):
        text = f"{model.target} has no chat template, and engine '{engine}' sends chats alone"
        raise EngineError(text, "engine=hf or engine=vllm")
    draft = places.get(model.draft or "")
    if draft is not None and target is not None:
        _check_pair(model, target, draft)
    for name, place in places.items():
        known = model_size(name).context if place is not None else 0
        if known and max_tokens >= known:
            text = f"{name} knows {known} positions, and sampler.max_tokens={max_tokens} takes all"
            raise EngineError(text, f"sampler.max_tokens={max(known // 2, 1)} leaves room to ask")


def _place(name: str) -> Path | None:
    """Return the whole folder or GGUF file behind a name; None for the hub's and stages' models.

    Raises:
        EngineError: for one that is not whole, or a name that neither a folder nor the hub has.
    """
    from llmx.engines.pretrained import check_weights

    if name.startswith("stage:"):
        return None
    place = local_folder(name)
    if place is None and not _HUB_NAME.fullmatch(name):
        text = f"model '{name}' is no folder here, and no name that the hub has (OWNER/NAME)"
        raise EngineError(text, "check the path")
    if place is None or name.startswith("zoo:"):
        return place
    if is_gguf(place):
        from llmx.engines.gguf import read_header

        read_header(place)
        return place
    from llmx.engines.no_model import what_is_missing

    check_weights(place)
    if missing := what_is_missing(place):
        raise EngineError(f"{place} is no whole model ({missing})", "copy the folder again")
    return place


def _check_pair(model: ModelSpec, target: Path, draft: Path) -> None:
    """Refuse two vocabularies, read without a model library; what cannot be is seen at loading."""
    from llmx.engines.pair import check_same

    if _spelling(target) == _spelling(draft) is not None:
        return
    ours, theirs = _vocabulary(target), _vocabulary(draft)
    if ours and theirs:
        check_same(ours, theirs, model)


def _spelling(place: Path) -> bytes | None:
    path = place / "tokenizer.json"
    return path.read_bytes() if not is_gguf(place) and path.exists() else None


def _vocabulary(place: Path) -> Mapping[str, int] | None:
    """Return token → id; None where only transformers can say."""
    if is_gguf(place):
        from llmx.engines.gguf import read_header

        return {token: at for at, token in enumerate(read_header(place).tokens)}
    raw = _spelling(place)
    if raw is None:
        return None
    from tokenizers import Tokenizer

    try:
        found: dict[str, int] = Tokenizer.from_buffer(raw).get_vocab(with_added_tokens=True)
    except Exception:  # the library raises bare ones; loading then says what is wrong
        return None
    return found


def _said(model: ModelSpec) -> Iterator[str]:
    for name in _names(model):
        place = None if name.startswith(_SHIPPED) else local_folder(name)
        if place is None:
            continue
        if is_gguf(place):
            yield f"{name}: {_unpacked(place)}"
        if name == model.target and not has_template(place):
            yield f"{name} has {SAID}"
    if model.adapter is not None:
        yield _merged(model.target, model.adapter)


def _unpacked(file: Path) -> str:
    from llmx.engines.derived import models_folder
    from llmx.engines.gguf import read_header

    header = read_header(file)
    verb = "dequantised" if header.quantised else "unpacked"
    size = f"{4 * header.parameters / 1e9:.2f} GB"
    return f"{header.said()}; {verb} to float32 once, {size} in {models_folder()}"


def _merged(target: str, adapter: str) -> str:
    from llmx.core.user_cache import at_home
    from llmx.engines.adapter import based_on

    made_for = based_on(at_home(adapter))
    same = made_for is None or Path(made_for).name == Path(target.removeprefix("zoo:")).name
    beside = "" if same else f" (it says that it was made for {made_for})"
    return f"{target}: the adapter {adapter} is merged in{beside}"


def has_template(place: Path) -> bool:
    """Whether a model brings a chat template, by its files alone."""
    if is_gguf(place):
        from llmx.engines.gguf import read_header

        return bool(read_header(place).settings.get("tokenizer.chat_template"))
    if any((place / one).exists() for one in ("chat_template.jinja", "chat_template.json")):
        return True
    try:
        told = json_text.parse((place / "tokenizer_config.json").read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and bool(told.get("chat_template"))
