"""Faults in options in a drawn order, data of the hub that a plan does not read, live methods."""

from mutant import Mutant

_T = "tests/unit/data/test_own_dataset.py::"
COLUMNS = "data/columns.py"
PERMUTED = "core/permuted.py"
DATASET = "data/own_dataset.py"

OWN_OPTIONS = [
    Mutant(  # the letter stays that of the published order
        COLUMNS,
        "return ascii_uppercase[self._order(found).index(ascii_uppercase.index(published))]",
        "return published",
        f"{_T}test_permuted_options_keep_the_right_one_right",
    ),
    Mutant(  # every seed draws the same order
        PERMUTED,
        'f"{name}/{place}/{content}"',
        'f"{place}/{content}"',
        f"{_T}test_an_order_is_drawn_by_the_seed_and_is_no_part_of_a_name",
    ),
    Mutant(  # one order for all problems
        PERMUTED,
        'f"{name}/{place}/{content}"',
        'f"{name}/{place}"',
        f"{_T}test_permuted_options_keep_the_right_one_right",
    ),
    Mutant(  # what a recipe leaves open is not looked for
        DATASET,
        "if options.rows is None or not named or (options.choices and not options.answer_is):",
        "if options.rows is None or not named:",
        f"{_T}test_what_a_recipe_leaves_open_is_read",
    ),
    Mutant(  # fewer rows than a plan was made for
        DATASET,
        "if options.rows not in (None, len(found)):",
        "if options.rows is not None and options.rows < len(found):",
        f"{_T}test_other_rows_than_a_recipe_says_are_an_error",
    ),
    Mutant(  # a rehearsal of four problems plans as many calls as a run
        "stages/live.py",
        "return min(asked, own or given.arm.scale.problems or asked)",
        "return asked",
        "tests/recipes/test_scaling_recipes.py"
        "::test_what_asks_again_asks_no_more_problems_than_the_pool_has",
    ),
]
