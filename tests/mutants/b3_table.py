"""Faults in how ranks become a graph, a graph clusters of K, and clusters batches."""

from mutant import Mutant

HOME = "papers/b3/"
BAND, LABELS, MUTUAL = f"{HOME}band.py", f"{HOME}label_band.py", f"{HOME}mutual.py"
GROUPED, REPAIR, PLACE = f"{HOME}grouped.py", f"{HOME}repair.py", f"{HOME}placement.py"
CUTS, LEIDEN, PACKED = f"{HOME}cut/__init__.py", f"{HOME}cut/leiden.py", f"{HOME}cut/packed.py"
METIS, BEST = f"{HOME}cut/metis.py", f"{HOME}cut/best.py"
AUTHORS, SWAP, PLAN = f"{HOME}authors.py", f"{HOME}swap.py", f"{HOME}plan.py"
NEGATIVES, BOUND = f"{HOME}negatives.py", f"{HOME}bound.py"
DIAGNOSTICS = f"{HOME}diagnostics.py"
_T = "tests/papers/b3/"
_B, _C = f"{_T}test_rank_band.py::", f"{_T}test_graph_cuts.py::"
_S, _P = f"{_T}test_cluster_swaps.py::", f"{_T}test_batch_plans.py::"
_N, _D = f"{_T}test_batch_negatives.py::", f"{_T}test_batch_bound.py::"
_EDGES = f"{_B}test_edges_are_the_ranks_of_the_band"
_LABELS = f"{_B}test_the_label_rule_on_a_worked_example"
_SWAPS = f"{_S}test_no_pass_lowers_the_objective_and_sizes_stay"
_ROWS = f"{_P}test_every_row_is_there_once_but_for_the_named_tail"

