"""A rule calibrated to an accuracy: on calibration problems alone, and said with its error."""

from math import sqrt

import pytest

from llmx.core.errors import ConfigError
from llmx.core.progress import Silent
from llmx.core.record import Record, Sample
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, SamplerSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.data import load
from llmx.papers.fsd.stages.calibrate import CalibrateStage
from llmx.papers.fsd.stages.keep_accuracy import scorer_of, search
from llmx.scoring.gsm import GsmScorer
from llmx.stages.decode import DecodeStage
from llmx.stages.requests import lossless_of
from llmx.store.files import read_json, read_lines

DATA = DataSpec(kind="gsm_symbolic", templates=(43, 10), test=6, calibration=4)
PAIR = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")
COLD = {"gamma": 4, "temperature": 0.0, "max_tokens": 90}
OPTIONS = {"scorer": "gsm", "problems": 4}


def arm(algorithm="fuzzy", **sampler) -> ArmSpec:
    settings = SamplerSpec(algorithm=algorithm, **{**COLD, **sampler})
    return ArmSpec(model=PAIR, data=DATA, engine=EngineSpec(batch_size=4), sampler=settings)


def given(one: ArmSpec, stage=CalibrateStage, **options) -> StageInput:
    return StageInput(StageSpec(name="calibrate", kind=stage.kind, options=options), {"a": one})


def ran(out, one, stage=CalibrateStage, inputs=None, **options):
    asked = given(one, stage, **options)
    out.mkdir(parents=True)
    made = stage()
    made.run(StageContext(asked, made.identity(asked), inputs or {}, out, Silent()))
    return out


def identity(one, **options):
    return CalibrateStage().identity(given(one, **options))


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "calibrate"
    one = arm("fuzzy", semantics="fallback", accuracy_loss=0.0)
    return one, read_json(ran(out, one, **OPTIONS, accuracy_problems=8) / "calibration.json"), out


def decoded(out, one, **options):
    """Return which of the 8 calibration problems an arm gets right, by the usual stages' way."""
    data = DATA.model_copy(update={"calibration": 8})
    wide = one.model_copy(update={"data": data})
    ran(out, wide, DecodeStage, split="calibration", problems=8, **options)
    records = [Record.model_validate(row) for row in read_lines(out / "samples.jsonl")]
    samples = load(data, "calibration", 8)
    scores = [GsmScorer().score(*pair) for pair in zip(records, samples, strict=True)]
    share = sum(one.accepted for one in scores) / sum(one.tokens for one in scores)
    return [score.correct for score in scores], share


def test_it_is_compared_with_sd_on_the_same_problems(calibrated, tmp_path):
    one, found, _ = calibrated
    lossless, share = decoded(tmp_path / "sd", arm("speculative"))
    own = arm("fuzzy", semantics="fallback", threshold=found["threshold"])
    kept, own_share = decoded(tmp_path / "own", own)
    assert found["lossless_accuracy"] == sum(lossless) / 8 > 0
    assert (found["lossless_share"], found["achieved_share"]) == (share, own_share)
    assert found["accuracy"] == sum(kept) / 8
    assert found["loss"] == (sum(lossless) - sum(kept)) / 8 <= found["asked_loss"] == 0
    assert found["problems"] == 8 and one.data.calibration == 4


def test_a_trace_says_what_was_tried_and_stays_below_the_first_failure(calibrated):
    _, found, _ = calibrated
    trace = found["trace"]
    assert 1 <= len(trace) <= 8 and found["threshold"] in [row["threshold"] for row in trace]
    assert all(row["problems"] == 8 for row in trace)
    for row in trace:
        kept = row["loss"] <= found["asked_loss"]
        assert kept == (row["threshold"] <= found["threshold"])


