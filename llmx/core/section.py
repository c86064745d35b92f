"""Sections of an arm that a plugin or a paper's room brings: settings under a name of their own.

A section is a model of settings, registered as ``section.NAME``. A recipe writes it as it writes
``sampler:``, and arms, sweeps, groups and the command line set it in the same way. A stage that
reads it says so in its ``sections``; the graph gives it those alone and puts them into its
identity. So a stage's fingerprint holds a section exactly where the stage can see it, and a section
that a stage does not read never parts its work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from llmx.core.errors import ConfigError
from llmx.core.record import Frozen
from llmx.core.registry import lookup

EVERY = "every section"
"""What a stage writes for its ``sections`` that shows them all, whatever they are."""


class Section(Frozen):
    """Base of all sections; ``section`` is the name that a recipe writes."""

    section: ClassVar[str]


@dataclass(frozen=True)
class NamedSection:
    """A section by its name, for a stage that most recipes have and few have the section of."""

    section: str


def section_class(name: str) -> type[Section]:
    """Return the model behind ``section.NAME``.

    Raises:
        ConfigError: if nothing brings such a section, or it is no :class:`Section` of that name.
    """
    found = lookup("section", name)
    if not (isinstance(found, type) and issubclass(found, Section)):
        hint = "class NAME(Section), of llmx.core.section"
        raise ConfigError(f"section '{name}' is {found!r}, no Section", hint)
    if getattr(found, "section", None) != name:
        hint = f"write section: ClassVar[str] = '{name}'"
        raise ConfigError(f"section '{name}' is the class {found.__name__}, of another name", hint)
    return found
