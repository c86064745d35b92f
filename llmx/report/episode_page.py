"""One episode as one HTML file: its turns to fold, what it came to, and the gold program beside.

Every text is escaped, and what would steer a terminal or turn letters is shown as a mark. There is
no script and nothing is fetched; turns fold by the browser's own keys (Tab, Enter).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmx.core.dialogue import Observation
from llmx.core.episode import Episode, EpisodeTurn
from llmx.core.names import marked, several
from llmx.core.record import Sample
from llmx.report.base import render


@dataclass(frozen=True)
class ShownPart:
    """A labelled text of a turn; `fault`: it went wrong."""

    label: str
    text: str
    fault: bool = False


@dataclass(frozen=True)
class ShownTurn:
    """A turn; `share`: its tokens in percent of the longest turn's."""

    number: int
    head: str
    tokens: int
    share: int
    parts: tuple[ShownPart, ...]

    @property
    def faulty(self) -> bool:
        """Whether anything in it went wrong."""
        return any(part.fault for part in self.parts)


@dataclass(frozen=True)
class EpisodePage:
    """What the page shows; `gold`: the calls of the gold program, where the problem has one."""

    title: str
    question: str
    use: str
    turns: tuple[ShownTurn, ...]
    ending: str
    answer: str
    expected: str
    gold: tuple[str, ...]


def episode_html(
    title: str,
    episode: Episode,
    turns: Sequence[EpisodeTurn],
    seconds: Mapping[int, tuple[float, float]],
    sample: Sample | None = None,
) -> str:
    """Return the page of an episode; the same episode gives the same bytes.

    Args:
        seconds: of each turn: of the model, and of the tools.
        sample: the problem, where it is known; ``metadata["program"]`` is its gold program.
    """
    return marked(render("episode", page=_page(title, episode, turns, seconds, sample)))


def _page(
    title: str,
    episode: Episode,
    turns: Sequence[EpisodeTurn],
    seconds: Mapping[int, tuple[float, float]],
    sample: Sample | None,
) -> EpisodePage:
    longest = max((_tokens(turn) for turn in turns), default=0)
    use = episode.use
    limit = f" after its {episode.limit} were used up" if episode.limit else ""
    return EpisodePage(
        title=title,
        question="" if sample is None else sample.question,
        use=f"{several(use.turns, 'turn')}, {several(use.calls, 'call')}, {use.tokens} tokens,"
        f" {use.malformed} malformed",
        turns=tuple(_turn(one, longest, seconds.get(one.turn, (0.0, 0.0))) for one in turns),
        ending=episode.ending.replace("_", " ") + limit,
        answer=episode.answer or "none",
        expected="" if sample is None else sample.answer,
        gold=() if sample is None else tuple(gold_calls(sample.metadata.get("program"))),
    )


def _tokens(turn: EpisodeTurn) -> int:
    return 0 if turn.record is None else turn.record.tokens


def _turn(turn: EpisodeTurn, longest: int, seconds: tuple[float, float]) -> ShownTurn:
    tokens, (model, tools) = _tokens(turn), seconds
    names = ", ".join(call.name for call in turn.calls)
    final = ", asked for the answer" if turn.final else ""
    head = f"Turn {turn.turn}: {names or 'no call'}"
    head += f" · {several(tokens, 'token')}" if tokens else ""
    head += f" · {model:.2f} s and {tools:.2f} s of calls{final}"
    share = round(100 * tokens / longest) if longest else 0
    return ShownTurn(turn.turn, head, tokens, share, tuple(_parts(turn)))


def _parts(turn: EpisodeTurn) -> Iterator[ShownPart]:
    if turn.record is not None:
        if turn.record.reasoning:
            yield ShownPart("Thinks", turn.record.reasoning)
        if turn.record.text:
            yield ShownPart("Says", turn.record.text)
    if turn.fault:
        yield ShownPart("Cannot be read", turn.fault, fault=True)
    seen = {one.call: one for one in turn.observations}
    for call in turn.calls:
        yield ShownPart("Calls", f"{call.name}({call.arguments})")
        if call.id in seen:
            yield _seen(seen[call.id])


def _seen(one: Observation) -> ShownPart:
    marks = [str(one.fault or ""), "" if one.exit is None else f"exit {one.exit}"]
    marks.append(f"{one.bytes} bytes, cut" if one.cut else "")
    said = ", ".join(mark for mark in marks if mark)
    return ShownPart(f"Sees ({said})" if said else "Sees", one.text, one.fault is not None)


def gold_calls(program: Any) -> Iterator[str]:
    """Yield the calls of a program in the metadata of a problem; none where it is no program."""
    for step in program if isinstance(program, list | tuple) else ():
        if isinstance(step, Mapping) and "tool" in step:
            arguments = json.dumps(step.get("arguments", {}), ensure_ascii=False)
            yield f"{step.get('name', '')} = {step['tool']}({arguments})".removeprefix(" = ")
