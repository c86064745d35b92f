"""What a plan can be made by: negatives, classes, mixed sources, the authors' way, and controls."""

from dataclasses import replace

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_pairs import planted_rows, together

from llmx.core.errors import ConfigError, DataError
from llmx.papers.b3.apart import dealt, families
from llmx.papers.b3.bound import top_ratio
from llmx.papers.b3.classes import class_ranks
from llmx.papers.b3.mined import mined
from llmx.papers.b3.near_file import FILE, write_near
from llmx.papers.b3.plan_file import read_plan, write_plan
from llmx.papers.b3.settings import MiningSettings, check_settings

HOW = MiningSettings(size=40, cluster=10, skip=1, width=9)
PART, GROUP = planted_rows()
CLASSES, LABEL = planted_rows(12, 20, seed=3, family="classification", name="class")


def met(part, group, how):
    """Rows of a row's own planted group that share its cluster, a row."""
    (held,) = mined((part,), how).plan.groups
    of = group[held.clusters - int(part.rows[0])]
    return float((of[:, :, None] == of[:, None, :]).sum(2).mean()) - 1


def test_near_neighbours_meet_and_not_by_any_of_the_controls():
    """It fails where a plan does no more than chance, or where a control does as well."""
    ours = met(PART, GROUP, HOW)
    rng = np.random.default_rng(0)
    other, _ = planted_rows(seed=7)
    chance = met(PART, GROUP, replace(HOW, kind="random"))
    controls = {
        "shuffled ranks": met(
            replace(PART, ranks=PART.ranks[rng.permutation(len(PART.ranks))]), GROUP, HOW
        ),
        "another dataset's band": met(replace(PART, ranks=other.ranks), GROUP, HOW),
        "permuted clusters": met(PART, GROUP, replace(HOW, permuted=True)),
        "random batches": chance,
    }
    assert ours > 6, "of nine rows of its group a row meets most"
    assert all(found < 2 for found in controls.values()), controls
    assert met(PART, GROUP, replace(HOW, kind="kmeans")) > 3


def test_a_permuted_plan_has_the_clusters_sizes_and_no_edges_more_than_chance():
    told = {
        permuted: mined((PART,), replace(HOW, permuted=permuted)).told["datasets"]["own"]
        for permuted in (False, True)
    }
    assert told[True]["clusters"]["sizes"] == told[False]["clusters"]["sizes"]
    assert told[True]["clusters"]["kept_share"] < 0.2 < told[False]["clusters"]["kept_share"]
    assert told[True]["cuts"] == told[False]["cuts"], "what the cut kept is told, not what is left"


