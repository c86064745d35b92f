"""Whoever asks, scores, counts or continues a draw sees its options in the order of that draw."""

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest
from counts import count
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live_pools import SAMPLER
from permuted import (
    answered,
    arm_of,
    asking,
    context_of,
    data_of,
    letter,
    likes,
    pooled,
    ran,
    reading,
    rows_of,
    said,
    shown,
    wants,
)
from scipy.stats import chisquare

from llmx.audit.report import audit
from llmx.audit.sent import Sent
from llmx.claims.compare.pair import _flip
from llmx.core.errors import ConfigError
from llmx.core.permuted import OWN_OPTIONS, in_draw
from llmx.core.progress import Silent
from llmx.core.record import Record, Score
from llmx.core.spec import StageSpec
from llmx.core.stage import StageInput
from llmx.data import load
from llmx.report.gather import ArmFiles, Gathered
from llmx.report.samples import side_by_side
from llmx.scoring.choice import ChoiceScorer
from llmx.scoring.classes import classes_of, read_classes
from llmx.scoring.scorer import made
from llmx.stages.classes import ClassesStage
from llmx.stages.decode import _Judging
from llmx.stages.expense import common_prompt
from llmx.stages.judge import _of
from llmx.stages.mixture import MixtureStage
from llmx.stages.play import Play
from llmx.stages.pooled import keyed
from llmx.stages.requests import put, requests_for
from llmx.stages.revise import ReviseStage
from llmx.stages.score import ScoreStage
from llmx.stages.self_score import SelfScoreStage
from llmx.store.files import read_json, read_lines, write_lines
from llmx.store.rows import rows

DRAWS = 8


@pytest.fixture
def data(tmp_path):
    return data_of(tmp_path, rows_of(6))


def scores_of(folder, data, inputs):
    out = ran(ScoreStage(), folder / "score", data, {"pool": inputs["pool"]})
    return list(rows(out / "scores.jsonl", Score))


def classes_in(inputs):
    return list(read_classes(inputs["classes"] / "classes.jsonl"))


# ---- asking


