"""Plans: every row once an epoch but for the tail, batches of one group, epochs without state."""

from dataclasses import replace

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from similarity_graphs import graph_of

from llmx.core.errors import ConfigError
from llmx.papers.b3.cut import CutRows, cut
from llmx.papers.b3.draws import permutation, uniforms, words
from llmx.papers.b3.plan import BatchPlan, groups
from llmx.train.contrastive.order import of_device, slices


def clustered(rows, size, names, seed):
    """Random clusters of each of several datasets, and the rows' datasets."""
    rng = np.random.default_rng(seed)
    dataset = rng.integers(0, len(names), rows).astype(np.int32)
    found = cut("random_task", CutRows(graph_of(rows, []), dataset=dataset), size, seed).clusters
    return found, dataset


@st.composite
def plans(draw):
    size = draw(st.integers(1, 4))
    rows = draw(st.integers(size, 90))
    names = ["a", "b", "c"][: draw(st.integers(1, 3))]
    clusters, dataset = clustered(rows, size, names, draw(st.integers(0, 99)))
    made = groups(clusters, size, names, dataset)
    plan = BatchPlan(
        made,
        size * draw(st.integers(1, 5)),
        draw(st.integers(0, 9)),
        draw(st.sampled_from(["each_epoch", "once"])),
        draw(st.sampled_from(["drop", "fill"])),
    )
    return plan, clusters, dataset


@settings(max_examples=count(80, 1000), deadline=None)
@given(plans(), st.integers(0, 5))
def test_every_row_is_there_once_but_for_the_named_tail(case, number):
    plan, clusters, dataset = case
    found = plan.epoch(number)
    assert found.batches.shape == (plan.count(), plan.size)
    seen = np.concatenate([found.batches.ravel(), found.tail])
    more = np.bincount(seen, minlength=len(clusters)) - 1
    assert sorted(np.repeat(np.arange(len(clusters)), more)) == sorted(found.repeated)
    for batch, group in zip(found.batches, found.group, strict=True):
        assert len(set(batch.tolist())) == plan.size
        assert {plan.groups[group].name} == {"abc"[i] for i in dataset[batch]}
    held = np.array([plan.groups["abc".index(n)].clusters.size for n in "abc"[: len(plan.groups)]])
    if plan.tail == "fill":
        assert set(dataset[found.tail].tolist()) <= set(np.flatnonzero(held < plan.size))
    else:
        assert not len(found.repeated)
    gone = {plan.groups[i].name for i in np.flatnonzero(held < plan.size)}
    assert set(plan.vanishing()) == gone


@settings(max_examples=count(60, 600), deadline=None)
@given(plans())
def test_clusters_stay_together_and_epochs_differ_as_asked(case):
    plan, clusters, _ = case
    plan = replace(plan, tail="drop")
    width = plan.groups[0].clusters.shape[1]
    sets = []
    for number in (0, 1):
        batches = plan.epoch(number).batches
        blocks = clusters[batches.reshape(-1, width)]
        assert (blocks == blocks[:, :1]).all()
        sets.append({frozenset(batch) for batch in batches.tolist()})
    if plan.redraw == "once":
        assert sets[0] == sets[1]


def test_combinations_are_drawn_again_or_kept_and_the_order_is_new():
    clusters = np.repeat(np.arange(50, dtype=np.int32), 2)
    each = BatchPlan(groups(clusters, 2), 10, seed=3)
    once = replace(each, redraw="once")

    def sets(plan, number):
        return {frozenset(batch) for batch in plan.epoch(number).batches.tolist()}

    assert sets(each, 0) != sets(each, 1)
    assert sets(once, 0) == sets(once, 1) == sets(each, 0)
    assert once.epoch(0).batches.tolist() != once.epoch(1).batches.tolist()
    assert sets(replace(each, seed=4), 0) != sets(each, 0)


