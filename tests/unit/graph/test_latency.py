"""Latency as a stage: who is timed, on what, and how long its drafts are."""

import pytest
from ensembles import ANSWERS, Scripted, ensemble

from llmx.core.ensemble import VoiceSpec
from llmx.core.errors import ConfigError
from llmx.core.progress import Silent
from llmx.core.spec import (
    ArmSpec,
    DataSpec,
    EngineSpec,
    ModelSpec,
    SamplerSpec,
    ScaleSpec,
    StageSpec,
)
from llmx.core.stage import StageContext, StageInput
from llmx.stages import stand
from llmx.stages.ensemble_report import EnsembleReportStage
from llmx.stages.latency import EVENTS, ROWS, LatencyStage
from llmx.store.files import read_json, read_lines

DATA = DataSpec(kind="worked_arithmetic", test=12, calibration=1, options={"skills": ["total"]})
LENGTHS = {name: len(answer) for name, answer in ANSWERS.items()}


class Endless(Scripted):
    """Says `x` for ever where ends are passed over."""

    def piece(self, at, count, budget):
        finish = "length" if count == budget else None
        return super().piece(0, count, budget).model_copy(update={"finish": finish})


def open_scripted(spec, engine, inputs):
    """Return models that end by themselves unless the engine is told to pass over ends."""
    found = {}
    for name, voice in spec.voices.items():
        endless = (voice.engine or engine).options.get("ignore_eos", False)
        answer = "x" * 1000 if endless else ANSWERS[name]
        found[name] = (Endless if endless else Scripted)(name, answer)
    return found


def arm(streaming, **changes):
    model = ModelSpec(target="zoo:arithmetic_all")
    voices = {name: VoiceSpec(model=model) for name in ANSWERS}
    own = SamplerSpec(algorithm="target", temperature=0.5, max_tokens=300)
    voices["a"] = VoiceSpec(model=model, sampler=own)
    spec = ensemble(streaming=streaming).model_copy(update={"voices": voices})
    base = {"model": ModelSpec(target="zoo:arithmetic_all"), "data": DATA, "ensemble": spec}
    sampler = SamplerSpec(algorithm="target", temperature=0, max_tokens=400)
    return ArmSpec(**{**base, "sampler": sampler, "scale": ScaleSpec(speed_problems=3), **changes})


def given(arms=None, only=None, **options):
    arms = arms or {"moa": arm("plain"), "stairs": arm("staircase")}
    options |= {} if only is None else {"arms": only}
    return StageInput(StageSpec(name="latency", kind="ensemble_latency", options=options), arms)


def run(folder, monkeypatch, **options):
    monkeypatch.setattr(stand, "open_cast", open_scripted)
    folder.mkdir(exist_ok=True)
    asked = given(**options)
    stage = LatencyStage()
    stage.run(StageContext(asked, stage.identity(asked), {}, folder, Silent()))
    return read_lines(folder / ROWS)


def test_without_a_length_every_draft_ends_where_it_ends(tmp_path, monkeypatch):
    rows = run(tmp_path, monkeypatch)
    assert {row["length"] for row in rows} == {None}
    assert {row["tokens"] for row in rows} == {LENGTHS["g"]}
    plain = [row for row in rows if row["arm"] == "moa"]
    assert {row["drafted"] for row in plain} == {LENGTHS["a"] + LENGTHS["b"]}
    assert {row["drafts"] for row in rows} == {2}


def test_a_forced_length_is_that_of_answers_and_drafts_alike(tmp_path, monkeypatch):
    rows = run(tmp_path, monkeypatch, tokens=[20, 30], only=["moa"])
    assert {row["arm"] for row in rows} == {"moa"} and len(rows) == 6
    for row in rows:
        assert (row["tokens"], row["drafted"]) == (row["length"], 2 * row["length"])


