"""What an audit counts, shows and refuses before anything is trained."""

from dataclasses import replace

import pytest
import trl
from tiny import DRAWN, FAST, ROWS, save_data, tokenizer

from llmx.core.errors import DataError, RunError
from llmx.store.files import read_json, read_lines, write_lines
from llmx.train.post_training.audit import Limit, audit
from llmx.train.post_training.encoded import encode_answered, encode_asked, encode_prompts
from llmx.train.post_training.rows import TrainingRow, asked_by, asks


@pytest.fixture(scope="module")
def words():
    return tokenizer()


def texts_of(words, rows):
    return [encode_answered(words, row, row.text("completion", "solution"), "x") for row in rows]


def rows_of(raw):
    turns = [[{"role": "user", "content": fields["question"]}] for fields in raw]
    return [TrainingRow(n, fields, turns[n]) for n, fields in enumerate(raw)]


def found(audited, name):
    (check,) = (check for check in audited.checks if check.check == name)
    return check.passed, check.found, check.of


def test_the_mask_is_on_the_answer_and_its_end(words):
    (text,) = texts_of(words, rows_of(ROWS[:1]))
    trained = [token for token, loss in zip(text.ids, text.mask, strict=True) if loss]
    assert words.decode(trained) == ROWS[0]["solution"] + "<|end|>"
    (asked,) = encode_asked(words, rows_of(ROWS[:1]), room=0)
    assert text.ids[: len(asked.ids)] == asked.ids  # what an engine sends


def test_a_plain_prompt_is_sent_as_it_is(words):
    row = TrainingRow(0, {"prompt": "<|begin|>1+1=", "completion": "2"}, "<|begin|>1+1=")
    text = encode_answered(words, row, "2", "completion")
    assert words.decode(text.ids) == "<|begin|>1+1=2<|end|>"
    assert encode_answered(words, row, "2<|end|>", "completion").ids == text.ids


@pytest.mark.parametrize("mode", ["keep_start", "keep_end"])
def test_a_cut_text_is_counted(words, mode):
    rows = rows_of(ROWS)
    texts = texts_of(words, rows)
    lengths = sorted(len(text.ids) for text in texts)
    for longest in (lengths[0] - 1, lengths[5], lengths[-1]):
        audited = audit(rows, texts, Limit(longest, mode), words, {})
        over = sum(length > longest for length in lengths)
        assert found(audited, "truncated") == (not over, over, len(rows))
        assert audited.passed == (over < len(rows))
        assert audited.tokens["longest"] <= longest


def test_a_prompt_that_fills_everything_leaves_no_loss(words):
    rows = rows_of([ROWS[0], {**ROWS[1], "question": "What is it? " * 9}])
    texts = texts_of(words, rows)
    longest = len(texts[0].ids)
    audited = audit(rows, texts, Limit(longest), words, {})
    assert found(audited, "without loss") == (False, 1, 2) and audited.passed
    assert audited.tokens["texts"] == 1
    assert [text.row.number for text in audited.shown] == [0]


def test_duplicates_and_overlap_see_through_case_and_space(words):
    raw = [ROWS[0], {**ROWS[1], "question": "what  IS 0 plus 0?"}, ROWS[2]]
    rows = rows_of(raw)
    tested = {"test": {asks({"question": "What is\n2 PLUS 2? "})}, "heldout": set()}
    audited = audit(rows, texts_of(words, rows), Limit(None), words, tested)
    assert found(audited, "duplicates") == (False, 1, 3)
    assert found(audited, "overlap with test") == (False, 1, 3)
    assert found(audited, "overlap with heldout") == (True, 0, 3)
    assert not audited.passed


def test_without_a_test_split_nothing_is_claimed(words):
    rows = rows_of(ROWS)
    audited = audit(rows, texts_of(words, rows), Limit(None), words, {})
    assert found(audited, "overlap with test") == (None, 0, 0)


def test_two_begins_and_a_missing_end_are_counted(words):
    row = TrainingRow(0, {"prompt": "p"}, "<|begin|><|begin|>hm")
    text = encode_answered(words, row, "2", "completion")
    open_end = replace(text, ids=text.ids[:-1], mask=text.mask[:-1])
    audited = audit([row, row], [text, open_end], Limit(None), words, {})
    assert found(audited, "double begin") == (False, 2, 2)
    assert found(audited, "without end") == (False, 1, 2)


def test_an_end_that_is_cut_off_is_none_and_one_with_a_line_break_behind_it_is(words):
    (row,) = rows_of(ROWS[:1])
    (text,) = texts_of(words, [row])
    cut = audit([row], [text], Limit(len(text.ids) - 1), words, {})
    assert found(cut, "without end") == (False, 1, 1)
    longer = replace(text, ids=(*text.ids, text.ids[0]), mask=(*text.mask, 1))
    assert found(audit([row], [longer], Limit(None), words, {}), "without end") == (True, 0, 1)


def test_texts_beyond_the_positions_of_the_model_are_counted(words):
    rows = rows_of(ROWS)
    texts = texts_of(words, rows)
    known = sorted(len(text.ids) for text in texts)[5]
    over = sum(len(text.ids) > known for text in texts)
    audited = audit(rows, texts, Limit(None, known=known), words, {})
    assert found(audited, "beyond the model") == (False, over, len(rows)) and over
    assert found(audit(rows, texts, Limit(known, known=known), words, {}), "beyond the model")[0]


