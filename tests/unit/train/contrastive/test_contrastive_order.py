"""The order of a training: each planned row once an epoch, slices of a batch rank by rank."""

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.core.errors import ConfigError, DataError
from llmx.papers.b3.plan import BatchPlan, groups
from llmx.train.contrastive.order import PlannedOrder
from llmx.train.contrastive.pairs import TrainingPairs, collate
from llmx.train.contrastive.plan import check_plan
from llmx.train.contrastive.points import points
from llmx.train.contrastive.students import student
from llmx.train.contrastive.tokens import static_collate


def plan(rows, size, seed=0):
    clusters = np.random.default_rng(seed).permutation(rows).astype(np.int32)
    return BatchPlan(groups(clusters, 1), size, seed)


class WithNegatives:
    """A plan with two negatives a row, which differ by epoch."""

    def __init__(self, inner):
        self.inner, self.size = inner, inner.size

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def negatives(self, number):
        rows = sum(group.clusters.size + len(group.loose) for group in self.inner.groups)
        found = (np.arange(rows)[:, None] + np.array([1, 2]) + number) % rows
        found[0, 1] = -1
        return found.astype(np.int32)


@settings(max_examples=count(50, 500))
@given(st.integers(8, 60), st.sampled_from([2, 4, 8]), st.sampled_from([1, 2]), st.integers(0, 5))
def test_each_planned_row_comes_once_an_epoch_and_its_batch_stays_together(rows, size, ranks, at):
    made = plan(rows, size)
    order = PlannedOrder(made, ranks)
    order.passed = at
    slices = list(order)
    assert len(slices) == len(order) == made.count() * ranks
    assert {len(one) for one in slices} == {order.batch_size} == {size // ranks}
    found = np.concatenate([one[:, 0] for one in slices]).reshape(-1, size)
    assert found.tolist() == made.epoch(at).batches.tolist()
    seen = found.ravel().tolist()
    assert len(seen) == len(set(seen)) == rows // size * size
    # accelerate's rule: consecutive slices go to consecutive ranks, a step takes one of each.
    shards = [slices[rank::ranks] for rank in range(ranks)]
    gathered = [np.concatenate(step)[:, 0].tolist() for step in zip(*shards, strict=True)]
    assert gathered == made.epoch(at).batches.tolist()


def test_an_epoch_depends_on_its_number_alone():
    one, other = PlannedOrder(plan(40, 8)), PlannedOrder(plan(40, 8))
    for number in (0, 1, 2):
        one.passed = number
        list(one)
    one.passed = other.passed = 2
    assert [part.tolist() for part in one] == [part.tolist() for part in other]
    other.passed = 1
    assert [part.tolist() for part in one] != [part.tolist() for part in other]


def test_negatives_are_those_of_the_epoch():
    order = PlannedOrder(WithNegatives(plan(16, 4)))
    for number in (0, 3):
        order.passed = number
        rows = np.concatenate(list(order))
        assert rows.shape == (16, 3)
        wanted = order.plan.negatives(number)[rows[:, 0]]
        assert rows[:, 1:].tolist() == wanted.tolist()
    assert order.negatives == 2 and PlannedOrder(plan(16, 4)).negatives == 0


def test_processes_that_do_not_divide_a_batch_are_refused():
    with pytest.raises(ConfigError, match="3 devices cannot share batches of 8 rows equally"):
        PlannedOrder(plan(40, 8), 3)


class Fixed:
    """A plan as it is written."""

    def __init__(self, batches):
        self.batches = np.array(batches, np.int32)

    def epoch(self, number):
        return self


@pytest.mark.parametrize(
    ("batches", "said"),
    [
        (np.empty((0, 4)), "has no batch"),
        ([[0, 1], [2, 9]], "names row 9, and there are 4"),
        ([[0, 1], [-1, 2]], "names row"),
        ([[0, 1], [2, 2]], "twice in one batch"),
        ([[1, 0, 2], [3, 1, 3]], "twice in one batch"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(batches, said):
    with pytest.raises(DataError, match=said):
        check_plan(Fixed(batches), 4)


@settings(max_examples=count(50, 500))
@given(st.integers(1, 5000), st.integers(0, 40))
def test_points_are_evenly_spread_from_the_beginning_to_the_end(steps, wanted):
    found = points(steps, wanted)
    assert found == sorted(set(found)) and len(found) <= wanted
    if wanted > 1:
        assert (found[0], found[-1]) == (0, steps)
        gaps = np.diff(found)
        assert gaps.max() - gaps.min() <= 1
    else:
        assert found == [steps][:wanted]


@pytest.mark.parametrize("prompt", ["", "find: "])
def test_ids_that_are_made_once_are_those_of_the_librarys_collator(prompt):
    """An empty text, a word of the vocabulary alone, and a negative that is none."""
    from sentence_transformers.sentence_transformer.data_collator import (
        SentenceTransformerDataCollator,
    )

    texts = ["one two", "", "three", "two unknown words", "one"]
    module = student("static", None, ["find : one two three"], dimension=4, seed=0)[0]
    pairs = TrainingPairs([str(at) for at in range(5)], texts, texts[::-1], np.arange(5))
    prompts = {name: prompt for name in ("query", "target", "negative_0") if prompt}
    rows = np.array([[3, 1], [1, -1], [0, 4], [4, 0]])
    collator = SentenceTransformerDataCollator(module.preprocess, prompts=prompts)
    wanted = collate(pairs, collator)(rows)
    found = static_collate(pairs, module, prompts)(rows)
    assert list(found) == list(wanted)
    assert {name: one.tolist() for name, one in found.items()} == {
        name: one.tolist() for name, one in wanted.items()
    }
