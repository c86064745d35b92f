"""The keys of a recipe file, checked one by one; every problem of the file is found in one go.

Works on plain YAML, so that `llmx list` and completion wait for neither Hydra nor pydantic. What
the values resolve to is the work of :mod:`llmx.config.compose`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llmx.config.problems import Problems
from llmx.config.yaml_file import Document, shown
from llmx.core import names
from llmx.core.errors import ConfigError, nearest
from llmx.core.exposure import exposures, refusal

GROUPS = (
    *("model", "data", "engine", "sampler", "shape", "trainer", "ensemble", "judge"),
    "scale",
)
SECTIONS = tuple(group for group in GROUPS if group != "scale")
WORDS = ("name", "paper", "description", "reference", "claims", "scale")
KEYS = (
    *("defaults", "seed", "stages", "arms", "scales", "references", "evidence", "deviations"),
    "launch",
    *WORDS,
    *SECTIONS,
)
GRADES = ("paper", "code", "secondary", "assumed")


def brought_sections() -> tuple[str, ...]:
    """Return the names of the sections that plugins and papers bring.

    Raises:
        ConfigError: if one of them cannot be a key of a recipe, or is one already.
    """
    from llmx.core.registry import kinds  # most recipes ask for none

    for name in (found := tuple(sorted(kinds("section")))):
        if name in KEYS or not name.isidentifier():
            hint = "a section has a name of its own: letters, digits and _"
            raise ConfigError(f"a section cannot be called '{name}'", hint)
    return found


def sections() -> tuple[str, ...]:
    """Return the names of all sections of an arm but ``scale``."""
    return (*SECTIONS, *brought_sections())


def groups() -> tuple[str, ...]:
    """Return the names of all groups, whose choices are files."""
    return (*GROUPS, *brought_sections())


@dataclass(frozen=True)
class Recipe:
    """One recipe as written: nothing composed yet."""

    document: Document
    group: str
    name: str
    words: dict[str, str]
    seed: int
    defaults: dict[str, str]
    stages: dict[str, dict[str, Any]]
    arms: dict[str, tuple[str, ...]]
    scales: dict[str, tuple[str, ...]]
    inline: dict[str, dict[str, Any]]
    evidence: dict[str, dict[str, str]]
    deviations: dict[str, tuple[str, ...]]
    """Scale name (``all`` for every scale) -> what differs from the paper on purpose."""
    references: dict[str, str]
    """Arm -> the arm it is compared with, where that is not ``reference``."""
    launch: dict[str, Any]
    """What it says of jobs on a cluster."""


def parse(document: Document, group: str, problems: Problems) -> Recipe:
    """Return the recipe of a file; what is wrong with it goes to `problems`.

    Raises:
        ConfigError: if it holds a secret; no other problem of it is shown then, as those quote.
    """
    hidden = Problems()
    for path in exposures(document.data):
        hidden.take(refusal(path, document.where(*path)))
    hidden.raise_any()
    return _Reader(document, problems).recipe(group)


class _Reader:
    """Reads typed values out of a document and says where one is missing or odd."""

    def __init__(self, document: Document, problems: Problems) -> None:
        self.document = document
        self.data = document.data
        self.problems = problems

    def recipe(self, group: str) -> Recipe:
        self._keys()
        words = {key: word for key in WORDS if (word := self._word(key))}
        if scale := words.get("scale"):
            self._named(scale, "scale")
        arms = self._override_lists("arms") or {"main": ()}
        recipe = Recipe(
            document=self.document,
            group=group,
            name=self._name(words),
            words=words,
            seed=self._seed(),
            defaults=self._defaults(),
            stages=self._mappings("stages"),
            arms=arms,
            scales=self._override_lists("scales"),
            inline=self._mappings(*SECTIONS, *self._brought()),
            evidence=self._evidence(),
            deviations=self._deviations(),
            references=self._references(arms),
            launch=self._launch(),
        )
        self._reference(recipe)
        return recipe

    def _wrong(self, text: str, *keys: str, hint: str = "") -> None:
        self.problems.add(f"{self.document.where(*keys)}: {text}", hint)

    def _keys(self) -> None:
        for key in self.data:
            if key not in KEYS and key not in self._brought():
                known = (*KEYS, *brought_sections())
                self._wrong(f"unknown key '{key}'", key, hint=nearest(key, known, "keys"))
        if not self.data.get("stages"):
            self.problems.add(f"{shown(self.document.path)}:1: missing key 'stages'")

    def _launch(self) -> dict[str, Any]:
        if "launch" not in self.data:
            return {}
        from llmx.config.launch import of_file  # most recipes say nothing of it

        return of_file(self.document, self.problems)

    def _brought(self) -> tuple[str, ...]:
        """Return the sections of plugins and papers that the file writes."""
        others = [key for key in self.data if key not in KEYS]
        return tuple(key for key in others if key in brought_sections()) if others else ()

    def _name(self, words: dict[str, str]) -> str:
        stem = self.document.path.stem
        name = words.get("name", stem)
        if hint := names.fault(stem):
            self._wrong(f"a recipe cannot be called '{names.shown(stem)}'", "name", hint=hint)
        elif name != stem:
            hint = f"write name: {stem}, or rename the file to {name}.yaml"
            self._wrong(f"name '{name}' differs from the file's", "name", hint=hint)
        return name

    def _word(self, key: str) -> str:
        value = self.data.get(key)
        if value is not None and not isinstance(value, str):
            self._wrong(f"{key} must be text, not {value!r}", key)
            return ""
        return (value or "").strip()

    def _seed(self) -> int:
        seed = self.data.get("seed", 0)
        if isinstance(seed, bool) or not isinstance(seed, int):
            self._wrong(f"seed must be a whole number, not {seed!r}", "seed")
            return 0
        return seed

    def _defaults(self) -> dict[str, str]:
        entries = self.data.get("defaults") or []
        if not isinstance(entries, list):
            self._wrong("defaults must be a list of `- override /group: choice`", "defaults")
            return {}
        pairs = (self._default(str(number), entry) for number, entry in enumerate(entries))
        return {group: choice for pair in pairs if pair for group, choice in [pair]}

    def _default(self, number: str, entry: object) -> tuple[str, str] | None:
        key, choice = next(iter(entry.items())) if isinstance(entry, dict) and entry else ("", None)
        group = key.removeprefix("override /")
        known = group in SECTIONS or group in brought_sections()
        if not known or group == key or not isinstance(choice, str):
            hint = f"write `- override /GROUP: choice`, GROUP one of {', '.join(sections())}"
            self._wrong(f"cannot use the default {entry!r}", "defaults", number, hint=hint)
            return None
        return group, choice

    def _mapping(self, key: str) -> dict[str, Any]:
        value = self.data.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._wrong(f"{key} must be `name: value` lines, not {value!r}", key)
            return {}
        return value

    def _mappings(self, *keys: str) -> dict[str, dict[str, Any]]:
        """Return mappings of mappings: the stages, or the inline values of groups."""
        if keys == ("stages",):
            keep = self._mapping("stages")
        else:
            keep = {key: self._mapping(key) for key in keys if key in self.data}
        for name, value in keep.items():
            if keys == ("stages",):
                self._named(name, "stages", name)
            if not isinstance(value, dict):
                self._wrong(f"stages.{name} must be {{kind: …}}, not {value!r}", "stages", name)
        return {name: value for name, value in keep.items() if isinstance(value, dict)}

    def _override_lists(self, key: str) -> dict[str, tuple[str, ...]]:
        lists = {}
        for name, value in self._mapping(key).items():
            lists[name] = self._strings(value, key, name)
            self._named(name, key, name)
        return lists

    def _strings(self, value: object, *keys: str) -> tuple[str, ...]:
        items = [] if value is None else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            hint = "write [sampler=greedy, sampler.gamma=4]" if keys[0] != "deviations" else ""
            self._wrong(f"{'.'.join(keys)} must be a list of texts", *keys, hint=hint)
            return ()
        return tuple(items)

    def _evidence(self) -> dict[str, dict[str, str]]:
        entries = self._mapping("evidence")
        for key, entry in entries.items():
            grade = entry.get("grade") if isinstance(entry, dict) else None
            if grade not in GRADES or set(entry) - {"grade", "where"}:
                hint = f"write {{grade: …, where: …}}, grade one of {', '.join(GRADES)}"
                self._wrong(f"evidence of {key} is not understood", "evidence", key, hint=hint)
        return {
            key: {"grade": entry["grade"], "where": str(entry.get("where", ""))}
            for key, entry in entries.items()
            if isinstance(entry, dict) and entry.get("grade") in GRADES
        }

    def _deviations(self) -> dict[str, tuple[str, ...]]:
        value = self.data.get("deviations") or []
        if isinstance(value, dict):
            return self._by_scale(value)
        return {"all": self._strings(value, "deviations")}

    def _by_scale(self, value: dict[str, Any]) -> dict[str, tuple[str, ...]]:
        """Split keys such as ``smoke, laptop``: several scales often share their deviations."""
        found: dict[str, tuple[str, ...]] = {}
        for key, lines in value.items():
            for scale in map(str.strip, key.split(",")):
                found[scale] = (*found.get(scale, ()), *self._strings(lines, "deviations", key))
        return found

    def _references(self, arms: dict[str, tuple[str, ...]]) -> dict[str, str]:
        """Return the arms' own references; each name in it must be an arm."""
        found = self._mapping("references")
        for arm, reference in found.items():
            for name in (arm, reference):
                if str(name) not in arms:
                    hint = nearest(str(name), arms, "arms")
                    self._wrong(f"'{name}' is not an arm", "references", arm, hint=hint)
        return {arm: str(name) for arm, name in found.items() if {arm, str(name)} <= arms.keys()}

    def _named(self, name: str, *keys: str) -> None:
        """Check a name that becomes part of a path."""
        if hint := names.fault(name):
            text = f"'{names.shown(name)}' cannot be a name"
            self._wrong(f"{text} in {keys[0]}" if len(keys) > 1 else text, *keys, hint=hint)

    def _reference(self, recipe: Recipe) -> None:
        reference = recipe.words.get("reference")
        if reference and reference not in recipe.arms:
            hint = nearest(reference, recipe.arms, "arms")
            self._wrong(f"reference '{reference}' is not an arm", "reference", hint=hint)
