"""What a recipe's file says of programs, code, hosts and keys, read without composing it.

For `llmx list` and `llmx describe`, which show it with its line. Composition holds every value
against the same rules wherever it comes from (:mod:`llmx.config.outside`); nothing rests on this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmx.config.outside import SCORER, VLLM, engine_refusals, stage_refusals
from llmx.config.recipe import Recipe
from llmx.config.stages import parted
from llmx.core.hosts import entry_of, is_loopback
from llmx.core.replaced import replaced


@dataclass(frozen=True)
class Reach:
    """One line of a file that reaches outside."""

    line: int
    text: str


def reaches(recipe: Recipe) -> tuple[Reach, ...]:
    """Return what a file says of the outside, each once, in the order of its lines."""
    found = dict.fromkeys([*_of_sections(recipe), *_of_lists(recipe), *_of_stages(recipe)])
    return tuple(sorted(found, key=lambda reach: reach.line))


def _line(recipe: Recipe, *keys: str) -> int:
    return int(recipe.document.where(*keys).rpartition(":")[2])


def _of_sections(recipe: Recipe) -> Iterator[Reach]:
    for keys, held in _sections(recipe.inline):
        for name, text in _told(keys[-1], held, _kind(recipe)):
            whole = (*keys, *name.split("."))
            yield Reach(_line(recipe, *whole), f"{'.'.join(whole)}: {text}")


def _sections(inline: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield (path, values) of each engine and judge that a file writes out."""
    for name in ("engine", "judge"):
        if isinstance(inline.get(name), Mapping):
            yield (name,), inline[name]
    voices = inline.get("ensemble", {}).get("voices")
    for name, voice in voices.items() if isinstance(voices, Mapping) else ():
        own = voice.get("engine") if isinstance(voice, Mapping) else None
        if isinstance(own, Mapping):
            yield ("ensemble", "voices", str(name), "engine"), own


def _told(section: str, held: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    """Yield (key, what it reaches for) of an engine's or a judge's values."""
    if section == "engine":
        for key, refused in engine_refusals({"kind": kind, **held}):
            yield key, f"refused: {refused.reason}"
    name = "url" if section == "judge" else "base_url"
    url = held.get(name)
    if isinstance(url, str):
        free = (
            " (this machine)" if is_loopback(url) else f" (not before llmx trust {entry_of(url)})"
        )
        yield name, f"sends prompts to {url}{free}"
    if isinstance(held.get("key_env"), str):
        yield "key_env", f"asks to send the key in ${held['key_env']}"


def _kind(recipe: Recipe) -> str:
    """Return the kind of engine: vLLM's if any choice of the file is."""
    texts = [text for lists in (recipe.arms, recipe.scales) for t in lists.values() for text in t]
    chosen = {text.partition("=")[2] for text in texts if text.startswith("engine=")}
    chosen |= {recipe.defaults.get("engine", "hf")}
    return next(iter(sorted(chosen & VLLM)), "")


def _of_lists(recipe: Recipe) -> Iterator[Reach]:
    """Yield what arms and scales set in the words of a command line."""
    for section, lists in (("arms", recipe.arms), ("scales", recipe.scales)):
        for name, texts in lists.items():
            for text in texts:
                for key, told in _of_text(text, _kind(recipe)):
                    yield Reach(_line(recipe, section, name), f"{key}: {told}")


def _of_text(text: str, kind: str) -> Iterator[tuple[str, str]]:
    key, _, value = text.partition("=")
    part, _, name = key.partition(".")
    if part == "stages" and value not in ("", "null"):
        yield from _of_option(key, value)
    if part not in ("engine", "judge") or value in ("", "null"):
        return
    option = name.removeprefix("options.")
    held = {"options": {option: value}} if option != name else {name: value}
    for _, told in _told(part, held, kind):
        yield key, told


def _of_option(key: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield what ``stages.STAGE.OPTION=VALUE`` reaches for; a mapping is left to composition."""
    _, option, inner = parted(key)
    if value.startswith("{"):
        return
    listed = [one.strip() for one in value.strip("[]").split(",")]
    held = replaced({}, (option, *inner), listed if value.startswith("[") else _read(value))
    for _, text in _of_options(held):
        yield key, text


def _read(value: str) -> Any:
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    try:
        return float(value)
    except ValueError:
        return value


def _of_stages(recipe: Recipe) -> Iterator[Reach]:
    for name, options in recipe.stages.items():
        for key, text in _of_options(options):
            whole = ("stages", name, *key.split("."))
            yield Reach(_line(recipe, *whole), f"{'.'.join(whole)}: {text}")


def _of_options(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (key, what it reaches for) of a stage's options."""
    for key, refused in stage_refusals(options):
        yield key, f"refused: {refused.reason}"
    judge = options.get(SCORER)
    for key, text in _told(SCORER, judge, "") if isinstance(judge, Mapping) else ():
        yield f"{SCORER}.{key}", text
    trackers = options.get("trackers")
    for tracker in trackers if isinstance(trackers, list) else ():
        if tracker != "tensorboard":
            text = f"sends figures by {tracker} (not before llmx trust {tracker})"
            yield "trackers", text
