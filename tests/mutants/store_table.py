"""Faults of noticing what is damaged, deleted or in use."""

from mutant import Mutant

_CONTENTS, _CACHE, _KEPT = "store/cache.py", "store/cache.py", "store/rows.py"
_GLANCE = "tests/unit/store/test_contents.py"
_STAYS = "tests/unit/graph/test_kept_records.py::test_what_stays"
_NOTICES = "tests/unit/graph/test_noticing.py"
_CHECKS = "tests/unit/graph/test_check.py"
STORE = [
    Mutant(
        _CONTENTS,
        "wanted is not None and state.st_size != wanted:",
        "wanted is not None and state.st_size < wanted:",
        f"{_GLANCE}::test_what_a_glance_shows",
    ),
    Mutant(
        _CONTENTS,
        "if named != owner:",
        "if named[1:] != owner[1:]:",
        f"{_GLANCE}::test_what_a_glance_shows",
    ),
    Mutant(
        _CONTENTS,
        "if hash_of(folder / name) != wanted:",
        "if False:",
        f"{_CHECKS}::test_one_byte_of_any_file_is_found",
    ),
    Mutant(
        _CACHE,
        "if self.damage() is not None:\n            self.set_aside()",
        "if self.damage() is not None:\n            shutil.rmtree(self.folder)",
        f"{_GLANCE}::test_what_is_set_aside_is_kept_however_often",
    ),
    Mutant(
        _CACHE,
        "if place.name.endswith(_PARTS):",
        "if place.name == _PARTS:",
        f"{_GLANCE}::test_a_damaged_part_outlives_the_join",
    ),
    Mutant(
        _CACHE,
        "if path.is_dir() and not path.is_symlink()",
        "if path.is_dir()",
        f"{_NOTICES}::test_gc_does_not_count_links",
    ),
    Mutant(
        _CONTENTS,
        "return state.st_size > 0 and _last",
        "return state.st_size < 0 and _last",
        f"{_GLANCE}::test_what_a_glance_shows",
    ),
    Mutant(_KEPT, "(ordered and name != asked[place])", "False", _STAYS),
    Mutant(_KEPT, "        del left[name]\n", "", _STAYS),
    Mutant(_KEPT, "right // size * size", "right", _STAYS),
    Mutant(
        "store/files.py",
        "            return found, False\n",
        "            continue\n",
        "tests/unit/store/test_files.py::test_lines_before_damage_are_as_good_as_ever",
    ),
    Mutant(
        "stages/audit.py",
        "there if planned is None else planned",
        "there",
        f"{_NOTICES}::test_the_audit_misses_what_was_planned_and_is_not_there",
    ),
    Mutant(
        "stages/planned_problems.py",
        "[one for one in problems[:planned] for _ in range(draws)] if known else list(there)",
        "list(there)",
        f"{_NOTICES}::test_scores_are_of_what_was_planned",
    ),
    Mutant(
        "graph/execute.py",
        "    asked -= {node.fingerprint for node in waiting}\n",
        "    asked = set()\n",
        f"{_NOTICES}::test_an_input_that_goes_while_others_wait_for_it_is_made_again",
    ),
    Mutant(
        "graph/execute.py",
        "    if not _inputs_whole(node, entries):\n        return False  # what was made",
        "    if not entries:\n        return False  # what was made",
        f"{_NOTICES}::test_an_input_that_goes_under_a_stage_is_made_again",
    ),
    Mutant(
        "graph/folder.py",
        "    sweep(run)\n",
        "",
        f"{_NOTICES}::test_scratch_files_go_with_the_next_run_and_with_gc",
    ),
    Mutant(
        "graph/folder.py",
        "        return lock.try_acquire(shared=True)\n",
        "        sweep(run)\n        return lock.try_acquire(shared=True)\n",
        f"{_NOTICES}::test_of_a_run_that_another_process_writes_nothing_is_swept",
    ),
    Mutant(
        "runs/cleanup.py",
        "    with at_rest(run.path):\n        if",
        "    with suppress():\n        if",
        f"{_NOTICES}::test_rm_and_gc_refuse_beside_a_run_and_do_not_once_it_has_ended",
    ),
    Mutant(
        "runs/cleanup.py",
        "    refuse_beside_runs(runs)\n    count",
        "    count",
        f"{_NOTICES}::test_rm_and_gc_refuse_beside_a_run_and_do_not_once_it_has_ended",
    ),
    Mutant(
        "graph/folder.py",
        "    if not begun.exists():",
        "    if begun:",
        f"{_NOTICES}::test_what_another_version_of_the_code_has_begun_is_kept",
    ),
    Mutant(
        "graph/folder.py",
        "if not path.is_file() or str(name) not in wrote:",
        "if not path.is_file():",
        f"{_NOTICES}::test_a_stray_file_is_nobodys_output",
    ),
    Mutant(
        "runs/check.py",
        "fresh = bool(new)",
        "fresh = False",
        f"{_CHECKS}::test_what_rests_on_it_is_found_however_far",
    ),
    Mutant(
        "runs/check.py",
        "for one in (damage.entry, *damage.rests)",
        "for one in (damage.entry,)",
        f"{_CHECKS}::test_repair_moves_all_of_it_aside_and_the_command_makes_it_again",
    ),
]
