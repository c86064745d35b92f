"""Faults in the readers of answers, the scorers of any task, and what chooses them."""

from mutant import Mutant

_GSM = "tests/unit/scoring/test_gsm.py::"
_CHOICE = "tests/unit/scoring/test_choice.py::"
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
]
