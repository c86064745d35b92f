"""The paper's staircase rows, predicted from its single-model and plain-mixture rows alone.

What those rows determine: the answer's length N and the aggregator's seconds a token, from
``tokens/s = N / (TTFT + (N - 1) τ)`` for both rows; and the time of the slowest proposer's whole
answer. What they leave open, the length of the drafts, the size of later chunks, the number of
proposers and the cost of a prompt token, is varied, and a prediction is the span over all of it.

Where that span follows what was varied, the rows do not identify the figure: its middle says which
grid somebody chose. So the prediction is made again on each part of the grid in which one open
assumption has one value, and it counts only where no such part moves its middle by more than
`MOVES`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from llmx.papers.staircase.simulate.scene import Scene, answer, ensemble_of
from llmx.papers.staircase.simulate.server_model import ReplicaSpeed

DRAFT_LENGTHS = (0.5, 1.0, 1.5, 2.0)  # of the answer's
LATER_CHUNKS = (16, 32, 64, 128)
PROMPT_TOKEN = (0.0, 2e-5, 1e-4)  # seconds
OPEN = ("draft_length", "later_chunk", "prompt_token")
MOVES = 0.1  # of the middle: what parts of the grid may differ by, and the figure counts


@dataclass(frozen=True)
class FittedRows:
    """The published rows that rates are fitted on: seconds, and tokens a second end to end."""

    single_ttft: float
    single_tps: float
    plain_ttft: float
    plain_tps: float

    @property
    def tokens(self) -> float:
        """Return N, the length of an answer: two rows, two unknowns."""
        gap = self.plain_ttft - self.single_ttft
        return gap * self.single_tps * self.plain_tps / (self.single_tps - self.plain_tps)

    @property
    def per_token(self) -> float:
        """Return τ of the aggregator, in seconds."""
        n = self.tokens
        return (n / self.single_tps - self.single_ttft) / (n - 1)


@dataclass(frozen=True)
class Assumed:
    """What the fitted rows leave open."""

    draft_length: float
    later_chunk: int
    prompt_token: float
    proposers: int = 3


@dataclass(frozen=True)
class PredictedFigure:
    """A published figure, and the span of what follows from the fitted rows.

    Attributes:
        swayed: open assumption → the lowest and the highest middle, over its values, of the part
            of the grid in which it has that value.
    """

    name: str
    published: float
    low: float
    middle: float
    high: float
    swayed: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def error(self) -> float:
        """Return the middle's relative error."""
        return self.middle / self.published - 1

    @property
    def identified(self) -> bool:
        """Whether the figure follows from the fitted rows, whatever they leave open."""
        return all(high - low <= MOVES * self.middle for low, high in self.swayed.values())

    @property
    def mover(self) -> str:
        """Return the assumption that moves the figure most."""
        return max(self.swayed, key=lambda name: self.swayed[name][1] - self.swayed[name][0])


def assumptions() -> Iterator[Assumed]:
    """Yield every combination of what is open; the first of a pair of equals comes first."""
    for one in product(DRAFT_LENGTHS, LATER_CHUNKS, PROMPT_TOKEN):
        yield Assumed(*one)


def scene(rows: FittedRows, assumed: Assumed, **values: object) -> Scene:
    """Return the ensemble whose plain form gives the fitted rows."""
    tokens = round(rows.tokens)
    drafts = max(2, round(tokens * assumed.draft_length))
    heard = assumed.proposers * drafts * assumed.prompt_token
    aggregator = ReplicaSpeed(rows.single_ttft, assumed.prompt_token, rows.per_token)
    proposers_take = rows.plain_ttft - 2 * rows.single_ttft - heard
    proposer = ReplicaSpeed(rows.single_ttft, assumed.prompt_token, proposers_take / (drafts - 1))
    speeds = {f"p{n}": proposer for n in range(1, assumed.proposers + 1)}
    spec = ensemble_of(assumed.proposers, later_chunk=assumed.later_chunk, **values)
    lengths = {name: drafts for name in speeds}
    return Scene(spec, {**speeds, "aggregator": aggregator}, tokens, question=1, lengths=lengths)


def predict(rows: FittedRows, published: Mapping[str, float]) -> list[PredictedFigure]:
    """Return the prediction of each staircase figure that is published.

    Args:
        published: ``ttft 8``, ``tokens/s``, ``ttft 8 cached``, ``tokens/s cached``, ``ttft 4``,
            ``ttft 32`` → seconds or tokens a second.
    """
    found: dict[str, list[tuple[Assumed, float]]] = {}
    for assumed in assumptions():
        for name, value in _figures(rows, assumed):
            found.setdefault(name, []).append((assumed, value))
    return [predicted(name, value, found[name]) for name, value in published.items()]


def predicted(
    name: str, published: float, found: Sequence[tuple[Assumed, float]]
) -> PredictedFigure:
    """Return the prediction of one figure from its value under every combination of what is open.

    Args:
        found: not empty.
    """
    values = [value for _, value in found]
    swayed = {what: _swayed(what, found) for what in OPEN}
    return PredictedFigure(name, published, min(values), _median(values), max(values), swayed)


def _swayed(what: str, found: Sequence[tuple[Assumed, float]]) -> tuple[float, float]:
    """Return the lowest and the highest middle of the grid's parts in which `what` is settled."""
    parts: dict[float, list[float]] = {}
    for assumed, value in found:
        parts.setdefault(getattr(assumed, what), []).append(value)
    middles = [_median(part) for part in parts.values()]
    return min(middles), max(middles)


def _figures(rows: FittedRows, assumed: Assumed) -> Iterator[tuple[str, float]]:
    for layout, suffix in (("L0", ""), ("L1b", " cached")):
        stair = scene(rows, assumed, streaming="staircase", first_chunk=8, layout=layout)
        got = answer(replace(stair, cache=bool(suffix)))
        yield f"ttft 8{suffix}", got.ttft
        yield f"tokens/s{suffix}", got.tokens / got.total
    for first in (4, 32):
        stair = scene(rows, assumed, streaming="staircase", first_chunk=first)
        # An answer of one token has the same first one, and ends the simulation there.
        yield f"ttft {first}", answer(replace(stair, tokens=1)).ttft


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
