"""The kernels against float64, on a GPU or through Triton's interpreter.

Not collected by name: test_kernels.py runs it in a process of its own, where TRITON_INTERPRET is
set before Triton is imported; scripts/gpu_check.sh with LLMX_KERNEL_DEVICE=cuda.
"""

import os
from itertools import product

import numpy as np
import oracle
import pytest
import torch
from counts import count, some
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from torch.utils._python_dispatch import TorchDispatchMode

from llmx.core.philox import Purpose
from llmx.kernels import Pairs, Rule, Verifier, dispatch
from llmx.kernels.block import DIVERGENCES, SEMANTICS
from llmx.kernels.cuda_graph import cuda_graphs
from llmx.kernels.edge import edge
from llmx.kernels.graphs import Graphs
from llmx.kernels.plan import Shape

# The interpreter takes a second for what a card does at once: there, cases are drawn.
DEVICE = os.environ.get("LLMX_KERNEL_DEVICE", "cpu")
ON_GPU = DEVICE == "cuda"
SMALL = Shape(span=3, tile=32)


def drawn(cases, usual):
    return list(cases) if ON_GPU else some(list(cases), usual)


def rule_of(semantics, temperature=0.7, one_hot=False, divergence="js"):
    name = None if semantics == "speculative" else divergence
    return Rule(semantics, name, temperature, one_hot)


def check(block, rule, shape=SMALL, names=DIVERGENCES):
    got = dispatch.verify(block, rule, names, shape)
    oracle.agree(got, oracle.verify(block, rule, tuple(got.divergences)), block)
    return got


RULES = list(product(SEMANTICS, (0.0, 0.7, 1.0), (False, True)))
RULES = drawn(RULES, 8)


@pytest.mark.parametrize(("semantics", "temperature", "one_hot"), RULES)
def test_every_rule(semantics, temperature, one_hot):
    block = oracle.block(*oracle.fresh(2, 2, 45, seed=1, apart=0.8), seed=2, device=DEVICE)
    check(block, rule_of(semantics, temperature, one_hot))


@pytest.mark.parametrize("name", DIVERGENCES)
def test_each_divergence_alone_decides(name):
    block = oracle.block(*oracle.fresh(3, 2, 40, seed=3), threshold=0.15, seed=3, device=DEVICE)
    got = check(block, rule_of("research", divergence=name), names=())
    assert set(got.divergences) == {name}
    alone = dispatch.measure(Pairs(block.target[:, :-1], block.draft, block.tokens), (name,), SMALL)
    assert torch.equal(alone[name], got.divergences[name])


KINDS = (torch.float32, torch.float16, torch.bfloat16)
# What is worth meeting; the last three are how masks are written.
LOGITS = st.one_of(
    st.floats(-30, 30, width=16), st.sampled_from((0.0, 5.0, 80.0, np.inf, -np.inf, -1e9, -3e38))
)


@st.composite
def rows(draw):
    vocab = draw(st.integers(1, 21))
    one = st.lists(LOGITS, min_size=vocab, max_size=vocab)
    p, q = np.array(draw(one)), np.array(draw(one))
    if draw(st.booleans()):
        q = p
    return torch.tensor(np.array([[p, p[::-1]]])), torch.tensor(q[None, None])


@settings(max_examples=count(400 if ON_GPU else 12, 500))
@given(
    logits=rows(),
    kind=st.sampled_from(KINDS),
    semantics=st.sampled_from(SEMANTICS),
    t=st.sampled_from((0.0, 0.5, 1.0, 3.0)),
    seed=st.integers(0, 99),
)
def test_any_logits(logits, kind, semantics, t, seed):
    block = oracle.block(*(z.to(kind) for z in logits), seed=seed, device=DEVICE)
    check(block, rule_of(semantics, t), Shape(tile=8))


def row(*values):
    return torch.tensor([[values, values]], dtype=torch.float32)


