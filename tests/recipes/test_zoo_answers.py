"""Models that ship answer as their cards say, on the very problems that the cards count."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import llmx
from llmx.core.progress import Silent
from llmx.core.record import Record
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, SamplerSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.data import load
from llmx.scoring.gsm import GsmScorer
from llmx.stages.decode import DecodeStage
from llmx.store.rows import rows

ZOO = Path(str(llmx.__file__)).parent / "zoo"
GREEDY = SamplerSpec(algorithm="target", temperature=0.0, top_p=1.0, max_tokens=128)
ROUNDED = 2  # answers that float16 weights and another batch size may turn


def one_cluster(facts: dict[str, Any], cluster: str, problems: int) -> DataSpec:
    """The data of a card with one of its templates: each draws its problems alone."""
    kept = {name: value for name, value in facts["data"].items() if name != "options"}
    options = facts["data"].get("options", {})
    if kept["kind"] == "gsm_symbolic":
        kept["templates"], kept["heldout_templates"] = [int(cluster.rpartition("-")[2])], []
    else:
        options = {**options, "skills": [cluster]}
    kept.update(test=problems, train=0, heldout=0)
    return DataSpec(**kept, options=options)


def answered(name: str, data: DataSpec, out: Path) -> Counter[str]:
    """Answer the test problems greedily; count right ones, and texts that have no answer."""
    engine = EngineSpec(batch_size=64)
    arm = ArmSpec(model=ModelSpec(target=f"zoo:{name}"), data=data, engine=engine, sampler=GREEDY)
    stage, asked = DecodeStage(), StageSpec(name="g", kind="decode")
    given = StageInput(asked, {"a": arm})
    stage.run(StageContext(given, stage.identity(given), {}, out, Silent()))
    problems = {sample.id: sample for sample in load(data, "test")}
    scorer = GsmScorer()
    scores = [scorer.score(one, problems[one.id]) for one in rows(out / "samples.jsonl", Record)]
    assert len(scores) == len(problems) == data.test
    return Counter(
        {"right": sum(s.correct for s in scores), "unread": sum(s.unparsed for s in scores)}
    )


@pytest.mark.parametrize(
    ("name", "cluster"),
    [
        ("gsm_direct", "template-31"),
        ("gsm_direct_small", "template-31"),
        ("arithmetic_direct", "small_total_3"),
        ("arithmetic_worked", "small_total_3"),
    ],
)
def test_a_model_answers_as_its_card_says(name, cluster, tmp_path):
    facts = json.loads((ZOO / name / "about.json").read_text(encoding="utf-8"))
    right, asked = facts["measured"]["test split, greedy"]["by_template"][cluster]
    found = answered(name, one_cluster(facts, cluster, asked), tmp_path)
    assert right > 2 * ROUNDED, "a card of zeros holds nobody to anything"
    assert abs(found["right"] - right) <= ROUNDED
    assert found["unread"] <= ROUNDED  # it was taught one form