def test_an_epoch_needs_no_epoch_before_it():
    clusters = np.repeat(np.arange(12, dtype=np.int32), 3)
    plan = BatchPlan(groups(clusters, 3), 9, seed=1)
    late = plan.epoch(7).batches.tolist()
    for number in range(7):
        plan.epoch(number)
    assert plan.epoch(7).batches.tolist() == late
    assert BatchPlan(groups(clusters, 3), 9, seed=1).epoch(7).batches.tolist() == late


def test_batches_of_several_datasets_are_mixed_in_their_order():
    clusters, dataset = clustered(400, 2, ["a", "b"], seed=0)
    found = BatchPlan(groups(clusters, 2, ["a", "b"], dataset), 4).epoch(0)
    assert 20 < (found.group[1:] != found.group[:-1]).sum() < 80


def test_tasks_may_be_mixed():
    clusters = cut("random", CutRows(graph_of(40, [])), 4, 0).clusters
    (group,) = groups(clusters, 4)
    assert group.name == "all" and group.clusters.shape == (10, 4) and not len(group.loose)


def test_a_digest_is_of_all_that_batches_depend_on():
    clusters = np.array([0, 0, 1, 1, 2, 2, -1], np.int32)
    plan = BatchPlan(groups(clusters, 2), 4)
    others = [replace(plan, size=2), replace(plan, seed=1), replace(plan, redraw="once")]
    others += [replace(plan, tail="fill"), BatchPlan(groups(clusters[::-1].copy(), 2), 4)]
    others += [BatchPlan(groups(clusters, 2, ["b"], np.zeros(7, np.int32)), 4)]
    assert len({one.digest() for one in [plan, *others]}) == 7
    assert plan.digest() == BatchPlan(groups(clusters, 2), 4).digest()


def test_whole_clusters_fill_a_batch_or_the_plan_is_refused():
    clusters = np.repeat(np.arange(3, dtype=np.int32), 4)
    with pytest.raises(ConfigError, match=r"not made of whole clusters of 4 .*multiple of 4, as 8"):
        BatchPlan(groups(clusters, 4), 10)


@settings(max_examples=count(40, 400), deadline=None)
@given(st.integers(1, 4), st.integers(0, 5), st.integers(1, 5))
def test_ranks_gather_the_batches_of_the_plan(devices, batches, each):
    """A launcher gives the slices in turn: those of one step together are one batch."""
    rows = np.arange(batches * devices * each, dtype=np.int32).reshape(batches, devices * each)
    turns = iter(slices(rows, devices))
    for step in range(batches):
        gathered = [next(turns) for _ in range(devices)]
        assert np.concatenate(gathered).tolist() == rows[step].tolist()
        for rank, own in enumerate(gathered):
            assert of_device(rows, devices, rank)[step].tolist() == own.tolist()


@pytest.mark.parametrize("devices", [0, 4])
def test_devices_that_cannot_share_a_batch(devices):
    with pytest.raises(ConfigError, match=f"{devices} devices cannot share batches of 6"):
        slices(np.zeros((2, 6), np.int32), devices)


def test_draws_are_random_and_each_of_its_place():
    wide, narrow = words((9, 7), 1, "x"), words((9, 3), 1, "x")
    assert (wide[:, :3] == narrow).all() and len(np.unique(wide)) == 63
    assert words((9, 7), 2, "x").tolist() != wide.tolist() != words((9, 7), 1, "y").tolist()
    assert sorted(permutation(100, 0, "x").tolist()) == list(range(100))
    # Pinned: another order is another plan under the same recipe.
    assert permutation(8, 3, "clusters a 0").tolist() == [1, 3, 5, 0, 4, 2, 6, 7]
    drawn = uniforms((200, 200), 0, "x")
    assert drawn.min() > 0 and drawn.max() < 1
    assert np.histogram(drawn, 10, (0, 1))[0] == pytest.approx([4000] * 10, abs=300)
