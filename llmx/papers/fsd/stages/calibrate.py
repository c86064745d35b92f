"""Stage `divergence_quantiles`: the threshold at which an arm has what it asks for.

That is a draft share, or an accuracy beside lossless SD's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from llmx.core.options import StageOptions
from llmx.core.spec import ArmSpec, SamplerSpec
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data import load
from llmx.engines.hf import HfEngine
from llmx.papers.fsd.stages.keep_accuracy import (
    CalibrateOptions,
    Trials,
    check_split,
    scorer_identity,
    scorer_of,
    search,
)
from llmx.stages.requests import decoding_cost, decoding_identity, requests_for, required, stepped
from llmx.store.files import write_json

_TRIES = 5
_ACCURACY_TRIES = 8
_HUGE = 1e9  # nats or more: JSON has no infinity, and no divergence of a finite model reaches it


class CalibrateStage:
    """Writes ``calibration.json``. Applies to arms that give no threshold.

    An arm with ``sampler.draft_share`` gets the threshold that has this share; one with
    ``sampler.accuracy_loss`` the loosest that loses no more of lossless SD's accuracy.

    Arms on vLLM are calibrated by llmx's own loop, which loads the same pair.
    """

    Options: ClassVar[type[StageOptions]] = CalibrateOptions
    kind: ClassVar[str] = "divergence_quantiles"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """What decoding depends on, what is asked for, how many problems, and who scores them."""
        arm = _widened(stepped(given.arm, "be calibrated"), given)
        found = decoding_identity(arm, _split(given), given.stage.name)
        if not _keeps_accuracy(arm.sampler):
            return {**found, "problems": _problems(given), "tries": _TRIES}
        check_split(given, _split(given))
        scorer = scorer_of(given)
        return {
            **found,
            "problems": _problems(given),
            "accuracy_problems": _scored(given),
            "scorer": scorer.kind,
            "scorer_version": scorer.version,
            **scorer_identity(given),
            "tries": _ACCURACY_TRIES,
        }

    def applies(self, given: StageInput) -> bool:
        """Only where something has to be turned into a threshold."""
        return given.arm.sampler is not None and given.arm.sampler.needs_calibration

    def plan(self, given: StageInput) -> Cost:
        """A replay, and at most five decodes for a share or nine for an accuracy."""
        if not _keeps_accuracy(given.arm.sampler):
            return decoding_cost(given.arm, _problems(given) * (_TRIES + 1))
        decodes = _scored(given) * (_ACCURACY_TRIES + 1)  # and SD's
        return decoding_cost(given.arm, _problems(given) + decodes)

    def run(self, context: StageContext) -> None:
        """Replay blocks, solve, and correct by decoding."""
        keeps = _keeps_accuracy(context.given.arm.sampler)
        found = _to_accuracy(context) if keeps else _to_share(context)
        write_json(context.out / "calibration.json", found)


def _to_share(context: StageContext) -> dict[str, Any]:
    """Return what is written of a threshold that has the asked share."""
    from llmx.papers.fsd.calibrate import calibrate

    given = context.given
    arm = stepped(given.arm, "be calibrated")
    _, sampler = required(arm, given.stage.name)
    assert sampler.draft_share is not None
    context.progress.start(_TRIES + 1, unit="decodes at most")
    engine = HfEngine(arm.model, arm.engine, context.inputs)
    requests = requests_for(arm, _split(given), _problems(given), threshold=None)
    found = calibrate(
        engine.pair.target,
        engine.pair.draft,
        [engine.prompt_ids(request) for request in requests],
        [request.id for request in requests],
        engine.options(sampler, threshold=0.0),
        arm.seed,
        sampler.draft_share,
        tries=_TRIES,
        batch=arm.engine.batch_size,
        stop=engine.stopper(sampler),
        tick=context.progress.advance,
    )
    return {
        "asked_share": found.asked,
        "threshold": _finite(found.threshold),
        "predicted_share": found.predicted,
        "achieved_share": found.achieved,
        **_rule(sampler),
        "note": found.note,
        "trace": [[_finite(threshold), share] for threshold, share in found.trace],
    }


def _to_accuracy(context: StageContext) -> dict[str, Any]:
    """Return what is written of the loosest threshold that keeps the asked accuracy."""
    given = context.given
    arm = _widened(stepped(given.arm, "be calibrated"), given)
    data, sampler = required(arm, given.stage.name)
    assert sampler.accuracy_loss is not None
    context.progress.start(_ACCURACY_TRIES + 2, unit="decodes at most")
    engine = HfEngine(arm.model, arm.engine, context.inputs)
    thresholds = _thresholds(engine, arm, given)
    context.progress.advance()
    samples = load(data, _split(given), _scored(given))
    trials = Trials(engine, arm, samples, scorer_of(given), context.progress.advance)
    found = search(trials, thresholds, sampler.accuracy_loss, _ACCURACY_TRIES)
    return {**found, **_rule(sampler)}


def _thresholds(engine: HfEngine, arm: ArmSpec, given: StageInput) -> list[float]:
    """Return the thresholds to choose from, the strictest first."""
    from llmx.papers.fsd.calibrate import solve_shares
    from llmx.papers.fsd.loosest import rungs

    _, sampler = required(arm, given.stage.name)
    requests = requests_for(arm, _split(given), _problems(given), threshold=None)
    options = engine.options(sampler, threshold=0.0)
    solver = solve_shares(
        engine.pair.target,
        engine.pair.draft,
        [engine.prompt_ids(request) for request in requests],
        [request.id for request in requests],
        options,
        arm.seed,
        arm.engine.batch_size,
        engine.stopper(sampler),
    )
    found = (_finite(options.threshold_at(distance)) for distance in rungs(solver))
    return list(dict.fromkeys(found))


def _rule(sampler: SamplerSpec) -> dict[str, Any]:
    return {name: getattr(sampler, name) for name in ("algorithm", "divergence", "semantics")}


def _keeps_accuracy(sampler: SamplerSpec | None) -> bool:
    return sampler is not None and sampler.accuracy_loss is not None


def _widened(arm: ArmSpec, given: StageInput) -> ArmSpec:
    """Return the arm with as many calibration problems as an accuracy is asked of.

    The shares of other arms keep their problems: a split that grows keeps its first ones.
    """
    if arm.data is None or not _keeps_accuracy(arm.sampler):
        return arm
    size = max(arm.data.calibration, _scored(given))
    return arm.model_copy(update={"data": arm.data.model_copy(update={"calibration": size})})


def _scored(given: StageInput) -> int:
    """Return how many problems are answered and scored under each threshold."""
    return given.read(CalibrateOptions).accuracy_problems or _problems(given)


def _finite(threshold: float) -> float:
    return math.copysign(_HUGE, threshold) if math.isinf(threshold) else threshold


def _split(given: StageInput) -> str:
    return given.read(CalibrateOptions).split


def _problems(given: StageInput) -> int:
    data, _ = required(given.arm, given.stage.name)
    wanted = given.read(CalibrateOptions).problems or given.arm.scale.calibration_problems
    return min(wanted, data.calibration)
