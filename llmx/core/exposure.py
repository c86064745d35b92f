"""Where a secret stands in what would be written: a recipe, a command's words, a specification.

Nothing of a secret is ever part of a message: places are names, and a name that has the shape of
a key itself is not shown either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llmx.core.errors import ConfigError
from llmx.core.secrets import (
    has_key_shape,
    is_secret_name,
    is_secret_under,
    is_strong_name,
    struck_out,
)

if TYPE_CHECKING:
    from llmx.core.spec import RunSpec

Path = tuple[str, ...]
_NAMED_BY_PEOPLE = frozenset({
    ("arms",), ("stages",), ("scales",), ("evidence",), ("references",), ("deviations",),
    ("arm_overrides",), ("points",), ("ensemble", "voices"),
})  # fmt: skip
"""Mappings whose keys are names that somebody gave, as an arm's: no names of settings."""
_WORDS = {"overrides": 2, "arm_overrides": 3, "arms": 3, "scales": 3}
"""First name of a list of ``KEY=VALUE``, and how long the path of one of them is."""
_DIGITS = 1000
_NOTHING = ("null", "true", "false")
_TITLES, _VALUES = ("name", "key", "header"), ("value", "values")


def exposures(value: Any, at: Path = (), under: str = "") -> Iterator[Path]:
    """Yield the path of every secret in a value, at any depth.

    Args:
        value: plain values: mappings, lists, texts, numbers.
        at: where it stands, name by name.
        under: the secret's name that it stands below; empty where there is none.
    """
    if isinstance(value, Mapping):
        yield from _in_mapping(value, at, under)
    elif isinstance(value, list | tuple | set | frozenset):
        yield from _in_list(list(value), at, under)
    elif isinstance(value, str) and at and _WORDS.get(at[0]) == len(at) and "=" in value:
        yield from ((*at[:-1], key) for key in _in_word(value))
    elif is_secret_under(under, value) or _shaped(value):
        yield at


def exposed_by(key: str, value: Any) -> Iterator[Path]:
    """Yield the path of every secret that ``KEY=VALUE`` gives; `key` is dotted."""
    names = key.split(".")
    yield from exposures(value, tuple(names), secret_of(names) or _variable(names[-1]))


def _shaped(value: Any) -> bool:
    return isinstance(value, str) and has_key_shape(value)


def _in_mapping(held: Mapping[Any, Any], at: Path, under: str) -> Iterator[Path]:
    people = _free(at)
    titles = [held.get(name) for name in _TITLES]
    titled = next((t for t in titles if isinstance(t, str) and is_strong_name(t)), "")
    for key, value in held.items():
        name = str(key)
        if _shaped(name):
            yield (*at, "…")
            continue
        own = "" if people else secret_of(name.split("."), at) or _variable(name)
        own = under or (titled if titled and name in _VALUES else own)
        if not own and (value is None or isinstance(value, int | float)):
            continue  # most of a specification
        yield from exposures(value, (*at, name), own)


def _variable(name: str) -> str:
    return name if name.endswith("_env") else ""


def _in_list(held: Sequence[Any], at: Path, under: str) -> Iterator[Path]:
    for number, value in enumerate(held):
        before = held[number - 1] if number else None
        paired = isinstance(before, str) and is_strong_name(before)
        paired = paired and (len(held) == 2 or str(before).startswith("--"))
        yield from exposures(value, (*at, str(number)), under or (str(before) if paired else ""))


def _in_word(word: str) -> Iterator[str]:
    """Yield the key of a ``KEY=VALUE`` that gives a secret; lists and mappings stay text here."""
    key, _, value = word.partition("=")
    if value in _NOTHING:
        return
    names = key.split(".")
    # A number of thousands of digits is refused elsewhere; Python does not read it.
    held = int(value[:_DIGITS]) if value.isdecimal() else value
    named = is_secret_under(secret_of(names) or _variable(names[-1]), held)
    if named or has_key_shape(key) or has_key_shape(value):
        yield key


def secret_of(names: Sequence[str], at: Path = ()) -> str:
    """Return the first of `names`, which stand below `at`, that is a secret's; else nothing."""
    for number, name in enumerate(names):
        if is_secret_name(name) and not _free((*at, *names[:number])):
            return name
    return ""


def _free(at: Path) -> bool:
    inner = at[2:] if at[:1] == ("arms",) and len(at) > 2 else at
    return at in _NAMED_BY_PEOPLE or inner in (("ensemble", "voices"), ("stages",))


def shown(path: Path) -> str:
    """Return a path as a person would type it, without what looks like a key."""
    return struck_out(".".join(path))


def refusal(path: Path, place: str = "") -> ConfigError:
    """Return the error of a secret: which setting, where it was given, what to use instead."""
    before = f"{struck_out(place)}: " if place else ""
    text = f"{before}{shown(path)} would be written to disk, and it looks like a secret"
    return ConfigError(text, instead(path))


def instead(path: Path) -> str:
    """Return the variable of the environment that takes a secret's place."""
    words = ".".join(path).lower()
    if words.endswith("_env"):
        return f"write a variable's name: {shown(path)}=OPENAI_API_KEY"
    if any(word in words for word in ("hf_", "hub", "huggingface", "model", "dataset")):
        return "export HF_TOKEN=… and leave it out"
    if "wandb" in words:
        return "export WANDB_API_KEY=… and leave it out"
    section = "judge" if "judge" in path or words.startswith("judge.") else "engine"
    if "scorer_options" in path:
        section = ".".join(path[: path.index("scorer_options") + 1])
    return f"export OPENAI_API_KEY=… and leave it out; {section}.key_env names another variable"


def refuse_exposed(spec: RunSpec) -> None:
    """Refuse a specification that holds a secret, whoever made it.

    Raises:
        ConfigError: naming the setting, and the variable to use.
    """
    # A recipe's own path is no setting: it is where the file lies.
    written = spec.model_dump(mode="python", exclude={"source"})
    first = next(exposures(written), None)
    if first is not None:
        raise refusal(first)
