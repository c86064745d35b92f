"""Faults in the readers of answers, the scorers of any task, and what chooses them."""

from mutant import Mutant

_GSM = "tests/unit/scoring/test_gsm.py::"
_CHOICE = "tests/unit/scoring/test_choice.py::"
_ANY = "tests/unit/scoring/test_scorers.py::"
_STAGE = "tests/unit/scoring/test_score_stage.py::"
_LABELS = (
    "tests/unit/judging/test_protocols.py::test_one_label_counts_and_two_or_nonsense_are_no_tie"
)

SCORERS = [
    Mutant(  # the reference by another rule than the answer
        "scoring/gsm.py",
        'return leading_number(text.rpartition("####")[2])',
        "return last_number(text)",
        f"{_GSM}test_what_is_not_one_number_is_no_answer_and_no_reference[x = 5]",
    ),
    Mutant(  # flexible forgets the strict answer
        "scoring/gsm.py",
        "flexible = last_number(record.text) if strict is None else strict",
        "flexible = last_number(record.text)",
        f"{_GSM}test_verdicts[right, then talk]",
    ),
    Mutant(  # the first of several numbers is the answer
        "scoring/number.py",
        "        value, end = None, following.end\n",
        "        end = following.end\n",
        f"{_GSM}test_what_is_not_one_number_is_no_answer_and_no_reference[3 + 4]",
    ),
    Mutant(  # stops where it no longer understands
        "scoring/number.py",
        "return None if _GOES_ON.match(text, end) else value",
        "return value",
        f"{_GSM}test_what_is_not_one_number_is_no_answer_and_no_reference[5^x]",
    ),
    Mutant(  # a million is one
        "scoring/number.py",
        "    while found := _SCALE.match(text, end):\n"
        "        value, end = _scaled(value, _SCALES[found[1].lower()]), found.end()\n",
        "",
        f"{_GSM}test_verdicts[another number begins it]",
    ),
    Mutant(  # digits in groups of any size
        "scoring/number.py",
        "    if not _GROUPED.fullmatch(raw):\n        return None\n",
        "",
        f"{_GSM}test_what_is_not_one_number_is_no_answer_and_no_reference[1,0000]",
    ),
    Mutant(  # a name is a number below zero
        "scoring/number.py",
        r"(?<![.,])(?<![^\W\d]-)",
        r"(?<![.,])",
        f"{_GSM}test_the_last_number_of_a_text_is_one_number_or_none[None-COVID-19]",
    ),
    Mutant(  # a time is a number
        "scoring/number.py",
        '    value = ":".join([first.lstrip("0") or "0", *others])\n',
        '    value = first.lstrip("0") or "0"\n',
        f"{_GSM}test_verdicts[a time]",
    ),
    Mutant(  # no closing marks between two letters
        "scoring/letter.py",
        'rf"{_CLOSE}(?:,|/',
        'rf"(?:,|/',
        f"{_CHOICE}test_two_letters_or_none_are_not_stated[(A) and (B)]",
    ),
    Mutant(  # a later letter for the stated one
        "scoring/letter.py",
        "return None if several else stated",
        "pass",
        f"{_CHOICE}test_a_stated_letter_is_read_whatever_is_around_it[B; D was tempting]",
    ),
    Mutant(  # another clause's letter is a second answer
        "scoring/letter.py",
        "return _CLAUSE.match(text, place.end() + 1) is None",
        "return True",
        f"{_CHOICE}test_a_stated_letter_is_read_whatever_is_around_it[B, A is wrong.]",
    ),
    Mutant(  # an underscore closes nothing
        "scoring/letter.py",
        r'_ALONE = r"(?!_*[^\W_])',
        r'_ALONE = r"(?!\w)',
        f"{_CHOICE}test_a_stated_letter_is_read_whatever_is_around_it[_B_]",
    ),
    Mutant(  # what is denied is the answer
        "scoring/letter.py",
        "return _NOT.search(before) is not None or _DENIED.match(text, end) is not None",
        "return False",
        f"{_CHOICE}test_what_a_text_ends_up_with[None-C is wrong]",
    ),
    Mutant(  # any scorer scores any data
        "stages/scoring_stage.py",
        "return None if error is None else _misfit_error(given, kind, problems, error)",
        "return None",
        f"{_STAGE}test_a_scorer_that_cannot_read_the_data_is_refused_by_the_plan"
        "[letters by numbers]",
    ),
    Mutant(  # a plan fetches data
        "stages/scoring_stage.py",
        "fetched = data.revision is not None",
        "fetched = False",
        f"{_STAGE}test_a_plan_fetches_nothing_and_a_run_looks_at_what_is_there",
    ),
    Mutant(  # scores of other options are reused
        "stages/scoring_stage.py",
        '            **({"options": told} if told else {}),\n',
        "",
        f"{_STAGE}test_options_are_in_the_name_of_scores_where_there_are_any",
    ),
    Mutant(  # the answer in a longer number
        "scoring/includes.py",
        "    if first.isdigit() and _BEFORE.search(text[max(0, start - 3) : start]):\n"
        "        return False\n",
        "",
        f"{_ANY}test_an_answer_is_right_wrong_or_none",
    ),
    Mutant(  # thinking is an answer
        "scoring/said.py",
        "return text[max(ends, default=0) :].strip()",
        "return text.strip()",
        f"{_ANY}test_what_a_text_states_is_the_last_that_it_says",
    ),
    Mutant(  # the inner brace ends the box
        "scoring/said.py",
        'depth += (text[at] == "{") - (text[at] == "}")',
        'depth -= text[at] == "}"',
        f"{_ANY}test_what_a_text_states_is_the_last_that_it_says",
    ),
    Mutant(  # values near each other are equal
        "scoring/mathematics.py",
        '        return "the same number" if one.number == other.number else None\n',
        '        if one.number == other.number:\n            return "the same number"\n',
        f"{_ANY}test_equal_by_math_verify_is_near_and_exact_values_are_not",
    ),
    Mutant(  # true is one
        "scoring/json_answer.py",
        "        if isinstance(one, bool) or isinstance(other, bool):\n"
        "            return one is other\n",
        "",
        f"{_ANY}test_an_answer_is_right_wrong_or_none",
    ),
    Mutant(  # a search without end
        "scoring/pattern.py",
        "timeout=self.options.seconds",
        "timeout=3600",
        f"{_ANY}test_a_pattern_that_takes_too_long_gives_no_score",
    ),
    Mutant(  # the tolerance of a negative reference
        "scoring/numeric.py",
        "return abs(value - right) <= room",
        "return abs(value - right) < room",
        f"{_ANY}test_an_answer_is_right_wrong_or_none",
    ),
    Mutant(  # the last label decides
        "judging/arena_hard.py",
        'label = labels.pop() if len(labels) == 1 else ""',
        'label = _SAME.get(found[-1], found[-1]) if found else ""',
        f"{_LABELS}[[[A>B]], [[A>>B]]]",
    ),
    Mutant(  # one label twice is unreadable
        "judging/arena_hard.py",
        "labels = {_SAME.get(label, label) for label in found}",
        "labels = [_SAME.get(label, label) for label in found]",
        f"{_LABELS}[[[A>B]], and once more: [[A>B]]]",
    ),
    Mutant(  # everything is asked again
        "stages/judgements.py",
        'write_lines(out / JUDGEMENTS, [row for row in judged if row["preference"] is not None])',
        "write_lines(out / JUDGEMENTS, [])",
        "tests/recipes/test_judged.py::test_what_was_not_read_is_asked_again_alone",
    ),
    Mutant(  # what rests on old judgements stays
        "runs/ask_again.py",
        "        _held(one, one.remove)\n",
        "        pass\n",
        "tests/recipes/test_judged.py::test_what_was_not_read_is_asked_again_alone",
    ),
    Mutant(  # what was asked in vain cost nothing
        "stages/judgements.py",
        "    every = [*sorted_rows, *before]\n",
        "    every = sorted_rows\n",
        "tests/recipes/test_judged.py::test_what_was_not_read_is_asked_again_alone",
    ),
    Mutant(  # a score against another answer passes
        "audit/counts.py",
        "return bool(plain) or sent.scored.get(record.id) != known[record.id].answer",
        "return False",
        "tests/unit/audit/test_planted_faults.py"
        "::test_a_reference_may_be_written_otherwise_than_its_score_reads_it",
    ),
]
