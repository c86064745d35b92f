"""The arms of a trace set: which events a problem gets, and which trace a prompt gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from llmx.core.record import Sample
from llmx.data.tasks.options import wrap
from llmx.data.tasks.tags import opens_thinking
from llmx.data.tasks.tasks import Entry
from llmx.papers.backtracking.traces.authors import authors_trace
from llmx.papers.backtracking.traces.options import TraceOptions
from llmx.papers.backtracking.traces.puzzle import TooFew
from llmx.papers.backtracking.traces.replay import replay
from llmx.papers.backtracking.traces.search import Events, lengthen, search
from llmx.papers.backtracking.traces.tasks import AnyPuzzle, from_entry


@dataclass(frozen=True)
class TracedProblem:
    """A problem with its trace, and the backtracks that were asked for."""

    sample: Sample
    puzzle: AnyPuzzle
    events: Events
    k: int


def trace(
    kind: str, sample: Sample, entry: Entry, options: TraceOptions, seed: int
) -> TracedProblem:
    """Return the trace of one problem; one of style exact is replayed before it is returned.

    Raises:
        TooFew: if the problem does not offer what is asked.
    """
    puzzle, index = from_entry(kind, entry), int(sample.id.rpartition("-")[2])
    if options.style == "authors":
        return TracedProblem(
            sample, puzzle, authors_trace(puzzle, options.k, seed, index), options.k
        )
    events = search(puzzle, options.k, seed, index, options.least)
    wrong = options.content == "incorrect"
    if wrong:
        events = puzzle.mistaken(events, Random(f"{seed}/{index}/{options.k}/mistaken"))
    if options.control == "verbose":
        matched = search(puzzle, options.match, seed, index, options.least)
        phrases = puzzle.phrases(options.wording)
        events = lengthen(events, phrases, len(phrases.write(matched, opened=True)))
    replay(puzzle, events, options.k, wrong_answer=wrong)
    return TracedProblem(sample, puzzle, events, options.k)


def deranged(traces: Sequence[TracedProblem], seed: int) -> list[TracedProblem]:
    """Return traces so that no problem keeps its own: one cycle through all, drawn by `seed`.

    After Sattolo, Information Processing Letters 22 (1986).

    Raises:
        TooFew: if there are fewer than two.
    """
    if len(traces) < 2:
        raise TooFew("a single trace cannot be given to another problem")
    rng, order = Random(f"{seed}/shuffled"), list(traces)
    for last in range(len(order) - 1, 0, -1):
        other = rng.randrange(last)
        order[last], order[other] = order[other], order[last]
    return order


def row(kind: str, asked: Sample, told: TracedProblem, options: TraceOptions) -> dict[str, Any]:
    """Return one line of ``train.jsonl``.

    ``question`` and ``solution`` go through a chat template; with a raw wrapper there are
    ``prompt`` and ``completion`` too. ``instance`` is the problem that the trace is about, and
    ``trace_of`` names it: another than the row's own in the shuffled arm. ``k`` is the trace's.
    """
    prompt = wrap(kind, asked.question, options.wrapper)
    opened = prompt is not None and opens_thinking(prompt)
    text = told.puzzle.phrases(options.wording).write(told.events, opened)
    return {
        "id": asked.id,
        "question": asked.question,
        "solution": text,
        **({} if prompt is None else {"prompt": prompt, "completion": text}),
        "answer": asked.answer,
        "cluster": asked.cluster,
        "task": kind,
        "k": told.k,
        "content": options.content,
        "control": options.control,
        "wording": options.wording,
        "style": options.style,
        "trace_of": told.sample.id,
        "instance": told.puzzle.instance(),
    }
