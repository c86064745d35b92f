"""Documents of reporting stages, as far as verdicts depend on them, and the figures in them."""

from llmx.core.figure import Figures, Span, Spread, joined
from llmx.core.record import Frozen, as_json
from llmx.report.figures.decoded import of_verdicts
from llmx.report.figures.others import of_exploration
from llmx.report.figures.streams import of_streams
from llmx.report.figures.trainings import of_trainings
from llmx.report.results import Results
from llmx.report.verdict.model import Verdict


class TrainedSeed(Frozen):
    name: str
    drop: float
    jitter: float | None
    collapsed: bool


class TrainedOutputs(Frozen):
    whole: Span | None = None


class TrainedArm(Frozen):
    arm: str
    steady: tuple[TrainedSeed, ...] = ()
    after: TrainedOutputs | None = None
    gain: Span | None = None
    gain_p: float | None = None


class Trained(Frozen):
    arms: tuple[TrainedArm, ...] = ()
    predicts: Span | None = None
    predicts_reliability: tuple[float, float] | None = None
    predicts_arms: tuple[str, ...] = ()
    predicts_seeds: int = 0
    broken: tuple[str, ...] = ()


class Streamed(Frozen):
    arm: str
    problems: int = 0
    ttft: float | None = None
    ttft_cut: Span | None = None
    times: tuple[float, ...] = ()
    speed: Span | None = None
    totals: tuple[float, ...] = ()
    tokens: tuple[int, ...] = ()


class Streams(Frozen):
    arms: tuple[Streamed, ...] = ()


class Transfer(Frozen):
    source: str
    to: str
    asked_share: float
    threshold: float
    share: float
    low: float
    high: float
    spread: Spread | None = None


class Exploration(Frozen):
    transfer: tuple[Transfer, ...] = ()


def figures_beside(results: Results, verdicts: tuple[Verdict, ...] = ()) -> Figures:
    """Return the figures of a stored run of these."""
    return joined([results.figures, of_verdicts(verdicts)])


def figures_of(document: Trained | Streams | Exploration | None) -> Figures:
    """Return what a stage writes beside such a document."""
    if document is None:
        return Figures()
    raw = as_json(document)
    if isinstance(document, Streams):
        return of_streams(raw["arms"])
    return of_trainings(raw) if isinstance(document, Trained) else of_exploration(raw)
