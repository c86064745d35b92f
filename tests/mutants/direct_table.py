"""Faults in what direct models are trained on: answers alone, and problems by their size."""

from mutant import Mutant

TEMPLATED = "data/templated.py"
GSM = "data/gsm_symbolic.py"
ARITHMETIC = "data/worked_arithmetic.py"
TRAIN = "train/language_model.py"
_ONLY = "tests/unit/data/test_answers_only.py::"
_WORKED = "tests/unit/data/test_worked_arithmetic.py::"
_TRAIN = "tests/unit/train/test_training.py::"

DIRECT = [
    Mutant(  # the answer without the sign that a scorer reads
        TEMPLATED,
        'return worked if self.worked else f"#### {answer}"',
        'return worked if self.worked else f"{answer}"',
        f"{_ONLY}test_a_solution_is_the_last_line_of_the_worked_one_and_the_scorer_reads_it",
    ),
    Mutant(  # what goes without saying gets another fingerprint where it is said
        TEMPLATED,
        'found.get("options", {}).pop("solutions", None)',
        "pass",
        f"{_ONLY}test_worked_solutions_go_without_saying",
    ),
    Mutant(  # the choice is in no identity: both corpora would be one
        TEMPLATED,
        'if parse(spec, cls.Options).solutions == "worked":',
        "if parse(spec, cls.Options):",
        f"{_ONLY}test_worked_solutions_go_without_saying",
    ),
    Mutant(  # identities from before have an empty field more
        TEMPLATED,
        'if name != "options" or value}',
        "if name}",
        f"{_ONLY}test_worked_solutions_go_without_saying",
    ),
    Mutant(  # nothing is drawn for a wording that is not kept: later problems are others
        GSM,
        'if self.spec.wording == "varied":',
        'if self.spec.wording == "varied" and self.worked:',
        f"{_ONLY}test_the_same_problems_in_the_same_order",
    ),
    Mutant(  # worked solutions are kept
        GSM,
        "solution=self.solution(solution, answer),",
        "solution=solution,",
        f"{_ONLY}test_a_solution_is_the_last_line_of_the_worked_one_and_the_scorer_reads_it",
    ),
    Mutant(  # the line of the answer counts as a step
        GSM,
        'return [line for line in lines if not line.startswith("####")]',
        "return lines",
        f"{_ONLY}test_steps_are_those_of_the_worked_solutions_whether_these_are_written_or_not",
    ),
    Mutant(  # a number too many
        ARITHMETIC,
        "for _ in range(numbers - 1):",
        "for _ in range(numbers):",
        f"{_WORKED}test_a_skill_has_its_size",
    ),
    Mutant(  # a term of nothing
        ARITHMETIC,
        "_small = partial(total, least=1, most=9)",
        "_small = partial(total, least=0, most=9)",
        f"{_WORKED}test_a_skill_has_its_size",
    ),
    Mutant(  # three digits where there should be four
        ARITHMETIC,
        '"remainder_3": partial(remainder, digits=3),',
        '"remainder_3": partial(remainder, digits=4),',
        f"{_WORKED}test_a_skill_has_its_size",
    ),
    Mutant(  # the factor that is not split is the one that is
        ARITHMETIC,
        "split = other if by == one else one",
        "split = one if by == one else other",
        f"{_WORKED}test_every_step_is_true_and_the_last_one_is_the_answer",
    ),
    Mutant(  # a skill that is named twice takes two turns
        ARITHMETIC,
        "if len(set(skills)) < len(skills):",
        "if len(set(skills)) > len(skills):",
        f"{_WORKED}test_bad_options_are_one_line",
    ),
    Mutant(  # another tokenizer, the same fingerprint
        TRAIN,
        '**({"tokenizer": model_identity(taken, None)} if taken else {}),',
        "",
        f"{_TRAIN}test_a_tokenizer_that_is_taken_is_in_the_identity_and_none_says_nothing",
    ),
    Mutant(  # a base with the tokenizer of another model
        TRAIN,
        "if options.base is not None:",
        "if options.base == options.tokenizer:",
        f"{_TRAIN}test_a_tokenizer_that_cannot_be_taken_is_refused_before_anything_runs",
    ),
    Mutant(  # a card says of a direct model that it learned solutions
        "train/card_text.py",
        'learned = "solution" if worked else "final answer"',
        'learned = "solution"',
        "tests/unit/train/test_cards.py"
        "::test_a_card_says_what_was_learned_and_with_whose_tokenizer",
    ),
    Mutant(  # a plan asks for a stage that makes what is taken from a model
        "graph/graph.py",
        'for name in ("base", "tokenizer"))',
        'for name in ("base",))',
        "tests/unit/graph/test_wiring.py::test_what_is_there_is_planned",
    ),
]
