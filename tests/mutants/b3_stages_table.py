"""Faults in the stages that make a plan, and in the vectors that they begin with."""

from mutant import Mutant

MINED, FILE = "papers/b3/mined.py", "papers/b3/plan_file.py"
PLANS, TABLE_OF_ROWS = "papers/b3/report/plans.py", "stages/pair_table.py"
EMBED, RANK, WORDS = "stages/embed.py", "stages/rank.py", "engines/embed/words.py"
BATCHES = "papers/b3/stages/batches.py"
_T = "tests/papers/b3/test_b3_plan_stages.py::"
_WORDS = f"{_T}test_words_know_their_own_target_and_no_order_of_shards"
_SMALL = f"{_T}test_datasets_share_no_batch_and_a_small_one_is_named"
_ONCE = f"{_T}test_every_row_is_once_in_an_epoch_but_for_a_told_tail"

STAGES = [
    Mutant(  # ranks of a dataset are those among all rows
        MINED, "place[ranks[rows]], target_id", "ranks[rows], target_id", _SMALL),
    Mutant(  # clusters name rows of their own dataset alone
        MINED, "Group(self.part.name, rows[held.clusters]", "Group(self.part.name, held.clusters",
        f"{_T}test_rows_of_a_second_dataset_are_named_by_their_place_among_all"),
    Mutant(MINED, "    if not plan.count():", "    if plan.count() < 0:",
           f"{_T}test_what_cannot_be_planned_is_said"),
    Mutant(MINED, "part.target_id, how.passes, how.seed", "part.target_id, 0, how.seed",
           f"{_T}test_swaps_lower_what_leaks"),
    Mutant(  # leaks cost nothing
        MINED, "leaks(part.ranks, self.skip), how.penalty", "None, how.penalty",
        f"{_T}test_swaps_lower_what_leaks"),
    Mutant(MINED, "if part.family not in SKIP:", 'if part.family == "class":',
           f"{_T}test_what_cannot_be_planned_is_said"),
    Mutant(FILE, 'if plan.digest() != about["hash"]:', 'if not about["hash"]:',
           f"{_T}test_a_plan_that_was_changed_is_refused"),
    Mutant(  # the share is of batches, whatever is asked for
        PLANS, "arm, held[level][key], unit", 'arm, held["batches"][key], unit',
        f"{_T}test_the_figures_are_those_of_the_diagnostics"),
    Mutant(BATCHES, '"tail": len(first.tail)', '"tail": len(first.repeated)', _ONCE),
    Mutant(BATCHES, "if self.size % found:", "if self.size < found:",
           f"{_T}test_a_plan_refuses_before_anything_runs"),
    Mutant(EMBED, "issubclass(kind, PairData)", "issubclass(kind, object)",
           f"{_T}test_a_plan_refuses_before_anything_runs"),
    Mutant(  # targets are those of the queries
        EMBED, "getattr(row, side) for row", "row.query for row",
        f"{_T}test_what_is_embedded_and_ranked_is_what_the_stages_say"),
    Mutant(RANK, "found[rows, :k] = rows[best]", "found[rows, :k] = best[:, ::-1]",
           f"{_T}test_what_is_embedded_and_ranked_is_what_the_stages_say"),
    Mutant(RANK, "right[:, 0].mean()", "right.any(1).mean()",
           f"{_T}test_how_often_the_own_target_is_found_by_hand"),
    Mutant(WORDS, "np.log((1 + len(pairs)) / number)", "np.log(1 / number)", _WORDS),
    Mutant(  # every pair has the same signs
        WORDS, "(block, row & low, row >> half, zero)", "(block, row & zero, row >> half, zero)",
        _WORDS),
    Mutant(TABLE_OF_ROWS, "place[row.dataset] for row", "0 * place[row.dataset] for row",
           f"{_T}test_a_table_of_rows_comes_back_as_it_was_written"),
]  # fmt: skip
