"""From vLLM's answers, logs and counts to records; without vLLM."""

import pytest

from llmx.core.errors import EngineError
from llmx.engines.vllm.answers import Counts, counts, ending
from llmx.engines.vllm.engine import Account, quantiles
from llmx.engines.vllm.phases import phase, trouble

EOS = (9,)


def stops_at_3(ids):
    return 3 in ids


ENDINGS = {
    "eos": (([1, 2, 9], "stop"), None, ((1, 2, 9), "eos")),
    "length": (([1, 2], "length"), None, ((1, 2), "length")),
    "eos at the cap": (([1, 9], "length"), None, ((1, 9), "eos")),
    "stop inside a block": (([1, 3, 5, 6], "stop"), stops_at_3, ((1, 3), "stop")),
    "stop before an eos": (([1, 3, 9], "stop"), stops_at_3, ((1, 3), "stop")),
    "stop at the first": (([3, 1], "length"), stops_at_3, ((3,), "stop")),
    "no stop": (([1, 2], "length"), stops_at_3, ((1, 2), "length")),
}


@pytest.mark.parametrize("case", ENDINGS, ids=str)
def test_where_an_answer_ends(case):
    (ids, reason), stop, wanted = ENDINGS[case]
    found = ending({"token_ids": ids, "finish": reason}, EOS, stop)
    assert (found.tokens, found.finish) == wanted


def test_a_request_that_was_given_up_is_an_error():
    with pytest.raises(EngineError, match="abort"):
        ending({"token_ids": [], "finish": "abort"}, EOS, None)


ROUNDS = [(0, 0, 1), (4, 4, 5), (4, 1, 2)]


@pytest.mark.parametrize(
    ("tokens", "wanted"),
    [
        (8, Counts(3, 8, 5)),
        (6, Counts(2, 4, 4)),
        (3, Counts(2, 4, 2)),
        (1, Counts(1, 0, 0)),
        (0, Counts(0, 0, 0)),
    ],
)
def test_counters_stop_where_the_answer_does(tokens, wanted):
    assert counts(ROUNDS, tokens) == wanted


def test_acceptance_by_position_counts_what_was_looked_at():
    account = Account()
    account.add({"rounds": ROUNDS, "divergences": [(0, 0.1), (1, 0.3)]}, cached=5)
    account.add({"rounds": [(2, 0, 1)], "divergences": [(0, 0.5)]}, cached=0)
    found = account.summary()
    assert [(one["looked_at"], one["accepted"]) for one in found["acceptance_by_position"]] == [
        *((3, 2), (2, 1), (1, 1), (1, 1)),
    ]
    assert found["answers"] == 2 and found["cached_prompt_tokens"] == 5
    assert found["divergence_quantiles"]["0.5"] == 0.3


def test_quantiles_of_nothing_are_none():
    assert quantiles([]) == {}


LOG = """
(EngineCore pid=1) INFO 01-01 00:00:00 [core.py:1] Initializing a V1 LLM engine (v0.32.0)
(Worker pid=2) INFO 01-01 00:00:01 [cpu_model_runner.py:1] Starting to load model x...
"""
DEAD = """
(EngineCore pid=1) ERROR 01-01 00:00:02 [core.py:9] Traceback (most recent call last):
(EngineCore pid=1) ERROR 01-01 00:00:02 [core.py:9]     raise ValueError(
(EngineCore pid=1) ERROR 01-01 00:00:02 [core.py:9] ValueError: head size 16 is not supported
Traceback (most recent call last):
RuntimeError: Engine core initialization failed. See root cause above.
"""


def test_the_log_tells_what_vllm_is_doing():
    assert phase("") is None
    assert phase(LOG) == "loading weights"
    assert phase(LOG + "Loading weights took 3 seconds") == "preparing the models"


def test_the_log_tells_why_it_ended():
    assert trouble(LOG + DEAD) == "ValueError: head size 16 is not supported"
    assert trouble("only this") == "only this"
    assert trouble("") == "no word was said"
