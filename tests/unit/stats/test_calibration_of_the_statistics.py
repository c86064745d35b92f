"""Do 95 % intervals cover 95 % of the time, do tests at 5 % err at 5 %? See `simulated`."""

import pytest
from simulated import CASES, Case

_MARKED = [
    pytest.param(case, seed, id=case.name, marks=[pytest.mark.slow] if case.slow else [])
    for seed, case in enumerate(CASES, 1)
]


@pytest.mark.parametrize(("case", "seed"), _MARKED)
def test_it_is_right_as_often_as_it_says(case: Case, seed: int) -> None:
    assert case.low <= case.share(seed) <= case.high
