"""One worker runs the tests that share a loaded engine of vLLM; files are not torn apart."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import scopes
from xdist.remote import Producer

TESTS = Path(__file__).parents[1]
SHARING = {
    "servers of vLLM": [
        "contracts/test_engine.py::test_seeds_are_honoured[vllm_server]",
        "contracts/test_streamer.py::test_an_answer_in_chunks_is_the_answer_at_once[vllm_server-7]",
        "vllm_engine/test_server.py::test_a_server_that_does_not_start_says_why[unknown option]",
        "vllm_engine/test_streams.py::test_a_server_counts_what_it_had_cached",
    ],
    "streams of vLLM": [
        "contracts/test_streamer.py::test_a_staircase_says_what_it_says_on_hf[vllm-L1b]",
        "vllm_engine/test_streams.py::test_closing_gives_up_what_waits",
    ],
    "answers of vLLM": [
        "contracts/test_engine.py::test_seeds_are_honoured[vllm]",
        "vllm_engine/test_pair.py::test_vllm_gives_the_tokens_of_our_own_loop[SD]",
        "vllm_engine/test_recipe.py::test_parity_of_our_loop_and_vllm",
    ],
}
ALONE = [
    "contracts/test_engine.py::test_seeds_are_honoured[hf]",
    "contracts/test_streamer.py::test_a_staircase_says_what_it_says_on_hf[hf-L1]",
    "vllm_engine/test_toy_law.py::test_the_thresholds_at_both_ends",
    "hostile/test_programs.py::test_a_file_sets_nothing_of_vllm_that_is_not_listed[vllm-a]",
    "unit/stats/test_power.py::test_power[a::b]",
]


@pytest.mark.parametrize("name", SHARING)
def test_tests_that_share_an_engine_are_one_workers(name):
    assert {scopes.scope(f"tests/{test}") for test in SHARING[name]} == {name}
    for test in SHARING[name]:
        file, _, function = test.partition("::")
        assert f"def {function.partition('[')[0]}" in (TESTS / file).read_text()


@pytest.mark.parametrize("test", ALONE)
def test_all_others_are_with_their_file(test):
    assert scopes.scope(f"tests/{test}") == f"tests/{test.partition('::')[0]}"


def test_it_deals_out_the_tests_of_workers():
    """But not where somebody asks for another distribution."""
    asked = SimpleNamespace(dist="loadfile")
    config = SimpleNamespace(option=asked, getvalue=lambda name: ["popen", "popen"])
    dealt = scopes.pytest_xdist_make_scheduler(config, Producer("test"))
    split = {name: {dealt._split_scope(test) for test in tests} for name, tests in SHARING.items()}
    assert split == {name: {name} for name in SHARING}
    asked.dist = "load"
    assert scopes.pytest_xdist_make_scheduler(config, Producer("test")) is None
