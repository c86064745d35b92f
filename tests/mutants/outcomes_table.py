"""Faults of outcomes, of audits and of what is said of results without outcomes."""

from mutant import Mutant

_O = "report/outcomes/"
_R = "claims/reproduce/"
_T = "tests/unit/report/"
_FOLLOWS = f"{_T}test_outcomes.py::test_every_number_and_verdict_of_a_run_follows_from_its_outcomes"
_READ_BACK = f"{_T}test_outcomes.py::test_scores_are_read_back_but_for_their_texts"
_AUDITED = f"{_T}test_verdicts.py::test_without_an_audit_of_every_arm_nothing_is_said"
_UNKEPT = (
    f"{_T}test_reproduce_page.py::"
    "test_without_outcomes_the_figures_stand_with_their_date_and_no_verdict"
)
_TRAINED = "tests/unit/graph/test_auditing_trained.py::"
_TOGETHER = "tests/unit/audit/test_ensemble_audit.py::"

RECOMPUTED = [
    Mutant(  # where one of several problems is not scored, the rest move up
        f"{_O}encode.py",
        "right=flags(None if one is None else one.correct for one in there) if scores else",
        "right=flags(one.correct for one in scores) if scores else",
        _READ_BACK,
    ),
    Mutant(  # an arm's seed is not its own
        f"{_O}retest.py",
        "        seed=seed_of(name),\n",
        '        seed="",\n',
        _FOLLOWS,
    ),
    Mutant(  # seconds to six digits
        f"{_O}encode.py",
        "block.tokens, repr(block.seconds)]",
        'block.tokens, f"{block.seconds:.6f}"]',
        f"{_T}test_outcomes.py::test_a_timed_block_is_read_back_to_the_last_bit",
    ),
    Mutant(  # the last number of a text counts as its answer
        f"{_O}retest.py",
        'correct_flexible=ok != rare["elsewhere"][at]',
        "correct_flexible=ok",
        _READ_BACK,
    ),
    Mutant(  # one number stands for all, whatever they are
        f"{_O}columns.py",
        "alike = len(set(values)) == 1",
        "alike = len(set(values)) <= 2",
        f"{_T}test_outcomes.py::test_columns_are_read_back",
    ),
    Mutant(  # a column that is too short is filled up
        f"{_O}columns.py",
        "    found = [int(one) for one in text.split()]\n    if len(found) == 1:\n"
        "        return found * count\n    if len(found) != count:\n",
        "    found = [int(one) for one in text.split()]\n    if len(found) == 1:\n"
        "        return found * count\n    if len(found) > count:\n",
        f"{_T}test_outcomes.py::test_a_column_that_does_not_fit_is_refused",
    ),
]
AUDITS = [
    Mutant(  # one audited arm is enough
        "report/verdict/run_test.py",
        "if not missing or verdict.word in SAYS_NOTHING",
        "if len(missing) < 2 or verdict.word in SAYS_NOTHING",
        _AUDITED,
    ),
    Mutant(  # a correlation over all arms asks for those alone that passed
        "report/verdict/run_test.py",
        "used if named else verdict.arms, e)",
        "used, e)",
        f"{_T}test_training_verdicts.py::"
        "test_a_correlation_over_an_arm_that_passed_no_audit_is_withheld",
    ),
    Mutant(  # the audit after reinforcement learning hides the one before
        "report/gather.py",
        "passed=first.passed and second.passed",
        "passed=second.passed",
        f"{_T}test_gather.py::test_an_arm_passes_only_where_each_of_its_audits_does",
    ),
    Mutant(  # of an ensemble the arm's own model reads the records
        "stages/audit.py",
        "return spec.voices[spec.aggregator]",
        "return VoiceSpec(model=context.given.arm.used_model, engine=context.given.arm.engine)",
        f"{_TRAINED}test_of_an_ensemble_the_one_that_answers_reads_the_records",
    ),
    Mutant(  # an EOS at the end of what was handed over
        "audit/completions.py",
        "last = -1 if sent.drafts is None else None",
        "last = -1",
        f"{_TOGETHER}test_a_fault_is_found_by_the_check_that_is_for_it",
    ),
]
COMMITTED = [
    Mutant(  # an old verdict stands without its outcomes
        f"{_R}stored.py",
        "return found if OUTCOMES in paths or not found.verdicts else undecided(found)",
        "return found",
        _UNKEPT,
    ),
    Mutant(  # … or at least in the text of the report
        f"{_R}stored.py",
        "return text.replace(before, after) if before else text",
        "return text",
        _UNKEPT,
    ),
    Mutant(  # what is less than "up to" is called reproduced
        f"{_R}claims.py",
        'if span.low > high else "inconclusive"',
        'if span.low > high else "reproduced"',
        f"{_T}test_reproduce_claims.py::test_up_to_is_a_bound_from_above_and_reproduces_nothing",
    ),
    Mutant(  # pieces are counted
        "serve/metrics.py",
        "self.tokens.inc(now - before)",
        "self.tokens.inc(1)",
        "tests/unit/serve/test_metrics.py::test_tokens_are_counted_and_not_pieces",
    ),
]

OUTCOMES = [*RECOMPUTED, *AUDITS, *COMMITTED]
