"""A search in which each query has candidates of its own."""

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.data.pairs.pairs import Retrieval
from llmx.scoring.ranked import measure
from llmx.stages.searches import Search, ranked

CORPUS = 7


@given(
    st.lists(st.lists(st.integers(0, CORPUS - 1), min_size=1, unique=True), min_size=1),
    st.integers(0, 99),
)
@settings(max_examples=count(40, 500))
def test_it_is_the_search_among_them_alone(among, seed):
    rng = np.random.default_rng(seed)
    asked, held = rng.normal(size=(len(among), 4)), rng.normal(size=(CORPUS, 4))
    asked, held = (side / np.linalg.norm(side, axis=1)[:, None] for side in (asked, held))
    names = tuple(map(str, range(len(among))))
    one = Retrieval("d", names, names, tuple("abcdefg"), np.arange(CORPUS),
                    tuple({places[0]: 2} for places in among),
                    tuple(np.array(places) for places in among))  # fmt: skip
    search = Search(one, names)
    found = ranked(search, lambda _: asked.astype(np.float32), lambda _: held.astype(np.float32), 3)
    assert found.shape == (len(among), min(3, max(map(len, among))))
    for at, places in enumerate(among):
        best = sorted(places, key=lambda place: -float(asked[at] @ held[place]))[:3]
        assert found[at].tolist() == best + [-1] * (found.shape[1] - len(best))
    right = [found[at, 0] == places[0] for at, places in enumerate(among)]
    assert measure("hit@1")(found, one.judged) == pytest.approx(np.array(right, float))
    assert search.first(1).asked.among == one.among[:1]
