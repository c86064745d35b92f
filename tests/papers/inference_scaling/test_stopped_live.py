"""Draws that are made until the vote is settled are those of a pool, and no more of them."""

from dataclasses import replace

import drawn_pools as pools
import pytest
from counts import count
from hypothesis import HealthCheck, settings
from hypothesis import given as each
from hypothesis import strategies as st
from live_pools import PROBLEMS, SAMPLER, UNREAD, ToldExactly, given, of, right, run, wrong
from planted import USUAL, inputs_of, outcome
from planted import given as asked_of

from llmx.core.ensemble import EnsembleSpec
from llmx.core.errors import ConfigError
from llmx.core.figure import Figures
from llmx.core.progress import Silent
from llmx.core.record import Record
from llmx.core.spec import EngineSpec, SamplerSpec, ScaleSpec, StageSpec
from llmx.core.stage import StageContext
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.load import drawn
from llmx.papers.inference_scaling.pictures import STOPPING
from llmx.papers.inference_scaling.stage import ScalingStage
from llmx.papers.inference_scaling.stop import StopExact, StopPosterior
from llmx.papers.inference_scaling.stopped import StoppedStage
from llmx.stages.classes import ClassesStage
from llmx.stages.decode import DecodeStage
from llmx.store.files import read_json, read_lines, write_lines

FIRST = PROBLEMS[0]
SAID = {"r": right, "w": wrong, "x": lambda one: wrong(one, 2), "u": lambda _: UNREAD}
EXACT, POSTERIOR = figure_names.live("stop_exact"), figure_names.live("stop_posterior")


def telling(*flags):
    """Answers of each problem, draw by draw: right, wrong, otherwise wrong, unread."""
    texts = {one.id: (one, own) for one, own in zip(PROBLEMS, flags, strict=False)}

    def tell(request):
        sample, own = texts[request.id]
        return SAID[own[request.draw]](sample)

    return tell


def stopped(folder, monkeypatch, *flags, **options):
    told = {"budget": len(flags[0]), "problems": len(flags), **options}
    return run(StoppedStage(), folder, {}, monkeypatch, telling(*flags), **told)


def in_order(own):
    """The same answers as a pool, whose right class is that of ``r``."""
    classes = pools.in_order([None if one == "u" else one for one in own])
    return pools.pool(classes, classes[own.index("r")] if "r" in own else None)