@pytest.mark.parametrize("own", [{}, {"question": "in other words"}])
def test_a_prompt_that_asks_a_tested_question_is_an_overlap(words, own):
    raw = {"prompt": "What is 2 plus 2?", "completion": "4", **own}
    rows = [TrainingRow(0, raw, raw["prompt"])]
    texts = [encode_answered(words, rows[0], "4", "completion")]
    audited = audit(
        rows, texts, Limit(None), words, {"test": asked_by({"question": raw["prompt"]})}
    )
    assert found(audited, "overlap with test") == (False, 1, 1) and not audited.passed


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sft", "dpo"])
def test_what_is_shown_is_what_the_trainer_feeds(work, kind):
    out = work(kind, {**FAST, "max_steps": 1}).run()
    about = read_json(out / "audit.json")
    (fed,) = (check for check in about["checks"] if check["check"] == "fed as shown")
    assert fed["passed"] is True and fed["of"] == len(about["shown"]) == 3 * (1 + (kind == "dpo"))
    first = about["shown"][0]
    answer = ROWS[0]["solution" if kind == "sft" else "chosen"]
    assert first["text"] == f"<|begin|><|user|>{ROWS[0]['question']}<|assistant|>{answer}<|end|>"
    assert first["with_loss"] == f"{answer}<|end|>"
    text = (out / "audit.md").read_text()
    assert "[2]" in text and first["text"] in text  # the end carries loss


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["grpo", "rloo"])
@pytest.mark.parametrize("plain", [False, True])
def test_a_policy_is_asked_with_what_is_shown(work, tmp_path, kind, plain):
    job = work(kind, {**DRAWN, "max_steps": 1})
    if plain:
        (tmp_path / "plain").mkdir()
        raw = [{"prompt": f"<|begin|>{n}+1=", "answer": str(n)} for n in range(8)]
        job.data = save_data(tmp_path / "plain", raw)
    out = job.run()
    about = read_json(out / "audit.json")
    (fed,) = (check for check in about["checks"] if check["check"] == "fed as shown")
    assert fed["passed"] is True and fed["of"] == len(about["shown"]) == 3
    sent = {line["prompt"] for line in read_lines(out / "rollouts.jsonl")}
    first = "<|begin|>0+1=" if plain else f"<|begin|><|user|>{ROWS[0]['question']}<|assistant|>"
    assert about["shown"][0]["text"] == first and not any(about["shown"][0]["mask"])
    assert all(text.endswith("=" if plain else "<|assistant|>") for text in sent)


@pytest.mark.slow
def test_a_policy_that_is_asked_otherwise_is_refused(work, monkeypatch):
    encode = trl.GRPOTrainer._tokenize_prompts

    def longer(trainer, prompts):
        ids, *rest = encode(trainer, prompts)
        return [[*one, one[-1]] for one in ids], *rest

    monkeypatch.setattr(trl.GRPOTrainer, "_tokenize_prompts", longer)
    job = work("grpo", {**DRAWN, "max_steps": 1})
    with pytest.raises(RunError, match="feeds other tokens than the audit shows"):
        job.run()
    assert not read_lines(job.out / "rollouts.jsonl")


@pytest.mark.slow
def test_plain_prompts_are_fed_as_shown_too(work, tmp_path):
    raw = [{"prompt": f"<|begin|>{n}+1=", "completion": str(n + 1), "chosen": "a", "rejected": "b"}
           for n in range(8)]  # fmt: skip
    (tmp_path / "plain").mkdir()
    for kind in ("sft", "dpo"):
        job = work(kind, {**FAST, "max_steps": 1})
        job.data, job.out = save_data(tmp_path / "plain", raw), tmp_path / kind
        shown = read_json(job.run() / "audit.json")["shown"]
        assert shown[0]["text"] == f"<|begin|>0+1={'1' if kind == 'sft' else 'a'}<|end|>"


@pytest.mark.slow
def test_loss_on_the_prompt_too_where_that_is_asked_for(work):
    out = work("sft", {**FAST, "max_steps": 1, "completion_only_loss": False}).run()
    assert all(read_json(out / "audit.json")["shown"][0]["mask"])


def test_overlap_is_refused_before_a_model_loads(work, data, tmp_path):
    (tmp_path / "leak").mkdir()
    job = work("sft", {**FAST, "max_steps": 1})
    job.data = save_data(tmp_path / "leak")
    write_lines(job.data / "test.jsonl", [{"question": ROWS[3]["question"].upper()}])
    with pytest.raises(DataError, match=r"'sft' is not trained: overlap with test, 1 of 24"):
        job.run()
    assert read_json(job.out / "audit.json")["passed"] is False
    assert not (job.out / "checkpoints").exists()


def test_prompts_of_both_kinds_are_encoded_in_their_places(words):
    turns = [{"role": "user", "content": "1+1?"}]
    prompts = ["a b", turns, "c", turns]
    found = encode_prompts(words, prompts)
    sent = words.apply_chat_template(turns, add_generation_prompt=True, return_dict=True)
    assert found[1] == found[3] == sent["input_ids"]
    assert [found[0], found[2]] == [words(text=text)["input_ids"] for text in ("a b", "c")]


def test_the_hash_of_what_is_fed_knows_every_id_and_mask(words):
    rows = rows_of(ROWS[:3])
    texts = texts_of(words, rows)
    first = texts[0]
    ids, mask = (first.ids[0] + 1, *first.ids[1:]), (1 - first.mask[0], *first.mask[1:])
    changed = [replace(first, ids=ids), replace(first, mask=mask)]
    sets = [texts, [*texts[1:], first], texts[:2], *([one, *texts[1:]] for one in changed)]
    hashes = [audit(rows, one, Limit(None), words, {}).fed for one in sets]
    assert len(set(hashes)) == len(sets)
    assert audit(rows, texts, Limit(None), words, {}).mask_statistics()["hash"] == hashes[0]
    cut = audit(rows, texts, Limit(len(first.ids) - 1), words, {})
    assert cut.fed != hashes[0]  # what is fed, and not what was encoded
