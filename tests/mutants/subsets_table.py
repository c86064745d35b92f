"""Faults in what a pool of draws is said to give: votes, ranks, costs, stops, floors, frontiers."""

from mutant import Mutant

SUBSETS = "stats/subsets.py"
RANKS = "stats/order_statistics.py"
WEIGHTED = "stats/weighted_vote.py"
FRONTIER = "stats/frontier.py"
_HOME = "papers/inference_scaling/"
COSTS, ESTIMATORS, STOP = f"{_HOME}costs.py", f"{_HOME}estimators.py", f"{_HOME}stop.py"
FLOOR, MATCHED = f"{_HOME}floor.py", f"{_HOME}matched.py"
_S = "tests/unit/stats/test_subsets.py::"
_R = "tests/unit/stats/test_order_statistics.py::"
_F = "tests/unit/stats/test_frontier.py::"
_T = f"tests/{_HOME}"
_E, _C = f"{_T}test_pool_estimators.py::", f"{_T}test_pool_costs.py::"
_STOP, _FLOOR = f"{_T}test_stop_rules.py::", f"{_T}test_catch_up.py::"
_VOTE = f"{_S}test_a_vote_is_that_of_every_subset"

VOTES = [
    Mutant(SUBSETS, "rivals = others >= votes", "rivals = others > votes", _VOTE),
    Mutant(  # a tie is a victory
        SUBSETS, "(lots[:, None] if taken == votes else 1.0)", "1.0", _VOTE
    ),
    Mutant(  # a tie is half a victory, whoever ties
        SUBSETS,
        "return (points + 1) / 2, weights / 2",
        "return points * 0 + 0.5, weights / 2",
        _VOTE,
    ),
    Mutant(  # too few points for many ties
        SUBSETS,
        "leggauss(degree // 2 + 1)",
        "leggauss(degree // 4 + 1)",
        f"{_S}test_large_pools_are_right_to_twelve_digits",
    ),
    Mutant(  # unread draws take no part
        SUBSETS,
        "draws[at] - right[at], votes, left",
        "others[at].sum(1), votes, left",
        _VOTE,
    ),
    Mutant(  # a subset with nothing read counts as won
        SUBSETS, "for votes in range(1, int(min(", "for votes in range(0, int(min(", _VOTE
    ),
    Mutant(  # with replacement
        SUBSETS,
        "comb(draws - marked, size) / comb(draws, size)",
        "((draws - marked) / draws) ** size",
        f"{_S}test_pass_at_k_is_that_of_every_subset",
    ),
    Mutant(SUBSETS, "sorted(counts, reverse=True)", "sorted(counts)", _VOTE),
    Mutant(  # where no class is right, the first is
        SUBSETS,
        "votes = 0 if right is None else counts.pop(right)",
        "votes = counts.pop(right or 0)",
        _VOTE,
    ),
    Mutant(
        SUBSETS,
        "max(sizes) > draws",
        "max(sizes) > draws + 1",
        f"{_S}test_what_no_pool_is",
    ),
    Mutant(
        SUBSETS,
        "draws > MOST or min(",
        "min(",
        f"{_S}test_what_no_pool_is",
    ),
]
BEST = [
    Mutant(  # the first of those that tie
        RANKS,
        "found.expected[:] += ways.sum(1) * votes[0]",
        "found.expected[:] += ways.sum(1) * float(members[0] == right)",
        f"{_R}test_the_best_of_n_is_that_of_every_subset",
    ),
    Mutant(  # all that have the score vote, drawn or not
        RANKS,
        "found.voted[:] += ways @ votes",
        "found.voted[:] += ways.sum(1) * votes[-1]",
        f"{_R}test_the_best_of_n_is_that_of_every_subset",
    ),
    Mutant(
        RANKS,
        "found.tied[:] += ways[:, 1:].sum(1)",
        "found.tied[:] += ways.sum(1) * (len(members) > 1)",
        f"{_R}test_the_best_of_n_is_that_of_every_subset",
    ),
    Mutant(  # no score is the highest
        RANKS,
        "np.where(np.isnan(given), -np.inf, given)",
        "np.where(np.isnan(given), np.inf, given)",
        f"{_R}test_the_best_of_n_is_that_of_every_subset",
    ),
    Mutant(
        RANKS,
        "        below += len(members)\n",
        "        below += 1\n",
        f"{_R}test_the_best_of_n_is_that_of_every_subset",
    ),
    Mutant(  # the m-th lowest is left out
        RANKS,
        "rank_law(draws, size, low + 1)[1:]",
        "rank_law(draws, size, low)[1:]",
        f"{_R}test_the_vote_of_the_lowest_is_that_of_every_subset",
    ),
    Mutant(
        RANKS,
        'np.argsort(given, kind="stable")',
        'np.argsort(-given, kind="stable")',
        f"{_R}test_the_vote_of_the_lowest_is_that_of_every_subset",
    ),
    Mutant(  # of those that are left, one runs on
        RANKS,
        "return ended + (size - first) * expected_rank",
        "return ended + (size - first - 1) * expected_rank",
        f"{_R}test_ranks_and_stopped_sums_are_those_of_every_subset",
    ),
    Mutant(
        RANKS,
        "comb(at, rank - 1) * comb(draws - at - 1, size - rank)",
        "comb(at, size - rank) * comb(draws - at - 1, rank - 1)",
        f"{_R}test_ranks_and_stopped_sums_are_those_of_every_subset",
    ),
]
WEIGHTS = [
    Mutant(
        WEIGHTED,
        "ahead = (votes >= most * (1 - _ALIKE)) & (most > 0)",
        "ahead = votes >= most * (1 - _ALIKE)",
        f"{_R}test_few_subsets_are_all_weighed",
    ),
    Mutant(  # sums of the same weights in another order do not tie
        WEIGHTED,
        "_ALIKE = 1e-9",
        "_ALIKE = -1e-9",
        f"{_R}test_few_subsets_are_all_weighed",
    ),
    Mutant(  # with replacement
        WEIGHTED,
        "orders = rng.permuted(np.tile(np.arange(draws), (subsets, 1)), axis=1)",
        "orders = rng.integers(0, draws, (subsets, draws))",
        f"{_R}test_drawn_subsets_are_off_by_as_much_as_they_say",
    ),
    Mutant(
        WEIGHTED,
        "won.var(ddof=1) / subsets",
        "won.var(ddof=1)",
        f"{_R}test_drawn_subsets_are_off_by_as_much_as_they_say",
    ),
    Mutant(  # every draw weighs the same
        WEIGHTED,
        ") * given[:, None]",
        ") * 1.0",
        f"{_R}test_few_subsets_are_all_weighed",
    ),
    Mutant(  # the same subsets for every problem, by the seed alone
        ESTIMATORS,
        "keys(seed, [one.id])",
        'keys(seed, [""])',
        f"{_E}test_subsets_of_a_problem_are_its_own",
    ),
    Mutant(  # the error of one problem
        ESTIMATORS,
        "np.sqrt(variances.sum(0)) / len(drawn)",
        "np.sqrt(variances.mean(0))",
        f"{_E}test_errors_are_those_of_other_seeds",
    ),
]
POINTS = [
    Mutant(
        ESTIMATORS,
        "max(1, ceil(keep * size - 1e-9))",
        "max(1, int(keep * size))",
        f"{_E}test_a_part_of_a_draw_is_kept_whole",
    ),
    Mutant(  # the longest
        ESTIMATORS,
        "[-one.tokens.astype(np.float64) for one in drawn]",
        "[one.tokens.astype(np.float64) for one in drawn]",
        f"{_E}test_the_shortest_is_that_of_every_subset",
    ),
    Mutant(
        ESTIMATORS,
        'one.voted if ties == "vote" else one.expected',
        'one.expected if ties == "vote" else one.voted',
        f"{_E}test_a_judge_who_says_nothing_is_the_mean_or_the_vote",
    ),
    Mutant(  # of each problem's own number of draws
        ESTIMATORS,
        "fewest = min(drawn, key",
        "fewest = max(drawn, key",
        f"{_E}test_what_no_pool_can_give_is_said_in_a_line",
    ),
    Mutant(
        ESTIMATORS,
        "if len(found) > 1:",
        "if len(found) > 2:",
        f"{_E}test_what_no_pool_can_give_is_said_in_a_line",
    ),
    Mutant(  # unread draws, not subsets without a read one
        ESTIMATORS,
        "read = [int((one.classes >= 0).sum()) for one in drawn]",
        "read = [int((one.classes < 0).sum()) for one in drawn]",
        f"{_E}test_votes_and_the_oracle_are_those_of_every_subset",
    ),
    Mutant(  # a stopped draw is paid for to its end
        ESTIMATORS,
        "costs.until_first(one, size, kept_of(size, keep), model)",
        "costs.at_once(one, size, model)",
        f"{_C}test_draws_that_are_stopped_cost_what_is_counted",
    ),
]
COST = [
    Mutant(
        COSTS,
        '"cached": (size - 1) * begun',
        '"cached": size * begun',
        f"{_C}test_draws_side_by_side_cost_what_is_counted",
    ),
    Mutant(  # one after the other
        COSTS,
        '"longest": expected_rank(drawn.tokens, size, size)',
        '"longest": size * float(drawn.tokens.mean())',
        f"{_C}test_draws_side_by_side_cost_what_is_counted",
    ),
    Mutant(  # the prompt is computed for every draw
        COSTS,
        "float(flops(model, 0, drawn.prompt)) + again + work",
        "size * float(flops(model, 0, drawn.prompt)) + again + work",
        f"{_C}test_draws_side_by_side_cost_what_is_counted",
    ),
    Mutant(
        COSTS,
        "first = max(start, ATTENTION_FROM)",
        "first = ATTENTION_FROM",
        f"{_C}test_attention_counts_from_its_position_on",
    ),
    Mutant(
        COSTS,
        "(end * (end + 1) - first * (first + 1)) / 2",
        "(end * (end - 1) - first * (first - 1)) / 2",
        f"{_C}test_two_operations_a_parameter_and_token",
    ),
    Mutant(
        COSTS,
        'sent * model.price_in + spent["completion"] * model.price_out',
        'sent * model.price_out + spent["completion"] * model.price_in',
        f"{_C}test_draws_side_by_side_cost_what_is_counted",
    ),
    Mutant(  # not counted is free
        COSTS,
        "if model.parameters is not None:",
        "if model.parameters is not False:",
        f"{_C}test_what_nobody_counted_is_left_out",
    ),
]
FRONTIERS = [
    Mutant(  # a point that is alike beats too
        FRONTIER,
        "& (cheaper | better) &",
        "&",
        f"{_F}test_it_is_what_nothing_dominates",
    ),
    Mutant(  # both strictly
        FRONTIER,
        "(cheaper | better)",
        "(cheaper & better)",
        f"{_F}test_it_is_what_nothing_dominates",
    ),
    Mutant(
        FRONTIER,
        "_ALIKE = 1e-9",
        "_ALIKE = 0.0",
        f"{_F}test_what_differs_by_rounding_is_alike",
    ),
    Mutant(
        FRONTIER,
        "known & ~beats.any(-2)",
        "~beats.any(-2)",
        f"{_F}test_a_point_of_unknown_cost_is_not_on_it_and_beats_none",
    ),
    Mutant(  # known where it was drawn
        FRONTIER,
        "np.isnan(cost).any(1, keepdims=True)",
        "np.isnan(cost)",
        f"{_F}test_a_point_of_unknown_cost_is_not_on_it_and_beats_none",
    ),
    Mutant(  # problems one by one
        FRONTIER,
        "np.stack([cluster_sums(row, clusters)[:, 0] for row in table], axis=1)",
        "table.T",
        f"{_F}test_problems_of_a_cluster_are_drawn_together",
    ),
]
STOPS = [
    Mutant(  # a lead that can be caught up with
        STOP,
        "first - second > left",
        "first - second >= left",
        f"{_STOP}test_exact_stops_where_nothing_that_may_come_moves_the_winner",
    ),
    Mutant(  # a class that nobody named yet cannot win
        STOP,
        "sorted([*counts, 0, 0], reverse=True)[:2]",
        "sorted([0, 0, *counts], reverse=False)[:2]",
        f"{_STOP}test_exact_stops_where_nothing_that_may_come_moves_the_winner",
    ),
    Mutant(  # no prior
        STOP,
        "tosses = first + second + 1",
        "tosses = first + second",
        f"{_STOP}test_the_probability_is_that_of_a_beta_law",
    ),
    Mutant(
        STOP,
        "for heads in range(first + 1)",
        "for heads in range(second + 1)",
        f"{_STOP}test_the_probability_is_that_of_a_beta_law",
    ),
    Mutant(  # the runner-up is the leader itself
        STOP,
        "np.put_along_axis(runners, votes.argmax(2, keepdims=True), 0, axis=2)",
        "pass",
        f"{_STOP}test_a_replay_is_what_a_live_run_would_do",
    ),
    Mutant(  # of those that tie the last to come
        STOP,
        "now * (budget + 1) - first, -1)",
        "now * (budget + 1) + first, -1)",
        f"{_STOP}test_a_replay_is_what_a_live_run_would_do",
    ),
    Mutant(  # the left of the whole pool
        STOP,
        "np.arange(budget)[::-1]]",
        "np.arange(budget)]",
        f"{_STOP}test_a_replay_is_what_a_live_run_would_do",
    ),
    Mutant(  # tokens of the whole budget
        STOP,
        "float((one.tokens[order] * taken).sum(1).mean()),",
        "float(one.tokens[order].sum(1).mean()),",
        f"{_STOP}test_a_replay_is_what_a_live_run_would_do",
    ),
    Mutant(  # a run that stops early is alike by itself
        STOP,
        "float((winner == last).mean()),",
        "float((winner == winner).mean()),",
        f"{_STOP}test_exact_has_the_winner_of_all_draws_and_saves_some",
    ),
]
FLOORS = [
    Mutant(
        FLOOR,
        "if gap.estimate >= -_ALIKE]",
        "if gap.estimate > _ALIKE]",
        f"{_FLOOR}test_alike_is_not_below",
    ),
    Mutant(  # what is plainly below stays
        FLOOR,
        "if not gap.below(0):",
        "if not gap.below(-1):",
        f"{_FLOOR}test_a_curve_that_plainly_crosses_has_one_answer",
    ),
    Mutant(  # what is plainly above ends nothing
        FLOOR,
        "if gap.above(0):",
        "if gap.above(1):",
        f"{_FLOOR}test_a_curve_that_plainly_crosses_has_one_answer",
    ),
    Mutant(  # the dearest size
        FLOOR,
        "(reached or sizes[-1:])[0]",
        "(reached or sizes)[-1]",
        f"{_FLOOR}test_a_curve_that_plainly_crosses_has_one_answer",
    ),
    Mutant(  # the smallest p value: one size that is below is enough
        FLOOR,
        "return max(p_beyond(at, 0.0)",
        "return min(p_beyond(at, 0.0)",
        f"{_FLOOR}test_the_interval_holds_what_the_differences_do_not_rule_out",
    ),
    Mutant(  # in whatever order they came
        FLOOR,
        "sorted(weaker, key=lambda point: point.size)",
        "list(weaker)",
        f"{_FLOOR}test_the_interval_holds_what_the_differences_do_not_rule_out",
    ),
    Mutant(
        FLOOR,
        "cluster_sums(point.accuracy - stronger.accuracy, clusters)",
        "cluster_sums(point.accuracy - stronger.accuracy, None)",
        f"{_FLOOR}test_problems_of_a_cluster_are_drawn_together",
    ),
    Mutant(
        MATCHED,
        "strict=True)\n    return [MethodGap",
        "strict=True)\n    rows = [(a, b, p, p) for a, b, p, _ in rows]\n    return [MethodGap",
        f"{_FLOOR}test_methods_at_a_budget_are_corrected_for_their_number",
    ),
    Mutant(  # the cheapest
        MATCHED,
        "key > (held.cost(kind), held.size)",
        "key < (held.cost(kind), held.size)",
        f"{_FLOOR}test_a_budget_buys_each_method_its_dearest_point",
    ),
    Mutant(  # what nobody counted is within every budget
        MATCHED,
        "if not point.cost(kind) <= budget * (1 + 1e-9):",
        "if point.cost(kind) > budget * (1 + 1e-9):",
        f"{_FLOOR}test_a_budget_buys_each_method_its_dearest_point",
    ),
    Mutant(
        MATCHED,
        "if point.mean >= best - gain - 1e-12",
        "if point.mean >= best * (1 - gain) - 1e-12",
        f"{_FLOOR}test_the_cheapest_near_the_best",
    ),
    Mutant(
        MATCHED,
        "known = [point for point in points if point.cost(kind) >= 0]",
        "known = list(points)",
        f"{_FLOOR}test_the_cheapest_near_the_best",
    ),
]
