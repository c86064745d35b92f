"""The graph layer, with a graph that is none; and the verifier that is called many times."""

import oracle
import pytest
import torch

from llmx.core.errors import ConfigError
from llmx.kernels import Rule, Verifier, verify_block
from llmx.kernels.graphs import Graphs


class Log:
    """Says what was done: `w` the work, `c` a capture, `r` a replay, each with its key."""

    def __init__(self, **options):
        self.said, self.inside = [], False
        self.graphs = Graphs(self.capture, lambda: self.inside, **options)

    def capture(self, work):
        self.said.append("c")
        return lambda: self.said.append("r")

    def call(self, *keys):
        self.said.clear()
        for key in keys:
            self.graphs.run(key, lambda key=key: self.said.append(f"w{key}"))
        return " ".join(self.said)


def test_two_calls_then_a_capture_that_is_replayed_at_once():
    log = Log()
    assert log.call("a", "a") == "wa wa"
    assert log.call("a") == "c r"
    assert log.call("a", "a") == "r r"
    assert len(log.graphs) == 1


def test_another_key_falls_back_and_takes_no_graph_away():
    log = Log()
    log.call("a", "a", "a")
    assert log.call("b", "a", "b") == "wb r wb"
    assert log.call("b", "a") == "c r r"
    assert len(log.graphs) == 2


def test_the_graph_used_longest_ago_goes():
    log = Log(limit=2)
    log.call(*"aaabbb")
    log.call("a")
    assert log.call(*"ccc") == "wc wc c r"
    assert len(log.graphs) == 2
    assert log.call("a") == "r"
    assert log.call("b") == "wb"


def test_sixteen_are_kept():
    log = Log()
    for key in range(17):
        log.call(key, key, key)
    assert len(log.graphs) == 16
    assert log.call(0) == "w0"
    assert log.call(1, 16) == "r r"


def test_keys_that_keep_changing_cost_no_memory_and_push_no_graph_out():
    log = Log(limit=4)
    log.call("a", "a", "a")
    assert log.call(*range(1000)) == " ".join(f"w{key}" for key in range(1000))
    assert len(log.graphs._seen) <= 4
    assert log.call("a") == "r"


def test_a_key_that_comes_now_and_then_is_still_counted():
    log = Log(limit=4)
    assert log.call("a", "b", "c", "a", "b", "c", "a") == "wa wb wc wa wb wc c r"


def test_strangers_push_out_the_key_that_was_asked_for_longest_ago():
    log = Log(limit=4)
    assert log.call("a", 1, 2, 3, "a", 4, 5, 6, "a") == "wa w1 w2 w3 wa w4 w5 w6 c r"


def test_inside_another_capture_the_work_is_done_as_it_is():
    log = Log()
    log.call("a", "a", "a")
    log.inside = True
    assert log.call("a", "b", "b", "b") == "wa wb wb wb"
    log.inside = False
    # And those calls were not counted.
    assert log.call("a", "b") == "r wb"


def test_a_capture_that_fails_is_said_once_and_the_work_goes_on():
    done = []

    def refuse(work):
        raise RuntimeError("operation not permitted when stream is capturing")

    graphs = Graphs(refuse)
    for _ in range(2):
        graphs.run("a", lambda: done.append(1))
    with pytest.warns(RuntimeWarning, match="not permitted"):
        graphs.run("a", lambda: done.append(1))
    graphs.run("a", lambda: done.append(1))
    assert len(done) == 4 and "not permitted" in graphs.refused


def test_an_error_of_the_work_is_no_failed_capture():
    graphs = Graphs(lambda work: work)

    def wrong():
        raise RuntimeError("of the work")

    with pytest.raises(RuntimeError, match="of the work"):
        graphs.run("a", wrong)
    assert graphs.refused is None


CPU = torch.device("cpu")


@pytest.mark.parametrize("semantics", ["speculative", "union"])
def test_where_nothing_is_fused_it_is_the_entry(semantics):
    rule = Rule(semantics, None if semantics == "speculative" else "js", 0.7)
    verifier = Verifier(rule, 2, 3, 20, CPU, report=("kl",))
    for seed in range(3):
        block = oracle.block(*oracle.fresh(2, 3, 20, seed=seed), seed=seed)
        mine, theirs = verifier(block), verify_block(block, rule, ("kl",))
        assert torch.equal(mine.token, theirs.token) and torch.equal(mine.accept, theirs.accept)
        assert torch.equal(mine.divergences["kl"], theirs.divergences["kl"])


REFUSED = {
    "another shape": lambda: Verifier(Rule("speculative"), 2, 1, 9, CPU)(
        oracle.block(*oracle.fresh(2, 2, 9))
    ),
    "no threshold": lambda: Verifier(Rule("research", "js"), 2, 1, 9, CPU)(
        oracle.replace(oracle.block(*oracle.fresh(2, 1, 9)), threshold=None)
    ),
    "an unknown divergence": lambda: Verifier(Rule("speculative"), 2, 1, 9, CPU, ("hellinger",)),
    "another device": lambda: Verifier(Rule("speculative"), 2, 1, 9, torch.device("meta"))(
        oracle.block(*oracle.fresh(2, 1, 9))
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_line(name):
    with pytest.raises(ConfigError) as caught:
        REFUSED[name]()
    assert "\n" not in str(caught.value)
