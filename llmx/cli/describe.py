"""``llmx describe``: one recipe for a person who has not opened its file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmx.cli.console import show, size, spoken, table
from llmx.cli.options import Debug, Plugins, RecipeName, Recipes

if TYPE_CHECKING:
    from llmx.config.recipe import Recipe
    from llmx.core.spec import RunSpec
    from llmx.graph.plan import Plan


def describe(
    recipe: RecipeName,
    keys: Annotated[bool, typer.Option("--keys", help="List all keys with their values.")] = False,
    stages: Annotated[
        bool, typer.Option("--stages", help="List the options that its kinds of stages have.")
    ] = False,
    recipes: Recipes = None,
    plugins: Plugins = None,
    debug: Debug = False,
) -> None:
    """Describe a recipe: what it is for, its stages, arms, scales, evidence and deviations.

    \b
    Examples:
      llmx describe fsd_gsm8k
      llmx describe fsd_gsm8k --keys
      llmx describe fsd_gsm8k --stages
    """
    if keys:
        _keys(recipe, recipes or ())
    if keys and not stages:
        return
    from llmx.config import places
    from llmx.config.problems import Problems
    from llmx.config.recipe import parse
    from llmx.config.yaml_file import read

    group, path = places.find(recipe, places.roots(recipes or ()))
    problems = Problems()
    read_one = parse(read(path), group, problems)
    problems.raise_any()
    show(*(_options(read_one) if stages else _parts(read_one)))


def _parts(recipe: Recipe) -> Iterator[Any]:
    from llmx.config.reaches import reaches
    from llmx.config.yaml_file import shown

    document = recipe.document
    yield f"{recipe.group}/{recipe.name}  ({shown(document.path)})"
    yield ""
    yield document.header or recipe.words.get("description", "")
    stages = [
        (name, str(s.get("kind")), str(s.get("over", "arm")), ", ".join(s.get("needs") or ()))
        for name, s in recipe.stages.items()
    ]
    yield table(("stage", "kind", "over", "needs"), stages)
    yield table(("arm", "beside", "sets"), list(_arms(recipe)))
    outside = [(f"{shown(document.path)}:{one.line}", one.text) for one in reaches(recipe)]
    columns = ("scale", "problems", "seeds", "time", "memory", "sets")
    # What asks for something outside is told of, not planned: a plan looks at models and data.
    sizes = _unplanned(recipe) if outside else _scales(recipe)
    yield table(columns, list(sizes), right=columns[1:5], whole=columns[1:5])
    if recipe.evidence:
        rows = [(key, e["grade"], e["where"]) for key, e in recipe.evidence.items()]
        yield table(("setting", "evidence", "where it comes from"), rows)
    if outside:
        yield table(("line", "what it asks for outside of llmx"), outside, whole=("line",))
    if recipe.deviations:
        yield table(("scale", "differs from the paper on purpose"), list(_deviations(recipe)))


def _unplanned(recipe: Recipe) -> Iterator[tuple[str, ...]]:
    for scale in dict.fromkeys([*_SCALES, *recipe.scales]):
        yield scale, "–", "–", "–", "–", " ".join(recipe.scales.get(scale, ()))


def _scales(recipe: Recipe) -> Iterator[tuple[str, ...]]:
    """Yield how large each scale is, by its plan in one process; what nobody knows is a dash."""
    from llmx import api
    from llmx.core.errors import LlmxError

    for scale in dict.fromkeys([*_SCALES, *recipe.scales]):
        sets = " ".join(recipe.scales.get(scale, ()))
        try:
            # By its path: it is this file, whatever else has its name.
            plan = api.plan(str(recipe.document.path), f"scale={scale}", workers=1)
            yield (scale, *_size(plan), sets)
        except LlmxError as error:
            yield scale, "–", "–", "–", "–", f"{sets} ({error.message.splitlines()[0]})".strip()


_SCALES = ("smoke", "laptop", "desk", "paper")


def _size(plan: Plan) -> Iterator[str]:
    arms = plan.spec.arms.values()
    most = {arm.scale.problems for arm in arms}
    yield "all" if most == {None} else f"{max(count or 0 for count in most):,}"
    yield str(len({arm.seed for arm in arms}))
    yield "not known" if plan.unknown else spoken(plan.seconds)
    yield size(plan.memory.total) if plan.memory.total else "not known"


def _deviations(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Yield each deviation once, with the scales that it is of."""
    scales: dict[str, list[str]] = {}
    for scale, lines in recipe.deviations.items():
        for line in lines:
            scales.setdefault(line, []).append(scale)
    yield from ((", ".join(of), line) for line, of in scales.items())


def _options(recipe: Recipe) -> Iterator[Any]:
    """Yield a table for each kind of stage that the recipe has."""
    from llmx.core.options import described, model_of

    kinds = dict.fromkeys(str(stage.get("kind")) for stage in recipe.stages.values())
    for kind in kinds:
        names = [name for name, stage in recipe.stages.items() if stage.get("kind") == kind]
        model = model_of(kind)
        yield f"{kind}: {', '.join(names)}"
        if model is None or not model.model_fields:
            yield "any option, as the kind itself reads them" if model is None else "no options"
            yield ""
            continue
        rows = [
            (o.name, "(required)" if o.default is None else o.default, o.about)
            for o in described(model)
        ]
        yield table(("option", "default", "what it is"), rows)


def _arms(recipe: Recipe) -> Iterator[tuple[str, str, str]]:
    """Yield each arm, what it is compared with, and what it sets."""
    common = recipe.words.get("reference", "")
    for name, given in recipe.arms.items():
        reference = recipe.references.get(name, common)
        beside = "(a reference)" if name == reference else reference
        yield name, beside, " ".join(given)


def _keys(recipe: str, recipes: Any) -> None:
    from llmx.config.compose import compose

    spec = compose(recipe, extra_paths=recipes)
    held: dict[str, dict[str, None]] = {}
    for key, value in _settings(spec):
        held.setdefault(key, {})[str(value)] = None
    rows = [(key, " | ".join(values)) for key, values in held.items()]
    show(table(("key", "value (over the arms)"), rows))


def _settings(spec: RunSpec) -> Iterator[tuple[str, Any]]:
    """Yield (key, value) of every setting of every arm, and of the stages as each has them."""
    from llmx.config.stages import flat_options

    for arm in spec.arms.values():
        held = arm.model_dump(mode="json", exclude={"stages", "more"})
        for section, value in {**held, **arm.more}.items():
            fields = value if isinstance(value, dict) else {"": value}
            for field, item in fields.items():
                yield f"{section}.{field}".rstrip("."), item
    for stage in spec.stages:
        for arm in spec.arms.values():
            for key, value in flat_options(stage.of_arm(arm).options):
                yield f"stages.{stage.name}.{key}", value
