"""Stage `retrieve`: a model searches the targets of a split, and each query has a score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from llmx.core.audit import Audit, Check
from llmx.core.errors import DataError
from llmx.core.item import Item, shown
from llmx.core.options import Count, InputModel, StageOptions, wrong
from llmx.core.record import METRICS, Metric, Record, Sample, Score, as_json
from llmx.core.registry import lookup
from llmx.core.spec import StageSpec
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data import identity
from llmx.engines.embed.place import STAGE, embedder_content, embedder_folder
from llmx.engines.embed.vision import check_items
from llmx.scoring.ranked import depth_of, measure, metric
from llmx.stages.embed import pair_data, trains_small, trains_tokens
from llmx.stages.searches import Encode, Search, ranked, searches
from llmx.store.files import read_json, write_json, write_lines

if TYPE_CHECKING:
    from numpy import float32, int32
    from numpy.typing import NDArray

    from llmx.engines.embed.embedder import Embedder

DEFAULT = ("ndcg@10", "recall@100", "mrr", "hit@1")
_SECONDS = 30.0  # 117,000 short texts by token vectors on one core, of which loading is the most


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    try:
        for name in names:
            measure(name)
    except DataError as error:
        raise wrong(error.message, error.hint) from error
    if not names or len(set(names)) < len(names):
        raise wrong("names no measure, or one twice", f"write {list(DEFAULT)}")
    return names


class RetrieveOptions(StageOptions):
    """Whose vectors, what is searched, and what is measured of it."""

    model: InputModel = Field(
        description="stage:NAME of a contrastive training; a folder, package:NAME or OWNER/NAME"
    )
    layers: Literal["none", "all"] = Field(
        default="all",
        description="of a model that no stage trains: `none` = its token vectors, averaged; `all`"
        " = by sentence-transformers",
    )
    split: Literal["test", "calibration", "train"] = Field(
        default="test", description="whose queries are asked; targets are those of all splits"
    )
    queries: Count | None = Field(
        default=None, description="first queries of each dataset; null = all"
    )
    k: Count = Field(default=100, description="targets of each query that are ranked")
    metrics: Annotated[tuple[str, ...], AfterValidator(_known)] = Field(
        default=DEFAULT, description="ndcg@K, recall@K, hit@K, mrr; K up to `k`"
    )
    query_prompt: str | None = Field(
        default=None, description="before each query; null = as the stage trained, or none"
    )
    target_prompt: str | None = Field(default=None, description="before each target, likewise")

    def check(self) -> None:
        """Refuse a measure of more targets than are ranked.

        Raises:
            DataError: naming both.
        """
        if (deepest := depth_of(self.metrics)) > self.k:
            raise DataError(f"a metric reads {deepest} targets, and k={self.k}", f"k: {deepest}")


class RetrieveStage:
    """Writes ``samples.jsonl``, a Record a query (its text is the first target), ``scores.jsonl``
    with the measures, ``problems.jsonl``, ``metrics.json`` and ``summary.json``, as `score` does,
    and ``audit.json``: the checks of the training that it searches with, and its own.

    A query is right where the first target is. A query without a right target is left out, and
    ``summary.json`` counts them.
    """

    Options: ClassVar[type[StageOptions]] = RetrieveOptions
    kind: ClassVar[str] = "retrieve"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    @classmethod
    def declares(cls, stage: StageSpec) -> tuple[Metric, ...]:
        """Return the metrics that its scores have beside accuracy."""
        return tuple(metric(str(name)) for name in stage.options.get("metrics") or DEFAULT)

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The pairs, the model's content and the options.

        Raises:
            ConfigError: for data that are no pairs.
            EngineError: for a model that is not here.
        """
        options = given.read(RetrieveOptions)
        options.check()
        found = {"data": identity(pair_data(given)), **options.model_dump(mode="json")}
        if options.model.startswith(STAGE):  # its content is that of the need
            return found
        return {**found, "model": embedder_content(options.model)}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Some seconds: vectors of tokens; of an encoder the time is not known."""
        options, spec = given.read(RetrieveOptions), pair_data(given)
        known = lookup("data", spec.kind).planned(spec, options.split)
        most = options.queries or spec.test
        asked = min(spec.test, most)
        if known is not None:
            asked = sum(min(count, most) for count in known.values())
        trained = options.model.startswith(STAGE)
        tokens = trains_tokens(given, options.model) if trained else options.layers == "none"
        if not tokens and not trains_small(given, options.model):
            return Cost(samples=asked, unknown="the model's speed was not measured")
        return Cost(samples=asked, seconds=_SECONDS)

    def run(self, context: StageContext) -> None:
        """Search, and score each query.

        Raises:
            DataError: if the model gives what is no number.
        """
        given, options = context.given, context.given.read(RetrieveOptions)
        asked = searches(pair_data(given), options.split, options.queries)
        total = sum(len(one.asked.ids) for one in asked)
        context.progress.start(total, unit="queries")
        sides = _sides(context, options)
        found: list[tuple[Record, Score, Sample]] = []
        for one in asked:
            found += _scored(one, ranked(one, *sides, options.k), options.metrics)
            context.progress.advance(len(one.asked.ids))
        records, scores = [one for one, _, _ in found], [one for _, one, _ in found]
        problems = [one for _, _, one in found]
        write_lines(context.out / "samples.jsonl", map(as_json, records))
        write_lines(context.out / "problems.jsonl", map(as_json, problems))
        metrics = [as_json(metric(name)) for name in options.metrics]
        write_json(context.out / METRICS, metrics)
        write_lines(context.out / "scores.jsonl", map(as_json, scores))
        folder = embedder_folder(options.model, stages=context.inputs)
        training = folder.parent if options.model.startswith(STAGE) else None
        audit = _audit([one.id for one in scores], total, training)
        write_json(context.out / "audit.json", as_json(audit))
        write_json(context.out / "summary.json", _summary(scores, total, options.metrics))


def _sides(context: StageContext, options: RetrieveOptions) -> tuple[Encode, Encode]:
    """Return what encodes queries and targets."""
    import torch

    from llmx.engines.embed.batched import BatchedEncoder
    from llmx.engines.embed.embedder import SentenceEmbedder, StaticEmbedder
    from llmx.engines.embed.vision import VisionEmbedder, is_vision

    torch.set_num_threads(context.given.arm.engine.threads)
    folder = embedder_folder(options.model, stages=context.inputs)
    query, target = _prompts(options, folder)
    if options.layers == "none" and not options.model.startswith(STAGE):
        tokens = StaticEmbedder(folder)
        return _of_texts(tokens, query), _of_texts(tokens, target)
    if is_vision(folder):
        eye = VisionEmbedder(folder, context.given.arm.engine.device)
        return lambda items: eye.encode(items, query), lambda items: eye.encode(items, target)
    model = SentenceEmbedder(folder).model.eval()
    one, other = BatchedEncoder(query), BatchedEncoder(target)
    return lambda texts: one.encode(model, texts), lambda texts: other.encode(model, texts)


def _of_texts(model: Embedder, prompt: str) -> Encode:
    def encode(items: Sequence[Item]) -> NDArray[float32]:
        check_items(items)
        return model.encode(items, prompt)

    return encode


def _prompts(options: RetrieveOptions, folder: Path) -> tuple[str, str]:
    """Return the prompts that are given, or those of the model's training."""
    about = folder.parent / "training.json"
    own = options.model.startswith(STAGE) and about.exists()
    told = read_json(about).get("options", {}) if own else {}
    names = ("query_prompt", "target_prompt")
    given = {name: getattr(options, name) for name in names}
    found = (told.get(n, "") if given[n] is None else given[n] for n in names)
    query, target = found
    return query, target


