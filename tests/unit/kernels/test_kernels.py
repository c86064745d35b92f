"""The fused verifier: its reference in this process, its kernels in processes of their own."""

import os
import subprocess
import sys
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import numpy as np
import oracle
import pytest
import torch
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from llmx.core.errors import ConfigError
from llmx.decoding.draw import residual
from llmx.decoding.warp import warp
from llmx.kernels import Block, Pairs, Rule, divergence_of, fuses, verify_block
from llmx.kernels.block import DIVERGENCES, SEMANTICS
from llmx.kernels.edge import edge
from llmx.kernels.plan import bytes_read
from llmx.papers.fsd import divergence as loop_divergence

HERE = Path(__file__).parent


def rule_of(semantics, temperature=0.7, one_hot=False):
    return Rule(semantics, None if semantics == "speculative" else "js", temperature, one_hot)


@pytest.mark.parametrize(
    ("semantics", "temperature", "one_hot"), list(product(SEMANTICS, (0.0, 0.7), (False, True)))
)
@settings(max_examples=count(15, 150))
@given(seed=st.integers(0, 999), shape=st.tuples(*[st.integers(0, 3)] * 2, st.integers(1, 40)))
def test_reference_is_the_textbook(semantics, temperature, one_hot, seed, shape):
    block = oracle.block(*oracle.fresh(*shape, seed=seed), seed=seed)
    rule = rule_of(semantics, temperature, one_hot)
    got = verify_block(block, rule, DIVERGENCES)
    oracle.agree(got, oracle.verify(block, rule), block, near=1e-12)


@pytest.mark.parametrize("name", DIVERGENCES)
@pytest.mark.parametrize("masked", [False, True])
def test_divergences_are_those_of_the_loop(name, masked):
    target, draft = oracle.fresh(3, 4, 50, seed=1)
    if masked:
        target[..., 7], draft[..., 9:12] = -torch.inf, -torch.inf
    tokens = torch.randint(0, 50, (3, 4), generator=torch.Generator().manual_seed(1))
    got = divergence_of(Pairs(target[:, :-1], draft, tokens), (name,))[name]
    want = loop_divergence.divergence(name, target[:, :-1], draft, tokens)
    assert torch.allclose(got, want, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize(("top_p", "top_k"), [(1.0, 0), (0.8, 0), (1.0, 4), (0.6, 9), (0.01, 1)])
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16], ids=str)
def test_an_edge_keeps_what_the_warp_keeps(top_p, top_k, kind):
    logits, _ = oracle.fresh(5, 2, 60, seed=2, kind=kind)
    least = edge(logits, 0.6, top_p, top_k)
    assert torch.equal(logits.float() >= least.unsqueeze(-1), warp(logits, 0.6, top_p, top_k) > 0)


P = torch.tensor([0.35, 0.05, 0.2, 0.0, 0.3, 0.1])
Q = torch.tensor([0.05, 0.35, 0.2, 0.1, 0.3, 0.0])
COUNT = 100_000


def many(semantics, threshold=0.1):
    tokens = np.random.default_rng(3).choice(
        6, (COUNT, 1), p=Q.double().numpy() / Q.double().sum().item()
    )
    p, q = P.log().expand(COUNT, 2, 6), Q.log().expand(COUNT, 1, 6)
    block = oracle.block(p, q, threshold, seed=3, tokens=torch.from_numpy(tokens))
    return block, verify_block(block, rule_of(semantics, 1.0))


def fits(tokens, law):
    counts, law = np.bincount(tokens.numpy(), minlength=6), law.double().numpy()
    assert counts[law < 1e-7].sum() == 0
    kept = law >= 1e-7
    return chisquare(counts[kept], law[kept] / law[kept].sum() * counts.sum()).pvalue > 1e-4


@pytest.mark.parametrize(
    ("semantics", "threshold", "law"),
    [("speculative", 0, P), ("fallback", -1, P), ("fallback", 9, Q), ("research", -1, P)],
)
def test_law_of_the_first_token(semantics, threshold, law):
    block, got = many(semantics, float(threshold))
    assert fits(torch.where(got.length > 0, block.tokens[:, 0], got.token), law)


def test_law_of_the_replacement_and_of_the_bonus():
    _, got = many("speculative")
    assert fits(got.token[got.length == 0], residual(P[None], Q[None])[0])
    assert fits(got.token[got.length == 1], P)