def test_every_round_asks_another_problem_and_all_arms_the_same(tmp_path, monkeypatch):
    rows = run(tmp_path, monkeypatch, rounds=5)
    asked = {}
    for row in rows:
        asked.setdefault(row["round"], set()).add(row["id"])
    assert all(len(ids) == 1 for ids in asked.values())
    assert len(set.union(*asked.values())) == 5


def test_the_order_turns_from_round_to_round(tmp_path, monkeypatch):
    rows = run(tmp_path, monkeypatch, rounds=4)
    orders = [[row["arm"] for row in rows if row["round"] == round_] for round_ in range(4)]
    assert orders == [["moa", "stairs"], ["stairs", "moa"]] * 2


def test_a_round_that_a_kill_cut_short_is_done_again(tmp_path, monkeypatch):
    rows = run(tmp_path, monkeypatch)
    lines = (tmp_path / ROWS).read_text().splitlines(keepends=True)
    (tmp_path / ROWS).write_text("".join(lines[:3]))
    again = run(tmp_path, monkeypatch)
    assert [(row["round"], row["arm"]) for row in again] == [
        (row["round"], row["arm"]) for row in rows
    ]


def test_the_report_joins_quality_with_answers_that_ended_by_themselves(tmp_path, monkeypatch):
    natural = run(tmp_path / "natural", monkeypatch)
    run(tmp_path / "forced", monkeypatch, tokens=[300])
    options = {"gantt": ["moa", "stairs"]}
    spec = StageSpec(name="report", kind="ensemble_report", options=options)
    asked = StageInput(spec, given().arms, reference="moa")
    inputs = {"latency": tmp_path / "natural", "lengths": tmp_path / "forced"}
    out = tmp_path / "report"
    out.mkdir()
    stage = EnsembleReportStage()
    stage.run(StageContext(asked, stage.identity(asked), inputs, out, Silent()))
    moa, stairs = read_json(out / "ensemble.json")
    assert (moa["rounds"], stairs["rounds"]) == (3, 3)
    assert stairs["times"] == [row["ttft"] for row in natural if row["arm"] == "stairs"]
    lengths = read_json(out / "lengths.json")
    mean = (LENGTHS["a"] + LENGTHS["b"]) / 2
    assert [one["tokens"] for one in lengths] == [mean, 300]
    assert [one["line"] for one in lengths] == pytest.approx([1 - 3 / mean, 1 - 3 / 300])
    assert "where they end by themselves" in (out / "ensemble.md").read_text()
    events = read_lines(tmp_path / "natural" / EVENTS)
    assert (out / "gantt.svg").read_text().count("<rect") == bars(events)


def bars(events):
    """Two a request: the wait for its first token, and its tokens."""
    return 2 * sum(event["what"] == "asked" for event in events)


@pytest.mark.parametrize(
    "changed",
    [
        {"tokens": [16]},
        {"rounds": 7},
        {"only": ["moa"]},
        {"of": {"moa": arm("plain"), "stairs": arm("staircase", seed=1)}},
        {"of": {"moa": arm("plain"), "stairs": arm("staircase", engine=EngineSpec(threads=2))}},
    ],
    ids=["lengths", "rounds", "arms", "seed", "threads"],
)
def test_what_was_measured_otherwise_is_measured_again(changed):
    stage, options = LatencyStage(), dict(changed)
    other = given(options.pop("of", None), **options)
    assert stage.identity(other) != stage.identity(given())


@pytest.mark.parametrize("options", [{"tokens": [0]}, {"tokens": "long"}, {"only": "moa"}])
def test_lengths_and_arms_that_are_none_are_refused(options):
    with pytest.raises(ConfigError) as caught:
        LatencyStage().identity(given(**options))
    assert "stages.latency." in str(caught.value)


def test_a_stage_whose_arms_were_all_left_out_has_nothing_to_do():
    stage = LatencyStage()
    assert stage.applies(given())
    assert not stage.applies(given({"other": arm("plain")}, only=["moa"]))
