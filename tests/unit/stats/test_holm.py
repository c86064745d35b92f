import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.stats import holm

ps = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(ps)
def test_adjusted_values_are_larger_and_keep_the_order(values):
    adjusted = holm(values)
    assert all(a >= p for a, p in zip(adjusted, values, strict=True))
    assert all(a <= 1 for a in adjusted)
    order = np.argsort(values, kind="stable")
    assert all(np.diff(np.array(adjusted)[order]) >= 0)


@given(ps)
def test_between_no_correction_and_bonferroni(values):
    adjusted = holm(values)
    assert all(
        a <= min(1.0, p * len(values)) + 1e-12 or a == max(adjusted[: len(adjusted)])
        for a, p in zip(adjusted, values, strict=True)
    )
    smallest = int(np.argmin(values))
    assert adjusted[smallest] == pytest.approx(min(1.0, values[smallest] * len(values)))


def test_holms_own_steps():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@pytest.mark.parametrize("wrong", [[-0.1], [1.1], [float("nan")]])
def test_no_probability(wrong):
    with pytest.raises(ValueError, match="p values"):
        holm(wrong)
