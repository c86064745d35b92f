"""Divergences: exact properties, and float64 as the oracle."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.errors import ConfigError
from llmx.papers.fsd.divergence import RULES, divergence

NAMES = sorted(RULES)
LOGITS = st.lists(
    st.tuples(*[st.floats(-30, 30, width=32) for _ in range(2)]), min_size=1, max_size=12
)


def value(name, p, q):
    return float(divergence(name, torch.tensor(p), torch.tensor(q)))


def exact(name, p, q):
    """The definition, in float64."""
    p, q = (np.array(x, dtype=np.float64) for x in (p, q))
    p, q = (np.exp(x - x.max()) / np.exp(x - x.max()).sum() for x in (p, q))
    kl = lambda a, b: float((a * np.log(a / b)).sum())  # noqa: E731
    m = (p + q) / 2
    return {
        "js": (kl(p, m) + kl(q, m)) / 2,
        "ag": (kl(m, p) + kl(m, q)) / 2,
        "kl": kl(q, p),
        "kl_reversed": kl(p, q),
        "tv": float(np.abs(p - q).sum()) / 2,
    }[name]


@pytest.mark.parametrize("name", NAMES)
@given(pairs=LOGITS)
def test_agrees_with_float64(name, pairs):
    p, q = zip(*pairs, strict=True)
    assert value(name, p, q) == pytest.approx(exact(name, p, q), rel=1e-4, abs=3e-6)


@given(pairs=LOGITS)
def test_bounds_symmetry_and_chain(pairs):
    p, q = zip(*pairs, strict=True)
    got = {name: value(name, p, q) for name in NAMES}
    assert all(number >= 0 for number in got.values())
    assert got["js"] <= math.log(2) + 1e-6 and got["tv"] <= 1 + 1e-6
    for name in ("js", "ag", "tv"):
        assert value(name, q, p) == pytest.approx(got[name], rel=1e-4, abs=3e-6)
    assert value("kl", q, p) == got["kl_reversed"]
    assert got["tv"] <= math.sqrt(2 * got["js"]) + 2e-3
    assert got["tv"] <= math.sqrt(got["kl"] / 2) + 2e-3
    assert got["ag"] >= got["js"] - 1e-5


@pytest.mark.parametrize("name", NAMES)
@given(
    logits=st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=20), shift=st.floats(-5, 5)
)
def test_equal_distributions_give_zero(name, logits, shift):
    assert value(name, logits, logits) == 0.0
    moved = [number + shift for number in logits]
    assert value(name, logits, moved) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_different_distributions_do_not(name):
    assert value(name, [0.0, 1.0], [0.0, 1.1]) > 1e-5


# Binary examples, checked by hand: p, q, JS, what the authors' code calls JS.
PUBLISHED = [
    ((0.9, 0.1), (0.6, 0.4), 0.0633, 0.0711),
    ((0.99, 0.01), (0.5, 0.5), 0.1932, 0.3697),
    ((0.999, 0.001), (0.2, 0.8), 0.4191, 1.2375),
]


@pytest.mark.parametrize(("p", "q", "js", "ag"), PUBLISHED)
def test_textbook_and_coded_js(p, q, js, ag):
    p, q = np.log(p).tolist(), np.log(q).tolist()
    assert value("js", p, q) == pytest.approx(js, abs=6e-5)
    assert value("ag", p, q) == pytest.approx(ag, abs=6e-5)


SATURATED = {
    "opposite": ([1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]),
    "one side": ([1e4, -1e4], [0.0, 0.0]),
    "same": ([1e4, -1e4], [1e4, -1e4]),
    "masked": ([0.0, 1.0, -math.inf], [0.5, 0.5, -math.inf]),
    "masked in the target": ([0.0, -math.inf], [0.0, 0.0]),
    "masked in the draft": ([0.0, 0.0], [0.0, -math.inf]),
}


@pytest.mark.parametrize("case", SATURATED)
@pytest.mark.parametrize("name", NAMES)
def test_saturated_logits_give_numbers(name, case):
    p, q = SATURATED[case]
    got = value(name, p, q)
    assert math.isfinite(got) and got >= 0
    if case == "opposite":
        assert got == pytest.approx({"js": math.log(2), "tv": 1.0}.get(name, got), abs=1e-5)
        assert got >= 0.69


@pytest.mark.parametrize("name", NAMES)
def test_nan_stays_nan(name):
    assert math.isnan(value(name, [math.nan, 0.0], [0.0, 0.0]))


@pytest.mark.parametrize("name", NAMES)
def test_shape_and_half_precision(name):
    p, q = torch.randn(2, 3, 5, 8).bfloat16()
    got = divergence(name, p, q)
    assert got.shape == (3, 5) and got.dtype == torch.float32
    assert torch.equal(got, divergence(name, p.float(), q.float()))


def test_unknown_name():
    with pytest.raises(ConfigError, match="did you mean kl"):
        divergence("kll", torch.zeros(2), torch.zeros(2))
