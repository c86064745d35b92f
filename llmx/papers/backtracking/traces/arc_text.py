"""Words of Arc 1D traces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from llmx.papers.backtracking.traces.arc_blocks import Row
from llmx.papers.backtracking.traces.arc_rules import RULES
from llmx.papers.backtracking.traces.moves import Applied, Differs, Guess, ShownExample
from llmx.papers.backtracking.traces.wording import Form, Phrases, Template

_NAMES = {rule.words: name for name, rule in RULES.items()}
_WORDS = "|".join(re.escape(words) for words in _NAMES)
_ROW = r"[0-9](?: [0-9])*"


def _text(row: Row) -> str:
    return " ".join(map(str, row))


def _row(text: str) -> Row:
    return tuple(map(int, text.split(" ")))


def _guess(move: Any) -> dict[str, object] | None:
    return {"words": RULES[move.rule].words} if isinstance(move, Guess) else None


def _shown(move: Any) -> dict[str, object] | None:
    if not isinstance(move, ShownExample):
        return None
    return {"number": move.number, "output": _text(move.output)}


def _applied(move: Any) -> dict[str, object] | None:
    return {"output": _text(move.output)} if isinstance(move, Applied) else None


def _differs(reason: Differs) -> dict[str, object] | None:
    if reason.output is None:
        return None
    return {"number": reason.number, "output": _text(reason.output)}


def _nothing(reason: Differs) -> dict[str, object] | None:
    return {"number": reason.number} if reason.output is None else None


def _read_differs(fields: Mapping[str, str]) -> Differs:
    return Differs(int(fields["number"]), _row(fields["output"]) if "output" in fields else None)


def _phrases(
    guess: str, shown: str, applied: str, differs: str, nothing: str, **rest: str
) -> Phrases[Guess | ShownExample | Applied, Differs]:
    return Phrases(
        moves=[
            Form(Template(guess, words=_WORDS), _guess, lambda f: Guess(_NAMES[f["words"]])),
            Form(
                Template(shown, output=_ROW),
                _shown,
                lambda f: ShownExample(int(f["number"]), _row(f["output"])),
            ),
            Form(Template(applied, output=_ROW), _applied, lambda f: Applied(_row(f["output"]))),
        ],
        reasons=[
            Form(Template(differs, output=_ROW), _differs, _read_differs),
            Form(Template(nothing), _nothing, _read_differs),
        ],
        **rest,
    )


PHRASES: dict[str, Phrases[Guess | ShownExample | Applied, Differs]] = {
    "plain": _phrases(
        "perhaps the rule is to {words}.",
        "example {number} gives {output}, which is right.",
        "the test input gives {output}.",
        "Example {number} gives {output}, which is not what is shown, so this rule is wrong.",
        "The rule cannot be applied to example {number}, so it is wrong.",
        step="Step {step}: ",
        again="Step {step} again: ",
        back="Go back to step {to}.",
        done="The rule fits.",
    ),
    "terse": _phrases(
        "{words}",
        "{number} {output} right",
        "test {output}",
        "{number} {output} wrong",
        "{number} none",
        step="{step}: ",
        again="{step} again: ",
        back="back to {to}",
        done="done",
    ),
}
"""Wording → phrases."""