def test_the_threshold_is_the_one_that_is_used(calibrated, tmp_path):
    one, found, out = calibrated
    by_loss = ran(tmp_path / "loss", one, DecodeStage, {"calibrate": out}, problems=2)
    by_hand = arm("fuzzy", semantics="fallback", threshold=found["threshold"])
    by_hand = ran(tmp_path / "hand", by_hand, DecodeStage, problems=2)
    assert (by_loss / "samples.jsonl").read_bytes() == (by_hand / "samples.jsonl").read_bytes()


class Invented:
    """Answers 100 problems; each threshold loses what it is told to."""

    def __init__(self, losses):
        from llmx.papers.fsd.loosest import Answers

        self.losses, self.asked = losses, []
        self.lossless = Answers((True,) * 100, 0.9)

    def at(self, threshold):
        from llmx.papers.fsd.loosest import Answers, paired_loss

        self.asked.append(threshold)
        lost = self.losses[threshold]
        found = Answers((False,) * lost + (True,) * (100 - lost), 0.9 + threshold / 100)
        return found, paired_loss(self.lossless.correct, found.correct)


def test_what_is_written_is_of_the_kept_threshold():
    judge = Invented([0, 0, 1, 2, 9])
    found = search(judge, [0, 1, 2, 3, 4], 0.02, 8)
    assert (found["threshold"], found["loss"], found["note"]) == (3, 0.02, "")
    assert found["achieved_share"] == pytest.approx(0.93)
    assert found["standard_error"] == pytest.approx(sqrt(0.02 * 0.98 / 99))
    assert [row["threshold"] for row in found["trace"]] == judge.asked == [1, 2, 3, 4]


def test_where_every_threshold_loses_more_the_strictest_is_taken_and_said():
    judge = Invented([5, 6, 7, 8, 9])
    found = search(judge, [0, 1, 2, 3, 4], 0.02, 8)
    assert (found["threshold"], found["loss"]) == (0, 0.05)
    assert "loses 5.0 points" in found["note"] and "above 2.0" in found["note"]
    assert judge.asked[-1] == 0


def test_sd_draws_and_drafts_as_the_rule_does():
    kept = {"temperature": 0.3, "top_p": 0.8, "gamma": 9, "stop": ("x",), "stop_below": 0.2}
    for extra in ({"algorithm": "fly", "window": 3}, {"algorithm": "cascade"}):
        rule = SamplerSpec(**extra, **kept, draft="sampled", accuracy_loss=0.01)
        assert lossless_of(rule) == SamplerSpec(algorithm="speculative", **kept, draft="sampled")
    soft = SamplerSpec(algorithm="cascade", draft="greedy_soft", accuracy_loss=0.01)
    assert lossless_of(soft).draft == "greedy"


LOSS = {"accuracy_loss": 0.01}
REFUSED = {
    "no scorer": ({}, LOSS, "scorer: gsm"),
    "no such scorer": ({"scorer": "gms"}, LOSS, "gms"),
    "test problems": ({"scorer": "gsm", "split": "test"}, LOSS, "calibration"),
    "held-out ones": ({"scorer": "gsm", "split": "heldout"}, LOSS, "calibration"),
    "no problems": ({"scorer": "gsm", "accuracy_problems": 0}, LOSS, "1 or more"),
    "no such option": (
        {"scorer": "numeric", "scorer_options": {"tolerence": 1}},
        LOSS,
        "stages.calibrate.scorer_options: unknown option 'tolerence' of scorer numeric",
    ),
    "of one without": ({"scorer": "gsm", "scorer_options": {"tolerance": 1}}, LOSS, "leave them"),
    "one that asks others": ({"scorer": "judge"}, LOSS, "stages.calibrate.scorer=exact"),
}


@pytest.mark.parametrize(("options", "sampler", "named"), REFUSED.values(), ids=REFUSED)
def test_a_stage_that_cannot_judge_is_refused_beforehand(options, sampler, named):
    with pytest.raises(ConfigError) as caught:
        identity(arm(**sampler), **options)
    assert named in f"{caught.value} {caught.value.hint}"
    assert "\n" not in f"{caught.value}{caught.value.hint}"


