"""Which arms answer with a model that was trained for them: another seed is another model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from llmx.core.spec import ArmSpec, ModelSpec, StageSpec

_STAGE = "stage:"


def trained_arms(
    arms: Mapping[str, ArmSpec], stages: Mapping[str, StageSpec], *, one_run: bool = True
) -> frozenset[str]:
    """Return the arms whose answers may come from a model that a stage trains for the arm alone.

    ``stage:NEED`` names such a model, in the arm (target, draft, voices of an ensemble) or in the
    option ``model`` of a stage. A stage that trains ``over: recipe`` gives all arms and all seeds
    one model, which is then no different from one that was there before. Where it cannot be known
    which of several models answers, or what the stage is, the arm counts as trained: the intervals
    are then wider than they had to be, and never too narrow.

    Args:
        stages: of the recipe, by name.
        one_run: False where arms of two runs meet: what each run has trained for all of its arms
            is then another model in the other run.
    """

    def own(name: str) -> bool:
        stage = stages.get(name.removeprefix(_STAGE))
        return not one_run or stage is None or stage.over == "arm"

    return frozenset(
        arm
        for arm, spec in arms.items()
        if any(name.startswith(_STAGE) and own(name) for name in _named_by(spec, stages))
    )


def _named_by(spec: ArmSpec, stages: Mapping[str, StageSpec]) -> Iterator[str]:
    """Yield every model that an arm names, or a stage as the arm has it."""
    yield from _models(spec)
    for stage in stages.values():
        yield from _named(stage.of_arm(spec).options.get("model"))


def _named(option: object) -> list[str]:
    names = option if isinstance(option, list) else [option]
    return [name for name in names if isinstance(name, str)]


def _models(spec: ArmSpec) -> Iterator[str]:
    """Yield every model that an arm names."""
    voices = spec.ensemble.voices.values() if spec.ensemble else ()
    for model in (spec.model, *(voice.model for voice in voices)):
        if isinstance(model, ModelSpec):
            yield from (name for name in (model.target, model.draft) if name is not None)