NAMED = {
    "equal": (row(1, 2, 3), row(1, 2, 3)),
    "ties": (row(2, 2, 2, 2), row(1, 2, 2, 1)),
    "near one-hot": (row(90, 0, 0, 0), row(0, 90, 0, 0)),
    "masked in one": (row(0, -np.inf, 0, 0), row(0, 3, 0, -np.inf)),
    "masked in both": (row(-np.inf, 1, 0, -np.inf), row(-np.inf, 0, 1, -np.inf)),
    "a whole chunk masked": (row(*[-np.inf] * 9, 1, 2), row(*[0.0] * 9, 1, 2)),
    "infinite": (row(0, np.inf, 1), row(0, 1, np.inf)),
    "two infinite": (row(np.inf, np.inf, 1), row(0, 1, 1)),
    "masked, with a little mass": (row(10, 19, *[0] * 16), row(-np.inf, *[0] * 17)),
    "one token": (row(3), row(-7)),
    "nothing possible": (row(-np.inf, -np.inf), row(0, 0)),
    "not a number": (row(np.nan, 0, 1), row(0, 1, 2)),
    "not a number, draft": (row(0, 1, 2), row(0, np.nan, 2)),
}


@pytest.mark.parametrize(
    ("name", "semantics"),
    [*product(NAMED, ["research"]), *product(drawn(NAMED, 4), ["fallback"])],
)
def test_named_rows(name, semantics):
    target, draft = NAMED[name]
    block = oracle.block(target, draft[:, :1], seed=4, device=DEVICE)
    got = check(block, rule_of(semantics), Shape(tile=8))
    if "number" in name or "nothing" in name:
        assert not got.accept.any() and got.length.eq(0).all()
    if name == "equal":
        assert all(value.eq(0).all() for value in got.divergences.values())


@pytest.mark.parametrize("shape", [(0, 3, 9), (2, 0, 9), (0, 0, 1), (1, 1, 1)], ids=str)
@pytest.mark.parametrize("semantics", ["speculative", "union"])
def test_nothing_to_do(shape, semantics):
    block = oracle.block(*oracle.fresh(*shape), device=DEVICE)
    got = check(block, rule_of(semantics))
    assert got.token.shape == got.length.shape == (shape[0],)


@pytest.mark.parametrize("layout", ["transposed", "every other token", "padded rows", "one row"])
def test_any_stride(layout):
    target, draft = oracle.fresh(3, 2, 37, seed=5)
    if layout == "transposed":
        target, draft = (z.permute(2, 1, 0).contiguous().permute(2, 1, 0) for z in (target, draft))
    elif layout == "every other token":
        target, draft = (z.repeat_interleave(2, -1)[..., ::2] for z in (target, draft))
    elif layout == "padded rows":
        target, draft = (torch.nn.functional.pad(z, (0, 5))[..., :-5] for z in (target, draft))
    else:
        target, draft = target[:1].expand(3, -1, -1), draft[:1].expand(3, -1, -1)
    block = oracle.block(target, draft, seed=5, device=DEVICE)
    check(block, rule_of("fallback"))


@pytest.mark.parametrize("pair", [(torch.bfloat16, torch.float32), (torch.float16, torch.bfloat16)])
def test_two_types(pair):
    target, draft = oracle.fresh(2, 2, 37, seed=6)
    check(oracle.block(target.to(pair[0]), draft.to(pair[1]), device=DEVICE), rule_of("fallback"))


def test_valid_lengths_and_thresholds_are_each_rows_own():
    target, draft = oracle.fresh(4, 3, 30, seed=7, apart=0.1)
    limits = torch.tensor([[9.0, 9, 9], [9, 9, -1], [-1, 9, 9], [9, -1, 9]], device=DEVICE)
    valid = torch.tensor([2, 3, 3, 0], device=DEVICE)
    block = oracle.block(target, draft, threshold=0.0, valid=valid, device=DEVICE)
    block = oracle.replace(block, threshold=limits)
    assert check(block, rule_of("research")).length.tolist() == [2, 2, 0, 0]


