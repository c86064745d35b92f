"""Errors that are written for the person at the terminal.

Every error that a user can cause is an :class:`LlmxError`: one line that says what is wrong and
where, and a hint that says what to type instead. The command line prints both and exits with
``exit_code``; a traceback is shown only with ``--debug``.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from llmx.core.secrets import struck_out


class LlmxError(Exception):
    """What is wrong, and what to type.

    Args:
        message: one line, no trailing full stop needed: what is wrong, and where.
        hint: one line: what to type or change. Empty when there is nothing to add.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        # What is quoted (an address, a server's answer, a line of a file) may hold a key.
        super().__init__(struck_out(message))
        self.message = struck_out(message)
        self.hint = struck_out(hint)

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class ConfigError(LlmxError):
    """A recipe, key or value that cannot be used."""


class DataError(LlmxError):
    """A dataset that cannot be had or does not hold what was asked."""


class UnavailableError(DataError):
    """What an arm asks of its data cannot be had; the other arms can go on without it."""


class EngineError(LlmxError):
    """A model or engine that cannot be loaded or cannot do what was asked."""


class RequestError(EngineError):
    """A request that its model cannot answer: whoever sent it can ask for something else."""


class ContextLengthError(RequestError):
    """A request that is longer than its model can read: it can be made shorter."""


class TurnsError(RequestError):
    """Turns of a chat that the model's own template does not take, or would change."""


class StoreError(LlmxError):
    """A run folder or cache entry that cannot be read or written."""


class SandboxError(LlmxError):
    """A sandbox that cannot be had, or a thing that cannot be had from one."""


class RunError(LlmxError):
    """A stage that failed while it ran."""


def nearest(word: str, known: Iterable[str], what: str = "") -> str:
    """Return a hint naming the closest known words, or all of them when none is close."""
    names = sorted(set(known))
    close = get_close_matches(word, names, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"known {what or 'names'}: {', '.join(names)}" if names else ""
