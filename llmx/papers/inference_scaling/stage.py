"""Stage `scaling`: which way of spending more compute pays, from pools and methods with calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from llmx.core.errors import ConfigError, DataError
from llmx.core.names import families, family, seed_of
from llmx.core.options import ArmName, Count, StageOptions
from llmx.core.section import Section
from llmx.core.spec import ArmSpec, trained_arms
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.papers.inference_scaling.sections import FrontierSection, ScalingSection
from llmx.stages.pool import PoolSection

if TYPE_CHECKING:
    from llmx.papers.inference_scaling.assembled import AssembledArm, EstimatorSettings, SeedPool
    from llmx.papers.inference_scaling.document import FloorTest
    from llmx.papers.inference_scaling.frontiers import Frontiers
    from llmx.papers.inference_scaling.shown_problem import ShownProblem

ALWAYS = ("completion", "longest")
"""Costs by which frontiers are told beside that of ``frontier.cost``: voting wins one of them."""


class ScalingOptions(StageOptions):
    """What is computed of pools and outcomes."""

    title: str = Field(default="Inference-time scaling", description="title of the page")
    sizes: tuple[Count, ...] | None = Field(
        default=None,
        min_length=1,
        description="numbers of draws N; null = 1, 2, 4 … up to the pool's",
        examples=["numbers of draws: [1, 4, 16]"],
    )
    keep: float = Field(
        default=0.5, gt=0, le=1, description="share of the draws that vote where the shortest do"
    )
    threshold: float = Field(
        default=0.95,
        ge=0.5,
        lt=1,
        description="probability of the leader at which the vote is stopped",
    )
    floors: tuple[tuple[ArmName, ArmName], ...] | None = Field(
        default=None,
        description="pairs of a weaker and a stronger arm; null = each direct and reasoning arm",
        examples=["pairs of arms: [[worked_direct, worked]]"],
    )
    gain: float = Field(
        default=2.0, ge=0, le=100, description="points below the best that the page calls enough"
    )
    resamples: Count = Field(default=1000, ge=100, description="of the bootstrap over problems")
    seed: int = Field(default=0, ge=0, description="of all that is drawn here")
    shown: Count | None = Field(
        default=None, description="place of the problem whose draws are shown; null = the closest"
    )


class ScalingStage:
    """Over recipe. Needs `pool` and `classes`; reads the methods with calls among its needs.

    A `decode_speed` among them gives the seconds of points; without one there are none.

    Writes ``scaling.json`` (:class:`llmx.report.priced.PricedPoints`), ``figures.json``, a table of
    markers an arm (``markers.json``), ``scaling.md``, ``scaling.html`` and pictures.
    """

    Options: ClassVar[type[StageOptions]] = ScalingOptions
    sections: ClassVar[tuple[type[Section], ...]] = (PoolSection, FrontierSection, ScalingSection)
    kind: ClassVar[str] = "scaling"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The options, the arms in their order, their models and prices, who was trained.

        Raises:
            ConfigError: for more draws than a pool has, an arm of a floor test without a class,
                a pool of one answer, arms with different kinds of cost, or seconds that nobody
                will measure.
        """
        options = given.read(ScalingOptions)
        _check_seconds(given)
        check_pools(options, given)
        return {
            "options": options.model_dump(mode="json"),
            "arms": list(given.arms),
            "cost": cost_of(given),
            "floors": floors_of(options, given),
            "models": {name: _model(arm) for name, arm in given.arms.items()},
            "trained": sorted(trained_arms(given.arms, given.stages)),
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """A millisecond a draw, and some seconds for the page."""
        draws = sum((a.scale.problems or 0) * _draws(a) for a in given.arms.values())
        return Cost(seconds=3.0 + draws / 1200)

    def run(self, context: StageContext) -> None:
        """Compute points, frontiers, floors and comparisons, and write the page."""
        from llmx.papers.inference_scaling.assembled import assembled
        from llmx.papers.inference_scaling.written import ScalingRun, write

        given, options = context.given, context.given.read(ScalingOptions)
        told, members = _told(options), families(given.arms)
        context.progress.start(len(members) + 1, unit="arms")
        trained = trained_arms(given.arms, given.stages)
        seeds = {name: _seeds(context, of) for name, of in members.items()}
        found: list[AssembledArm] = []
        for name, of in members.items():
            kind = _class(given.arms[of[0]])
            found.append(assembled(name, kind, seeds[name], of[0] in trained, told))
            context.progress.advance()
        models = {
            name: {seed: one.model for seed, one in own.items()} for name, own in seeds.items()
        }
        run = ScalingRun(
            cost_of(given),
            tuple(found),
            models,
            _frontiers(found, cost_of(given), told),
            tuple(_floors(found, floors_of(options, given), told)),
        )
        problem = _problem(found, seeds, options)
        write(context.out, run, options.title, options.gain / 100, problem)
        context.progress.advance()


def cost_of(given: StageInput) -> str:
    """Return the kind of cost on the axis, ``frontier.cost``; one for all arms.

    Raises:
        ConfigError: for arms that have different ones.
    """
    named = {arm.section(FrontierSection) or FrontierSection() for arm in given.arms.values()}
    if len(named) > 1:
        costs = ", ".join(sorted(one.cost for one in named))
        text = f"arms have different costs on the axis: {costs}"
        raise ConfigError(text, "set frontier.cost for all arms, not in one")
    return next(iter(named), FrontierSection()).cost


def _check_seconds(given: StageInput) -> None:
    """Refuse an axis of seconds where no stage measures them."""
    if cost_of(given) != "seconds" or any(_is_timed(given, need) for need in given.stage.needs):
        return
    text = f"frontier.cost=seconds, and nothing that stage '{given.stage.name}' needs measures any"
    raise ConfigError(text, "add a stage of kind decode_speed to its needs, or frontier.cost=flops")


def _is_timed(given: StageInput, need: str) -> bool:
    from llmx.stages.speed import SpeedStage

    stage = given.stages.get(need)
    if stage is None or stage.kind != SpeedStage.kind:
        return False
    return SpeedStage().applies(replace(given, stage=stage))


def floors_of(options: ScalingOptions, given: StageInput) -> list[tuple[str, str]]:
    """Return the pairs of arms of floor tests, the weaker first, by family.

    Raises:
        ConfigError: for an arm among them without a class, or where some arms have one and others
            have not.
    """
    kinds = {name: _class(given.arms[of[0]]) for name, of in families(given.arms).items()}
    if options.floors is not None:
        pairs = [(family(one), family(other)) for one, other in options.floors]
        known = [(one, other) for one, other in pairs if one in kinds and other in kinds]
        _need_classes(kinds, [name for pair in known for name in pair])
        return known
    if any(kinds.values()):
        _need_classes(kinds, kinds)
    return [
        (one, other)
        for one, kind in kinds.items()
        for other, theirs in kinds.items()
        if (kind, theirs) == ("direct", "reasoning")
    ]


def _need_classes(kinds: Mapping[str, str | None], names: Iterable[str]) -> None:
    bare = next((name for name in names if kinds[name] is None), None)
    if bare is not None:
        text = f"'{bare}' is in a floor test and has no class"
        raise ConfigError(text, f"arms.{bare}: [scaling.class=reasoning], or direct")


def check_pools(options: ScalingOptions, given: StageInput) -> None:
    """Refuse what no pool can answer.

    Raises:
        ConfigError: for a size above a pool, or a pool that is drawn greedily.
    """
    for name, arm in given.arms.items():
        draws = _draws(arm)
        most = max(options.sizes or (1,))
        if most > draws:
            text = f"stages.{given.stage.name}.sizes asks for {most} draws, '{name}' has {draws}"
            raise ConfigError(text, f"pool.draws={most}, or smaller sizes")
        if draws > 1 and arm.sampler is not None and arm.sampler.temperature == 0:
            text = f"'{name}' draws {draws} answers at temperature 0, and they are all one"
            raise ConfigError(text, "sampler.temperature=1, or pool.draws=1")


def _draws(arm: ArmSpec) -> int:
    return (arm.section(PoolSection) or PoolSection()).draws


def _class(arm: ArmSpec) -> str | None:
    found = arm.section(ScalingSection)
    return None if found is None else found.named


def _model(arm: ArmSpec) -> dict[str, Any]:
    """Return what the costs of an arm depend on: the size of its model, and prices."""
    from llmx.engines.size import local_size

    named = arm.model.target if arm.model else None
    size = local_size(named)
    return {
        "parameters": size.parameters,
        "layers": size.layers,
        "width": size.hidden,
        "prices": [arm.engine.price_in, arm.engine.price_out],
    }


def _told(options: ScalingOptions) -> EstimatorSettings:
    from llmx.papers.inference_scaling.assembled import EstimatorSettings

    return EstimatorSettings(
        options.sizes, options.keep, options.threshold, options.resamples, options.seed
    )


def _seeds(context: StageContext, members: Sequence[str]) -> dict[str, SeedPool]:
    from llmx.papers.inference_scaling.assembled import SeedPool
    from llmx.papers.inference_scaling.gathered import folders_of, model_cost, token_seconds

    arms, timed = context.given.arms, token_seconds(context.inputs)
    return {
        seed_of(name): SeedPool(
            folders_of(context.inputs, name), model_cost(arms[name], timed.get(family(name)))
        )
        for name in members
    }


def _frontiers(
    found: Sequence[AssembledArm], cost: str, told: EstimatorSettings
) -> dict[str, Frontiers]:
    """Return the frontiers by the axis' cost, and by those that are always told.

    Raises:
        DataError: if no point has the cost of the axis.
    """
    from llmx.papers.inference_scaling.frontiers import frontiers

    arms = [one.points for one in found]
    counted = dict.fromkeys(kind for arm in arms for table in arm.tables for kind in table.costs)
    if cost not in counted:
        known = ", ".join(counted)
        raise DataError(f"nobody counted {cost} in this run", f"frontier.cost= one of {known}")
    kinds = [kind for kind in dict.fromkeys((cost, *ALWAYS)) if kind in counted]
    return {kind: frontiers(arms, kind, resamples=told.resamples, seed=told.seed) for kind in kinds}


def _floors(
    found: Sequence[AssembledArm], pairs: Sequence[tuple[str, str]], told: EstimatorSettings
) -> Iterator[FloorTest]:
    from llmx.papers.inference_scaling.document import FloorTest

    known = {one.points.arm: one.points for one in found}
    for weaker, stronger in pairs:
        if weaker in known and stronger in known:
            yield FloorTest(known[weaker], known[stronger], told.resamples, told.seed)


def _problem(
    found: Sequence[AssembledArm],
    seeds: Mapping[str, Mapping[str, SeedPool]],
    options: ScalingOptions,
) -> ShownProblem | None:
    from llmx.papers.inference_scaling.shown_problem import closest, shown

    if not found:
        return None
    folders = {name: next(iter(own.values())).folders for name, own in seeds.items()}
    drawn = next(iter(found[0].points.drawn.values()))
    return shown(folders, closest(drawn) if options.shown is None else options.shown - 1)
