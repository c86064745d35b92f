"""The overrides of one command, sorted: reserved words, settings for all arms, and for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from llmx.config.edge import Assignment, parse_override
from llmx.config.problems import Problems
from llmx.core.errors import ConfigError
from llmx.core.exposure import exposed_by, refusal

_ORIGIN = "command line"


@dataclass(frozen=True)
class CommandLine:
    """What the user asked for. ``own`` maps an arm to what ``arms.NAME.KEY=…`` set."""

    scale: str | None
    arms: tuple[str, ...] | None
    settings: tuple[Assignment, ...]
    own: dict[str, tuple[Assignment, ...]]
    texts: tuple[str, ...]

    @classmethod
    def read(
        cls,
        overrides: Sequence[str],
        arms: Sequence[str] | None,
        scale: str | None,
        problems: Problems,
    ) -> CommandLine:
        """Read all overrides; what cannot be read goes to `problems`."""
        found: dict[str, Assignment] = {}
        for text in overrides:
            _read_one(text, found, problems)
        for word, value in (("arms", arms), ("scale", scale)):
            if value is not None:
                values = (value,) if isinstance(value, str) else tuple(value)
                found[word] = Assignment(word, values, _spelled(word, values), _ORIGIN)
        chosen = chosen_arms(found.pop("arms", None), problems)
        texts = [a.text for a in found.values()]
        size = _scale(found.pop("scale", None), problems)
        own = _own(found)
        shared = tuple(a for key, a in found.items() if not key.startswith("arms."))
        texts += [_spelled("arms", chosen)] if chosen else []
        return cls(size, chosen, shared, own, tuple(texts))


def _read_one(text: str, found: dict[str, Assignment], problems: Problems) -> None:
    try:
        given = replace(parse_override(text, _ORIGIN), typed=True)
    except ConfigError as error:
        problems.take(error)
        return
    hidden = next((path for value in given.values for path in exposed_by(given.key, value)), None)
    if hidden is not None:
        problems.take(refusal(hidden, _ORIGIN))
    elif given.key == "recipe":
        problems.add(f"{_ORIGIN}: '{text}': one recipe a run, and it is chosen already")
    elif given.key.startswith("arms.") and given.key.count(".") < 2:
        problems.add(f"{_ORIGIN}: '{text}' names no key", f"write {given.key}.KEY=VALUE")
    elif given.key in found:
        hint = f"to sweep write {given.key}=A,B"
        problems.add(f"{_ORIGIN}: {given.key} is given twice", hint)
    else:
        found[given.key] = given


def _spelled(word: str, values: Sequence[str]) -> str:
    return f"{word}={values[0]}" if word == "scale" else f"{word}=[{','.join(values)}]"


def chosen_arms(given: Assignment | None, problems: Problems) -> tuple[str, ...] | None:
    """Return the arms that ``arms=[…]`` names, None without it."""
    if given is None:
        return None
    names = [n for value in given.values for n in (value if isinstance(value, list) else [value])]
    if not names or not all(isinstance(name, str | int) for name in names):
        problems.add(f"{given.origin}: cannot use '{given.text}'", "write arms=[NAME,NAME]")
        return None
    return tuple(str(name) for name in names)


def _scale(given: Assignment | None, problems: Problems) -> str | None:
    if given is None:
        return None
    if given.sweep or not isinstance(given.values[0], str):
        problems.add(f"{_ORIGIN}: cannot use '{given.text}'", "one scale a run: scale=smoke")
        return None
    return given.values[0]


def _own(found: dict[str, Assignment]) -> dict[str, tuple[Assignment, ...]]:
    own: dict[str, tuple[Assignment, ...]] = {}
    for key, given in found.items():
        if key.startswith("arms."):
            _, arm, rest = key.split(".", 2)
            mine = replace(given, key=rest, origin=f"{_ORIGIN}, arm {arm}")
            own[arm] = (*own.get(arm, ()), mine)
    return own
