"""Faults in the stages that make a plan, and in the vectors that they begin with."""

from mutant import Mutant

MINED, FILE = "papers/b3/mined.py", "papers/b3/plan_file.py"
PLANS, TABLE_OF_ROWS = "papers/b3/report/plans.py", "stages/pair_table.py"
EMBED, RANK, WORDS = "stages/embed.py", "stages/rank.py", "engines/embed/words.py"
BATCHES, ROWS = "papers/b3/stages/batches.py", "papers/b3/dataset_rows.py"
OF_ONE, CLUSTERED = "papers/b3/mined_dataset.py", "papers/b3/clustered.py"
SETTINGS = "papers/b3/settings.py"
_T = "tests/papers/b3/test_b3_plan_stages.py::"
_WORDS = f"{_T}test_words_know_their_own_target_and_no_order_of_shards"
_SMALL = f"{_T}test_datasets_share_no_batch_and_a_small_one_is_named"
_ONCE = f"{_T}test_every_row_is_once_in_an_epoch_but_for_a_told_tail"

STAGES = [
    Mutant(  # ranks of a dataset are those among all rows
        ROWS, "place[ranks[rows]], target,", "ranks[rows], target,", _SMALL),
    Mutant(  # clusters name rows of their own dataset alone
        OF_ONE, "Group(self.part.name, rows[self.clusters.members]",
        "Group(self.part.name, self.clusters.members",
        f"{_T}test_rows_of_a_second_dataset_are_named_by_their_place_among_all"),
    Mutant(MINED, "else most) < how.size:", "else most) < 1:",
           f"{_T}test_what_cannot_be_planned_is_said"),
    Mutant(CLUSTERED, "target, how.passes, how.seed", "target, 0, how.seed",
           f"{_T}test_swaps_lower_what_leaks"),
    Mutant(  # leaks cost nothing
        CLUSTERED, "signed(graph, near, how.penalty)", "signed(graph, None, how.penalty)",
        f"{_T}test_swaps_lower_what_leaks"),
    Mutant(FILE, 'if plan.digest() != about["hash"]:', 'if not about["hash"]:',
           f"{_T}test_a_plan_that_was_changed_is_refused"),
    Mutant(  # the share is of batches, whatever is asked for
        PLANS, "arm, held[level][key], unit", 'arm, held["batches"][key], unit',
        f"{_T}test_the_figures_are_those_of_the_diagnostics"),
    Mutant(BATCHES, "tail = len(made.plan.epoch(0).tail)", "tail = 1 + made.plan.count()", _ONCE),
    Mutant(SETTINGS, "if how.size % how.cluster:", "if how.size < how.cluster:",
           f"{_T}test_a_plan_refuses_before_anything_runs"),
    Mutant(EMBED, "issubclass(kind, PairData)", "issubclass(kind, object)",
           f"{_T}test_a_plan_refuses_before_anything_runs"),
    Mutant(  # targets are those of the queries
        EMBED, '"target", [row.answer for row in rows]', '"target", [row.asked for row in rows]',
        f"{_T}test_what_is_embedded_and_ranked_is_what_the_stages_say"),
    Mutant(RANK, "= rows[found.indices], found.scores", "= found.indices[:, ::-1], found.scores",
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
