"""What the workers of a run did and when, out of the lines that they wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmx.cluster.submission import BEGUN, DONE, FAILED, JOINED, LEFT, STOPPED, JobEvent, Submission
from llmx.core.timeline import LOST, WorkBar, WorkerLife

_OUTCOMES = (DONE, FAILED, STOPPED)


def lives_of(submission: Submission) -> list[WorkerLife]:
    """Return every life of every worker, oldest first.

    A worker that was killed was last seen when it wrote its last record, or ten seconds before.
    """
    queued = {str(row["job"]): float(row["at"]) for row in submission.jobs()}
    ends, found = dict[str, float](), list[WorkerLife]()
    for events, seen in submission.lives():
        task = _task(events)
        since = ends.get(task, queued.get(task.partition("_")[0]))
        life = _life(events, seen, task, since)
        ends[task] = life.end
        found.append(life)
    return found


def _task(events: Sequence[JobEvent]) -> str:
    return events[0].task or events[0].job


def _life(events: Sequence[JobEvent], seen: float, task: str, since: float | None) -> WorkerLife:
    first, last = events[0], events[-1]
    # One of Ray's says nothing of its own begin and end, and lives on when its work is over.
    killed = last.outcome != LEFT if first.outcome == JOINED else last.outcome == BEGUN
    end = seen if killed else last.at
    return WorkerLife(
        host=first.host,
        worker=task,
        key=first.key,
        gpus=first.gpus,
        begin=first.at,
        end=end,
        bars=tuple(_bars(events, end)),
        queued=min(since, first.at) if since is not None else None,
        killed=killed,
    )


def _bars(events: Sequence[JobEvent], end: float) -> Iterator[WorkBar]:
    begun: JobEvent | None = None
    for event in events:
        if event.outcome == BEGUN:
            if begun is not None:  # it went back to a stage of which others did the rest
                yield WorkBar(begun.title, begun.at, event.at, STOPPED)
            begun = event
        elif begun is not None and event.outcome in _OUTCOMES:
            yield WorkBar(begun.title, begun.at, event.at, event.outcome)
            begun = None
    if begun is not None:
        closed = events[-1].outcome == LEFT
        yield WorkBar(begun.title, begun.at, end, STOPPED if closed else LOST)