BAD = {
    "a share too": {"algorithm": "fuzzy", "draft_share": 0.9, **LOSS},
    "a threshold too": {"algorithm": "fly", "threshold": 0.3, **LOSS},
    "nothing": {"algorithm": "cascade"},
    "lossless": {"algorithm": "speculative", **LOSS},
    "block": {"algorithm": "block", **LOSS},
    "the target": {"algorithm": "target", **LOSS},
    "no threshold": {"algorithm": "ensemble", **LOSS},
    "held": {"algorithm": "fuzzy", "draft_share": 0.9, "hold": True, **LOSS},
    "a gain": {"algorithm": "fuzzy", "accuracy_loss": -0.01},
    "all": {"algorithm": "fuzzy", "accuracy_loss": 1.0},
}


@pytest.mark.parametrize("sampler", BAD.values(), ids=BAD)
def test_one_way_to_a_threshold(sampler):
    with pytest.raises(ValueError, match="accuracy_loss"):
        SamplerSpec(**sampler)


def test_arms_that_ask_for_a_share_do_not_change():
    """Their names are of before an accuracy could be asked for, whatever the stage says of it."""
    share = arm(draft_share=0.5)
    plain = identity(share)
    assert identity(share, scorer="gsm", accuracy_problems=9) == plain
    assert not {"scorer", "accuracy_problems"} & set(plain)
    assert "accuracy_loss" not in share.sampler.model_dump(mode="json")


CHANGES = {
    "loss": ({"accuracy_loss": 0.02}, {}),
    "fewer problems": (LOSS, {"accuracy_problems": 3}),
    "more problems": (LOSS, {"accuracy_problems": 9}),
    "replayed": (LOSS, {"problems": 2}),
    "scorer": (LOSS, {"scorer": "choice"}),
    "options": (LOSS, {"scorer": "numeric", "scorer_options": {"tolerance": 0.5}}),
    "other options": (LOSS, {"scorer": "numeric", "scorer_options": {"tolerance": 0.25}}),
}


def test_options_of_the_scorer_are_in_the_name_and_no_options_are_in_none():
    numeric = {"scorer": "numeric"}
    names = [
        str(identity(arm(**LOSS), **numeric, **more))
        for more in ({}, *({"scorer_options": {"tolerance": by}} for by in (0.5, 0.25)))
    ]
    assert len(set(names)) == 3 and "scorer_options" not in names[0]
    assert identity(arm(**LOSS), **numeric, scorer_options={}) == identity(arm(**LOSS), **numeric)
    assert identity(arm(**LOSS), scorer="rouge")["scorer_source"].startswith("rouge-score ")


def test_the_scorer_gets_its_options():
    sample, record = sample_and_record("10.4", "10")
    for tolerance, right in ((0.5, True), (0.25, False)):
        asked = given(arm(**LOSS), scorer="numeric", scorer_options={"tolerance": tolerance})
        assert scorer_of(asked).score(record, sample).correct is right


def sample_and_record(said, reference):
    record = Record(
        id="a",
        prompt_ids=(1,),
        completion_ids=(5,),
        prompt="q",
        text=said,
        finish="eos",
        rounds=1,
    )
    return Sample(id="a", question="q", answer=reference), record


@pytest.mark.parametrize(("sampler", "options"), CHANGES.values(), ids=CHANGES)
def test_what_a_threshold_depends_on_is_in_its_identity(sampler, options):
    plain = identity(arm(**LOSS), scorer="gsm")
    assert identity(arm(**sampler), **{"scorer": "gsm", **options}) != plain


def test_a_plan_counts_every_decode():
    """A replay of 4, and SD and eight thresholds on 8."""
    cost = CalibrateStage().plan(given(arm(**LOSS), scorer="gsm", problems=4, accuracy_problems=8))
    assert cost.samples == 4 + 9 * 8
    assert CalibrateStage().plan(given(arm(draft_share=0.5), problems=4)).samples == 6 * 4