@each(st.lists(st.sampled_from("rwxu"), min_size=2, max_size=9), st.sampled_from([0.5, 0.8, 0.95]))
@settings(max_examples=count(25, 300), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_drawn_live_is_the_replay_in_the_order_of_the_draws(
    tmp_path_factory, monkeypatch, own, threshold
):
    folder = tmp_path_factory.mktemp("drawn")
    engine, rows = stopped(folder, monkeypatch, "".join(own), threshold=threshold)
    one, most = in_order(own), 0
    for rule in (StopExact(), StopPosterior(threshold)):
        used, winner = pools.lived(one, rule, range(len(own)), len(own))
        found, most = of(rows, figure_names.live(rule.name), len(own)), max(most, used)
        assert (found["used"], found["calls"]) == (used, used)
        assert found["correct"] == (winner >= 0 and bool(one.right[winner]))
        assert found["unparsed"] == (winner < 0)
    assert [request.draw for request in engine.asked] == list(range(most))


def test_draws_that_nobody_asks_for_are_saved(tmp_path, monkeypatch):
    engine, rows = stopped(tmp_path, monkeypatch, "rrrrrrrr", "rwxurwrr")
    assert of(rows, EXACT, 8)["used"] == 5 and of(rows, POSTERIOR, 8)["used"] == 4
    assert of(rows, EXACT, 8, 1)["used"] == 8
    assert len(engine.asked) == 5 + 8
    alone, rows = stopped(tmp_path / "alone", monkeypatch, "rrrrrrrr", rules=["posterior"])
    assert len(alone.asked) == 4 and {row["method"] for row in rows} == {POSTERIOR}


def test_of_votes_that_tie_the_first_wins(tmp_path, monkeypatch):
    _, rows = stopped(tmp_path, monkeypatch, "wrrw", "rwwr")
    assert [of(rows, EXACT, 4, at)["correct"] for at in (0, 1)] == [0, 1]


def test_nothing_read_is_no_answer_and_no_vote(tmp_path, monkeypatch):
    _, rows = stopped(tmp_path, monkeypatch, "uuuu", "uuur")
    assert of(rows, EXACT, 4)["unparsed"] == 1 and of(rows, EXACT, 4)["correct"] == 0
    assert of(rows, EXACT, 4, 1)["correct"] == 1


def test_draws_of_a_step_do_not_wait_for_each_other(tmp_path, monkeypatch):
    engine, rows = stopped(tmp_path, monkeypatch, "rrwrrrrr", step=3, rules=["exact"])
    found, sizes = of(rows, EXACT, 8), [len(SAID[one](FIRST)) + 1 for one in "rrwrrr"]
    assert found["used"] == 6 == len(engine.asked)  # after 5 it would be safe
    assert found["completion"] == sum(sizes)
    assert found["longest"] == max(sizes[:3]) + max(sizes[3:])
    open_, rows = stopped(tmp_path / "open", monkeypatch, "rwxurwxu", step=3, rules=["exact"])
    assert of(rows, EXACT, 8)["used"] == 8 == len(open_.asked)  # the last step is shorter
    _, alone = stopped(tmp_path / "alone", monkeypatch, "rrwrrrrr", rules=["exact"])
    assert of(alone, EXACT, 8)["longest"] == of(alone, EXACT, 8)["completion"]


def test_each_rule_pays_for_what_it_saw_alone(tmp_path, monkeypatch):
    _, rows = stopped(tmp_path, monkeypatch, "rrrrrrrr")
    size = len(right(FIRST)) + 1
    for method, used in ((EXACT, 5), (POSTERIOR, 4)):
        assert of(rows, method, 8)["completion"] == used * size
    made = read_json(tmp_path / "out" / "summary.json")
    assert (made["calls"], made["completion_tokens"]) == (5, 5 * size)


def test_a_rule_answers_by_what_it_saw_and_not_by_what_another_drew(tmp_path, monkeypatch):
    _, rows = stopped(tmp_path, monkeypatch, "wrrr", threshold=0.5)
    early, late = of(rows, POSTERIOR, 4), of(rows, EXACT, 4)
    assert (early["used"], early["correct"]) == (1, 0)
    assert (late["used"], late["correct"]) == (4, 1)


FLAGS = ("rwxrrwrr", "wuwrwwxw")


def test_wherever_it_is_killed_nothing_is_drawn_twice_and_the_bytes_are_the_same(
    tmp_path, monkeypatch
):
    whole, rows = stopped(tmp_path / "whole", monkeypatch, *FLAGS)
    kept = (tmp_path / "whole" / "out" / "calls.jsonl").read_bytes()
    for stop in (0, 1, len(whole.asked) // 2, len(whole.asked) - 1):
        folder = tmp_path / f"killed-{stop}"
        with pytest.raises(KeyboardInterrupt):
            stopped(folder, monkeypatch, *FLAGS, stops=stop)
        again, found = stopped(folder, monkeypatch, *FLAGS)
        # A batch that was cut short is asked again as a whole: at most one is.
        assert len(again.asked) <= len(whole.asked) - stop + 1
        assert found == rows and (folder / "out" / "calls.jsonl").read_bytes() == kept
    once, found = stopped(tmp_path / "whole", monkeypatch, *FLAGS)
    assert once.asked == [] and found == rows


def test_a_larger_budget_asks_for_what_is_new(tmp_path, monkeypatch):
    told = {"engine": ToldExactly, "rules": ["exact"]}
    stopped(tmp_path, monkeypatch, "rrrrrrrr", budget=4, **told)
    (tmp_path / "out").rename(tmp_path / "earlier")
    more, rows = stopped(tmp_path, monkeypatch, "rrrrrrrr", budget=8, **told)
    assert [one.draw for one in more.asked] == [3, 4] and of(rows, EXACT, 8)["used"] == 5


def ran(stage, folder, about, inputs=None):
    folder.mkdir(parents=True)
    stage.run(StageContext(about, stage.identity(about), inputs or {}, folder, Silent()))
    return folder


def test_a_live_draw_is_the_draw_of_a_pool_byte_for_byte(tmp_path):
    """On the small model: texts, tokens and what the rules say of the pool in its order."""
    about = with_arm(tmp_path, {"problems": 6, "engine": EngineSpec(), "budget": 8}, sampler=SHORT)
    live = ran(StoppedStage(), tmp_path / "live", about)
    drawing = StageSpec(name="pool", kind="decode", options={"problems": 6, "draws": 8})
    pool = ran(DecodeStage(), tmp_path / "pool", replace(about, stage=drawing))
    reading = StageSpec(name="classes", kind="classes", needs=("pool",))
    classes = ran(
        ClassesStage(), tmp_path / "classes", replace(about, stage=reading), {"pool": pool}
    )
    whole = {
        (one.id, one.draw): one
        for one in map(Record.model_validate, read_lines(pool / "samples.jsonl"))
    }
    calls = [Record.model_validate(row["record"]) for row in read_lines(live / "calls.jsonl")]
    assert 6 * 5 <= len(calls) < 6 * 8
    for record in calls:
        same = whole[record.id, record.draw]
        assert (record.text, record.completion_ids) == (same.text, same.completion_ids)
        assert record.prompt_ids == same.prompt_ids
    rows = read_lines(live / "outcomes.jsonl")
    for place, one in enumerate(drawn(pool / "samples.jsonl", classes / "classes.jsonl")):
        for rule in (StopExact(), StopPosterior()):
            used, winner = pools.lived(one, rule, range(8), 8)
            found = of(rows, figure_names.live(rule.name), 8, place)
            assert (found["used"], found["completion"]) == (used, one.tokens[:used].sum())
            assert found["correct"] == (winner >= 0 and one.right[winner])


@pytest.mark.parametrize(
    ("options", "least"),
    [({}, 9), ({"rules": ["posterior"]}, 4), ({"rules": ["exact"]}, 9), ({"step": 4}, 12),
     ({"budget": 2}, 2)],
)  # fmt: skip
def test_a_plan_is_an_upper_bound_and_says_the_lower_one(tmp_path, monkeypatch, options, least):
    cost = StoppedStage().plan(given(StoppedStage(), tmp_path, 2, **options))
    budget = options.get("budget", 16)  # as many as a pool has
    assert cost.samples == 2 * budget and cost.tokens == cost.samples * SAMPLER.max_tokens
    told = (
        () if least == budget else (f"live: at most 32 answers an arm, {2 * least} if all agree",)
    )
    assert cost.notes == told
    engine, _ = stopped(tmp_path / "run", monkeypatch, "r" * budget, "r" * budget, **options)
    assert len(engine.asked) == 2 * least


def test_the_pool_of_the_arm_is_the_budget_and_in_the_name_of_the_work(tmp_path):
    about = given(StoppedStage(), tmp_path, 2)
    arm = about.arm.model_copy(update={"more": {"pool": {"draws": 4}}})
    small = replace(about, arms={"a": arm})
    names = [StoppedStage().identity(one)["budget"] for one in (about, small)]
    assert names == [16, 4]
    assert StoppedStage().identity(given(StoppedStage(), tmp_path, 2, budget=4))["budget"] == 4
    assert not StoppedStage().applies(given(StoppedStage(), tmp_path, 2, rules=[]))


def test_no_more_problems_are_answered_than_the_pool_of_the_scale_has(tmp_path):
    about = with_arm(tmp_path, {"problems": 5}, scale=ScaleSpec(problems=3))
    assert StoppedStage().plan(about).samples == 3 * 16
    assert StoppedStage().identity(about)["problems"] == 3
    script = about.arm.engine.model_copy(update={"script": str(tmp_path / "script.json")})
    one = with_arm(tmp_path, {"problems": 5}, scale=ScaleSpec(problems=3), engine=script)
    rows = read_lines(ran(StoppedStage(), tmp_path / "out", one) / "outcomes.jsonl")
    assert len({row["id"] for row in rows}) == 3


def with_arm(folder, options=None, **changed):
    about = given(StoppedStage(), folder, **{"problems": 2, **(options or {})})
    return replace(about, arms={"a": about.arm.model_copy(update=changed)})


SHORT = SAMPLER.model_copy(update={"max_tokens": 192})
COLD = SamplerSpec(algorithm="target", temperature=0)
PAIR = EnsembleSpec(voices={"one": {}, "two": {}}, proposers=("one",), aggregator="two")


@pytest.mark.parametrize(
    ("options", "changed", "says", "hint"),
    [
        ({}, {"sampler": COLD}, "at temperature 0: all are the same", "temperature=1"),
        ({}, {"ensemble": PAIR}, "the arm is an ensemble", "rules=[]"),
        ({"scorer": "f1"}, {}, "does not say which answers are equal", "scorer="),
    ],
)
def test_what_cannot_be_drawn_so_is_refused_in_a_line(tmp_path, options, changed, says, hint):
    with pytest.raises(ConfigError, match=says) as caught:
        StoppedStage().identity(with_arm(tmp_path, options, **changed))
    assert "\n" not in caught.value.message and hint in caught.value.hint


@pytest.mark.parametrize("option", [{"threshold": 0.4}, {"rules": ["never"]}, {"budget": 0}])
def test_options_are_checked(tmp_path, option):
    with pytest.raises(ConfigError):
        StoppedStage().method(given(StoppedStage(), tmp_path, 2, **option))


# ---- beside the replay


def test_a_stage_of_scaling_shows_it_beside_the_rule_that_is_replayed(tmp_path):
    inputs = inputs_of(tmp_path, {"worked": USUAL["worked"]}, 40, 8)
    rows = [
        outcome(f"p{at}", EXACT, 8, at % 2, used, 60, used=used)
        for at, used in enumerate([5, 6, 7, 8, 5])
    ]
    (tmp_path / "stopped").mkdir()
    write_lines(tmp_path / "stopped" / "outcomes.jsonl", rows)
    inputs["stopped_live/worked"] = tmp_path / "stopped"
    about = asked_of({"worked": USUAL["worked"]}, 8, resamples=100)
    out = ran(ScalingStage(), tmp_path / "out", about, inputs)
    points = read_json(out / "scaling.json")["points"]
    both = {one["method"]: one for one in points if one["method"].startswith("stop_exact")
            and one["size"] == 8}  # fmt: skip
    assert both["stop_exact"]["problems"] == 40 and both[EXACT]["problems"] == 5
    assert both[EXACT]["costs"]["calls"] == pytest.approx(6.2)
    assert both[EXACT]["label"] == "vote until the lead is safe, drawn live"
    figures = Figures.model_validate(read_json(out / "figures.json"))
    (used,) = figures.of(figure_names.stopped(figure_names.USED, EXACT))
    assert (used.span.estimate, used.unit, used.at) == (pytest.approx(6.2), "draws", 8)
    assert "drawn live: 6.2" in STOPPING.draw(figures)
    assert "drawn live" in (out / "scaling.md").read_text()
