"""The plugin's code path on models that can be enumerated: the law, token for token."""

import json
import subprocess
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import test_decode_law
from counts import count
from enumerated_law import law, softmax, target_law, texts
from test_decode_law import DRAFT, PROMPT, TARGET
from test_every_law import ALGORITHMS, OPTIONS

from llmx.decoding import decode
from llmx.engines.vllm.engine import _plain
from llmx.engines.vllm.interpreter import environment
from llmx.engines.vllm_plugin.rule import SETTINGS

GAMMA = 2
SAMPLES = count(500, 2500)  # that they are the tokens of our own loop says more than their law
MIXED = count(50, 200)
BASE = ALGORITHMS["sd"]
WARM = {"temperature": 0.8, "max_tokens": 4}


def ours(options):
    """The options as vLLM has them: one target token comes first, and blocks are of one length."""
    return replace(options, gamma=GAMMA, first_block="target")


CASES = {
    **{name: ours(options) for name, options in ALGORITHMS.items()},
    **{f"{name}-sampled": ours(replace(ALGORITHMS[name], draft="sampled")) for name in ALGORITHMS},
    "soft": ours(replace(BASE, draft="greedy_soft")),
    "eos": ours(replace(ALGORITHMS["fallback"], eos_ids=(2,), max_tokens=5)),
    "nucleus": ours(replace(ALGORITHMS["research"], top_p=0.8, draft="sampled")),
    "top-k": ours(replace(ALGORITHMS["research"], top_k=2)),
    "greedy": ours(replace(ALGORITHMS["research"], temperature=0.0)),
    **{
        name: ours(OPTIONS[name])
        for name in ("budget-fallback", "hold", "strict-half", "floor", "warped-nucleus")
    },
    "never": ours(replace(ALGORITHMS["research"], threshold=-1.0)),
    "always": ours(replace(ALGORITHMS["research"], threshold=np.inf)),
}


def p_value(counts, wanted):
    with patch.object(test_decode_law, "SAMPLES", SAMPLES):
        return test_decode_law.p_value(counts, wanted)


def request(options, name):
    rule = {field: _plain(asdict(options)[field]) for field in SETTINGS}
    return {"sampling": sampling(options), "rule": {**rule, "id": name, "seed": 0}}


def sampling(options):
    return {
        "temperature": options.temperature,
        "top_p": options.top_p,
        "top_k": options.top_k,
        "max_tokens": options.max_tokens,
        "stop_token_ids": list(options.eos_ids),
    }


def toy(requests, gamma=GAMMA, **more):
    tables = {name: m.table.tolist() for name, m in (("target", TARGET), ("draft", DRAFT))}
    return {**tables, "prompt": PROMPT, "gamma": gamma, "requests": requests, **more}


OWN = {
    "own-temperature": {"temperature": 0.8, "max_tokens": 3},
    "own-top-k": {"temperature": 0.8, "top_k": 2, "max_tokens": 3},
    "own-top-p": {"temperature": 0.6, "top_p": 0.8, "max_tokens": 3},
}


