"""Errors gathered, so that a person sees all of them at once and not one a try."""

from __future__ import annotations

from dataclasses import dataclass, field

from llmx.core.errors import ConfigError
from llmx.core.names import on_one_line


@dataclass(frozen=True)
class Problem:
    """One line: what is wrong and where, and what to type instead."""

    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.message}: {self.hint}" if self.hint else self.message


class ConfigErrors(ConfigError):
    """Several problems of one recipe or command. ``message`` has one line for each."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass
class Problems:
    """Collects problems, each once, in the order in which they were found."""

    found: dict[Problem, None] = field(default_factory=dict)

    def add(self, message: str, hint: str = "") -> None:
        """Note one problem, on one line; a repeated one is shown once."""
        self.found[Problem(on_one_line(message), on_one_line(hint))] = None

    def take(self, error: ConfigError) -> None:
        """Note what another module raised."""
        if isinstance(error, ConfigErrors):
            self.found.update(dict.fromkeys(error.problems))
        else:
            self.add(error.message, error.hint)

    def raise_any(self) -> None:
        """Raise if anything was found.

        Raises:
            ConfigError: the only problem, or :class:`ConfigErrors` with all of them.
        """
        problems = tuple(self.found)
        if len(problems) == 1:
            raise ConfigError(problems[0].message, problems[0].hint)
        if problems:
            raise ConfigErrors(problems)
