"""What happens with more proposers, skewed speeds, more layers, load: plain beside staircase."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmx.dialogue.timing import Timing
from llmx.papers.staircase.simulate.scene import Scene, answer, ensemble_of, under_load
from llmx.papers.staircase.simulate.server_model import ReplicaSpeed

# A 9B model on one GPU, in round figures: what is varied matters here, not the machine.
PROPOSER = ReplicaSpeed(
    prefill_overhead=0.05, prefill_token=5e-5, decode_base=0.02, decode_row=0.0002
)
AGGREGATOR = replace(PROPOSER, decode_base=0.0143)


@dataclass(frozen=True)
class SimulatedSetting:
    """One setting: plain and staircase on the same replicas.

    Attributes:
        sweep, value: what was varied, and its value.
        plain_ttft, stair_ttft: seconds; `plain_p95` and `stair_p95` under load.
        total_ratio: total time of staircase over plain.
        stalled: seconds the reader waits after the first token.
        again: tokens of the answer's prompts that were computed again, staircase.
    """

    sweep: str
    value: str
    plain_ttft: float
    stair_ttft: float
    total_ratio: float
    stalled: float
    again: float
    plain_p95: float | None = None
    stair_p95: float | None = None

    @property
    def cut(self) -> float:
        """Return the share of the time to the first token that staircase saves."""
        return 1 - self.stair_ttft / self.plain_ttft


def explore(tokens: int, questions: int) -> list[SimulatedSetting]:
    """Return every point of every sweep.

    Args:
        tokens: of each answer and draft.
        questions: under load; 0 leaves load out.
    """
    return [*_shapes(tokens), *_policies(tokens), *_loads(tokens, questions)]


def _scene(tokens: int, proposers: int = 3, skew: float = 1.0, **values: Any) -> Scene:
    """Return an ensemble whose slowest proposer is `skew` times as slow as its fastest."""
    speeds: dict[str, ReplicaSpeed] = {}
    for place in range(proposers):
        slow = 1 + (skew - 1) * place / max(1, proposers - 1)
        speed = replace(PROPOSER, decode_base=PROPOSER.decode_base * slow)
        speeds[f"p{place + 1}"] = speed
    spec = ensemble_of(proposers, **{"streaming": "staircase", "later_chunk": 32, **values})
    return Scene(spec, {**speeds, "aggregator": AGGREGATOR}, tokens)


def _pair(scene: Scene) -> tuple[Timing, Timing]:
    plain = replace(scene, spec=scene.spec.model_copy(update={"streaming": "plain"}))
    return answer(plain), answer(scene)


def _point(sweep: str, value: object, scene: Scene) -> SimulatedSetting:
    plain, stair = _pair(scene)
    return SimulatedSetting(
        sweep,
        str(value),
        plain.ttft,
        stair.ttft,
        stair.total / plain.total,
        stair.stalled,
        stair.answer_again,
    )


def _shapes(tokens: int) -> Iterator[SimulatedSetting]:
    for count in (2, 3, 4, 8, 16):
        yield _point("proposers", count, _scene(tokens, count))
    for skew in (1.0, 2.0, 4.0):
        yield _point("slowest over fastest proposer", skew, _scene(tokens, 4, skew))
    for layers in (2, 3, 4, 5):
        yield _point("layers before the answer", layers - 1, _scene(tokens, 3, layers=layers))
    for shared in (False, True):
        scene = replace(_scene(tokens, 3), shared=shared)
        yield _point("one replica for all", "yes" if shared else "no", scene)


def _policies(tokens: int) -> Iterator[SimulatedSetting]:
    for later in (8, 16, 32, 64, 128):
        yield _point("later chunk", later, _scene(tokens, later_chunk=later))
    yield _point("later chunk", "8, doubling", _scene(tokens, later_chunk=16, chunk_growth=2.0))
    for first in (4, 8, 16, 32):
        yield _point("first chunk", first, _scene(tokens, first_chunk=first))
    for layout in ("L0", "L1", "L1b", "L2"):
        scene = replace(_scene(tokens, layout=layout, first_chunk=16), cache=True)
        yield _point("layout, with a prefix cache", layout, scene)
    for quorum in (1.0, 0.75, 0.5):
        scene = _scene(tokens, 4, 4.0, quorum=quorum)
        yield _point("quorum, slowest proposer four times as slow", quorum, scene)


def _loads(tokens: int, questions: int) -> Iterator[SimulatedSetting]:
    for load in (0.1, 0.5, 0.9) if questions else ():
        stair = _scene(tokens, 3)
        plain = replace(stair, spec=stair.spec.model_copy(update={"streaming": "plain"}))
        rate = load * _capacity(plain, tokens)
        one, other = (under_load(scene, rate, questions) for scene in (plain, stair))
        yield SimulatedSetting(
            "offered load, of what the plain proposers can do",
            str(load),
            _mean([t.ttft for t in one]),
            _mean([t.ttft for t in other]),
            _mean([t.total for t in other]) / _mean([t.total for t in one]),
            _mean([t.stalled for t in other]),
            _mean([float(t.answer_again) for t in other]),
            _p95([t.ttft for t in one]),
            _p95([t.ttft for t in other]),
        )


def _capacity(scene: Scene, tokens: int) -> float:
    """Return answers a second that a full batch of the proposers' replica gives."""
    speed = scene.speeds["p1"]
    step = speed.decode_base + speed.decode_row * speed.batch
    return speed.batch / (tokens * step + speed.batch * speed.prefill_overhead)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


def as_rows(points: Sequence[SimulatedSetting]) -> list[Mapping[str, Any]]:
    """Return the points as plain values."""
    return [{**vars(point), "cut": point.cut} for point in points]
