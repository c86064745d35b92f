"""Faults of calibrating a threshold to an accuracy."""

from mutant import Mutant

_LOOSEST = "papers/fsd/loosest.py"
_KEEP = "papers/fsd/stages/keep_accuracy.py"
_STAGE = "papers/fsd/stages/calibrate.py"
_SEARCH = "tests/papers/fsd/test_loosest.py::"
_JUDGED = "tests/papers/fsd/test_keep_accuracy.py::"
CALIBRATE = [
    Mutant(  # what failed is taken for what passed
        _LOOSEST,
        "(at, high) if passes(at) else (low, at)",
        "(at, high) if passes(at) else (at, at + 1)",
        f"{_SEARCH}test_a_lucky_loose_threshold_behind_a_failure_is_not_tried",
    ),
    Mutant(  # halves from the top, whatever failed below it
        _LOOSEST,
        "at = (low + high) // 2 if high < size else min(low + stride, size - 1)",
        "at = (low + high) // 2 if high < size else size - 1",
        f"{_SEARCH}test_a_lucky_loose_threshold_behind_a_failure_is_not_tried",
    ),
    Mutant(  # the gain of the lossy rule
        _LOOSEST,
        "int(one) - int(other) for one, other",
        "int(other) - int(one) for one, other",
        f"{_SEARCH}test_a_loss_is_counted_problem_by_problem",
    ),
    Mutant(  # any change, not the net loss
        _LOOSEST,
        "return loss.loss <= asked + 1e-9",
        "return abs(loss.loss) <= asked + 1e-9",
        f"{_SEARCH}test_a_loss_may_be_as_large_as_asked[gain]",
    ),
    Mutant(
        _LOOSEST,
        "return loss.loss <= asked + 1e-9",
        "return loss.loss <= asked - 1e-9",
        f"{_SEARCH}test_a_loss_may_be_as_large_as_asked[all]",
    ),
    Mutant(  # the spread of one problem, not of their mean
        _LOOSEST,
        "sqrt(spread / n)",
        "sqrt(spread)",
        f"{_SEARCH}test_a_loss_is_counted_problem_by_problem",
    ),
    Mutant(  # even in the share
        _LOOSEST,
        "solver.solve(1 - own * ratio**step)",
        "solver.solve(least + (most - least) * step / (count - 1))",
        f"{_SEARCH}test_rungs_are_even_in_what_the_target_gives",
    ),
    Mutant(  # chosen by what is judged
        _KEEP,
        "if split != SPLIT:",
        'if split == "train":',
        f"{_JUDGED}test_a_stage_that_cannot_judge_is_refused_beforehand[test problems]",
    ),
    Mutant(  # beside itself
        _KEEP,
        "self._answers(lossless_of(self._sampler), None)",
        "self._answers(self._sampler, 0.3)",
        f"{_JUDGED}test_it_is_compared_with_sd_on_the_same_problems",
    ),
    Mutant(  # the last one tried
        _KEEP,
        "    answers, loss = tried[rung]\n",
        "    answers, loss = [*tried.values()][-1]\n",
        f"{_JUDGED}test_what_is_written_is_of_the_kept_threshold",
    ),
    Mutant(
        _STAGE,
        "if not _keeps_accuracy(arm.sampler):\n            return {**found",
        "if arm.sampler is None:\n            return {**found",
        f"{_JUDGED}test_arms_that_ask_for_a_share_do_not_change",
    ),
    Mutant(
        _STAGE,
        '"accuracy_problems": _scored(given),\n',
        "",
        f"{_JUDGED}test_what_a_threshold_depends_on_is_in_its_identity[fewer problems]",
    ),
    Mutant(
        "stages/requests.py",
        'own = {"algorithm", "window", "deferral", *_UNREAD["speculative"]}',
        'own = {"algorithm", "window", "deferral", "temperature", *_UNREAD["speculative"]}',
        f"{_JUDGED}test_sd_draws_and_drafts_as_the_rule_does",
    ),
    Mutant(
        "core/speech.py",
        "self.algorithm in THRESHOLDED and self._settings_given != 1",
        "self.algorithm in THRESHOLDED and self._settings_given == 0",
        f"{_JUDGED}test_one_way_to_a_threshold[a share too]",
    ),
]
