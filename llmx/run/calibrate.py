"""Stage `divergence_quantiles`: the threshold at which an arm has the draft share it asks for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from llmx.core.stage import Cost, StageContext, StageInput
from llmx.engines.hf import HfEngine
from llmx.run.ask import decoding_cost, decoding_identity, requests_for, required, stepped
from llmx.run.decode import check_options, positive_option
from llmx.store.files import write_json

_TRIES = 5
_HUGE = 1e9  # nats or more: JSON has no infinity, and no divergence of a finite model reaches it


class CalibrateStage:
    """Writes ``calibration.json``. Applies to arms that give a draft share and no threshold.

    Options: ``split`` (default calibration) and ``problems`` (default: the scale's). Arms on vLLM
    are calibrated by llmx's own loop, which loads the same pair.
    """

    kind: ClassVar[str] = "divergence_quantiles"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """What decoding depends on, the share asked for, and how many problems."""
        check_options(given, {"split", "problems"})
        found = decoding_identity(
            stepped(given.arm, "be calibrated"), _split(given), given.stage.name
        )
        return {**found, "problems": _problems(given), "tries": _TRIES}

    def applies(self, given: StageInput) -> bool:
        """Only where a draft share has to be turned into a threshold."""
        return given.arm.sampler is not None and given.arm.sampler.needs_calibration

    def plan(self, given: StageInput) -> Cost:
        """One replay and at most five decodes of the calibration problems."""
        return decoding_cost(given.arm, _problems(given) * (_TRIES + 1))

    def run(self, context: StageContext) -> None:
        """Replay blocks, solve, and correct by decoding."""
        from llmx.methods.decode.calibrate import calibrate

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
        write_json(
            context.out / "calibration.json",
            {
                "asked_share": found.asked,
                "threshold": _finite(found.threshold),
                "predicted_share": found.predicted,
                "achieved_share": found.achieved,
                "algorithm": sampler.algorithm,
                "divergence": sampler.divergence,
                "semantics": sampler.semantics,
                "note": found.note,
                "trace": [[_finite(threshold), share] for threshold, share in found.trace],
            },
        )


def _finite(threshold: float) -> float:
    return math.copysign(_HUGE, threshold) if math.isinf(threshold) else threshold


def _split(given: StageInput) -> str:
    return str(given.stage.options.get("split", "calibration"))


def _problems(given: StageInput) -> int:
    data, _ = required(given.arm, given.stage.name)
    wanted = positive_option(given, "problems", given.arm.scale.calibration_problems)
    return min(wanted, data.calibration)
