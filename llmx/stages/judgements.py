"""What a judge said, on the disk as it comes: nothing is asked twice, whatever ends a try."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from llmx.core.judging import Game, Judgement
from llmx.core.progress import Progress
from llmx.core.record import as_json
from llmx.store.files import Appender, read_lines, write_lines
from llmx.store.rows import keep_asked, key_of

JUDGEMENTS, UNREAD = "judgements.jsonl", "unread.jsonl"
Ask = Callable[[Sequence[Game], Sequence[Judgement]], Iterator[Judgement]]
"""Judges games, in any order; told what was said before, as a budget counts it."""


class Judge(Protocol):
    """Says what is better."""

    def judgements(
        self, games: Sequence[Game], kept: Sequence[Judgement] = ()
    ) -> Iterator[Judgement]:
        """Yield a judgement of each game, in any order."""


def judge_all(
    out: Path, games: Sequence[Game], ask: Ask, progress: Progress, unit: str = "games"
) -> dict[str, Any]:
    """Bring a judgement of every game to ``judgements.jsonl``, in the order of the games.

    What an earlier try left there is kept, and only the rest is asked.

    Returns:
        the counts: games, those that a model was asked about, those without a verdict and their
        names, tokens (of what was asked again as well).
    """
    path, order = out / JUDGEMENTS, [game.id for game in games]
    rows = keep_asked(path, order, key_of(Judgement), ordered=False)
    kept = [Judgement.model_validate(row) for row in rows]
    before = _rows(out / UNREAD)  # asked and paid for as well
    there = {one.id for one in kept}
    left = [game for game in games if game.id not in there]
    progress.start(len(games), len(kept), unit=unit)
    with Appender(path) as written:
        for one in ask(left, [*kept, *map(Judgement.model_validate, before)]):
            written.append([as_json(one)])
            progress.advance()
    return _in_order(path, order, before)


def _in_order(
    path: Path, order: Sequence[str], before: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    rows = {row["id"]: row for row in read_lines(path)}
    sorted_rows = [rows[name] for name in order]
    write_lines(path, sorted_rows)
    unread = [row["id"] for row in sorted_rows if row["preference"] is None]
    every = [*sorted_rows, *before]
    return {
        "games": len(sorted_rows),
        "asked": sum(row["asked"] for row in sorted_rows),
        "unparsable": len(unread),
        "unparsable_games": unread,
        "prompt_tokens": sum(row["prompt_tokens"] for row in every),
        "completion_tokens": sum(row["completion_tokens"] for row in every),
        **({"asked_again": len(before)} if before else {}),
    }


def reopen(out: Path) -> None:
    """Put the judgements without a verdict apart, so that their games are asked again, alone.

    They stay in ``unread.jsonl``: what they took has been spent.
    """
    judged, before = _rows(out / JUDGEMENTS), _rows(out / UNREAD)
    unread = [row for row in judged if row["preference"] is None]
    write_lines(out / UNREAD, [*before, *(row for row in unread if row not in before)])
    write_lines(out / JUDGEMENTS, [row for row in judged if row["preference"] is not None])


def _rows(path: Path) -> list[dict[str, Any]]:
    return list(read_lines(path)) if path.exists() else []
