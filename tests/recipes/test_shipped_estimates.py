"""What `llmx list` says of time and needs is what plans say: recipes/_estimates.json."""

import json
import os
from pathlib import Path

import pytest
from counts import some

from llmx import api
from llmx.config.estimates import FILE, RecipeEstimate, estimate_of
from llmx.config.index import entries
from llmx.config.places import builtin
from llmx.graph.plan import Plan

ENTRIES = [entry for entry in entries() if not entry.error]
KEPT = builtin() / FILE
UPDATE = bool(os.environ.get("LLMX_UPDATE_GOLDEN"))


def needs(plan: Plan) -> str:
    if plan.needs:
        return "hub"
    arms = plan.spec.arms.values()
    voices = [v for arm in arms if arm.ensemble for v in arm.ensemble.voices.values()]
    engines = [*(arm.engine for arm in arms), *(v.engine for v in voices if v.engine)]
    return "endpoint" if any(engine.is_elsewhere for engine in engines) else "offline"


def found(name: str) -> RecipeEstimate:
    plan = api.plan(name, workers=1)
    return RecipeEstimate(None if plan.unknown else round(plan.seconds), needs(plan))


def test_every_recipe_that_ships_has_its_row() -> None:
    if UPDATE:
        rows = {f"{e.group}/{e.name}": vars(found(e.name)) for e in ENTRIES}
        KEPT.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    assert set(json.loads(KEPT.read_text())) == {f"{e.group}/{e.name}" for e in ENTRIES}


@pytest.mark.parametrize("entry", some(ENTRIES, 6), ids=lambda entry: entry.name)
def test_a_row_is_the_plan_of_its_recipe(entry, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("LLMX_CACHE", str(tmp_path))  # a machine that was not measured
    kept, now = estimate_of(entry), found(entry.name)
    assert kept.needs == now.needs
    assert (kept.seconds is None) == (now.seconds is None)
    # Another forward (engine.kernel) where there is no compiler.
    assert kept.seconds is None or 0.4 < (kept.seconds + 1) / (now.seconds + 1) < 2.5