@pytest.mark.parametrize(
    ("semantics", "top_p", "top_k"),
    [*product(SEMANTICS, [0.9], [3]), *product(drawn(SEMANTICS, 1), [0.8], [0])],
)
def test_truncated(semantics, top_p, top_k):
    target, draft = oracle.fresh(3, 2, 40, seed=8)
    edges = {"target_edge": edge(target, 0.7, top_p, top_k), "draft_edge": edge(draft, 0.7, top_p)}
    edges = {name: value.to(DEVICE) for name, value in edges.items()}
    block = oracle.block(target, draft, seed=8, device=DEVICE, **edges)
    got = check(block, rule_of(semantics))
    drawn_from = block.target[torch.arange(3, device=DEVICE), got.length]
    assert (
        drawn_from.gather(1, got.token[:, None])[:, 0]
        >= block.target_edge[torch.arange(3), got.length]
    ).all()


def bits(got):
    parts = [
        *got.divergences.values(),
        *got.normalisers.values(),
        *([] if got.chances is None else [got.chances]),
        got.accept,
        got.length,
        got.token,
    ]
    return [part.cpu().numpy().tobytes() for part in parts]


@pytest.mark.parametrize("semantics", ["research", "fallback"])
def test_no_bit_depends_on_how_chunks_are_dealt_out(semantics):
    block = oracle.block(*oracle.fresh(2, 1, 70, seed=9), device=DEVICE)
    rule = rule_of(semantics)
    runs = [dispatch.verify(block, rule, DIVERGENCES, Shape(span=n, tile=16)) for n in (1, 3, 64)]
    assert bits(runs[0]) == bits(runs[1]) == bits(runs[2])
    # A row alone is the same as in a batch.
    alone = oracle.block(block.target[1:], block.draft[1:], device=DEVICE)
    given = ("tokens", "keys", "position", "valid", "threshold")
    alone = oracle.replace(alone, **{name: getattr(block, name)[1:] for name in given})
    last = dispatch.verify(alone, rule, DIVERGENCES, Shape(tile=16))
    assert torch.equal(last.token, runs[0].token[1:])
    assert torch.equal(last.divergences["js"], runs[0].divergences["js"][1:])


def verifier_of(rule, block, graphs=None, report=()):
    where = torch.device(DEVICE)
    return Verifier(
        rule, block.rows, block.width, block.vocab, where, report, graphs, SMALL, fused=True
    )


def graphs():
    """CUDA's, or where there is no card work that is done again on the tensors it was given."""
    return cuda_graphs() if ON_GPU else Graphs(lambda work: work)


FILLED = ("target", "draft", "tokens", "keys", "position", "valid", "threshold")


def arena(rows=2, width=1, vocab=40, kind=torch.float32):
    """A block whose tensors stay where they are, and what fills them."""
    block = oracle.block(*oracle.fresh(rows, width, vocab, kind=kind), device=DEVICE)
    block = oracle.replace(block, threshold=block.threshold.contiguous())

    def fill(seed):
        fresh = oracle.block(*oracle.fresh(rows, width, vocab, seed, kind=kind), 0.1, seed)
        for name in FILLED:
            getattr(block, name).copy_(getattr(fresh, name))

    return block, fill


HOW = ((0.0, False), (0.7, False), (0.7, True), (1.0, False), (1.0, True))
GRAPHED = list(product(SEMANTICS, HOW, (torch.float32, torch.bfloat16)))


# Forty cases on a card; through the interpreter some, as it knows no graphs.
@pytest.mark.parametrize(("semantics", "how", "kind"), drawn(GRAPHED, 3))
def test_a_graph_is_the_call_bit_for_bit(semantics, how, kind):
    rule, kept = rule_of(semantics, *how), graphs()
    block, fill = arena(kind=kind)
    verifier = verifier_of(rule, block, kept, ("kl",))
    for seed in range(4):
        fill(seed)
        want = bits(dispatch.verify(block, rule, ("kl",), SMALL))
        assert bits(verifier(block)) == want
        assert len(kept) == (seed >= 2)


