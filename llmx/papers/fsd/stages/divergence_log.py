"""Stage `divergence_log`: what both models say along an arm's texts, explored offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field

from llmx.core.errors import RunError
from llmx.core.options import ArmName, Count, Split, StageOptions
from llmx.core.record import as_json
from llmx.core.spec import ArmSpec, Divergence, SamplerSpec
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.stages.decode import SAMPLES
from llmx.stages.requests import (
    calibrated_threshold,
    decoding_cost,
    decoding_identity,
    required,
    stepped,
)
from llmx.store.files import read_lines, write_bytes, write_json

if TYPE_CHECKING:
    from llmx.engines.hf import HfEngine
    from llmx.papers.fsd.explore import DivergenceLog
    from llmx.papers.fsd.explore.model import LoggedRule
    from llmx.papers.fsd.observe import Text


_TopK = Annotated[int, Field(ge=0)]


class DivergenceLogOptions(StageOptions):
    """What is logged of which texts."""

    arms: tuple[ArmName, ...] | None = Field(
        default=None,
        description="arms to log, without their point of a sweep; null = all",
        examples=["names of arms: [sd, fsd]"],
    )
    problems: Count | None = Field(
        default=None, description="how many texts; null = the scale's for calibration"
    )
    stride: Count = Field(default=5, description="a block at every fifth token")
    draft: Literal["greedy", "sampled"] = Field(
        default="greedy", description="how replayed blocks are drafted"
    )
    divergences: tuple[Divergence, ...] = Field(
        default=get_args(Divergence), min_length=1, description="what is measured"
    )
    top_k: tuple[_TopK, ...] = Field(
        default=(0, 50),
        min_length=1,
        description="cuts of the raw distributions; 0 = all tokens",
        examples=["whole numbers, 0 = all tokens"],
    )
    on: tuple[Literal["raw", "warped"], ...] = Field(
        default=("raw", "warped"), min_length=1, description="which distributions"
    )
    split: Split = Field(default="test", description="split whose texts are replayed")

    def measured(self) -> dict[str, Any]:
        """Return how blocks are drafted and what is logged of them."""
        lists = {name: list(getattr(self, name)) for name in ("divergences", "on", "top_k")}
        return {"draft": self.draft, **lists}


LOG = "log.npz"
_COST = 3  # replayed blocks cost about this many times what decoding the texts did


class DivergenceLogStage:
    """Writes ``log.npz``, a :class:`~llmx.papers.fsd.explore.DivergenceLog`, and ``rule.json``.

    Needs the decode stage whose texts are replayed, and the calibration if there is one. Applies
    to arms without guards whose tokens a draft proposes and a lossless or fuzzy rule accepts.

    Arms on vLLM are replayed by llmx's own loop, which loads the same pair.
    """

    Options: ClassVar[type[StageOptions]] = DivergenceLogOptions
    kind: ClassVar[str] = "divergence_log"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """What the texts depend on, what is logged, and how many blocks.

        Raises:
            ConfigError: for an engine without logits.
        """
        found = decoding_identity(_stepped(given), _split(given), given.stage.name)
        sizes = {"problems": _problems(given), "stride": given.read(DivergenceLogOptions).stride}
        return {**found, **sizes, **given.read(DivergenceLogOptions).measured()}

    def applies(self, given: StageInput) -> bool:
        """Whether the arm is among those to log, and can be."""
        (name,) = given.arms
        wanted = given.read(DivergenceLogOptions).arms
        listed = wanted is None or name.partition("@")[0] in wanted
        return listed and given.arm.sampler is not None and _plain(given.arm.sampler)

    def plan(self, given: StageInput) -> Cost:
        """A multiple of decoding the texts."""
        return decoding_cost(given.arm, _problems(given) * _COST)

    def run(self, context: StageContext) -> None:
        """Replay batch by batch.

        Raises:
            RunError: if no input holds samples.jsonl.
        """
        from llmx.engines.hf import HfEngine
        from llmx.papers.fsd.explore import joined

        given = context.given
        texts, arm = _texts(context), _stepped(given)
        context.progress.start(len(texts), unit="texts")
        engine = HfEngine(arm.model, arm.engine, context.inputs)
        logs = []
        for part in _parts(texts, arm.engine.batch_size):
            logs.append(_observed(engine, part, context))
            context.progress.advance(len(part))
        write_bytes(context.out / LOG, joined(logs).to_bytes())
        write_json(context.out / "rule.json", as_json(_rule(context)))


def _stepped(given: StageInput) -> ArmSpec:
    return stepped(given.arm, "be logged")


def _plain(sampler: SamplerSpec) -> bool:
    """Whether the rule needs no memory of the answer: nothing guarded, no share held."""
    guarded = sampler.hold or sampler.floor or sampler.budget is not None or sampler.strict
    return sampler.algorithm in ("speculative", "fuzzy") and not guarded


def _texts(context: StageContext) -> list[Text]:
    from llmx.papers.fsd.observe import Text

    found = [path / SAMPLES for path in context.inputs.values() if (path / SAMPLES).exists()]
    if not found:
        raise RunError("stage 'divergence_log' found no samples.jsonl", "write needs: [generate]")
    rows = read_lines(found[0])[: _problems(context.given)]
    return [
        Text(row["id"], row["prompt_ids"], row["completion_ids"], row["accepted"])
        for row in rows
        if row["completion_ids"]
    ]


def _parts(texts: Sequence[Text], size: int) -> Iterator[Sequence[Text]]:
    for start in range(0, len(texts), size):
        yield texts[start : start + size]


def _observed(engine: HfEngine, texts: Sequence[Text], context: StageContext) -> DivergenceLog:
    from dataclasses import replace

    from llmx.papers.fsd.explore import Measure
    from llmx.papers.fsd.observe import observe

    identity, arm = context.identity, _stepped(context.given)
    _, sampler = required(arm, context.given.stage.name)
    options = replace(engine.options(sampler, threshold=0.0), draft=identity["draft"])
    # Warped distributions are cut off already: top k is of the raw ones.
    views = [(top_k, on) for on in identity["on"] for top_k in _top(identity, on)]
    measures = [Measure(d, *view) for view in views for d in identity["divergences"]]
    pair, stride = engine.pair, identity["stride"]
    return observe(pair.target, pair.draft, texts, options, arm.seed, measures, stride)


def _top(identity: Mapping[str, Any], on: str) -> list[int]:
    return list(identity["top_k"]) if on == "raw" else [0]


def _rule(context: StageContext) -> LoggedRule:
    from llmx.papers.fsd.explore import Measure
    from llmx.papers.fsd.explore.model import LoggedRule

    given = context.given
    (name,) = given.arms
    _, sampler = required(given.arm, given.stage.name)
    fuzzy = sampler.algorithm == "fuzzy"
    own = Measure(sampler.divergence, sampler.divergence_top_k, sampler.divergence_on)
    threshold = calibrated_threshold(context.inputs)
    return LoggedRule(
        arm=name,
        algorithm=sampler.algorithm,
        measure=own.name if fuzzy else None,
        semantics=sampler.semantics,
        threshold=(sampler.threshold if threshold is None else threshold) if fuzzy else None,
        gamma=sampler.gamma,
        draft=context.identity["draft"],
        stride=context.identity["stride"],
        seed=given.arm.seed,
    )


def _split(given: StageInput) -> str:
    return given.read(DivergenceLogOptions).split


def _problems(given: StageInput) -> int:
    data, _ = required(given.arm, given.stage.name)
    wanted = given.read(DivergenceLogOptions).problems or given.arm.scale.calibration_problems
    most = given.arm.scale.problems or wanted
    return min(wanted, most, getattr(data, _split(given), data.test))
