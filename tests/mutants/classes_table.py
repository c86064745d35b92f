"""Faults in what makes answers equal: keys, the classes that they come to, and who reads them."""

from mutant import Mutant

CLASSES = "scoring/classes.py"
MATHS = "scoring/mathematics.py"
PUZZLES = "data/tasks/verifiers.py"
STAGE = "stages/classes.py"
DRAWS = "stages/by_problem.py"
LOAD = "papers/inference_scaling/load.py"
_KEYS = "tests/unit/scoring/test_answer_keys.py::"
_FORM = f"{_KEYS}test_a_key_is_the_normal_form_of_the_answer"
_TOGETHER = f"{_KEYS}test_answers_of_one_key_are_right_together_and_none_is_unparsed"
_RIGHT = f"{_KEYS}test_right_answers_have_one_key_or_are_said_to_be_equal"
_WHY = f"{_KEYS}test_why_keys_are_equal_is_said_either_way_round"
_PUZZLE = f"{_KEYS}test_a_puzzles_key_is_the_form_that_its_check_compares"
_T = "tests/unit/scoring/test_equal_classes.py::"
_S = "tests/unit/scoring/test_classes_stage.py::"
_SCORES = "tests/unit/scoring/test_score_stage.py::"
_RUBRIC = "tests/unit/judging/test_rubric.py::"
_RESULT = "tests/unit/graph/test_result.py::"
_L = "tests/papers/inference_scaling/test_load_draws.py::"

KEYS = [
    Mutant(  # the whole answer is its key
        "scoring/exact.py",
        "return self._same(unwrapped(said)) or self._same(said) if said else None",
        "return self._same(said) if said else None",
        _RIGHT,
    ),
    Mutant(  # all that is nothing but marks is one answer
        "scoring/exact.py",
        "return self._same(unwrapped(said)) or self._same(said) if said else None",
        "return self._same(unwrapped(said)) if said else None",
        _FORM,
    ),
    Mutant(  # unread answers vote for nothing at all, together
        "scoring/exact.py",
        "return self._same(unwrapped(said)) or self._same(said) if said else None",
        "return self._same(unwrapped(said)) or self._same(said)",
        _TOGETHER,
    ),
    Mutant(  # the last number of a text without an answer votes
        "scoring/gsm.py",
        '        """Return the value of the strict answer, None where there is none."""\n'
        "        return strict_answer(record.text)\n",
        '        """Return the value of the strict answer, None where there is none."""\n'
        "        return strict_answer(record.text) or last_number(record.text)\n",
        _FORM,
    ),
    Mutant(  # 1.0 is not 1
        "scoring/json_answer.py",
        "        if isinstance(value, float) and value.is_integer():\n",
        "        if False:\n",
        _FORM,
    ),
    Mutant(  # fields that nobody asked for part answers
        "scoring/json_answer.py",
        "for path, held in self._counted(_leaves(value)).items()}",
        "for path, held in _leaves(value)}",
        _FORM,
    ),
    Mutant(  # what the schema refuses votes with what it takes
        "scoring/json_answer.py",
        'return written if self._fits(value) else f"{_MISFIT}{written}"',
        "return written",
        _FORM,
    ),
    Mutant(  # a unit is no part of an answer
        MATHS,
        "        return _spaced(said) if found.number is None else found.number\n",
        "        pass\n    if found.number is not None:\n        return found.number\n",
        _FORM,
    ),
    Mutant(  # digits run together
        MATHS,
        '_PARTED = re.compile(r"(?<!\\w) | (?!\\w)")',
        '_PARTED = re.compile(r" ")',
        _FORM,
    ),
    Mutant(  # one way round alone
        MATHS,
        "return found if found or _is_value(key, other) else _why(other, key)",
        "return found",
        _WHY,
    ),
    Mutant(  # the tolerance of one of the two
        "scoring/numeric.py",
        "near = self._near(key, other) or self._near(other, key)",
        "near = self._near(key, other)",
        _WHY,
    ),
    Mutant(  # an expression is equal to another order of it alone
        PUZZLES,
        "map(str, sorted(found[1]))",
        "map(str, found[1])",
        _PUZZLE,
    ),
    Mutant(  # all expressions of a value, whatever numbers they use
        PUZZLES,
        "return found and f\"{found[0]} of {' '.join(map(str, sorted(found[1])))}\"",
        "return found and str(found[0])",
        _PUZZLE,
    ),
    Mutant(  # what cannot be read may look like what can
        PUZZLES,
        'return f"{_UNREAD}{found.strip()}" if form is None else form',
        "return found.strip() if form is None else form",
        _PUZZLE,
    ),
    Mutant(  # a grid is a row
        PUZZLES,
        'return None if found is None else "\\n".join(map(_spaced, found))',
        'return None if found is None else " ".join(map(_spaced, found))',
        _PUZZLE,
    ),
]

