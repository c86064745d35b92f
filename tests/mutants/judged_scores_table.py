"""Faults where a model scores: what it is asked, how it is read, kept, named and paid for."""

from mutant import Mutant

_RUBRIC = "tests/unit/judging/test_rubric.py::"
_READ = f"{_RUBRIC}test_a_reply_is_one_word_or_no_verdict"
_OUTSIDE = "tests/recipes/test_judged_scores.py::"
_AGAIN = f"{_OUTSIDE}test_what_was_not_read_is_kept_and_asked_again_alone"
_SAYS = f"{_OUTSIDE}test_answers_are_what_the_judge_says_and_the_page_names_him"
_WRONG = f"{_OUTSIDE}test_a_wrong_word_is_one_line_and_nothing_is_generated"
_SENT = "tests/hostile/test_scorers_of_strangers.py::"
_EXACT = "tests/unit/scoring/test_scorers.py::test_an_answer_is_right_wrong_or_none"
_KEPT = "tests/papers/fsd/test_keep_accuracy.py::"
RUBRIC, STAGE, GRADED = "judging/rubric.py", "stages/score.py", "stages/graded.py"
OUTSIDE, CHOOSES = "config/outside.py", "stages/scoring_stage.py"

JUDGED_SCORES = [
    Mutant(  # the first of two labels counts
        RUBRIC, "if len(labels) != 1 or any(doubtful):", "if not labels or any(doubtful):", _READ
    ),
    Mutant(RUBRIC, "if len(labels) != 1 or any(doubtful):", "if len(labels) != 1:", _READ),
    Mutant(RUBRIC, "_TURNED.search(said[: one.start()]) or ", "", _READ),
    Mutant(RUBRIC, " or _TOLD.match(said, one.end()) for one", " for one", _READ),
    Mutant(RUBRIC, "(?:IN)?CORRECT(?![\\w-])", "(?:IN)?CORRECT", _READ),
    Mutant(RUBRIC, "(?<![\\w-])(?:IN)", "(?:IN)", _READ),
    Mutant(  # what is thought aloud is read
        RUBRIC, "        said = final(reply)\n", "        said = reply\n", _READ
    ),
    Mutant(  # thoughts without an end are read
        RUBRIC, "if _BEGUN.match(said):", "if False:", _READ
    ),
    Mutant(
        RUBRIC,
        '(label, label == "CORRECT")',
        "(label, label is not None)",
        f"{_RUBRIC}test_a_verdict_is_a_score_and_no_verdict_is_unparsed",
    ),
    Mutant(  # an own rubric does not say how to end
        RUBRIC,
        "{self.options.rubric or RUBRIC}\\n\\n{CLOSING}",
        "{self.options.rubric or RUBRIC}",
        f"{_RUBRIC}test_the_judge_is_told_the_rubric_and_the_three_texts",
    ),
    Mutant(  # thinking is graded
        RUBRIC,
        "said = final(record.text)",
        "said = record.text",
        f"{_RUBRIC}test_thinking_is_not_graded_and_every_reference_is_told",
    ),
    Mutant(
        RUBRIC,
        "        if not said:\n            return None\n",
        "",
        f"{_RUBRIC}test_nobody_is_asked_about_nothing",
    ),
    Mutant(  # another rubric, the same scores
        RUBRIC,
        ', "options", "rubric")\n        url',
        ', "options")\n        url',
        f"{_RUBRIC}test_what_a_verdict_depends_on_is_stated_and_nothing_else",
    ),
    Mutant(  # the limit of money is none
        RUBRIC,
        '"max_total_tokens", "max_cost", "price_in"',
        '"max_total_tokens", "price_in"',
        f"{_RUBRIC}test_the_endpoint_gets_all_of_its_settings",
    ),
    Mutant(RUBRIC, "            Budget.after(self.spec.engine, ())\n", "", _WRONG),
    Mutant(  # retries part the work
        CHOOSES, "told = scorer_of(given).stated()", "told = options.scorer_options", _SAYS
    ),
    Mutant(  # a missing key is found out when everything has been generated
        CHOOSES,
        "check(given, scorer_of(given), reach=True)",
        "check(given, scorer_of(given))",
        _WRONG,
    ),
    Mutant(  # nothing of a score stage is asked again
        STAGE, 'list(judge.get("unparsable_games", ()))', "[]", _AGAIN
    ),
    Mutant(
        "runs/run.py",
        '(node.stage.kind, node.given.stage.options.get("scorer"))',
        "(node.stage.kind,)",
        _AGAIN,
    ),
    Mutant(  # errors speak of keys that nobody wrote
        GRADED,
        'return said_as({"judge.url": f"{options}base_url", "judge.": options})',
        "return said_as({})",
        _WRONG,
    ),
    Mutant(GRADED, "tokens = asked * spec.max_tokens", "tokens = asked", _SAYS),
    Mutant(  # a judge that is not read is named with all of his games
        GRADED, "gave {games - lost:,} readable", "gave {games:,} readable", _AGAIN
    ),
    Mutant(
        "stages/report.py",
        "(*lost, *drawn, *results.findings, *judged)",
        "(*lost, *drawn, *results.findings)",
        _AGAIN,
    ),
    Mutant(
        "stages/judgements.py",
        "left = [game for game in games if game.id not in there]",
        "left = list(games)",
        f"{_OUTSIDE}test_after_a_kill_nothing_that_was_judged_is_asked_again",
    ),
    Mutant(  # what a file names is the user's
        "config/composition.py",
        "specs = self.outside.with_senders(specs, typed)\n",
        "pass\n",
        f"{_SENT}test_an_address_of_a_file_needs_the_users_word",
    ),
    Mutant(
        OUTSIDE,
        ' if key not in BY or value != "user"}',
        "}",
        f"{_SENT}test_what_the_user_types_is_his_and_nothing_is_written_of_it",
    ),
    Mutant(  # a recipe says that the user named its address
        OUTSIDE,
        'not {"base_url", *BY}.intersection(held)',
        '"base_url" not in held',
        f"{_SENT}test_nobody_says_who_named_an_address",
    ),
    Mutant(  # an arm of a file's asks elsewhere, with the key of the user's
        OUTSIDE,
        "            if own != shared:\n",
        "            if False:\n",
        f"{_SENT}test_an_arm_asks_nobody_else",
    ),
    Mutant(
        OUTSIDE,
        'for name in ("base_url", "key_env", *BY) if name in held',
        'for name in ("base_url", *BY) if name in held',
        f"{_SENT}test_an_arm_asks_nobody_else",
    ),
    Mutant(
        "config/reaches.py",
        "if isinstance(judge, Mapping) else ()",
        "if False else ()",
        f"{_SENT}test_it_is_shown_where_a_recipe_is_looked_at",
    ),
    Mutant(
        "core/exposure.py",
        '    if "scorer_options" in path:',
        "    if False:",
        f"{_SENT}test_a_key_among_the_options_is_refused_and_the_variable_named",
    ),
    Mutant(  # a full stop makes it wrong
        "scoring/exact.py", 'if text.endswith(".") and not', "if False and not", _EXACT
    ),
    Mutant("scoring/exact.py", ' and not text.endswith("..")', "", _EXACT),
    Mutant(  # two quoted words are one
        "scoring/exact.py", " and _is_pair(text)", "", _EXACT
    ),
    Mutant("scoring/exact.py", "bool(plain) and plain ==", "plain ==", _EXACT),
    Mutant(
        "scoring/exact.py",
        '_APOSTROPHE.sub("", text[1:-1].strip(text[0] + text[-1]))',
        "text[1:-1].strip(text[0] + text[-1])",
        _EXACT,
    ),
    Mutant(  # said of data that ship, or though one was asked for
        CHOOSES,
        '        if stage.of_arm(arm).options.get("scorer") is None\n',
        "",
        "tests/unit/scoring/test_score_stage.py"
        "::test_a_plan_says_who_reads_the_answers_to_questions_of_ones_own",
    ),
    Mutant(
        "papers/fsd/stages/calibrate.py",
        "            **scorer_identity(given),\n",
        "",
        f"{_KEPT}test_options_of_the_scorer_are_in_the_name_and_no_options_are_in_none",
    ),
    Mutant(
        "papers/fsd/stages/keep_accuracy.py",
        "made(name, given.read(CalibrateOptions).scorer_options)",
        "made(name, {})",
        f"{_KEPT}test_the_scorer_gets_its_options",
    ),
    Mutant(
        "papers/fsd/stages/keep_accuracy.py",
        'if not hasattr(found, "score"):',
        "if False:",
        f"{_KEPT}test_a_stage_that_cannot_judge_is_refused_beforehand",
    ),
]
