"""The overrides of one command, sorted: reserved words, settings for all arms, and for one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from llmx.config.edge import Assignment, parse_override
from llmx.config.problems import Problems
from llmx.config.stages import PREFIX, ForArms, split_word
from llmx.core.errors import ConfigError
from llmx.core.exposure import exposed_by, refusal

_ORIGIN = "command line"


@dataclass(frozen=True)
class CommandLine:
    """What the user asked for. ``own`` is what ``arms.NAME.KEY=…`` set, by name or pattern."""

    scale: str | None
    arms: tuple[str, ...] | None
    settings: tuple[Assignment, ...]
    own: tuple[ForArms, ...]
    texts: tuple[str, ...]

    def is_shared(self, given: Assignment) -> bool:
        """Whether a setting was typed for several arms: all, or those that a pattern fits."""
        patterns = (one.given for one in self.own if one.is_pattern)
        return given in self.settings or given in patterns

    @classmethod
    def read(
        cls,
        overrides: Sequence[str],
        arms: Sequence[str] | None,
        scale: str | None,
        problems: Problems,
        known: Collection[str] = (),
    ) -> CommandLine:
        """Read all overrides; what cannot be read goes to `problems`.

        Args:
            known: the recipe's arms, by which a name with dots is told from a key.
        """
        found: dict[str, Assignment] = {}
        own: dict[str, ForArms] = {}
        for text in overrides:
            _read_one(text, known, found, own, problems)
        for word, value in (("arms", arms), ("scale", scale)):
            if value is not None:
                values = (value,) if isinstance(value, str) else tuple(value)
                found[word] = Assignment(word, values, _spelled(word, values), _ORIGIN)
        chosen = chosen_arms(found.pop("arms", None), problems)
        texts = [a.text for a in (*found.values(), *(one.given for one in own.values()))]
        size = _scale(found.pop("scale", None), problems)
        texts += [_spelled("arms", chosen)] if chosen else []
        return cls(size, chosen, tuple(found.values()), tuple(own.values()), tuple(texts))


def _read_one(
    text: str,
    known: Collection[str],
    found: dict[str, Assignment],
    own: dict[str, ForArms],
    problems: Problems,
) -> None:
    split = _for_arms(text, known)
    if split is None and text.startswith(PREFIX) and "=" in text:
        word = text.partition("=")[0]
        problems.add(f"{_ORIGIN}: '{word}' names no key", f"write {word}.KEY=VALUE")
        return
    pattern, inner = split or ("", text)
    try:
        given = replace(parse_override(inner, _ORIGIN), typed=True, text=text)
    except ConfigError as error:
        problems.take(error)
        return
    one = ForArms(pattern, given)
    key = one.key if split else given.key
    hidden = next((path for value in given.values for path in exposed_by(key, value)), None)
    if hidden is not None:
        problems.take(refusal(hidden, _ORIGIN))
    elif given.key == "recipe":
        problems.add(f"{_ORIGIN}: '{text}': one recipe a run, and it is chosen already")
    elif key in found or key in own:
        problems.add(f"{_ORIGIN}: {key} is given twice", f"to sweep write {key}=A,B")
    elif split:
        own[key] = one
    else:
        found[key] = given


def _for_arms(text: str, known: Collection[str]) -> tuple[str, str] | None:
    """Return (arm or pattern, ``KEY=VALUE``) of ``arms.NAME.KEY=VALUE``, None for another word."""
    word, equals, value = text.partition("=")
    if not word.startswith(PREFIX) or not equals:
        return None
    split = split_word(word.removeprefix(PREFIX), known)
    return None if split is None else (split[0], f"{split[1]}={value}")


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