BANDS = [
    Mutant(  # the band is one rank longer
        BAND,
        "found = ranks[at, skip : skip + width]",
        "found = ranks[at, skip : skip + width + 1]",
        _EDGES,
    ),
    Mutant(  # a block's rows are counted from 0 again
        BAND,
        "np.arange(start, start + len(found))",
        "np.arange(len(found))",
        f"{_B}test_what_is_dropped_is_counted_by_its_reason",
    ),
    Mutant(BAND, "        keep &= ~same\n", "", _EDGES),
    Mutant(  # a row in its own band is counted as an equal target
        BAND,
        "(target_id[found] == target_id[source]) & keep",
        "target_id[found] == target_id[source]",
        f"{_B}test_what_is_dropped_is_counted_by_its_reason",
    ),
    Mutant(  # an edge of weight 0 is none
        BAND,
        "astype(np.float32), np.float32(LEAST))",
        "astype(np.float32), np.float32(0))",
        f"{_B}test_no_edge_is_lost_for_a_similarity_of_nothing",
    ),
    Mutant(
        BAND,
        "and depth < rows",
        "and depth > rows",
        f"{_B}test_a_ranking_that_has_no_such_band",
    ),
    Mutant(
        MUTUAL,
        "np.where(count.data == 2, weights, 0)",
        "np.where(count.data >= 1, weights, 0)",
        f"{_B}test_the_graph_is_that_of_networkx",
    ),
    Mutant(  # weights are sums
        MUTUAL,
        "total.data / count.data",
        "total.data",
        f"{_B}test_the_graph_is_that_of_networkx",
    ),
    Mutant(  # what is not agreed on stays as an edge of weight 0
        MUTUAL,
        "    total.eliminate_zeros()\n",
        "",
        f"{_B}test_the_graph_is_that_of_networkx",
    ),
]
LABEL_RULE = [
    Mutant(  # the share of 100 labels is one more by rounding
        LABELS,
        "ceil(Fraction(str(share)) * distinct)",
        "ceil(share * distinct)",
        f"{_B}test_a_share_is_the_decimal_that_is_written",
    ),
    Mutant(LABELS, "ceil(Fraction", "int(Fraction", _LABELS),
    Mutant(  # the own label takes a place
        LABELS, "np.cumsum(others, 1) <= count", "np.arange(others.shape[1]) < count", _LABELS
    ),
    Mutant(  # the last row of a label says how near it is
        LABELS,
        "range(depth - 1, -1, -1)",
        "range(depth)",
        f"{_B}test_labels_come_by_their_first_row",
    ),
    Mutant(
        LABELS,
        "np.arange(rows) // size",
        "np.arange(rows) % size",
        f"{_B}test_parts_are_random_and_of_their_size",
    ),
]
REPAIRS = [
    Mutant(  # those with the most edges inside go
        REPAIR, "-within(graph, parts)", "within(graph, parts)",
        f"{_C}test_a_repair_moves_only_surplus",
    ),
    Mutant(
        REPAIR, ">= size]] = -1", "> size]] = -1", f"{_C}test_a_repair_moves_only_surplus"
    ),
    Mutant(  # the smallest parts are kept
        REPAIR, "np.argsort(-sizes, kind", "np.argsort(sizes, kind",
        f"{_C}test_of_too_many_parts_the_largest_are_kept",
    ),
    Mutant(  # rows without a place go anywhere
        REPAIR, "filled(placed(near, room), room)", "filled(found[free], room)",
        f"{_C}test_a_row_without_a_place_goes_where_its_edges_are",
    ),
    Mutant(  # all that are placed were placed by similarity
        REPAIR, "int((chosen >= 0).sum())", "int((found[alone] >= 0).sum())",
        f"{_C}test_a_row_without_an_edge_is_with_its_like_and_counted",
    ),
    Mutant(  # rows with an edge are moved too
        REPAIR, "np.diff(graph.indptr) == 0)", "np.diff(graph.indptr) <= 1)",
        f"{_C}test_rows_without_an_edge_settle_and_no_edge_is_lost",
    ),
    Mutant(  # the first of those that ask is taken
        PLACE, "np.lexsort((row[first], -weight[first], place[first]))",
        "np.lexsort((row[first], place[first]))", f"{_C}test_places_are_given_greedily",
    ),
    Mutant(  # a row asks for its weakest tie
        PLACE, "np.lexsort((place, -weight, row))", "np.lexsort((place, weight, row))",
        f"{_C}test_places_are_given_greedily",
    ),
    Mutant(
        f"{HOME}matching.py", "best[one[order]] == at) & (best", "best[one[order]] == at) | (best",
        f"{_C}test_a_matching_is_the_greedy_one",
    ),
]  # fmt: skip
CUT = [
    Mutant(  # leidenalg's default does not hold the size
        LEIDEN, "community_constraint_enforcement = 1", "community_constraint_enforcement = 0",
        f"{_C}test_no_community_is_larger_than_k",
    ),
    Mutant(  # rows without an edge are communities
        LEIDEN, "np.flatnonzero(np.diff(graph.indptr))", "np.arange(rows)",
        f"{_C}test_no_community_is_larger_than_k",
    ),
    Mutant(  # an unlucky seed decides the cut
        LEIDEN, "    optimiser.set_rng_seed(seed % 2**31)\n", "",
        f"{_C}test_communities_are_those_of_their_seed",
    ),
    Mutant(
        PACKED, "sizes[one] + sizes[other] <= size)", "sizes[one] + sizes[other] <= size + 1)",
        f"{_C}test_packing_tears_no_piece_that_has_its_place",
    ),
    Mutant(  # pieces that share an edge stay apart
        PACKED, "found = joined(pieces, graph, size)", "found = pieces",
        f"{_C}test_packing_tears_no_piece_that_has_its_place",
    ),
    Mutant(  # the largest pieces come last
        PACKED, "np.argsort(-sizes, kind", "np.argsort(sizes, kind",
        f"{_C}test_pieces_with_an_edge_are_joined_and_the_smallest_is_torn",
    ),
    Mutant(  # the worse of the two
        BEST, "key=lambda one: -one.kept", "key=lambda one: one.kept",
        f"{_C}test_the_best_keeps_as_much_as_each_and_says_what_leiden_cost",
    ),
    Mutant(
        BEST, "rows.count <= most", "rows.count <= most + 1",
        f"{_C}test_the_best_keeps_as_much_as_each_and_says_what_leiden_cost",
    ),
    Mutant(  # METIS sees no weights
        METIS, "    if (weights == weights[0]).all():\n        return None\n", "    return None\n",
        f"{_C}test_weights_decide_where_a_graph_is_cut",
    ),
    Mutant(  # a cluster's edges count from both ends
        GROUPED, "dtype=np.float64)) / 2", "dtype=np.float64))",
        f"{_C}test_kept_and_lost_edges_are_all",
    ),
    Mutant(  # rows without a cluster are one
        GROUPED, "& (own >= 0)", "& (own >= -1)", f"{_C}test_kept_and_lost_edges_are_all"
    ),
    Mutant(  # the difference of distances is turned round
        f"{HOME}cut/kmeans.py", "here, other - one)", "here, abs(other - one))",
        f"{_C}test_two_clusters_of_k_means_are_the_best_for_their_centres",
    ),
    Mutant(
        f"{HOME}cut/random_task.py", "block < np.bincount(own)[own] // size",
        "block <= np.bincount(own)[own] // size", f"{_C}test_random_tasks_are_of_one_dataset_each",
    ),
]  # fmt: skip
AUTHORS_WAY = [
    Mutant(
        AUTHORS, "key=len, reverse=True", "key=len",
        f"{_C}test_the_authors_pool_goes_from_the_largest_to_the_smallest",
    ),
    Mutant(  # first in, first out
        AUTHORS, "held.append(pool.pop())", "held.append(pool.pop(0))",
        f"{_C}test_the_authors_pool_goes_from_the_largest_to_the_smallest",
    ),
    Mutant(  # the fault is always there
        AUTHORS, "at if fault else whole[cluster][at]", "at",
        f"{_C}test_the_authors_padding_repeats_rows_and_its_fault_the_first_ones",
    ),
    Mutant(  # padded from the first cluster alone
        AUTHORS, "whole[cluster][at] for", "whole[0][at] for",
        f"{_C}test_the_authors_padding_repeats_rows_and_its_fault_the_first_ones",
    ),
    Mutant(
        AUTHORS, "times = 2 if doubled else 1", "times = 1",
        f"{_C}test_the_authors_adjacency_has_each_edge_twice",
    ),
]  # fmt: skip
SWAPS = [
    Mutant(  # an edge between the two is counted as won
        SWAP, "        gain -= 2 * _entries(self.worth, one, other)\n", "", _SWAPS
    ),
    Mutant(  # what the other one loses is forgotten
        SWAP, "here) - self.own[other]", "here)", _SWAPS
    ),
    Mutant(  # equal targets may meet
        SWAP, "(self.targets.meets(here, other) > 0) | ", "",
        f"{_S}test_no_row_moves_to_a_cluster_that_has_its_target",
    ),
    Mutant(  # a clash is worth nothing
        SWAP, "within(worth, clusters) - most * (clash & (clusters >= 0))",
        "within(worth, clusters)", f"{_S}test_equal_targets_come_apart_though_edges_are_lost",
    ),
    Mutant(  # a leak counts from one side
        SWAP, "penalty * (leaks.astype(np.float64) + leaks.T)",
        "penalty * leaks.astype(np.float64)", _SWAPS
    ),
    Mutant(  # two swaps of a pass may touch a cluster
        SWAP, "taken = matched(here, there, worth, self.count)",
        "taken = np.arange(len(worth))", _SWAPS,
    ),
    Mutant(  # whoever has no edge asks for nothing
        SWAP, "np.concatenate([sources(self.near), self._unhappy()])", "sources(self.near)",
        f"{_S}test_a_leak_is_worth_its_penalty_and_no_more",
    ),
]  # fmt: skip
PLANS = [
    Mutant(PLAN, "number if self.redraw == \"each_epoch\" else 0", "0",
           f"{_P}test_combinations_are_drawn_again_or_kept_and_the_order_is_new"),
    Mutant(PLAN, "f\"batches {number}\"", "\"batches\"",
           f"{_P}test_combinations_are_drawn_again_or_kept_and_the_order_is_new"),
    Mutant(  # rows without a cluster are forgotten
        PLAN, "np.concatenate([rows[whole * self.size :], group.loose])",
        "rows[whole * self.size :]", _ROWS),
    Mutant(  # the last batch is filled with its own rows
        PLAN, "more = rows[: self.size - len(tail)]", "more = rows[::-1][: self.size - len(tail)]",
        _ROWS),
    Mutant(  # a group that has no whole batch is filled up
        PLAN, "and whole > 0 and over > 0", "and over > 0", _ROWS),
    Mutant(  # all groups are drawn alike, and a batch is of another group than it says
        PLAN, "return Epoch(batches[order], group[order],", "return Epoch(batches[order], group,",
        _ROWS),
    Mutant(PLAN, "{self.size} {self.seed} {self.redraw}", "{self.size} {self.redraw}",
           f"{_P}test_a_digest_is_of_all_that_batches_depend_on"),
    Mutant(PLAN, "self.size < 1 or self.size % width", "self.size < 1",
           f"{_P}test_whole_clusters_fill_a_batch_or_the_plan_is_refused"),
    Mutant(  # a rank takes the slices of one batch
        "train/contrastive/order.py", "[rank::devices]",
        "[rank * len(batches) : (rank + 1) * len(batches)]",
        f"{_P}test_ranks_gather_the_batches_of_the_plan"),
    Mutant(  # every row of a table draws alike
        f"{HOME}draws.py", "row & _LOW, row >> _HALF, zero", "zero, row >> _HALF, zero",
        f"{_P}test_draws_are_random_and_each_of_its_place"),
]  # fmt: skip
DRAWN = [
    Mutant(  # all candidates are equally likely
        NEGATIVES, "heaped = np.cumsum(weights)", "heaped = np.cumsum(weights > 0)",
        f"{_N}test_distinct_draws_are_successive_ones[weights0]"),
    Mutant(  # what is still wanting is drawn without weights
        NEGATIVES, "-np.log(uniforms(shape, seed, name)) / weights",
        "-np.log(uniforms(shape, seed, name)) / (weights > 0)",
        f"{_N}test_distinct_draws_are_successive_ones[weights1]"),
    Mutant(NEGATIVES, "-= 2 * often", "-= often",
           f"{_N}test_the_codes_arithmetic_on_a_worked_example"),
    Mutant(NEGATIVES, "& (weight > 0)", "& (weight >= 0)",
           f"{_N}test_the_codes_arithmetic_on_a_worked_example"),
    Mutant(  # mates may be negatives
        NEGATIVES, "(found >= 0) & ~np.isin(found, group)", "found >= 0",
        f"{_N}test_no_negative_is_a_mate_or_has_a_target_of_one"),
    Mutant(  # targets are not looked at
        NEGATIVES, "fair &= ~np.isin(targets[found], targets[group])", "pass",
        f"{_N}test_no_negative_is_a_mate_or_has_a_target_of_one"),
    Mutant(  # h labels, not 2h
        NEGATIVES, "<= 2 * count)", "<= count)",
        f"{_N}test_labels_are_counted_among_the_first_2h_that_are_not_the_own"),
    Mutant(NEGATIVES, "        fair &= targets[band] != targets[own]\n", "        pass\n",
           f"{_N}test_the_baseline_draws_from_a_rows_own_band"),
]  # fmt: skip
THEOREM = [
    Mutant(  # the bound without N / K
        BOUND, "np.log(len(scores) / largest)", "0.0",
        f"{_D}test_the_bound_holds_for_every_k_up_to_the_batch"),
    Mutant(BOUND, "np.partition(-held, largest - 1", "np.partition(held, largest - 1",
           f"{_D}test_both_sides_are_what_the_losses_say"),
    Mutant(BOUND, "np.exp(held - most)", "np.exp(held)",
           f"{_D}test_both_sides_are_what_the_losses_say"),
    Mutant(  # up to the largest batch
        BOUND, "np.bincount(batch_of).min()", "np.bincount(batch_of).max()",
        f"{_D}test_the_bound_says_up_to_where_it_holds"),
    Mutant(BOUND, "log_sum(nearest, largest) -", "log_sum(nearest) -",
           f"{_D}test_both_sides_are_what_the_losses_say"),
    Mutant(  # a row leaks to itself
        DIAGNOSTICS, "    found &= ranks != np.arange(len(ranks))[:, None]\n", "",
        f"{_D}test_diagnostics_by_hand"),
    Mutant(DIAGNOSTICS, "_mean(met[held, :skip].sum(1))", "_mean(met[held, : skip + 1].sum(1))",
           f"{_D}test_diagnostics_by_hand"),
    Mutant(DIAGNOSTICS, "counts[at.ravel()] - 1", "counts[at.ravel()]",
           f"{_D}test_equal_targets_are_those_of_every_pair"),
    Mutant(  # edges are weighed, not counted
        DIAGNOSTICS, "graph.nnz // 2, int(same.sum()) // 2, total",
        "graph.nnz // 2, int(held), total",
        f"{_D}test_diagnostics_by_hand"),
    Mutant(  # a rank that is none meets the last row
        DIAGNOSTICS, "    found &= (ranks >= 0) & (clusters[:, None] >= 0)\n",
        "    found &= clusters[:, None] >= 0\n", f"{_D}test_a_rank_that_is_none_meets_nobody"),
]  # fmt: skip
