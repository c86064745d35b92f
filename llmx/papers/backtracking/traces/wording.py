"""Events as lines of text, and lines of text as events: one template does both."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from llmx.core.errors import LlmxError
from llmx.data.tasks.tags import ANSWER, ANSWERED, THINK, THOUGHT
from llmx.papers.backtracking.traces.events import Again, Conclude, Event, Fail, Place, Return

Move = TypeVar("Move")
Reason = TypeVar("Reason")


class UnreadableTrace(LlmxError):
    """A text that is no trace."""


class Template:
    """A line with fields in braces. Fields hold what `fields` says, as regular expressions.

    A field without an expression is a whole number in ASCII digits, with no leading zeros, of at
    most 18 digits: a model may write thousands, which Python refuses to convert.
    """

    def __init__(self, text: str, **fields: str) -> None:
        self.text = text
        parts = re.split(r"\{(\w+)\}", text)
        pieces = [
            f"(?P<{part}>{fields.get(part, _NUMBER)})" if place % 2 else re.escape(part)
            for place, part in enumerate(parts)
        ]
        self._pattern = re.compile("".join(pieces))

    def write(self, **values: object) -> str:
        """Return the line."""
        return self.text.format(**values)

    def read(self, line: str) -> dict[str, str] | None:
        """Return the fields of a line, or None if it is another."""
        found = self._pattern.fullmatch(line)
        return found.groupdict() if found else None


_NUMBER = r"0|-?[1-9][0-9]{0,17}"


@dataclass(frozen=True)
class Form(Generic[Move]):
    """A template, how a value becomes its fields (None: it has another form), and back again."""

    template: Template
    fields: Callable[[Move], Mapping[str, object] | None]
    value: Callable[[Mapping[str, str]], Move]


@dataclass(frozen=True)
class Phrases(Generic[Move, Reason]):
    """How one task writes its events. A task may have several forms of moves and of reasons."""

    moves: Sequence[Form[Any]]
    reasons: Sequence[Form[Any]]
    step: str
    again: str
    back: str
    done: str

    def write(self, events: Sequence[Event[Move, Reason]], opened: bool) -> str:
        """Return the completion: think block and answer block.

        Args:
            opened: the prompt has opened the think block already.
        """
        return ("" if opened else f"{THINK}\n") + "\n".join(map(self.line, events))

    def line(self, event: Event[Move, Reason]) -> str:
        """Return one event as it is written."""
        return "\n".join(self._lines(event))

    def _lines(self, event: Event[Move, Reason]) -> list[str]:
        match event:
            case Place(step, move):
                return [Template(self.step).write(step=step) + _say(self.moves, move)]
            case Again(step, move):
                return [Template(self.again).write(step=step) + _say(self.moves, move)]
            case Fail(reason):
                return [_say(self.reasons, reason)]
            case Return(to):
                return [Template(self.back).write(to=to)]
            case Conclude(answer):
                inside = f"\n{answer}\n" if "\n" in answer else answer
                return [self.done, THOUGHT, f"{ANSWER}{inside}{ANSWERED}"]
        raise UnreadableTrace(f"{event!r} is no event")

    def read(self, text: str, opened: bool) -> list[Event[Move, Reason]]:
        """Return the events of a completion.

        Raises:
            UnreadableTrace: naming the first line that is none of this wording.
        """
        begin = "" if opened else f"{THINK}\n"
        thinking, mark, rest = text.partition(f"\n{self.done}\n{THOUGHT}\n{ANSWER}")
        if not thinking.startswith(begin) or not mark or not rest.endswith(ANSWERED):
            raise UnreadableTrace("the trace has not the form think block, answer block")
        lines = thinking[len(begin) :].split("\n")
        return [*map(self._event, lines), Conclude(_inside(rest[: -len(ANSWERED)]))]

    def _event(self, line: str) -> Event[Move, Reason]:
        found = self.event(line)
        if found is None:
            raise UnreadableTrace(f"no event is written like this: {line!r}")
        return found

    def event(self, line: str) -> Event[Move, Reason] | None:
        """Return the event that a line states (but for a conclusion), or None."""
        return next(self._readings(line), None)

    def _readings(self, line: str) -> Iterator[Event[Move, Reason]]:
        if back := Template(self.back).read(line):
            yield Return(int(back["to"]))
        for form in self.reasons:
            if (fields := form.template.read(line)) is not None:
                yield Fail(form.value(fields))
        kinds: tuple[tuple[str, Any], ...] = ((self.step, Place), (self.again, Again))
        for lead, kind in kinds:
            head = Template(lead + "{rest}", rest=".*").read(line)
            if head and int(head["step"]) > 0:
                for form in self.moves:
                    if (fields := form.template.read(head["rest"])) is not None:
                        yield kind(int(head["step"]), form.value(fields))


def _say(forms: Sequence[Form[Any]], value: Any) -> str:
    for form in forms:
        fields = form.fields(value)
        if fields is not None:
            return form.template.write(**fields)
    raise UnreadableTrace(f"{value!r} has no words")


def _inside(block: str) -> str:
    return block[1:-1] if block.startswith("\n") and block.endswith("\n") else block