def test_a_pointer_that_moves_is_read_where_it_is():
    rule, kept = rule_of("fallback"), graphs()
    block, fill = arena()
    verifier = verifier_of(rule, block, kept)
    for seed in range(3):
        fill(seed)
        verifier(block)
    elsewhere = [
        oracle.replace(block, **{name: getattr(block, name).roll(1, 0)})
        for name in drawn(FILLED, 3)
    ]
    for moved in (*elsewhere, block):
        assert bits(verifier(moved)) == bits(dispatch.verify(moved, rule, (), SMALL))
    assert len(kept) == 1


def test_verifiers_share_graphs_and_not_their_answers():
    block, fill = arena()
    fill(1)
    kept, rules = graphs(), (rule_of("speculative", 0.0), rule_of("research", divergence="tv"))
    both = [verifier_of(rule, block, kept) for rule in rules]
    for _ in range(3):
        got = [verifier(block) for verifier in both]
    for rule, one in zip(rules, got, strict=True):
        assert bits(one) == bits(dispatch.verify(block, rule, (), SMALL))
    assert len(kept) == 2


def test_an_answer_stands_until_the_verifiers_next_call():
    rule = rule_of("fallback")
    one, two = (oracle.block(*oracle.fresh(2, 2, 40, s), seed=s, device=DEVICE) for s in (1, 2))
    verifier, own = verifier_of(rule, one), dispatch.verify(one, rule, (), SMALL)
    first, kept = verifier(one), bits(own)
    assert bits(first) == kept
    second = verifier(two)
    assert second.token.data_ptr() == first.token.data_ptr() and bits(first) == bits(second) != kept
    # What the entry returned is the caller's.
    dispatch.verify(two, rule, (), SMALL)
    assert bits(own) == kept