REFUSED = {
    "no divergence": lambda: Rule("research"),
    "a divergence too many": lambda: Rule("speculative", "js"),
    "an unknown divergence": lambda: Rule("fallback", "hellinger"),
    "unknown semantics": lambda: Rule("fuzzy", "js"),
    "a temperature below zero": lambda: Rule("speculative", temperature=-1.0),
    "no vocabulary": lambda: Block(*[torch.zeros(1, 2, 0)] * 2, *[torch.zeros(1)] * 4),
    "float64": lambda: oracle.block(torch.zeros(1, 2, 3).double(), torch.zeros(1, 1, 3)),
    "shapes": lambda: oracle.block(torch.zeros(1, 2, 3), torch.zeros(1, 2, 3)),
    "no threshold": lambda: verify_block(
        oracle.replace(oracle.block(*oracle.fresh(1, 1, 3)), threshold=None), rule_of("research")
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_line(name):
    with pytest.raises(ConfigError) as caught:
        REFUSED[name]()
    assert "\n" not in str(caught.value)


def test_only_cuda_is_fused():
    assert not fuses(torch.device("cpu"))


def test_import_loads_no_triton_and_makes_no_cuda_context():
    code = (
        "import torch, sys; before = set(sys.modules); import llmx.kernels;"
        "new = set(sys.modules) - before;"
        "print(any(name.split('.')[0] == 'triton' for name in new), torch.cuda.is_initialized())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


needs_triton = pytest.mark.skipif(
    find_spec("triton") is None, reason="Triton is not installed: pip install triton"
)


def run(*words, **environment):
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
    return done.stdout


def interpret(*words):
    case = HERE / "on_device.py"
    options = ("-p", "no:cacheprovider", "-p", "no:xdist")
    return run("-m", "pytest", case, *options, *words, TRITON_INTERPRET="1")


@needs_triton
@pytest.mark.slow
def test_kernels_through_the_interpreter():
    assert " passed" in interpret()


@needs_triton
@pytest.mark.slow
@pytest.mark.parametrize("capability", [80, 90])
def test_kernels_compile_for(capability, tmp_path):
    names = run(
        HERE / "compile_ahead.py", capability, TRITON_CACHE_DIR=str(tmp_path), TRITON_INTERPRET="0"
    )
    assert set(names.split()) == {"survey", "compare", "decide", "weigh", "pick"}
    assert len(list(tmp_path.rglob("*.cubin"))) >= 20


@needs_triton
@pytest.mark.slow
def test_bound_launches_hand_over_what_triton_does(tmp_path):
    said = run(HERE / "bound_launch.py", 90, TRITON_CACHE_DIR=str(tmp_path), TRITON_INTERPRET="0")
    # Each of 16 cases the second time it comes, and those that share a layout with an earlier one.
    assert said.startswith("19 bound calls are Triton's own")


TRAFFIC = {  # in rows of the vocabulary: 3 sequences of 2 drafted tokens
    "one read of the target": (Rule("speculative", temperature=0.0), 6 + 3),
    "one read of both": (Rule("speculative"), 12 + 6),
    "a one-hot draft is not read": (Rule("speculative", one_hot_draft=True), 6 + 3),
    "running normalisers": (Rule("research", "kl"), 12 + 3),
    "two reads": (Rule("research", "js"), 24 + 3),
    "two reads and a residual": (Rule("fallback", "tv"), 24 + 6),
}


@pytest.mark.parametrize("name", TRAFFIC)
def test_the_bytes_that_must_be_read(name):
    rule, rows = TRAFFIC[name]
    block = oracle.block(*oracle.fresh(3, 2, 50, kind=torch.bfloat16))
    assert bytes_read(block, rule) == rows * 50 * 2


@pytest.mark.slow
def test_the_benchmark_prints_its_table():
    script = HERE.parents[2] / "scripts" / "bench_kernels.py"
    words = ("--device", "cpu", "--quick", "--rounds", "1", "--repeat", "1")
    first, *table = run(script, *words).splitlines()
    assert "nothing is fused" in first and len(table) == 9
    assert all("of copy bandwidth" in one and "eager" in one for one in table)
    assert all("  call " in one and "  bound call " in one for one in table)
    first, *table, last = run(script, *words, "--seconds", "0").splitlines()
    assert len(table) <= 1 and last == f"{9 - len(table)} of 9 rows left out after 0 s"