JOINED = [
    Mutant(  # what is right is as many answers as it has keys
        CLASSES,
        "        self._sets.union(None, *right)\n",
        "        self._sets.union(None, *right[:1])\n",
        f"{_T}test_the_class_that_holds_a_right_answer_is_right_and_there_is_at_most_one",
    ),
    Mutant(  # pairs that the tolerance joins stay apart
        CLASSES,
        "                self._sets.union(one, other)\n",
        "",
        f"{_T}test_classes_are_what_equal_pairs_and_the_reference_connect",
    ),
    Mutant(  # every equal pair is a merge, though it joins nothing
        CLASSES,
        "            if not self._together(one, other):\n",
        "            if True:\n",
        f"{_T}test_merges_are_as_many_as_joined_the_keys_and_each_has_a_reason_that_holds",
    ),
    Mutant(  # only neighbours are compared
        CLASSES,
        "scorer.why_equal(*pair) for pair in combinations(keys, 2)}",
        "scorer.why_equal(*pair) for pair in zip(keys, keys[1:])}",
        f"{_T}test_classes_are_what_equal_pairs_and_the_reference_connect",
    ),
    Mutant(  # what a merge brought to the reference is not listed
        CLASSES,
        "if self.is_right(key) and key not in self._right:",
        "if False:",
        f"{_T}test_every_unequal_pair_of_a_class_is_listed_and_no_other",
    ),
    Mutant(  # pairs of several classes are listed
        CLASSES,
        "if pair not in self._equal and self._together(*pair):",
        "if pair not in self._equal:",
        f"{_T}test_every_unequal_pair_of_a_class_is_listed_and_no_other",
    ),
    Mutant(  # a class has the name of its last key
        CLASSES,
        "        first.setdefault(number, key)\n",
        "        first[number] = key\n",
        f"{_T}test_the_order_of_draws_decides_numbers_and_names_alone",
    ),
    Mutant(  # an unread answer is in the first class
        CLASSES,
        "-1 if key is None else numbers[key] for key in read",
        "0 if key is None else numbers[key] for key in read",
        f"{_T}test_classes_are_what_equal_pairs_and_the_reference_connect",
    ),
    Mutant(  # an answer is scored each time that it is given
        CLASSES,
        "        if key not in scores:\n            scores[key]",
        "        if True:\n            scores[key]",
        f"{_T}test_each_answer_is_scored_once",
    ),
]