class Seen(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.names = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.add(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


def test_normalisers_are_computed_when_they_are_read():
    block = oracle.block(*oracle.fresh(2, 2, 45, seed=3), seed=3, device=DEVICE)
    with Seen() as seen:
        got = dispatch.verify(block, rule_of("fallback", 0.5), (), SMALL)
    assert not seen.names & {"add", "mul"}
    pair = {"target": block.target[:, :-1].double(), "draft": block.draft.double()}
    want = {name: z.logsumexp(-1) for name, z in pair.items()}
    want |= {f"{name}_warped": (z / 0.5).logsumexp(-1) for name, z in pair.items()}
    with Seen() as seen:
        assert set(got.normalisers) == set(want)
        assert not seen.names
        assert all(
            torch.allclose(got.normalisers[n].double(), z, atol=1e-5) for n, z in want.items()
        )
        assert seen.names >= {"add", "mul"}
    one_hot = dispatch.verify(block, rule_of("speculative", 0.5, one_hot=True), (), SMALL)
    assert list(one_hot.normalisers) == ["target_warped"]


@pytest.mark.parametrize("tile", [16, 128])
def test_chunks_of_any_size_give_the_same_tokens(tile):
    block = oracle.block(*oracle.fresh(3, 2, 50, seed=10), seed=10, device=DEVICE)
    check(block, rule_of("fallback"), Shape(tile=tile))


def test_uniforms_are_those_of_the_host():
    rows, vocab = 12, 4096
    target = torch.zeros(1, 1, 1).expand(rows, 1, vocab)
    block = oracle.block(target, torch.zeros(rows, 0, vocab), seed=11, device=DEVICE)
    got = dispatch.verify(block, rule_of("speculative", 1.0))
    u = oracle.numbers(block, Purpose.TARGET, 1)[:, 0]
    assert got.token.tolist() == [int(number * vocab) for number in u.astype(np.float64)]


# Thousands of blocks take minutes through the interpreter; test_kernels.py looks at the
# reference, which draws the same tokens, with many more.
COUNT = 200_000 if ON_GPU else 200
P = np.array([0.35, 0.05, 0.2, 0.0, 0.3, 0.1])
Q = np.array([0.05, 0.35, 0.2, 0.1, 0.3, 0.0])


def emitted(semantics, count, threshold=0.1, one_hot=False):
    """First tokens of `count` blocks of one token drawn from Q (or its arg-max)."""
    with np.errstate(divide="ignore"):
        p, q = (torch.tensor(np.log(x), dtype=torch.float32) for x in (P, Q))
    rng = np.random.default_rng(12)
    tokens = np.full(count, Q.argmax()) if one_hot else rng.choice(6, count, p=Q)
    block = oracle.block(
        p.expand(count, 2, 6), q.expand(count, 1, 6), threshold, seed=12, device=DEVICE,
        tokens=torch.from_numpy(tokens[:, None]).to(DEVICE),
    )  # fmt: skip
    got = dispatch.verify(block, rule_of(semantics, 1.0, one_hot))
    first = torch.where(got.length > 0, block.tokens[:, 0], got.token).cpu().numpy()
    return np.bincount(first, minlength=6), got


def fits(counts, law):
    assert counts[law == 0].sum() == 0
    return chisquare(counts[law > 0], law[law > 0] / law.sum() * counts.sum()).pvalue > 1e-4


LAWS = {
    "speculative": ({"semantics": "speculative"}, P),
    "speculative, one-hot draft": ({"semantics": "speculative", "one_hot": True}, P),
    "fallback that refuses": ({"semantics": "fallback", "threshold": -1.0}, P),
    "fallback that accepts": ({"semantics": "fallback", "threshold": 9.0}, Q),
    "research that refuses": ({"semantics": "research", "threshold": -1.0}, P),
    "research that accepts": ({"semantics": "research", "threshold": 9.0}, Q),
}


@pytest.mark.parametrize("name", LAWS)
def test_law_of_the_first_token(name):
    asked, law = LAWS[name]
    counts, _ = emitted(count=COUNT, **asked)
    assert fits(counts, law)


def test_law_of_the_replacement_and_of_the_bonus():
    _, got = emitted("speculative", COUNT)
    token, rejected = got.token.cpu().numpy(), got.length.cpu().numpy() == 0
    assert fits(np.bincount(token[rejected], minlength=6), np.maximum(P - Q, 0))
    assert fits(np.bincount(token[~rejected], minlength=6), P)


@pytest.mark.parametrize(
    ("kind", "vocab", "tile"), [*zip(KINDS, (4093, 4093, 4096), (1024, 4096, 1024), strict=True)]
)
def test_larger_vocabularies(kind, vocab, tile):
    block = oracle.block(*oracle.fresh(2, 2, vocab, seed=vocab, kind=kind), seed=1, device=DEVICE)
    for semantics in SEMANTICS if ON_GPU else some(SEMANTICS, 2, seed=tile):
        check(block, rule_of(semantics), Shape(tile=tile))


def test_the_largest_vocabulary():
    target, draft = oracle.fresh(1, 1, 262_144, seed=14, spread=2.0, kind=torch.bfloat16)
    check(oracle.block(target, draft, seed=14, device=DEVICE), rule_of("fallback"), Shape())


@pytest.mark.skipif(not ON_GPU, reason="minutes through the interpreter")
@pytest.mark.parametrize("warps", [2, 4, 8])
def test_a_batch_as_it_is_served(warps):
    target, draft = oracle.fresh(16, 5, 128_256, seed=15, kind=torch.bfloat16)
    block = oracle.block(target, draft, seed=15, device=DEVICE)
    for semantics in SEMANTICS:
        check(block, rule_of(semantics), Shape(warps=warps))