@settings(max_examples=count(12, 200), deadline=None)
@given(
    st.sampled_from(["batch", "cluster", "band"]),
    st.integers(1, 4),
    st.integers(0, 5),
    st.booleans(),
)
def test_negatives_are_no_mates_and_of_no_equal_target(form, wanted, seed, classes):
    part = CLASSES if classes else replace(PART, target_id=PART.target_id // 2)
    plan = mined((part,), replace(HOW, size=50, seed=seed, negatives=wanted, form=form)).plan
    assert len(plan.epoch(0).tail) == 40
    for number in (0, 2):
        epoch, found = plan.epoch(number), plan.negatives(number)
        assert found.shape == (240, wanted) and found.dtype == np.int32
        group = {"batch": epoch.batches, "cluster": plan.groups[0].clusters}.get(form)
        group = np.arange(240)[:, None] if group is None else group
        for rows in group:
            drawn = found[rows][found[rows] >= 0]
            assert not np.isin(drawn, rows).any()
            assert not np.isin(part.target_id[drawn], part.target_id[rows]).any()
        assert (found[epoch.tail] == -1).all()
    assert (plan.negatives(0) >= 0).any()


def test_a_plan_without_negatives_has_none_and_its_hash_is_of_them(tmp_path):
    plain = mined((PART,), HOW).plan
    assert plain.negatives(0).shape == (240, 0)
    digests = {plain.digest()}
    for form in ("batch", "cluster", "band"):
        plan = mined((PART,), replace(HOW, negatives=2, form=form)).plan
        write_plan(tmp_path / form, plan, {})
        again = read_plan(tmp_path / form)
        assert (again.negatives(3) == plan.negatives(3)).all()
        digests.add(plan.digest())
    assert len(digests) == 4


def test_the_hash_is_of_the_negatives_themselves():
    plan = mined((PART,), replace(HOW, negatives=2, form="band")).plan
    other = replace(plan.hard, rows=plan.hard.rows[::-1])
    assert replace(plan, hard=other).digest() != plan.digest()


def test_those_of_a_batch_are_drawn_anew_and_those_of_the_code_once():
    for form, once in (("batch", False), ("cluster", True), ("band", True)):
        how = replace(HOW, negatives=2, form=form, redraw="once")
        plan = mined((PART,), how).plan
        kept = np.setdiff1d(np.arange(240), plan.epoch(0).tail)
        assert (plan.negatives(0)[kept] == plan.negatives(1)[kept]).all() == once
        batches = plan.epoch(0).batches
        drawn = [plan.hard.of(batches, 0, number)[batches] for number in (0, 1)]
        assert (drawn[0] == drawn[1]).all() == once


def test_the_negatives_of_classes_are_rows_of_the_labels_that_are_near():
    """Of the form `band`: among the first 2h labels that are not the own."""
    ranks = class_ranks(CLASSES)
    found = mined((CLASSES,), replace(HOW, negatives=2, form="band")).plan.negatives(0)
    for row in range(0, 240, 7):
        own = ranks.label[row]
        near = [label for label in ranks.ranked[row] if label != own][:4]
        assert (found[row] >= 0).all() or row in mined((CLASSES,), HOW).plan.epoch(0).tail
        assert set(ranks.label[found[row][found[row] >= 0]]) <= set(near)


def test_classes_are_cut_by_the_rule_on_labels():
    """Against a matrix: rows whose labels are among each other's nearest 30 %."""
    told = mined((CLASSES,), HOW).told["datasets"]["class"]
    query, target = (side.astype(np.float64) for side in CLASSES.sides)
    first = [int(np.flatnonzero(CLASSES.target_id == label)[0]) for label in range(12)]
    order = np.argsort(-(query @ target[first].T), axis=1, kind="stable")
    near = np.zeros((240, 12), bool)
    for row in range(240):
        others = [label for label in order[row] if label != CLASSES.target_id[row]]
        near[row, others[:4]] = True  # ceil(0.30 · 12) = 4
    directed = near[:, CLASSES.target_id]
    mutual = directed & directed.T
    assert told["clusters"]["edges"] == mutual.sum() // 2
    assert told["skip"] == 0 and told["clusters"]["leaked"] == 0
    plan = mined((CLASSES,), HOW).plan
    batches = plan.epoch(0).batches
    inside = sum(int(mutual[np.ix_(rows, rows)].sum()) // 2 for rows in batches)
    assert told["batches"]["kept"] == inside


def test_parts_of_classes_share_no_cluster(monkeypatch):
    from llmx.papers.b3 import pieces

    monkeypatch.setattr(pieces, "parts", lambda rows, seed: (np.arange(rows) % 3).astype(np.int32))
    made = mined((CLASSES,), replace(HOW, size=20, cluster=5))
    (held,) = made.plan.groups
    assert (held.clusters % 3 == held.clusters[:, :1] % 3).all()
    rows = np.concatenate([held.clusters.ravel(), held.loose])
    assert sorted(rows.tolist()) == list(range(240))
    told = made.told["datasets"]["class"]["clusters"]
    assert (told["rows"], told["sizes"]) == (240, ((5, 48),))


def test_two_labels_are_refused_and_random_batches_of_them_are_not():
    two, _ = planted_rows(2, 60, family="classification", name="two")
    with pytest.raises(DataError, match="two labels"):
        mined((two,), HOW)
    assert mined((two,), replace(HOW, kind="random")).plan.count() == 3


ONE, TWO = together(
    planted_rows(10, 10, name="one")[0], planted_rows(8, 10, seed=5, name="two", first=100)[0]
)


def of_which(rows):
    return rows < 100


@pytest.mark.parametrize("kind", ["best", "random", "random_task", "kmeans"])
def test_mixed_batches_mix_datasets_and_clusters_of_a_graph_do_not(kind):
    how = replace(HOW, size=30, kind=kind, source="mixed", seed=4)
    plan = mined((ONE, TWO), how).plan
    (held,) = plan.groups
    one = of_which(held.clusters)
    pure = (one.all(1) | ~one.any(1)).all()
    assert pure == (kind != "random")
    batches = of_which(plan.epoch(0).batches)
    assert (batches.any(1) & ~batches.all(1)).any()
    rows = np.concatenate([held.clusters.ravel(), held.loose])
    assert sorted(rows.tolist()) == list(range(180))
    single = mined((ONE, TWO), replace(how, source="single_task")).plan.epoch(0).batches
    assert (of_which(single).all(1) | ~of_which(single).any(1)).all()


def test_what_mixed_batches_are_like_is_told_by_dataset():
    told = mined((ONE, TWO), replace(HOW, size=30, kind="random", source="mixed")).told
    assert told["theorem"] is None
    assert {n: one["clusters"]["clustered"] for n, one in told["datasets"].items()} == {
        "one": 100, "two": 80}  # fmt: skip


@settings(max_examples=count(40, 500), deadline=None)
@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 25), st.integers(0, 99), st.data())
def test_no_family_is_twice_in_a_batch_and_every_row_is_there(rows, size, most, seed, data):
    family = np.array(data.draw(st.lists(st.integers(0, most), min_size=rows, max_size=rows)))
    family = np.unique(family, return_inverse=True)[1].astype(np.int32)
    order = dealt(family, size, seed, "x")
    assert sorted(order.tolist()) == list(range(rows))
    whole = rows // size
    if whole and np.bincount(family).max() <= whole:
        for batch in order[: whole * size].reshape(whole, size):
            assert len(set(family[batch].tolist())) == size
        assert (dealt(family, size, seed, "x") == order).all()