@pytest.fixture(scope="module")
def found(vllm_python):
    """Run every case in one go: importing vLLM takes most of the time."""
    always = replace(CASES["always"], draft="greedy")
    mixed = [
        request(CASES[name], f"m{place}") for place in range(MIXED) for name in sorted(CASES)
    ] + [{"sampling": one, "rule": None} for one in OWN.values()]
    given = {
        "runs": [
            *(toy([request(o, f"s{n}") for n in range(SAMPLES)]) for o in CASES.values()),
            *(toy([{"sampling": one, "rule": None}] * SAMPLES) for one in OWN.values()),
            toy(mixed),
            toy([request(CASES["always"], "one") | {"sampling": {**WARM, "logprobs": 0}}]),
            toy([request(always, "a") | {"sampling": {**WARM, "allowed_token_ids": [0, 1]}}]),
            toy([{"sampling": WARM, "rule": None}] * 20, config={"threshold": "inf"}),
        ],
        "grammar": toy([request(always, f"g{n}") for n in range(20)], forbidden=2),
        "lost": toy([request(CASES["research"], "x")]),
    }
    done = subprocess.run(
        [str(vllm_python), str(Path(__file__).parent / "toy_runner.py")],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        env=environment(threads=1),
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def run_of(found, name):
    return found["runs"][[*CASES, *OWN, "mixed", "logprobs", "allowed", "config"].index(name)]


@pytest.mark.parametrize("name", CASES)
def test_every_rule_gives_the_tokens_of_our_own_loop(found, name):
    ids = [f"s{n}" for n in range(SAMPLES)]
    wanted = decode(TARGET, DRAFT, [PROMPT] * SAMPLES, ids, CASES[name], 0)
    answers = run_of(found, name)
    assert [tuple(a["tokens"]) for a in answers] == [one.token_ids for one in wanted]
    sums = [np.array(a["counts"]["rounds"]).sum(0).tolist() for a in answers]
    assert [(s[0], s[1]) for s in sums] == [(one.drafted, one.accepted) for one in wanted]
    assert [len(a["counts"]["rounds"]) for a in answers] == [one.rounds for one in wanted]
    assert [tuple(a["counts"]["fragile"]) for a in answers] == [one.fragile for one in wanted]


@pytest.mark.parametrize("name", CASES)
def test_every_rule_follows_the_enumerated_law(found, name):
    counts = Counter((tuple(a["tokens"]), len(a["counts"]["rounds"])) for a in run_of(found, name))
    assert p_value(counts, law(TARGET, DRAFT, PROMPT, CASES[name])) > 1e-4


@pytest.mark.parametrize("name", OWN)
def test_vllms_own_speculation_is_lossless_once_mended(found, name):
    options = replace(BASE, **{"top_p": 1.0, "top_k": 0, **OWN[name]})
    counts = Counter(tuple(answer["tokens"]) for answer in run_of(found, name))
    assert p_value(counts, target_law(TARGET, PROMPT, options)) > 1e-4


def test_expansion_repeats_values_of_every_type(found):
    for kind in ("float32", "int32", "int64"):
        assert found["expanded"][f"mended torch.{kind}"] == [1, 1, 7, 7, 7]


def test_the_defect_that_is_mended_is_there(found):
    if found["expanded"]["shipped torch.float32"] != [-9] * 5:
        pytest.skip("this vLLM expands floats: the mend can go")


def test_a_mixed_batch_gives_each_request_what_it_gets_alone(found):
    answers, names = run_of(found, "mixed"), sorted(CASES)
    for place, name in enumerate(names):
        mine = answers[place : MIXED * len(names) : len(names)]
        ids = [f"m{n}" for n in range(MIXED)]
        wanted = decode(TARGET, DRAFT, [PROMPT] * MIXED, ids, CASES[name], 0)
        assert [tuple(a["tokens"]) for a in mine] == [one.token_ids for one in wanted], name
    assert [len(answer["tokens"]) for answer in answers[-len(OWN) :]] == [3] * len(OWN)


def test_accepted_tokens_have_the_targets_log_probabilities(found):
    (answer,) = run_of(found, "logprobs")
    text = [*PROMPT]
    for token, logprob in zip(answer["tokens"], answer["logprobs"], strict=True):
        p = softmax(TARGET.logits(np.array(text)).double().numpy())
        assert logprob == pytest.approx(np.log(p[token]), abs=1e-5)
        text.append(token)


def test_forbidden_tokens_never_stand(found):
    (answer,) = run_of(found, "allowed")
    assert set(answer["tokens"]) <= {0, 1}
    tokens = {token for one in found["grammar"] for token in one["tokens"]}
    assert 2 not in tokens
    # Divergences are of the distributions before the grammar's mask.
    free = law(TARGET, DRAFT, PROMPT, CASES["always"])
    assert any(2 in text for text, _ in free)
    divergences = [d for one in found["grammar"] for _, d in one["counts"]["divergences"]]
    assert divergences and max(divergences) < 0.5


def test_the_configuration_holds_for_requests_that_say_nothing(found):
    answers = run_of(found, "config")
    assert all(answer["counts"] is None for answer in answers)  # nobody asked for counts
    assert all(len(answer["tokens"]) == WARM["max_tokens"] for answer in answers)


def test_a_drafted_token_without_its_distribution_is_an_error(found):
    assert "without the distributions" in found["lost"]


def test_the_thresholds_at_both_ends(found):
    for name, share in (("never", 0.0), ("always", 1.0)):
        rounds = np.concatenate([a["counts"]["rounds"] for a in run_of(found, name)])
        assert rounds[:, 0].sum() > 0
        assert rounds[:, 1].sum() == share * rounds[:, 0].sum()


def test_a_law_that_was_not_asked_for_is_told_apart(found):
    """Otherwise the tests above could not fail."""
    counts = Counter(
        (tuple(a["tokens"]), len(a["counts"]["rounds"])) for a in run_of(found, "research")
    )
    assert p_value(counts, law(TARGET, DRAFT, PROMPT, CASES["sd"])) < 1e-6
    own = Counter(tuple(answer["tokens"]) for answer in run_of(found, "own-top-k"))
    assert p_value(own, texts(law(TARGET, DRAFT, PROMPT, ours(BASE)))) < 1e-6