def _scored(
    search: Search, found: NDArray[int32], names: Sequence[str]
) -> Iterator[tuple[Record, Score, Sample]]:
    """Yield record, score and problem of each query that has a right target."""
    one = search.asked
    values = {name: measure(name)(found, one.judged) for name in names}
    first = measure("hit@1")(found, one.judged)
    for at, name in enumerate(one.ids):
        if first[at] != first[at]:  # no right target: no measure
            continue
        best = max(one.judged[at], key=lambda place: one.judged[at][place])
        best_text, text = shown(one.corpus[best]), shown(one.corpus[int(found[at, 0])])
        query, cluster = shown(one.queries[at]), search.clusters[at]
        yield (
            Record(
                id=name,
                prompt_ids=(),
                completion_ids=(),
                prompt=query,
                text=text,
                finish="stop",
                rounds=0,
            ),
            Score(
                id=name,
                cluster=cluster,
                expected=best_text[:_SHOWN],
                strict=text[:_SHOWN],
                flexible=text[:_SHOWN],
                correct=bool(first[at]),
                correct_flexible=bool(first[at]),
                unparsed=False,
                tokens=0,
                finish="stop",
                rounds=0,
                drafted=0,
                accepted=0,
                values={key: float(value[at]) for key, value in values.items()},
            ),
            Sample(id=name, question=query, answer=best_text, cluster=cluster),
        )


_SHOWN = 400  # characters of a target beside a score; the record has all of them


def _summary(scores: Sequence[Score], asked: int, names: Sequence[str]) -> dict[str, Any]:
    means = {name: sum(one.values[name] for one in scores) / max(1, len(scores)) for name in names}
    right = sum(one.correct for one in scores)
    return {
        "problems": len(scores),
        "without_target": asked - len(scores),
        "correct": right,
        "means": means,
    }


def _audit(names: Sequence[str], asked: int, training: Path | None) -> Audit:
    """Return the checks of a search, and before them those of the rows that were trained on.

    Args:
        names: ids of the queries that have a score.
        asked: how many queries were asked, those without a right target among them.
        training: folder of the stage that trained the model; None = nobody here did, and what its
            training has seen is not known.
    """
    again = len(names) - len(set(names))
    own = (
        Check(check="asked twice", level="fail", passed=not again, found=again, of=len(names)),
        Check(
            check="without a right target",
            level="warn",
            passed=len(names) == asked,
            found=asked - len(names),
            of=asked,
            detail="queries that have no score",
        ),
    )
    checks = (*trained_checks(training), *own)
    failed = any(one.level == "fail" and one.passed is False for one in checks)
    return Audit(passed=not failed, checks=checks)


def trained_checks(training: Path | None) -> tuple[Check, ...]:
    """Return the checks of the rows that a model was trained on.

    Args:
        training: folder of the stage that trained it; None = nobody here did.
    """
    if training is None or not (training / "audit.json").exists():
        told = "the model comes from elsewhere"
        return (Check(check="overlap with training", level="fail", passed=None, detail=told),)
    return tuple(Check.model_validate(one) for one in read_json(training / "audit.json")["checks"])
