"""Stage `traces`: worked problems with exactly k backtracks, to warm a model up with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from llmx.core.errors import ConfigError, DataError, UnavailableError
from llmx.core.record import as_json
from llmx.core.spec import DataSpec
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data import evaluation_identity
from llmx.data.tasks.dataset import ReasoningTask, drawn_up_to, split_size
from llmx.data.tasks.options import sent_wrapper
from llmx.data.tasks.readers import check_readers
from llmx.data.tasks.tasks import SECONDS, problem_key
from llmx.papers.backtracking.traces.arms import TracedProblem, deranged, row, trace
from llmx.papers.backtracking.traces.manifest import counted, holding
from llmx.papers.backtracking.traces.options import TraceOptions, trace_options
from llmx.papers.backtracking.traces.puzzle import TooFew
from llmx.papers.backtracking.traces.tasks import require_task
from llmx.store.files import write_json, write_lines

_WRITTEN = ("test", "validation")  # beside train.jsonl, so that an audit can look for overlap
_LEAST_YIELD = 0.5
# After so many problems a yield this low will not come to half: by chance less than once in 10,000.
_LOOK, _HOPELESS = 100, 0.3
_TRACE_SECONDS = 0.0015  # to make a trace and replay it


class TracesStage:
    """Writes ``train.jsonl``, ``test.jsonl``, ``validation.jsonl`` and ``traces.json``.

    The problems are those of ``data.options.sft``, or of ``.lessons`` with ``split: lessons``. What
    the traces are like stands in ``data.options`` too, so that arms can differ in it: ``k``,
    ``mixture``, ``supports``, ``content``, ``control``, ``match``, ``wording``, ``style``,
    ``wrapper``, ``split``. Options of the stage of the same names stand above them. An arm with
    ``content: none`` has no traces.

    A problem that does not offer k backtracks is refused and counted; a k that over half of the
    problems refuse is not available.
    """

    Options: ClassVar[type[TraceOptions]] = TraceOptions
    kind: ClassVar[str] = "traces"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The problems, and what the traces are like.

        Raises:
            ConfigError: for an unknown option, a task without traces, a content that no trace has,
                or arms that differ.
        """
        spec, options = _asked(given)
        return {"data": evaluation_identity(spec, options.split), "traces": as_json(options)}

    def applies(self, given: StageInput) -> bool:
        """Where an arm asks for traces."""
        return _asked(given)[1].content != "none"

    def plan(self, given: StageInput) -> Cost:
        """By the time that a problem of the kind, and a trace, take on one core."""
        spec, options = _asked(given)
        drawn = drawn_up_to(spec, options.split)
        traced = split_size(spec, options.split)
        return Cost(samples=traced, seconds=drawn * SECONDS[spec.kind] + traced * _TRACE_SECONDS)

    def most_rows(self, given: StageInput) -> int:
        """Return one for each problem; those that offer too few backtracks are left out."""
        spec, options = _asked(given)
        return split_size(spec, options.split)

    def run(self, context: StageContext) -> None:
        """Draw the problems, make and check the traces, write them and what was refused.

        Raises:
            UnavailableError: for a k that over half of the problems refuse.
            DataError: for a problem of the test split.
        """
        spec, options = _asked(context.given)
        dataset = ReasoningTask(spec)
        overlap = _overlap(dataset, options.split)
        traces, refused = _traces(dataset, options, context)
        told = deranged(traces, spec.seed) if options.content == "shuffled" else traces
        pairs = zip(traces, told, strict=True)
        rows = [row(spec.kind, one.sample, other, options) for one, other in pairs]
        write_lines(context.out / "train.jsonl", rows)
        for split in _WRITTEN:
            lines = (as_json(sample) for sample in dataset.split(split))
            write_lines(context.out / f"{split}.jsonl", lines)
        about = {**counted(traces, rows, refused), "overlap_with_test": overlap}
        if options.style == "authors":
            about["replayed"] = holding(traces)
        about |= {"collisions": dataset.collisions, "seed": spec.seed, **context.identity}
        write_json(context.out / "traces.json", about)


def _asked(given: StageInput) -> tuple[DataSpec, TraceOptions]:
    """Return data and options of all arms that the stage covers."""
    found: list[tuple[DataSpec, TraceOptions]] = []
    for arm in given.arms.values():
        if arm.data is None:
            raise ConfigError(f"stage '{given.stage.name}' needs a dataset", "add data=countdown")
        require_task(arm.data.kind)
        found.append((arm.data, _options(arm.data, given)))
    first = found[0]
    wanted = (evaluation_identity(first[0], first[1].split), first[1])
    if any((evaluation_identity(spec, o.split), o) != wanted for spec, o in found):
        raise ConfigError(
            f"stage '{given.stage.name}' writes one trace set and the arms ask for several",
            "make it over: arm, or set what they differ in as options of the stage",
        )
    return first


def _options(spec: DataSpec, given: StageInput) -> TraceOptions:
    given.read(TraceOptions)  # alone: what is wrong of the stage is said of the stage
    options = trace_options(spec, given.stage.options)
    if options.content == "malformed":
        raise ConfigError(
            f"stage '{given.stage.name}' makes no traces of content 'malformed': all keep the form",
            "data.options.content=correct, incorrect, shuffled or none; kind sampled has malformed",
        )
    check_readers(given, options.wrapper, sent_wrapper(spec))
    return options


def _overlap(dataset: ReasoningTask, split: str) -> int:
    """Return 0, or refuse: no problem of the traces may be one of the test split."""
    kind = dataset.spec.kind
    tested = {problem_key(kind, entry) for _, entry in dataset.entries("test")}
    found = sum(problem_key(kind, entry) in tested for _, entry in dataset.entries(split))
    if found:
        raise DataError(f"{found} problems of the traces are in the test split", "a fault of llmx")
    return found


def _traces(
    dataset: ReasoningTask, options: TraceOptions, context: StageContext
) -> tuple[list[TracedProblem], Counter[str]]:
    kind, seed = dataset.spec.kind, dataset.spec.seed
    problems, size = dataset.entries(options.split), f"data.options.{options.split}"
    if not problems:
        raise DataError(f"no problems for traces: {size} is 0", f"set {size}")
    traces: list[TracedProblem] = []
    refused: Counter[str] = Counter()
    context.progress.start(len(problems), unit="problems")
    for place, (sample, entry) in enumerate(problems, 1):
        try:
            traces.append(trace(kind, sample, entry, options.of(len(traces)), seed))
        except TooFew as error:
            refused[error.message] += 1
        context.progress.advance()
        if place == _LOOK:
            _require_yield(traces, place, kind, options, _HOPELESS)
    _require_yield(traces, len(problems), kind, options, _LEAST_YIELD)
    return traces, refused


def _require_yield(
    traces: Sequence[TracedProblem], tried: int, kind: str, options: TraceOptions, least: float
) -> None:
    if len(traces) < least * tried:
        share = len(traces) / tried
        raise UnavailableError(
            f"{share:.0%} of {tried} {kind} problems offer {options.least} backtracks, under half",
            "take a smaller data.options.k, or harder problems (data.options.generator)",
        )
