"""Faults of what is shown of a run, of its end by a signal, and of what a run folder says."""

from mutant import Mutant

_COURSE, _SCREEN = "cli/progress.py", "cli/screen.py"
_SHOWN = "tests/unit/cli/test_progress.py"
_STOPPING = "tests/unit/cli/test_stopping.py"
_WORDS = "tests/unit/cli/test_whole_words.py"
_ACCESS = "tests/unit/graph/test_accesses.py"
_FROM = "tests/unit/graph/test_provenance.py"
_RUNNING = "tests/unit/graph/test_running_accuracy.py"
PROGRESS = [
    Mutant(
        _COURSE,
        "made, passed = done - before, self.clock() - self.ran",
        "made, passed = done, self.clock() - self.ran",
        f"{_SHOWN}::test_what_an_earlier_try_did_took_no_time_of_this_one",
    ),
    Mutant(
        _COURSE,
        "return self.together * (whole - done) / whole",
        "return whole - done",
        f"{_SHOWN}::test_before_there_is_evidence_the_plan_s_time_in_all_processes_counts",
    ),
    Mutant(
        _COURSE,
        "return (self.done - self.first) / passed",
        "return self.done / passed",
        f"{_SHOWN}::test_what_an_earlier_try_did_took_no_time_of_this_one",
    ),
    Mutant(
        _COURSE,
        "if course.clock() - self._told < _LINES_EVERY:",
        "if course.clock() - self._told < 2 * _LINES_EVERY:",
        f"{_SHOWN}::test_two_hours_of_training_in_a_log_are_never_silent",
    ),
    Mutant(
        _COURSE,
        "            self._told = self._course.clock()\n",
        "",
        f"{_SHOWN}::test_any_line_puts_the_next_off",
    ),
    Mutant(
        _COURSE,
        "return min(self.cached + len(self.over), self.total)",
        "return len(self.over)",
        f"{_SHOWN}::test_stages_are_counted_once_and_those_of_other_processes_too",
    ),
    Mutant(
        _COURSE,
        "if width is None or len(line) <= width), lines[-1])",
        "if width is None or len(line) <= width), lines[0])",
        f"{_SHOWN}::test_the_footer_fits_and_drops_what_matters_least",
    ),
    Mutant(
        _SCREEN,
        "if seconds < SHORT:",
        "if seconds < 0:",
        f"{_SHOWN}::test_long_stages_have_a_line_and_short_ones_share_one",
    ),
    Mutant(
        _SCREEN,
        "Text(marked(line)[: self._console.width - 1])",
        "Text(line[: self._console.width - 1])",
        f"{_SHOWN}::test_a_title_cannot_steer_the_terminal",
    ),
    Mutant(
        _SCREEN,
        "Text(marked(line)[: self._console.width - 1])",
        "Text(marked(line))",
        f"{_SHOWN}::test_what_is_drawn_fits",
    ),
    Mutant(
        _SCREEN,
        '            yield f"  and {len(works) - _MOST} more"\n',
        "            yield from (work.line() for work in works[_MOST:])\n",
        f"{_SHOWN}::test_what_is_drawn_fits",
    ),
    Mutant(
        "stages/decode.py",
        "if time.perf_counter() - began > _INSTANT:",
        "if False:",
        f"{_RUNNING}::test_a_slow_scorer_is_asked_once",
    ),
    Mutant(
        "stages/decode.py",
        'if scorer is None or not getattr(scorer, "instant", True):',
        "if scorer is None:",
        f"{_RUNNING}::test_a_scorer_that_asks_others_is_left_alone",
    ),
    Mutant(
        "stages/decode.py",
        "if len(after) != 1:",
        "if not after:",
        f"{_RUNNING}::test_of_two_scorers_neither_is_the_one",
    ),
    Mutant(
        "graph/execute.py",
        "if node.stage.kind != _SCORE:",
        "if node.stage.kind:",
        f"{_RUNNING}::test_a_score_follows_right_behind_its_answers",
    ),
    Mutant(
        "graph/workers.py",
        "bar.start(seen.total, seen.done, seen.unit)",
        "bar.start(seen.total, seen.done)",
        "tests/unit/graph/test_shared_progress.py::test_a_worker_s_unit_and_scores_are_shown",
    ),
    Mutant(
        "graph/workers.py",
        "            bar.scored(*seen.judged)",
        "            bar.scored(0, seen.judged[1])",
        "tests/unit/graph/test_shared_progress.py::test_a_worker_s_unit_and_scores_are_shown",
    ),
]
STOPPING = [
    Mutant(
        "cli/run.py",
        "            signal.signal(one, signal.SIG_DFL)\n",
        "            signal.signal(one, signal.SIG_IGN)\n",
        f"{_STOPPING}::test_the_second_signal_ends_at_once",
    ),
    Mutant(
        "cli/run.py",
        "if handler == signal.SIG_DFL]",
        "if True]",
        f"{_STOPPING}::test_who_ignores_a_closed_terminal_goes_on",
    ),
    Mutant(
        "cli/run.py",
        "class Stopped(KeyboardInterrupt):",
        "class Stopped(Exception):",
        f"{_STOPPING}::test_what_deals_with_ctrl_c_deals_with_signals",
    ),
    Mutant(
        "cli/run.py",
        "raise typer.Exit(_SIGNALLED + number) from None",
        "raise typer.Exit(130) from None",
        f"{_STOPPING}::test_each_signal_prints_the_command_that_resumes",
    ),
    Mutant(
        "cli/run.py",
        "            signal.signal(number, before[number])\n",
        "            pass\n",
        f"{_STOPPING}::test_who_calls_gets_the_handlers_back",
    ),
    Mutant(
        "cli/run.py",
        "return shlex.join([*start, *without_secrets(arguments)])",
        "return shlex.join([*start, *arguments])",
        f"{_STOPPING}::test_no_key_is_printed_into_a_log",
    ),
]
ACCESSES = [
    Mutant(
        "graph/accesses.py",
        "return FAILED, struck_out(on_one_line(told))",
        "return FAILED, on_one_line(told)",
        f"{_ACCESS}::test_a_failed_run_is_listed_as_failed_with_the_reason",
    ),
    Mutant(
        "graph/accesses.py",
        "        with suppress(StoreError):\n            _add_end(",
        "        with suppress(OSError):\n            _add_end(",
        f"{_ACCESS}::test_an_error_is_shown_and_not_that_of_the_last_line",
    ),
    Mutant(
        "graph/accesses.py",
        "if not isinstance(error, Exception):",
        "if False:",
        f"{_ACCESS}::test_an_interrupted_run_is_listed_with_how_far_it_got",
    ),
    Mutant(
        "graph/accesses.py",
        "last = (_rows(run.path) or [{}])[-1]",
        'last = next((r for r in _rows(run.path) if r.get("outcome") == FAILED), {})',
        f"{_ACCESS}::test_a_killed_run_leaves_no_last_word_and_is_unfinished",
    ),
    Mutant(
        "graph/folder.py",
        "    return found if same else None\n",
        "    return found\n",
        f"{_ACCESS}::test_another_manifest_is_written_where_the_first_is_none_of_these_outputs",
    ),
    Mutant(
        "graph/folder.py",
        "    if not folder.finished:\n        return None\n    try:",
        "    if folder.finished:\n        return None\n    try:",
        f"{_ACCESS}::test_a_finished_run_keeps_its_first_manifest",
    ),
    Mutant(
        "graph/folder.py",
        "return exact or of_recipe or ",
        "return exact or ",
        f"{_ACCESS}::test_a_recipe_is_no_other_whose_name_begins_so",
    ),
    Mutant(
        "runs/run.py",
        "found = next((run for run in means if run.finished), None)",
        "found = next(iter(means), None)",
        f"{_ACCESS}::test_the_newest_finished_run_is_shown_and_a_line_says_so",
    ),
    Mutant(
        "runs/run.py",
        "notes = () if folder == newest else",
        "notes = () if folder != newest else",
        f"{_ACCESS}::test_a_finished_run_has_no_such_line",
    ),
]
PROVENANCE = [
    Mutant(
        "graph/provenance.py",
        'fence, space = "`" * (longest + 1), " " if longest else ""',
        'fence, space = "`", ""',
        f"{_FROM}::test_a_command_is_code_that_can_be_copied",
    ),
    Mutant(
        "graph/provenance.py",
        "<dd>{escape(v)}</dd>",
        "<dd>{v}</dd>",
        f"{_FROM}::test_a_command_is_code_that_can_be_copied",
    ),
    Mutant(
        "graph/folder.py",
        "        if arm is None and _is_page(entry.kind, name):",
        "        if False:",
        f"{_FROM}::test_report_and_page_say_when_how_and_where",
    ),
    Mutant(
        "graph/folder.py",
        "facts, pages = facts_of(first or manifest, spec), dict[str, str]()",
        "facts, pages = facts_of(manifest, spec), dict[str, str]()",
        f"{_ACCESS}::test_a_finished_run_keeps_its_first_manifest",
    ),
    Mutant(
        "runs/check.py",
        "own = {name: pages.get(name, wanted) for name, wanted in files.items()}",
        "own = files",
        f"{_FROM}::test_pages_are_checked_by_what_they_were",
    ),
    Mutant(
        "runs/check.py",
        "own = {name: pages.get(name, wanted) for name, wanted in files.items()}",
        "own = {name: wanted for name, wanted in files.items() if name not in pages}",
        f"{_FROM}::test_pages_are_checked_by_what_they_were",
    ),
]
WORDS = [
    Mutant(
        "cli/whole_words.py",
        "return widths",
        "return given",
        f"{_WORDS}::test_words_longer_than_the_terminal_stay_whole",
    ),
    Mutant(
        "cli/whole_words.py",
        "            widths[place] -= taken\n",
        "",
        f"{_WORDS}::test_columns_with_room_give_it_to_those_without",
    ),
    Mutant(
        "cli/whole_words.py",
        "return natural.maximum if column.no_wrap else natural.minimum",
        "return natural.minimum",
        f"{_WORDS}::test_long_tables_keep_words_too",
    ),
    Mutant(
        "cli/console.py",
        "soft_wrap=whole, crop=False)",
        "soft_wrap=whole, crop=not whole)",
        f"{_WORDS}::test_long_tables_keep_words_too",
    ),
    Mutant(
        "cli/console.py",
        'any(sign in text for sign in ("/", "`", "=", "llmx "))',
        'any(sign in text for sign in ("/", "="))',
        f"{_WORDS}::test_a_line_with_something_to_copy_is_one_line",
    ),
    Mutant(
        "cli/doctor.py",
        'table(("what", "found"), [row[:2] for row in rows], whole=("found",))',
        'table(("what", "found"), [row[:2] for row in rows], whole=())',
        f"{_WORDS}::test_doctor_shows_paths_and_commands_whole",
    ),
]
