"""The divergence log: what it holds, against the models themselves and the decoding loop."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from llmx.core.errors import RunError
from llmx.decoding import DecodeOptions, decode
from llmx.decoding.toy import ToyModel
from llmx.decoding.warp import warp
from llmx.papers.fsd.calibrate import predict
from llmx.papers.fsd.divergence import divergence, measure, warped_log_probs
from llmx.papers.fsd.divergence_log import DivergenceLog, Measure, joined
from llmx.papers.fsd.observe import Text, observe
from llmx.papers.fsd.replay import replay

TARGET = ToyModel(12, seed=0, scale=1.5)
DRAFT = ToyModel(12, seed=1, scale=1.5, near=TARGET, mix=0.7)
PROMPTS = [[i % 12, i * 5 % 12, 3] for i in range(24)]
IDS = [f"c{i}" for i in range(24)]
FUZZY = DecodeOptions("fuzzy", max_tokens=40, gamma=4, draft="greedy", eos_ids=(11,))
MEASURES = [
    *(Measure(name) for name in ("js", "ag", "kl", "kl_reversed", "tv", "draft_token")),
    Measure("js", top_k=3),
    Measure("js", on="warped"),
]


def texts(options=FUZZY) -> list[Text]:
    outputs = decode(TARGET, DRAFT, PROMPTS, IDS, options, 0)
    return [
        Text(name, prompt, one.token_ids, one.accepted)
        for name, prompt, one in zip(IDS, PROMPTS, outputs, strict=True)
    ]


LOSSLESS = replace(FUZZY, algorithm="speculative")


@pytest.fixture(scope="module")
def log() -> DivergenceLog:
    return observe(TARGET, DRAFT, texts(LOSSLESS), FUZZY, 0, MEASURES, stride=3)


def logits(model: ToyModel, context: list[int]) -> torch.Tensor:
    cache = model.new_cache(1, len(context))
    return model.forward(torch.tensor([context]), torch.tensor([0]), cache)[0, -1]


def rows_of(log: DivergenceLog, count: int):
    """Some blocks with the context of each of their drafted tokens."""
    written = texts(LOSSLESS)
    for row in range(0, len(log.valid), max(1, len(log.valid) // count)):
        text = written[log.sample[row]]
        context = [*text.prompt, *text.tokens[: log.start[row]]]
        for column in range(log.valid[row]):
            yield row, column, [*context, *map(int, log.token[row, :column])]


def test_every_column_is_what_the_models_say(log):
    for row, column, context in rows_of(log, 12):
        both = [logits(model, context).float() for model in (TARGET, DRAFT)]
        p, q = (one.softmax(-1).double() for one in both)
        token = int(log.token[row, column])
        assert token == int(both[1].argmax()), "greedy drafts"
        at = row, column
        assert log.p[at] == pytest.approx(float(p[token]), rel=1e-4)
        assert log.q[at] == pytest.approx(float(q[token]), rel=1e-4)
        assert log.entropy_p[at] == pytest.approx(float(-(p * p.log()).sum()), rel=1e-4)
        assert log.entropy_q[at] == pytest.approx(float(-(q * q.log()).sum()), rel=1e-4)
        assert log.argmax[at] == (token == int(both[0].argmax()))
        for one in MEASURES:
            assert log.of(one.name)[at] == pytest.approx(expected(one, both, token), abs=1e-5)


def expected(one: Measure, both: list[torch.Tensor], token: int) -> float:
    chosen = torch.tensor(token)
    if one.on == "raw":
        return float(divergence(one.divergence, *both, chosen, one.top_k))
    p, q = (warped_log_probs(warp(x, FUZZY.temperature, FUZZY.top_p, FUZZY.top_k)) for x in both)
    return float(measure(one.divergence, p, q, chosen))


@pytest.mark.parametrize("semantics", ["research", "fallback", "union"])
@pytest.mark.parametrize("threshold", [-np.inf, 0.02, 0.1, np.inf])
def test_shares_are_those_of_the_calibration_on_the_same_blocks(log, semantics, threshold):
    options = replace(FUZZY, semantics=semantics)
    blocks = replay(TARGET, DRAFT, PROMPTS, IDS, options, 0, stride=3)
    # Both replay one lossless text, whatever the rule that is to be calibrated.
    assert log.share("js", threshold, semantics) == pytest.approx(
        predict(blocks, threshold, semantics)
    )


def test_emitted_and_accepted_are_the_texts_own(log):
    written = texts(LOSSLESS)
    assert log.emitted.tolist() == [len(text.tokens) for text in written]
    assert log.accepted.tolist() == [text.accepted for text in written]


def test_blocks_start_at_every_stride_of_every_text(log):
    for place, size in enumerate(log.emitted):
        assert sorted(log.start[log.sample == place]) == list(range(0, size, 3))


def test_a_log_is_read_as_it_was_written(log, tmp_path):
    (tmp_path / "log.npz").write_bytes(log.to_bytes())
    again = DivergenceLog.load(tmp_path / "log.npz")
    for field in fields(DivergenceLog):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(log, field.name))
    assert again.to_bytes() == log.to_bytes()


@pytest.mark.parametrize("content", [b"", b"not a log", "no column"])
def test_a_file_that_is_no_log_is_refused(log, tmp_path, content):
    path = tmp_path / "log.npz"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.savez(path.open("wb"), token=log.token)
    with pytest.raises(RunError, match="not a divergence log"):
        DivergenceLog.load(path)


def test_a_measure_that_was_not_logged_names_the_nearest(log):
    with pytest.raises(RunError, match="no measure 'jss'") as caught:
        log.of("jss")
    assert "js" in str(caught.value.hint)


def test_joined_logs_hold_every_text(log):
    two = joined([log, log])
    assert len(two.ids) == 2 * len(log.ids)
    assert two.divergence.shape == (len(MEASURES), 2 * len(log.valid), FUZZY.gamma)
    np.testing.assert_array_equal(two.sums(two.lossless)[: len(log.ids)], log.sums(log.lossless))
    assert two.share("js", 0.1) == pytest.approx(log.share("js", 0.1))
    with pytest.raises(ValueError, match="other measures"):
        joined([log, replace(log, measures=log.measures[::-1])])
