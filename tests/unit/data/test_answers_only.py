"""Without worked solutions: the same problems, an answer that the scorer reads, nothing else."""

import pytest

from llmx.core.errors import ConfigError
from llmx.core.record import Record
from llmx.core.registry import lookup
from llmx.core.spec import DataSpec
from llmx.data import evaluation_identity, identity, load
from llmx.data.templated import steps_by_cluster
from llmx.scoring.gsm import GsmScorer, strict_answer
from llmx.store.fingerprint import fingerprint

SPLITS = ("test", "calibration", "heldout", "train")
GSM = DataSpec(
    kind="gsm_symbolic",
    templates=(43, 10, 62, 3, 44, 30),
    heldout_templates=(33,),
    test=60,
    calibration=12,
    train=240,
    heldout=6,
)
ARITHMETIC = DataSpec(kind="worked_arithmetic", test=60, calibration=12, train=240, heldout=6)
BOTH = pytest.mark.parametrize("spec", [GSM, ARITHMETIC], ids=lambda spec: spec.kind)


def asking(spec: DataSpec, **options: object) -> DataSpec:
    return spec.model_copy(update={"options": {**spec.options, **options}})


def direct(spec: DataSpec) -> DataSpec:
    return asking(spec, solutions="none")


@BOTH
@pytest.mark.parametrize("wording", ["varied", "fixed"])
def test_the_same_problems_in_the_same_order(spec, wording):
    spec = spec.model_copy(update={"wording": wording})
    for split in SPLITS:
        worked, alone = load(spec, split), load(direct(spec), split)
        assert len(worked) == getattr(spec, split)
        plain = [one.model_copy(update={"solution": ""}) for one in worked]
        assert plain == [one.model_copy(update={"solution": ""}) for one in alone]


@BOTH
def test_a_solution_is_the_last_line_of_the_worked_one_and_the_scorer_reads_it(spec):
    for split in SPLITS:
        for worked, alone in zip(load(spec, split), load(direct(spec), split), strict=True):
            assert alone.solution == f"#### {alone.answer}"
            assert worked.solution != alone.solution and worked.solution.endswith(alone.solution)
            assert strict_answer(alone.solution) == GsmScorer().reference(alone)


@BOTH
def test_the_scorer_calls_every_solution_right(spec):
    for sample in load(direct(spec), "train"):
        record = Record(
            id=sample.id, prompt_ids=(1,), completion_ids=(2,), prompt="", text=sample.solution,
            finish="eos", rounds=1,
        )  # fmt: skip
        score = GsmScorer().score(record, sample)
        assert score.correct and not score.unparsed


@BOTH
def test_worked_solutions_go_without_saying(spec):
    said = asking(spec, solutions="worked")
    assert "options" not in identity(spec)["spec"]
    assert identity(said) == identity(spec) != identity(direct(spec))
    assert evaluation_identity(said, "test") == evaluation_identity(spec, "test")
    assert identity(direct(spec))["spec"]["options"] == {"solutions": "none"}


@pytest.mark.parametrize(
    ("spec", "name"), [(GSM, "19492ae7e11482dc73e7"), (ARITHMETIC, "833df7ab906a3d60da3b")]
)
def test_identities_from_before_are_kept(spec, name):
    """The names were written down before there was a choice of solutions."""
    assert fingerprint(identity(spec)) == name


def test_skills_that_are_written_out_stay_in_the_identity():
    said = asking(ARITHMETIC, skills=["total"])
    assert identity(said)["spec"]["options"] == {"skills": ["total"]}
    assert identity(direct(said))["spec"]["options"] == {"skills": ["total"], "solutions": "none"}


@pytest.mark.parametrize("options", [{"solutions": "some"}, {"solution": "none"}, {"solutions": 0}])
@BOTH
def test_another_choice_is_one_line(spec, options):
    for make in (identity, lookup("data", spec.kind)):
        with pytest.raises(ConfigError) as error:
            make(asking(spec, **options))
        assert "solution" in str(error.value) and "\n" not in str(error.value)


@BOTH
def test_steps_are_those_of_the_worked_solutions_whether_these_are_written_or_not(spec):
    fixed = spec.model_copy(update={"wording": "fixed"})
    for split in SPLITS:
        steps = steps_by_cluster(direct(spec), split)
        for sample in load(fixed, split):
            body = sample.solution.partition("####")[0]
            ends = body.strip().splitlines() if spec is GSM else body.strip().split(". ")
            assert steps[sample.cluster] == len(ends), sample
    assert len(set(steps_by_cluster(spec, "test").values())) > 1


def test_a_kind_without_templates_has_no_steps():
    assert steps_by_cluster(DataSpec(kind="countdown"), "test") == {}
