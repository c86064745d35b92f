"""Faults in verdicts on levels and steps, in their statistics, and in what shows episodes."""

from mutant import Mutant

LEVELS = "report/verdict/levels.py"
GROWTH = "report/verdict/interaction.py"
BETWEEN = "report/level_difference.py"
CONTRAST = "stats/linear_contrast.py"
PAGE = "report/episode_page.py"
ATTEMPTS = "papers/indata/report/attempts.py"
_V = "tests/unit/report/test_level_verdicts.py::"
_S = "tests/unit/stats/test_linear_contrast.py::"
_P = "tests/unit/report/test_episode_page.py::"
_R = "tests/papers/indata/test_analysis_report.py::"

ON_LEVELS = [
    Mutant(  # intervals hold one by one
        LEVELS,
        "1 - LEVEL / (len(arms) * len(pairs))",
        "1 - LEVEL",
        f"{_V}test_intervals_hold_together",
    ),
    Mutant(  # only the ends are in order
        LEVELS,
        "list(pairwise(levels))",
        "[(levels[0], levels[-1])]",
        f"{_V}test_levels_are_ordered_or_not",
    ),
    Mutant(  # 3 and 3.0 are two levels
        LEVELS,
        'return value if isinstance(value, str) else f"{value:g}"',
        "return str(value)",
        f"{_V}test_levels_may_be_numbers",
    ),
    Mutant(  # a saturated level decides
        LEVELS,
        "if found is not None:\n            return replace",
        "if found is None:\n            return replace",
        f"{_V}test_a_level_at_a_limit_decides_nothing",
    ),
    Mutant(  # what is better when lower is read the other way
        BETWEEN,
        "if self.sign < 0:",
        "if self.sign > 1:",
        f"{_V}test_of_what_is_better_when_lower_a_loss_is_a_rise",
    ),
    Mutant(  # a seed of a training is one more draw
        BETWEEN,
        "if seeds > 1 and not files.trained:",
        "if seeds > 1:",
        f"{_V}test_seeds_of_a_training_count_where_levels_move_apart",
    ),
]

ON_STEPS = [
    Mutant(  # a lead that is none counts
        GROWTH,
        "([lead.above() for lead in leads] if sure else [])",
        "([] if sure else [])",
        f"{_V}test_a_gap_that_grows_from_below_is_no_lead",
    ),
    Mutant(  # a shrinking gap says nothing
        GROWTH,
        "self.span.below(0)",
        "self.span.below(-1)",
        f"{_V}test_a_gap_grows_or_not",
    ),
    Mutant(  # of seeds the noise of items is counted twice
        CONTRAST,
        "of_items + of_seeds - noise",
        "of_items + of_seeds",
        f"{_S}test_of_a_mean_the_errors_are_those_of_two_levels",
    ),
    Mutant(  # residuals as they are
        CONTRAST,
        "weights**2 / keep",
        "weights**2",
        f"{_S}test_of_two_groups_the_error_over_items_is_welchs",
    ),
    Mutant(  # clusters are forgotten
        CONTRAST,
        "if many <= k or many == len(labels):",
        "if many:",
        f"{_S}test_clusters_widen_what_they_share_and_labels_of_their_own_do_not",
    ),
]

ON_EPISODES = [
    Mutant(  # what steers comes through
        PAGE,
        'return marked(render("episode", page=_page(title, episode, turns, seconds, sample)))',
        'return render("episode", page=_page(title, episode, turns, seconds, sample))',
        f"{_P}test_what_steers_is_a_mark",
    ),
    Mutant(  # faults look like results
        PAGE,
        "one.text, one.fault is not None)",
        "one.text, False)",
        f"{_P}test_a_fault_is_marked_and_nothing_is_fetched",
    ),
    Mutant(  # bars of no longest turn
        PAGE,
        "round(100 * tokens / longest) if longest else 0",
        "100 if longest else 0",
        f"{_P}test_turns_calls_observations_answer_and_gold_are_there",
    ),
    Mutant(  # anything is a program
        PAGE,
        'if isinstance(step, Mapping) and "tool" in step:',
        "if isinstance(step, Mapping):",
        f"{_P}test_what_is_no_program_is_none",
    ),
    Mutant(  # questions without an answer have a cause
        ATTEMPTS,
        "wrong = not right and not lacking",
        "wrong = not right",
        f"{_R}test_wrong_answers_of_questions_that_can_be_answered_have_one_cause_each",
    ),
    Mutant(  # a literal comes from every table
        ATTEMPTS,
        "bool(attempt.handle) and descent",
        "not attempt.handle or descent",
        f"{_R}test_answers_from_nowhere_are_right_without_descent",
    ),
    Mutant(  # a repeated call is made once
        ATTEMPTS,
        "repeated=max(made.values(), default=1)",
        "repeated=1",
        f"{_R}test_calls_that_are_no_json_are_no_steps",
    ),
    Mutant(  # limits keep the words of the loop
        ATTEMPTS,
        'episode.ending.removeprefix("out_of_")',
        "episode.ending",
        f"{_R}test_calls_that_are_no_json_are_no_steps",
    ),
]