@pytest.mark.parametrize("first", [0, 3])
def test_each_draw_is_asked_in_its_own_order(data, first):
    samples = load(data, "test")
    asked = requests_for(arm_of(data), "test", 6, None, range(first, first + 4))
    assert len(asked) == 24
    for place, request in enumerate(asked):
        sample, draw = samples[place // 4], first + place % 4
        assert (request.id, request.draw) == (sample.id, draw)
        assert in_draw(sample, draw).question in request.messages[0].content
    assert len({one.messages for one in asked.of_problems(slice(0, 1))}) > 1


def test_the_first_draw_is_asked_what_one_order_for_each_problem_asks(tmp_path, data):
    one = requests_for(arm_of(data_of(tmp_path, rows_of(6), permute=True)), "test", 6, None)
    assert list(requests_for(arm_of(data), "test", 6, None, range(1))) == list(one)


# ---- scores and classes


@pytest.mark.parametrize("text", ["red", "green", "grey"])
def test_a_model_that_wants_one_option_has_one_class_whatever_it_is_called(tmp_path, data, text):
    inputs = pooled(tmp_path, data, wants(text), DRAWS)
    scored = scores_of(tmp_path, data, inputs)
    for n, (sample, found) in enumerate(zip(load(data, "test"), classes_in(inputs), strict=True)):
        right = text == ("red" if n % 3 else "grey")
        assert found.of == (0,) * DRAWS and found.right == (right,)
        assert found.keys == (letter(sample, 0, text),)
        assert found.expected == sample.answer
        own = scored[n * DRAWS : (n + 1) * DRAWS]
        assert {one.correct for one in own} == {right}
        assert [one.expected for one in own] == [
            in_draw(sample, draw).answer for draw in range(DRAWS)
        ]
        assert len({one.strict for one in own}) > 1


def test_a_model_that_likes_one_letter_spreads_over_the_options(tmp_path):
    data = data_of(tmp_path, rows_of(count(40, 300)))
    inputs = pooled(tmp_path, data, likes("A"), 2 * DRAWS)
    votes: Counter[str] = Counter()
    for sample, found in zip(load(data, "test"), classes_in(inputs), strict=True):
        texts = [shown(sample, 0)[key].split()[0] for key in found.keys]
        votes.update(texts[number] for number in found.of)
    assert chisquare([votes[text] for text in ("red", "green", "blue", "grey")]).pvalue > 1e-4
    right = sum(one.correct for one in scores_of(tmp_path, data, inputs))
    assert right / votes.total() == pytest.approx(0.25, abs=4 * (0.1875 / votes.total()) ** 0.5)


@given(
    st.lists(
        st.lists(st.sampled_from(["A", "B", "C", "D", "Z", None]), min_size=5, max_size=5),
        min_size=3,
        max_size=3,
    ),
    st.integers(0, 99),
)
@settings(max_examples=count(12, 500), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_classes_say_draw_by_draw_what_scores_say(tmp_path_factory, letters, seed):
    folder = tmp_path_factory.mktemp("pool")
    data = data_of(folder, rows_of(3), seed=seed)
    inputs = pooled(folder, data, lambda one, draw: letters[int(one.id[1:])][draw], 5)
    scored = scores_of(folder, data, inputs)
    for n, (sample, found) in enumerate(zip(load(data, "test"), classes_in(inputs), strict=True)):
        own = scored[5 * n : 5 * n + 5]
        assert [one >= 0 and found.right[one] for one in found.of] == [one.correct for one in own]
        assert [one < 0 for one in found.of] == [one.unparsed for one in own]
        options = [
            shown(sample, draw).get(str(one), one) for draw, one in enumerate(letters[n])
        ]  # what was chosen, by its text
        for a in range(5):
            for b in range(a):
                assert (found.of[a] == found.of[b]) == (options[a] == options[b])


def test_first_draws_are_scored_and_classed_as_with_one_order_for_each_problem(tmp_path):
    for name in ("one", "each"):
        (tmp_path / name).mkdir()
    one = data_of(tmp_path / "one", rows_of(6), permute=True)
    each = data_of(tmp_path / "each", rows_of(6))
    found = {
        key: (scores_of(tmp_path / key, of, pool), classes_in(pool))
        for key, of in (("one", one), ("each", each))
        for pool in (pooled(tmp_path / key, of, likes("B"), 1),)
    }
    assert found["one"][0] == found["each"][0]
    plain = [held.model_copy(update={"permuted": None}) for held in found["each"][1]]
    assert plain == found["one"][1]
    assert "permuted" not in (tmp_path / "one" / "classes" / "classes.jsonl").read_text()


def test_draws_from_a_later_one_on_are_counted_by_the_letters_of_the_first(data):
    sample = load(data, "test")[1]
    draws = [answered(data, sample, draw, letter(sample, draw, "red")) for draw in range(3, 9)]
    found = classes_of(ChoiceScorer(), sample, draws)
    assert in_draw(sample, 3).answer != sample.answer
    assert (found.expected, found.keys, found.right) == (sample.answer, (sample.answer,), (True,))


def test_answers_of_no_letters_are_refused_where_they_are_counted(data):
    """Data of a plugin may have such problems without an option that says so."""
    sample = load(data, "test")[1]
    with pytest.raises(ConfigError, match="scorer exact reads no letters"):
        classes_of(made("exact", {}), sample, [answered(data, sample, 1, "A")])


def test_a_judge_reads_each_draw_beside_its_own_question(tmp_path, data, monkeypatch):
    inputs, seen = pooled(tmp_path, data, likes("A"), 3), []

    def graded(context, scorer, path, problem):
        seen.extend((record, problem(record)) for record in rows(path, Record))
        return SimpleNamespace(said={}, kind="choice", version=1, score=ChoiceScorer().score)

    monkeypatch.setattr("llmx.stages.graded.graded", graded)
    monkeypatch.setattr("llmx.stages.score.asks", lambda scorer: True)
    ran(ScoreStage(), tmp_path / "score", data, {"pool": inputs["pool"]})
    samples = {one.id: one for one in load(data, "test")}
    assert len(seen) == 18
    for record, problem in seen:
        assert problem == in_draw(samples[record.id], record.draw)


def test_a_loose_reading_is_of_the_letter_of_its_draw(tmp_path, data):
    """Not what was asked for, but a letter alone: strictly unread, loosely right."""
    sample, draw = load(data, "test")[1], 5
    seen = in_draw(sample, draw)
    inputs = pooled(tmp_path, data, likes("A"), DRAWS)
    lines = read_lines(inputs["pool"] / "samples.jsonl")
    place = next(n for n, row in enumerate(lines) if (row["id"], row.get("draw")) == ("q1", draw))
    assert seen.answer != sample.answer
    lines[place]["text"] = f"I take ({seen.answer})"
    write_lines(inputs["pool"] / "samples.jsonl", lines)
    found = scores_of(tmp_path, data, inputs)[place]
    assert (found.correct, found.correct_flexible, found.flexible) == (False, True, seen.answer)


@pytest.mark.parametrize("scorer", ["exact", "numeric"])
@pytest.mark.parametrize("stage", [ClassesStage, ReviseStage, SelfScoreStage, MixtureStage])
def test_a_scorer_that_reads_no_letters_counts_no_such_answers(tmp_path, data, stage, scorer):
    one_stage = stage()
    told = StageSpec(
        name="x", kind=one_stage.kind, needs=("pool", "classes"), options={"scorer": scorer}
    )
    asked = StageInput(told, {"a": arm_of(data)})
    says = f"stages.x.scorer: scorer {scorer} reads no letters, and each draw"
    if stage is ClassesStage:
        refused = one_stage.plan(asked).refusal
        assert says in str(refused) and refused.hint == "stages.x.scorer=choice"
    else:
        with pytest.raises(ConfigError, match=says):
            one_stage.identity(asked)
    one = replace(asked, arms={"a": arm_of(data_of(tmp_path, rows_of(6), permute=True))})
    if stage is ClassesStage:
        assert "letters" not in str(one_stage.plan(one).refusal)
    else:
        assert keyed(one).kind == scorer


def test_such_answers_are_scored_by_others_in_the_order_of_their_draw(tmp_path, data):
    inputs = pooled(tmp_path, data, wants("red"), DRAWS)
    out = ran(
        ScoreStage(),
        tmp_path / "score",
        data,
        {"pool": inputs["pool"]},
        scorer="pattern",
        scorer_options={"pattern": "answer is ([A-Z])"},
    )
    right = [one.correct for one in rows(out / "scores.jsonl", Score)]
    assert right == [n % 3 != 0 for n in range(6) for _ in range(DRAWS)]


# ---- asking again


def turn(data, sample, draw):
    return put(data, in_draw(sample, draw), SAMPLER, 0).messages[0].content


def test_chains_go_on_in_the_order_of_their_draw(tmp_path, data, monkeypatch):
    """A model that begins with green and revises to red."""
    inputs = pooled(tmp_path, data, wants("green"), 4)
    told = {"chains": 4, "rounds": 2, "sizes": [4], "problems": 6}
    asked, found = asking(
        ReviseStage(), tmp_path, data, inputs, monkeypatch, reading("red"), **told
    )
    samples = {one.id: one for one in load(data, "test")}
    for request in asked:
        name, _, chain, _ = request.id.split("/")
        assert request.messages[0].content == turn(data, samples[name], int(chain))
    rights = {(one["id"], one["method"], one["size"]): one["correct"] for one in found}
    for n, name in enumerate(samples):
        right = float(n % 3 != 0)
        assert rights[name, "revise", 0] == 0
        assert rights[name, "revise", 1] == rights[name, "revise", 2] == right
        assert rights[name, "chains", 4] == right
        assert rights[name, "revise_stop", 2] == right


def test_a_draw_is_scored_below_its_own_question(tmp_path, data, monkeypatch):
    inputs = pooled(tmp_path, data, wants("red"), 4)
    told = {"sizes": [2, 4], "lists": 2, "problems": 6}

    def tell(request):
        return "1" if "/list/" in request.id else "7"

    asked, found = asking(SelfScoreStage(), tmp_path, data, inputs, monkeypatch, tell, **told)
    samples = {one.id: one for one in load(data, "test")}
    for request in asked:
        name, way, *rest = request.id.split("/")
        sample, content = samples[name], request.messages[0].content
        if way == "score":
            assert content == turn(data, sample, int(rest[0]))
            assert OWN_OPTIONS not in content
            continue
        size, group = map(int, rest)
        members = range(size * group, size * (group + 1))
        assert content.startswith(turn(data, sample, members[0]))
        listed = [own_options(sample, draw) for draw in members]
        assert content.count(OWN_OPTIONS) == size
        assert [one for one in listed if one in content] == listed
    assert {one["correct"] for one in found if one["id"] in ("q1", "q2")} == {1.0}
    assert {one["correct"] for one in found if one["id"] in ("q0", "q3")} == {0.0}


def own_options(sample, draw):
    """What stands among other answers: the draw's own options, and its letter of red."""
    options = in_draw(sample, draw).question.partition("\n")[2]
    return f"{OWN_OPTIONS}\n{options}\n\n{said(letter(sample, draw, 'red'))}"


@pytest.mark.parametrize("layout", ["L0", "L1b"])
def test_proposals_stand_below_their_own_options_and_the_question_is_that_of_the_first(
    tmp_path, data, monkeypatch, layout
):
    inputs = pooled(tmp_path, data, wants("red"), 8)
    told = {"sizes": [2, 4], "groups": 2, "layout": layout, "problems": 6}
    asked, found = asking(
        MixtureStage(), tmp_path, data, inputs, monkeypatch, reading("green"), **told
    )
    samples = {one.id: one for one in load(data, "test")}
    for request in asked:
        name, _, size, group = request.id.split("/")
        members = range(int(size) * int(group), int(size) * (int(group) + 1))
        text = "\n".join(one.content for one in request.messages)
        (user,) = [one.content for one in request.messages if one.role == "user"]
        assert user.startswith(turn(data, samples[name], members[0]))
        assert text.count(OWN_OPTIONS) == len(members)
        places = [text.index(own_options(samples[name], draw)) for draw in members]
        assert places == sorted(places)
    assert {one["correct"] for one in found} == {0.0}  # green is nowhere right
    inputs = pooled(tmp_path / "again", data, wants("green"), 8)
    _, found = asking(
        MixtureStage(), tmp_path / "again", data, inputs, monkeypatch, reading("red"), **told
    )
    for one in found:
        assert one["correct"] == float(int(one["id"][1:]) % 3 != 0)


def test_draws_of_one_order_are_asked_about_as_ever(tmp_path, monkeypatch):
    data = data_of(tmp_path, rows_of(2), permute=True)
    inputs = pooled(tmp_path, data, likes("A"), 4)
    told = {"sizes": [4], "problems": 2}
    asked, _ = asking(MixtureStage(), tmp_path, data, inputs, monkeypatch, reading("red"), **told)
    for request, sample in zip(asked, load(data, "test"), strict=True):
        assert request.messages[-1].content == turn(data, sample, 0)
        assert OWN_OPTIONS not in str(request)


def test_words_above_proposals_are_part_of_what_a_stage_is_known_by(tmp_path, data, monkeypatch):
    def words(of):
        return MixtureStage().identity(context_of(MixtureStage(), tmp_path / "x", of, {}).given)

    monkeypatch.setattr("llmx.engines.scripted.ScriptedEngine.identity", lambda *_: {})
    one = data_of(tmp_path, rows_of(6), permute=True)
    assert words(one)["words"] != words(data)["words"]


# ---- what they cost, and whether it is told rightly


def test_prompts_of_different_orders_share_their_beginning_alone(tmp_path, data):
    sample = load(data, "test")[0]
    draws = [answered(data, sample, draw, "A") for draw in range(4)]
    begun = common_prompt(draws, permuted=True)
    texts = [one.prompt.encode() for one in draws]
    assert texts[0][:begun] == texts[3][:begun] and len({one[: begun + 1] for one in texts}) > 1
    assert common_prompt(draws, permuted=False) == len(draws[0].prompt_ids)
    assert common_prompt(draws[:1], permuted=True) == len(draws[0].prompt_ids)
    assert common_prompt([], permuted=True) == 0
    unknown = [one.model_copy(update={"prompt_ids": (), "prompt_tokens": 9}) for one in draws]
    assert common_prompt(unknown, permuted=True) == 0


def test_what_is_in_a_cache_is_the_common_beginning(tmp_path, data, monkeypatch):
    inputs = pooled(tmp_path, data, wants("red"), 4)
    told = {"sizes": [4], "lists": 1, "problems": 6}
    _, found = asking(SelfScoreStage(), tmp_path, data, inputs, monkeypatch, lambda _: "1", **told)
    for one in (one for one in found if one["id"] == "q0"):
        draws = [answered(data, load(data, "test")[0], draw, "A") for draw in range(4)]
        assert one["cached"] == 3 * common_prompt(draws, permuted=True)


def evidence(data, change=lambda record: record):
    samples = load(data, "test")
    records = [
        change(answered(data, sample, draw, letter(sample, draw, "red")))
        for sample in samples
        for draw in range(3)
    ]
    return samples, records


def failed(sent):
    return {check.check: check.found for check in audit(sent).checks if not check.passed}


def test_an_audit_knows_what_each_draw_was_asked(tmp_path, data):
    samples, records = evidence(data)
    inputs = pooled(tmp_path, data, wants("red"), 3)
    scored = scores_of(tmp_path, data, inputs)
    own = {sample.id: sample.answer for sample in samples}
    sent = Sent(records, samples, 400, scores=scored, speller=None, scored=own)
    assert "question_sent" not in failed(sent) and "expected_answer" not in failed(sent)
    asleep = [replace_prompt(data, one) for one in records]  # all in the order of the first
    moved = sum(in_draw(one, d).question != one.question for one in samples for d in (1, 2))
    assert failed(replace(sent, records=asleep))["question_sent"] == moved > 0
    letters = [one.model_copy(update={"expected": own[one.id]}) for one in scored]
    moved = sum(in_draw(one, d).answer != one.answer for one in samples for d in (1, 2))
    assert failed(replace(sent, scores=letters))["expected_answer"] == moved > 0


def replace_prompt(data, record):
    (sample,) = [one for one in load(data, "test") if one.id == record.id]
    return record.model_copy(update={"prompt": answered(data, sample, 0, "A").prompt})


class Letters:
    """A tokenizer of bytes, and a template that is the question alone."""

    bos_id, eos_ids, vocab_size = None, frozenset({0}), 256

    def spell(self, ids):
        return bytes(ids).decode()

    def answer(self, ids):
        return bytes(one for one in ids if one).decode()

    def special_in(self, sample):
        return []

    def render(self, sample):
        return list(sample.question.encode()), sample.question


def test_a_template_is_rendered_as_the_draw_shows_the_problem(data):
    samples = load(data, "test")

    def rendered(record):
        (sample,) = [one for one in samples if one.id == record.id]
        text = in_draw(sample, record.draw).question
        return record.model_copy(update={"prompt": text, "prompt_ids": tuple(text.encode())})

    _, records = evidence(data, rendered)
    sent = Sent(records, samples, 400, speller=Letters())
    assert not failed(sent).keys() & {"prompt_template", "prompt_eos", "question_sent"}
    assert [one.template for one in audit(sent).shown] == [
        one.prompt for one in records[: len(audit(sent).shown)]
    ]
    other = [one.model_copy(update={"draw": 2 - one.draw}) for one in records]
    assert failed(replace(sent, records=other))["prompt_template"] > 0


def test_a_report_shows_a_problem_as_its_first_draw_saw_it(data):
    samples, records = evidence(data)
    last = {one.id: one for one in records if one.draw == 2}
    files = ArmFiles(records=last, problems={one.id: one for one in samples})
    found = side_by_side(Gathered({"a": files}))
    assert {one.id: one.question for one in found} == {
        one.id: in_draw(one, 2).question for one in samples
    }


def test_what_a_comparison_shows_is_what_was_asked(data):
    samples, records = evidence(data)
    sample, record = samples[1], records[5]
    assert (record.id, record.draw) == (sample.id, 2)
    score = ChoiceScorer().score(record, in_draw(sample, 2))
    one = ArmFiles(
        records={sample.id: record}, scores={sample.id: score}, problems={sample.id: sample}
    )
    flip = _flip(sample.id, 0, one, one)
    assert (flip.question, flip.expected) == (in_draw(sample, 2).question, score.expected)


def test_a_judge_of_pairs_is_shown_what_was_asked(data):
    samples, records = evidence(data)
    asked = [_of({one.id: one for one in samples}, record) for record in records]
    assert asked == [in_draw(one, draw) for one in samples for draw in range(3)]


def test_answers_are_scored_as_they_come_in_the_order_of_their_draw(data, monkeypatch):
    monkeypatch.setattr("llmx.stages.decode._INSTANT", 60.0)  # however busy the machine is
    _, records = evidence(data)
    stages = {"score": StageSpec(name="score", kind="score", needs=("pool",))}
    given = StageInput(StageSpec(name="pool", kind="decode"), {"a": arm_of(data)}, stages=stages)
    told = []

    class Heard(Silent):
        def scored(self, right, of):
            told.append((right, of))

    _Judging(given, Heard()).answered(records)
    assert told == [(12, 18)]  # red is right in four of six


def test_an_episode_is_of_the_problem_as_its_draw_shows_it(data):
    sample = load(data, "test")[1]
    log = SimpleNamespace(attempt=lambda key: 0, turns=lambda key: ())
    for draw in range(4):
        assert Play(None, sample, draw, log).sample == in_draw(sample, draw)


def test_problems_are_written_in_the_order_of_the_first_draw(tmp_path, data):
    inputs = pooled(tmp_path, data, wants("red"), 3)
    out = ran(ScoreStage(), tmp_path / "score", data, {"pool": inputs["pool"]})
    written = read_lines(out / "problems.jsonl")
    assert [one["question"] for one in written] == [one.question for one in load(data, "test")]
    assert read_json(out / "summary.json")["draws"] == 3