def test_rows_of_equal_texts_are_one_family_and_links_are_followed():
    texts = [("a", "x"), ("b", "y"), ("c", "x"), ("y", "z"), ("d", "w"), ("a", "v")]
    found = families(texts, 6).tolist()
    assert found[0] == found[2] == found[5] and found[1] == found[3]
    assert len({found[0], found[1], found[4]}) == 3


def doubled(part):
    """The rows with every target twice."""
    pairs = tuple(
        replace(row, target=f"a {at // 2}", target_id=at // 2) for at, row in enumerate(part.pairs)
    )
    return replace(part, target_id=part.target_id // 2, pairs=replace(part.pairs, rows=pairs))


def test_no_text_is_twice_in_a_batch_in_any_epoch():
    part = doubled(PART)
    how = replace(HOW, kind="no_duplicates", cluster=1, size=50)
    made = mined((part,), how)
    for number in range(3):
        epoch = made.plan.epoch(number)
        assert len(epoch.batches) == made.plan.count() == 4
        target = np.sort(part.target_id[epoch.batches], axis=1)
        assert (target[:, 1:] != target[:, :-1]).all()
        rows = np.concatenate([epoch.batches.ravel(), epoch.tail])
        assert sorted(rows.tolist()) == list(range(240))
    assert made.told["datasets"]["own"]["batches"]["equal_targets"] == 0
    chance = mined((part,), replace(how, kind="random")).told["datasets"]["own"]["batches"]
    assert chance["equal_targets"] > 0
    with pytest.raises(DataError, match="20 rows are linked by equal texts, and there are 4"):
        mined((CLASSES,), how)


def test_a_plan_of_families_comes_back(tmp_path):
    plan = mined((doubled(PART),), replace(HOW, kind="no_duplicates", cluster=1)).plan
    write_plan(tmp_path, plan, {})
    assert (read_plan(tmp_path).epoch(5).batches == plan.epoch(5).batches).all()
    assert replace(plan, groups=(replace(plan.groups[0], apart=None),)).digest() != plan.digest()


def test_the_authors_batches_are_fixed_and_their_last_cluster_repeats_rows():
    part, _ = planted_rows(23, 11)
    how = replace(HOW, style="authors", redraw="once", size=20, cluster=10)
    made = mined((part,), how)
    (held,) = made.plan.groups
    assert held.clusters.shape == (26, 10) and not len(held.loose)
    assert set(held.clusters.ravel().tolist()) == set(range(253))
    batches = [
        {tuple(sorted(rows)) for rows in made.plan.epoch(e).batches.tolist()} for e in (0, 1)
    ]
    assert batches[0] == batches[1]
    fault = mined((part,), replace(how, padding_fault=True)).plan.groups[0].clusters
    more = [rows.ravel()[253:].tolist() for rows in (held.clusters, fault)]
    assert all(row < 10 for row in more[1]) and more[0] != more[1]
    told = made.told["datasets"]["own"]
    assert told["sizes_before_repair"] and told["clusters"]["kept_share"] > 0.2


def test_edges_may_weigh_what_the_similarity_is():
    plain, weighed = (
        mined((PART,), replace(HOW, width=40, weighted=weighed)).told["datasets"]["own"]["clusters"]
        for weighed in (False, True)
    )
    assert plain["kept_share"] == plain["kept"] / plain["edges"]
    assert weighed["edges"] == plain["edges"]
    assert weighed["kept_share"] != weighed["kept"] / weighed["edges"]


def test_the_ratio_of_theorem_1_by_hand_and_beside_random_batches():
    made = mined((PART,), HOW)
    query, target = (side.astype(np.float64) for side in PART.sides)
    scores = query @ target.T / 0.02
    found = []
    for rows in made.plan.epoch(0).batches:
        nearest = np.take_along_axis(scores[rows], PART.ranks[rows, :10], 1)
        found.append(top_ratio(nearest, scores[np.ix_(rows, rows)], 10))
    told = made.told["theorem"]
    assert told["ratio"] == pytest.approx(np.concatenate(found).mean(), abs=1e-9)
    assert told["rows"] == 240
    assert 0 <= told["ratio"] < told["random"] - 0.5
    chance = mined((PART,), replace(HOW, kind="random")).told["theorem"]
    assert chance["ratio"] > told["random"] - 1


def test_truth_is_told_by_range_of_ranks():
    told = mined((PART,), replace(HOW, skip=3)).told["datasets"]["own"]["truth"]["clusters"]
    for name in ("first", "band"):
        held = told[name]
        assert held["asked"] == min(held["pairs"], 1000) == sum(held["truth"].values())
    assert told["first"]["truth"]["related"] > 0.9 * told["first"]["asked"]
    assert sum(one["pairs"] for one in told.values()) == 240 * 9
    assert told["unranked"]["truth"]["related"] == 0, "the ranks go deeper than a group"


def test_pairs_to_read_are_of_the_first_ranks_and_short():
    long = replace(PART.pairs, rows=tuple(replace(r, target="x" * 5000) for r in PART.pairs))
    found = mined((replace(PART, pairs=long),), replace(HOW, skip=4)).pairs
    assert len(found) == 10 and all(one["rank"] < 4 for one in found)
    assert all(len(one["target"]) < 500 for one in found)
    assert all(one["ids"][0] != one["ids"][1] for one in found)


def test_first_ranks_are_those_of_the_ranking_without_the_row_itself(tmp_path):
    near = mined((ONE, TWO), replace(HOW, size=20, skip=4)).near
    for part in (ONE, TWO):
        rows = part.rows[part.ranks[:, :4]]
        own = rows == part.rows[:, None]
        assert (near[part.rows] == np.where(own, -1, rows)).all()
    write_near(tmp_path, near, np.arange(180))
    with np.load(tmp_path / FILE) as held:
        assert held["near"].dtype == np.int32 and (held["near"] == near).all()


def test_without_ranks_nothing_is_near_and_nothing_is_told_of_the_theorem():
    bare = replace(PART, ranks=PART.ranks[:, :0], scores=None, sides=None)
    made = mined((bare,), replace(HOW, kind="random"))
    assert made.near.shape == (240, 0) and made.told["theorem"] is None
    assert made.told["datasets"]["own"]["truth"] is None and not made.pairs


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cluster": 7}, "not made of whole clusters of 7"),
        ({"kind": "no_duplicates"}, "draws single rows, and cluster=10"),
        ({"kind": "no_duplicates", "cluster": 1, "tail": "fill"}, "may have a text twice"),
        ({"style": "authors", "kind": "leiden"}, "k-way METIS"),
        ({"style": "authors", "passes": 1}, "k-way METIS"),
        ({"style": "authors", "weighted": True}, "k-way METIS"),
        ({"padding_fault": True}, "a fault of the authors' code"),
        ({"kind": "random", "passes": 2}, "cut=random sees none"),
    ],
)
def test_settings_that_cannot_go_together_are_refused(change, said):
    with pytest.raises(ConfigError, match=said):
        check_settings(replace(HOW, **change))


def test_data_that_cannot_be_cut_are_refused():
    equal = replace(PART, target_id=np.zeros(240, np.int64))
    with pytest.raises(DataError, match="all targets of dataset 'own' are equal"):
        mined((equal,), HOW)
    with pytest.raises(DataError, match="is one cluster of 240"):
        mined((PART,), replace(HOW, size=240, cluster=240))
    lonely = replace(PART, ranks=np.roll(np.arange(240), -1)[:, None].astype(np.int32))
    with pytest.raises(DataError, match="have each other in their bands"):
        mined((lonely,), replace(HOW, skip=0, width=1))


def test_what_is_needed_follows_from_the_settings():
    assert HOW.needs == ("embed", "rank")
    assert replace(HOW, kind="kmeans").needs == ("embed",)
    assert replace(HOW, kind="random").needs == ()
    assert replace(HOW, kind="random", negatives=1).needs == ("embed", "rank")
