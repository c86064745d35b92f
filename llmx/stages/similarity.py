"""Stage `similarity`: how a model's similarities of sentences go with those of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, ValidationError

from llmx.core.audit import Audit, Check
from llmx.core.errors import DataError, LlmxError
from llmx.core.options import InputModel, StageOptions, parse, wrong
from llmx.core.record import METRICS, Metric, Record, Sample, Score, as_json
from llmx.core.registry import kinds, lookup
from llmx.core.spec import DataSpec, StageSpec
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data import identity
from llmx.data.pairs.kind import PairData
from llmx.engines.embed.place import STAGE, embedder_folder, embedder_hash
from llmx.scoring.rank_correlation import RankCorrelation
from llmx.stages.embed import trains_tokens
from llmx.stages.retrieve import trained_checks
from llmx.stages.searches import Encode
from llmx.store.files import write_json, write_lines

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    from llmx.data.pairs.pairs import Pair, PairRows

SPEARMAN = "spearman"
_SECONDS = 15.0  # 24,000 pairs by token vectors on one core, of which loading is the most
_EXPLAINED = "Spearman's rank correlation times 100 of the model's similarities and people's"


def _pairs(given: dict[str, Any]) -> dict[str, Any]:
    """Refuse what is no data of pairs.

    Raises:
        PydanticCustomError: naming what is wrong.
    """
    try:
        spec = DataSpec(**given)
        kind = lookup("data", spec.kind) if spec.kind in kinds("data") else None
        if not (isinstance(kind, type) and issubclass(kind, PairData)):
            raise wrong(f"names the kind '{spec.kind}', which holds no pairs", "write {kind: sts}")
        parse(spec, kind.Options)
    except ValidationError as error:
        raise wrong(f"is no data: {error.errors()[0]['msg']}", "write {kind: sts}") from error
    except LlmxError as error:
        raise wrong(error.message, error.hint) from error
    return given


class SimilarityOptions(StageOptions):
    """Whose vectors, and whose pairs."""

    model: InputModel = Field(
        description="stage:NAME of a contrastive training; a folder, package:NAME or OWNER/NAME"
    )
    data: Annotated[dict[str, Any], AfterValidator(_pairs)] = Field(
        default={"kind": "sts"},
        description="pairs with grades, as an arm's `data` is written; its split `test` is scored",
        examples=["{kind: sts, options: {tasks: [stsb]}}"],
    )
    prompt: str = Field(default="", description="stands before each sentence")

    @property
    def spec(self) -> DataSpec:
        """The pairs; all of them are of the split `test`."""
        return DataSpec(**{"test": _ALL, **self.data})


_ALL = 10**9  # pairs of a dataset


class SimilarityStage:
    """Writes ``samples.jsonl``, a Record a pair (its text is the second sentence and the cosine),
    ``scores.jsonl`` with the metrics, ``problems.jsonl``, ``metrics.json``, ``audit.json`` and
    ``summary.json``, which has each dataset's correlation with an interval from drawing its pairs
    again.

    Metrics are ``spearman``, the plain mean over the datasets, and ``spearman.DATASET``. A pair's
    value is such that the mean over all pairs is the metric itself
    (:mod:`llmx.scoring.rank_correlation`). A pair is *right* where model and people put it on one
    side of the median of its dataset (Blomqvist, Ann. Math. Statist. 21(4), 1950).
    """

    Options: ClassVar[type[StageOptions]] = SimilarityOptions
    kind: ClassVar[str] = "similarity"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    @classmethod
    def declares(cls, stage: StageSpec) -> tuple[Metric, ...]:
        """Return the metrics that its scores have beside accuracy."""
        options = parse(stage, SimilarityOptions)
        kind = lookup("data", options.spec.kind)
        return _metrics(sorted(getattr(parse(options.spec, kind.Options), "tasks", ())))

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The pairs, the model's content and the options.

        Raises:
            EngineError: for a model that is not here.
        """
        options = given.read(SimilarityOptions)
        found = {**options.model_dump(), "data": identity(options.spec)}
        if options.model.startswith(STAGE):  # its content is that of the need
            return found
        return {**found, "model": embedder_hash(embedder_folder(options.model))}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Some seconds: vectors of tokens; of an encoder the time is not known."""
        options = given.read(SimilarityOptions)
        trained = options.model.startswith(STAGE)
        if not (trained and trains_tokens(given, options.model)):
            return Cost(unknown="the model's speed was not measured")
        return Cost(seconds=_SECONDS)

    def run(self, context: StageContext) -> None:
        """Embed both sides, and score each pair.

        Raises:
            DataError: if a pair has no grade, or the model gives what is no number.
        """
        options = context.given.read(SimilarityOptions)
        rows: PairRows = lookup("data", options.spec.kind)(options.spec).pairs("test")
        context.progress.start(len(rows), unit="pairs")
        found = scored(rows, _encode(context, options))
        context.progress.advance(len(rows))
        scores = [score for _, score, _ in found.rows]
        write_lines(context.out / "samples.jsonl", (as_json(one) for one, _, _ in found.rows))
        write_lines(context.out / "problems.jsonl", (as_json(one) for _, _, one in found.rows))
        write_json(context.out / METRICS, [as_json(one) for one in _metrics([*found.correlations])])
        write_lines(context.out / "scores.jsonl", map(as_json, scores))
        write_json(context.out / "audit.json", as_json(_audit(context, options, rows)))
        write_json(context.out / "summary.json", found.summary())


@dataclass(frozen=True)
class ScoredPairs:
    """Records, scores and problems of pairs, and the correlation of each dataset."""

    rows: tuple[tuple[Record, Score, Sample], ...]
    correlations: Mapping[str, RankCorrelation]

    def summary(self) -> dict[str, Any]:
        """Return the correlations with 95 % intervals over pairs."""
        told = {
            name: {"spearman": one.value, "interval": list(one.interval()), "pairs": len(one.gold)}
            for name, one in self.correlations.items()
        }
        mean = sum(one.value for one in self.correlations.values()) / len(self.correlations)
        return {"problems": len(self.rows), SPEARMAN: mean, "datasets": told}


def _metrics(datasets: Sequence[str]) -> tuple[Metric, ...]:
    """Return the metrics of scores; a value of one pair has no bound, as it is no correlation."""
    mean = Metric(name=SPEARMAN, explain=f"{_EXPLAINED}, the mean over the datasets.")
    own = (Metric(name=f"{SPEARMAN}.{one}", explain=f"{_EXPLAINED}: {one}.") for one in datasets)
    return (mean, *own)


def scored(rows: PairRows, encode: Encode) -> ScoredPairs:
    """Return what is written of pairs.

    Args:
        rows: pairs with grades.
        encode: sentences to vectors.

    Raises:
        DataError: if a pair has no grade, a vector is not finite, or there is no correlation.
    """
    import numpy as np

    bare = next((row.id for row in rows if row.grade is None), None)
    if bare is not None:
        raise DataError(f"pair {bare} has no grade of similarity", "data: {kind: sts}")
    sides = (encode([row.query for row in rows]), encode([row.target for row in rows]))
    if not all(np.isfinite(side).all() for side in sides):
        raise DataError("the model's vector of a sentence is not finite", "train it again")
    cosine = np.einsum("ij,ij->i", *sides, dtype=np.float64)
    names = sorted(rows.datasets)
    place = {name: [at for at, row in enumerate(rows) if row.dataset == name] for name in names}
    held = {
        name: RankCorrelation.of(cosine[own].tolist(), [rows[one].grade for one in own])
        for name, own in place.items()
    }
    values = _values(len(rows), place, held)
    right = np.zeros(len(rows), bool)
    for name, of_name in place.items():
        right[of_name] = _one_side(held[name])
    made = []
    for at, row in enumerate(rows):
        told = {name: float(value[at]) for name, value in values.items()}
        made.append(_row(row, float(cosine[at]), bool(right[at]), told))
    return ScoredPairs(tuple(made), held)


def _values(
    count: int, place: Mapping[str, Sequence[int]], held: Mapping[str, RankCorrelation]
) -> dict[str, NDArray[float64]]:
    """Return of each metric a value a pair, float64 (count,), whose mean is the metric.

    A pair moves the metric of its own dataset alone: its influence there counts as often as the
    dataset is rarer than all pairs, so that the spread of the mean is that of the correlation.
    """
    import numpy as np

    mean = np.full(count, sum(one.value for one in held.values()) / len(held))
    found = {SPEARMAN: mean}
    for name, at in place.items():
        own = np.full(count, held[name].value)
        moved = held[name].influences() * count / len(at)
        own[list(at)] += moved
        mean[list(at)] += moved / len(held)
        found[f"{SPEARMAN}.{name}"] = own
    return found


def _one_side(held: RankCorrelation) -> NDArray[Any]:
    """Return where both sides are above their median, or neither is, bool (n,)."""
    import numpy as np

    above = [side > np.median(side) for side in (held.scores, held.gold)]
    found: NDArray[Any] = above[0] == above[1]
    return found


def _row(
    row: Pair, cosine: float, right: bool, values: dict[str, float]
) -> tuple[Record, Score, Sample]:
    said, grade = f"{cosine:.6f}", f"{row.grade:g}"
    record = Record(
        id=row.id,
        prompt_ids=(),
        completion_ids=(),
        prompt=row.query,
        text=f"{row.target}\n{said}",
        finish="stop",
        rounds=0,
    )
    score = Score(
        id=row.id,
        cluster=row.group,
        expected=grade,
        strict=said,
        flexible=said,
        correct=right,
        correct_flexible=right,
        unparsed=False,
        tokens=0,
        finish="stop",
        rounds=0,
        drafted=0,
        accepted=0,
        values=values,
    )
    question = f"{row.query}\n{row.target}"
    return record, score, Sample(id=row.id, question=question, answer=grade, cluster=row.group)


def _encode(context: StageContext, options: SimilarityOptions) -> Encode:
    """Return what encodes sentences: as the model was trained, all layers of it."""
    import torch

    from llmx.engines.embed.batched import BatchedEncoder
    from llmx.engines.embed.embedder import SentenceEmbedder

    torch.set_num_threads(context.given.arm.engine.threads)
    folder = embedder_folder(options.model, stages=context.inputs)
    model = SentenceEmbedder(folder).model.eval()
    return partial(BatchedEncoder(options.prompt).encode, model)


def _audit(context: StageContext, options: SimilarityOptions, rows: PairRows) -> Audit:
    """Return the checks of the training, and whether the pairs are published ones."""
    made = options.spec.options.get("source") == "fabricated"
    told = "the sentences are fabricated: no figure is on published data" if made else ""
    own = Check(
        check="published pairs",
        level="warn",
        passed=not made,
        found=len(rows) if made else 0,
        of=len(rows),
        detail=told,
    )
    folder = embedder_folder(options.model, stages=context.inputs)
    training = folder.parent if options.model.startswith(STAGE) else None
    checks = (*trained_checks(training), own)
    failed = any(one.level == "fail" and one.passed is False for one in checks)
    return Audit(passed=not failed, checks=checks)
