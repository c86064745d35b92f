"""What stages of retrieval say before and after: rows and seconds of a plan, and an audit."""

import json

import pytest

from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, StageSpec
from llmx.core.stage import StageInput
from llmx.stages.contrastive_cost import _POINT, _STARTS, _TEXT, _counted, cost
from llmx.stages.embed import trains_tokens
from llmx.stages.retrieve import _audit, trained_checks
from llmx.train.contrastive.options import ContrastiveOptions


def checks(audit):
    return {one.check: (one.level, one.passed, one.found, one.of) for one in audit.checks}


def trained(folder, *found):
    """A training's folder with its audit."""
    held = [{"check": name, "level": level, "passed": passed} for name, level, passed in found]
    (folder / "audit.json").write_text(json.dumps({"passed": True, "checks": held}))
    return folder


# The audit of `retrieve`


def test_a_search_of_every_query_once_passes(tmp_path):
    training = trained(tmp_path, ("overlap with test", "fail", True))
    audit = _audit(["a", "b"], 2, training)
    assert audit.passed and list(checks(audit)) == [
        "overlap with test",
        "asked twice",
        "without a right target",
    ]
    assert checks(audit)["asked twice"] == ("fail", True, 0, 2)
    assert checks(audit)["without a right target"] == ("warn", True, 0, 2)


def test_a_query_that_is_asked_twice_fails():
    audit = _audit(["a", "b", "a", "a"], 4, None)
    assert not audit.passed and checks(audit)["asked twice"] == ("fail", False, 2, 4)


def test_queries_without_a_target_are_a_warning():
    audit = _audit(["a", "b"], 5, None)
    assert audit.passed and checks(audit)["without a right target"] == ("warn", False, 3, 5)


def test_what_failed_in_the_training_fails_the_search(tmp_path):
    for level, passed in (("fail", False), ("warn", True)):
        training = trained(tmp_path, ("overlap with test", level, False))
        assert _audit(["a"], 1, training).passed is passed


def test_what_a_model_from_elsewhere_has_seen_is_not_known(tmp_path):
    for training in (None, tmp_path):
        (one,) = trained_checks(training)
        assert (one.check, one.level, one.passed) == ("overlap with training", "fail", None)
        assert _audit(["a"], 1, training).passed


# The plan of a training


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Data of 40 pairs of which 30 train."""
    path = tmp_path_factory.mktemp("own") / "mine.jsonl"
    rows = ({"query": f"q {at}", "target": f"t {at}"} for at in range(40))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return DataSpec(kind="pairs_local", test=6, calibration=4, options={"path": str(path)})


def planned(data, plan=None, settings=None, **options):
    made = ContrastiveOptions(settings=settings or {}, **options)
    stages = {"batches": StageSpec(name="batches", kind="batches", options=plan or {})}
    stage = StageSpec(name="train", kind="contrastive", needs=("batches",))
    arm = ArmSpec(data=data, engine=EngineSpec(device="cpu"))
    return cost(StageInput(stage, {"a": arm}, stages=stages), made, None)


def test_rows_that_train_are_counted_in_the_file_where_no_number_is_given(own):
    assert _counted(own) == 30
    assert planned(own, settings={"num_train_epochs": 2}).samples == 60
    assert planned(own).samples == 90  # the library's three epochs
    told = own.model_copy(update={"train": 10})
    assert planned(told, settings={"num_train_epochs": 2}).samples == 20


def test_rows_that_cannot_be_read_yet_are_not_known(own):
    gone = own.model_copy(update={"options": {"path": "nothing.jsonl"}})
    assert _counted(gone) == 0
    found = planned(gone)
    assert found.seconds is None and found.samples == 0 and "data.train=N" in found.unknown


def test_steps_are_batches_of_the_plan(own):
    assert planned(own, {"size": 16}, {"max_steps": 5}).samples == 80
    assert planned(own, settings={"max_steps": 5}).samples == 5 * 128


@pytest.mark.parametrize(
    ("plan", "annotated", "texts"),
    [({}, 0, 2), ({"negatives": 5}, 0, 7), ({}, 1, 3), ({"negatives": 5}, 1, 8)],
)
def test_every_text_of_a_row_takes_its_time(own, plan, annotated, texts):
    found = planned(own, plan, {"num_train_epochs": 1}, annotated=annotated, evaluations=3)
    assert found.seconds == pytest.approx(_STARTS + _TEXT * texts * 30 + 3 * _POINT)


# Whose vectors are those of tokens


def test_a_stage_trains_tokens_where_its_student_is_static():
    stages = {
        "usual": StageSpec(name="usual", kind="contrastive", options={}),
        "static": StageSpec(name="static", kind="contrastive", options={"student": "static"}),
        "whole": StageSpec(name="whole", kind="contrastive", options={"student": "whole"}),
        "cut": StageSpec(name="cut", kind="contrastive", options={"student": "layers:2"}),
    }
    given = StageInput(StageSpec(name="r", kind="retrieve"), {"a": ArmSpec()}, stages=stages)
    said = {name: trains_tokens(given, f"stage:{name}") for name in (*stages, "other")}
    assert said == {
        "usual": True,
        "static": True,
        "whole": False,
        "cut": False,
        "other": False,
    }