STAGES = [
    Mutant(  # a scorer without keys fails in the middle of a run
        STAGE,
        "refused = self._without_keys(given) or self._refusal(given)",
        "refused = self._refusal(given)",
        f"{_S}test_a_scorer_without_keys_is_refused_by_the_plan_in_one_line",
    ),
    Mutant(  # without its package as well
        STAGE,
        "refused = self._without_keys(given) or self._refusal(given)",
        "refused = self._without_keys(given)",
        f"{_S}test_mathematics_without_its_package_is_refused_by_the_plan",
    ),
    Mutant(  # a scorer that cannot count answers is proposed
        STAGE,
        'named = better if better is not None and _is_keyed(better) else "exact"',
        'named = better or "exact"',
        f"{_S}test_a_scorer_without_keys_is_refused_by_the_plan_in_one_line",
    ),
    Mutant(  # classes of some problems are taken for those of all
        STAGE,
        'return known if problems is None else {**known, "problems": problems}',
        "return known",
        f"{_S}test_identity_holds_what_classes_depend_on_and_no_more",
    ),
    Mutant(  # what an earlier try has is read again
        STAGE,
        "                if draws[0].id not in done:\n",
        "                if True:\n",
        f"{_S}test_a_try_that_was_ended_is_gone_on_with_to_the_same_bytes",
    ),
    Mutant(  # a file with a problem twice is whole
        STAGE,
        "        if limit is None:\n            require_planned",
        "        if limit is not None:\n            require_planned",
        f"{_S}test_damaged_draws_and_strange_problems_are_said",
    ),
    Mutant(  # a larger data set than was asked
        STAGE,
        "islice(by_problem(records_in(context.inputs, self.kind)), limit)",
        "by_problem(records_in(context.inputs, self.kind))",
        f"{_S}test_only_so_many_problems_as_are_asked",
    ),
    Mutant(  # draws in any order
        DRAWS,
        "(record.id, record.draw) != (held[0].id, held[-1].draw + 1)",
        "record.id != held[0].id",
        f"{_SCORES}test_draws_that_are_not_problem_by_problem_are_damage",
    ),
    Mutant(  # problems with fewer draws than others
        DRAWS,
        "    if wanted in (None, there):\n",
        "    if True:\n",
        f"{_SCORES}test_draws_that_are_not_problem_by_problem_are_damage",
    ),
    Mutant(  # the last problem may have fewer
        DRAWS,
        "        _whole(path, held, wanted)\n        yield",
        "        yield",
        f"{_SCORES}test_draws_that_are_not_problem_by_problem_are_damage",
    ),
    Mutant(  # a judge is asked about one draw, and all have its verdict
        "judging/rubric.py",
        "id=dice_of(record.id, record.draw),",
        "id=record.id,",
        f"{_RUBRIC}test_each_draw_of_a_problem_has_a_judgement_of_its_own",
    ),
    Mutant(
        "stages/graded.py",
        "name = dice_of(record.id, record.draw)",
        "name = record.id",
        f"{_RUBRIC}test_each_draw_of_a_problem_has_a_judgement_of_its_own",
    ),
    Mutant(  # each draw is a problem, and the interval too short
        "runs/result.py",
        "    if draws == 1:\n        return wilson(",
        "    if draws:\n        return wilson(",
        f"{_RESULT}test_draws_have_their_own_scores_and_a_problem_is_one_value_of_the_accuracy",
    ),
    Mutant(  # all draws have the score of the last
        "runs/result.py",
        '(path.parent.name, row["id"], row.get("draw", 0)): {',
        '(path.parent.name, row["id"], 0): {',
        f"{_RESULT}test_draws_have_their_own_scores_and_a_problem_is_one_value_of_the_accuracy",
    ),
    Mutant(  # all scores are of the first draw
        "scoring/scorer.py",
        "        draw=record.draw,\n",
        "",
        f"{_SCORES}test_several_draws_of_a_problem_are_each_scored",
    ),
    Mutant(  # scores of before have new bytes
        "core/record.py",
        'frozenset({"values", "draw"})',
        'frozenset({"values"})',
        f"{_SCORES}test_a_score_is_written_as_ever_and_a_later_draw_says_which",
    ),
]

LOADED = [
    Mutant(  # classes of other answers are taken for those that are there
        LOAD,
        "if len(draws) != len(found.of) or any(record.id != found.id for record in draws):",
        "if len(draws) != len(found.of):",
        f"{_L}test_classes_of_other_answers_are_refused",
    ),
    Mutant(  # however many there are
        LOAD,
        "if len(draws) != len(found.of) or any(record.id != found.id for record in draws):",
        "if draws and any(record.id != found.id for record in draws):",
        f"{_L}test_classes_of_other_answers_are_refused",
    ),
    Mutant(  # a pool that ends early is as long as it is
        LOAD,
        "chain(by_problem(samples), repeat(()))",
        "by_problem(samples)",
        f"{_L}test_classes_of_other_answers_are_refused",
    ),
    Mutant(  # what was sent again and again is forgotten
        LOAD,
        "prompt=draws[0].spent.prompt",
        "prompt=len(draws[0].prompt_ids)",
        f"{_L}test_the_prompt_is_what_was_spent_on_it",
    ),
    Mutant(  # filtered answers are cut ones
        LOAD,
        'record.finish == "length"',
        'record.finish != "eos" or not record.tokens % 2',
        f"{_L}test_draws_are_what_was_sampled_and_how_it_was_read",
    ),
]
