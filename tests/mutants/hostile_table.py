"""Faults of what stands between a stranger's text and a path, a terminal or a reader of JSON."""

from mutant import Mutant

_NAMES = "tests/hostile/test_names.py"
_JOINS = "tests/hostile/test_joins.py"
_ESCAPES = "tests/hostile/test_escapes.py"
_DEEP = "tests/hostile/test_deep.py"
HOSTILE = [
    Mutant(
        "core/names.py",
        "if len(name) > MOST:",
        "if len(name) > 9 * MOST:",
        f"{_NAMES}::test_no_name",
    ),
    Mutant(
        "core/names.py", "_GIVEN.fullmatch(name)", "_GIVEN.match(name)", f"{_NAMES}::test_no_name"
    ),
    Mutant(
        "core/names.py",
        "or name.lower().endswith(_ENDINGS)",
        "or name.endswith(_ENDINGS)",
        f"{_NAMES}::test_no_name",
    ),
    Mutant(
        "core/names.py",
        'end = f"@{seed}@{digest}" if seed else f"@{digest}"',
        'end = f"@{digest}"',
        f"{_NAMES}::test_a_long_point_ends_in_a_hash_and_keeps_its_family",
    ),
    Mutant(
        "config/recipe.py",
        'if keys == ("stages",):\n                self._named',
        'if keys == ("arms",):\n                self._named',
        f"{_NAMES}::test_a_bad_name_is_refused_at_its_line",
    ),
    Mutant(
        "store/files.py", '("", ".", "..")', '("", ".")', f"{_JOINS}::test_what_leaves_is_refused"
    ),
    Mutant(
        "store/files.py",
        "or not _spelled(part) for part",
        "for part",
        f"{_JOINS}::test_what_leaves_is_refused",
    ),
    Mutant(
        "store/files.py", '"\\0" not in part and ', "", f"{_JOINS}::test_what_leaves_is_refused"
    ),
    Mutant(
        "store/files.py",
        "if not links and place.is_symlink():",
        "if links and place.is_symlink():",
        f"{_JOINS}::test_a_link_that_leads_out",
    ),
    Mutant(
        "graph/folder.py",
        "place, pages = inside(run, *names), {}",
        "place, pages = run.joinpath(*names), {}",
        f"{_JOINS}::test_a_specification_made_by_hand_writes_nothing_elsewhere",
    ),
    Mutant("core/names.py", "\\x7f-\\x9f", "\\x7f", f"{_ESCAPES}::test_a_mark"),
    Mutant("core/names.py", "\\u202a-\\u202e", "\\u202a", f"{_ESCAPES}::test_a_mark"),
    Mutant("core/names.py", "\\x0b-\\x1f", "\\x0e-\\x1f", f"{_ESCAPES}::test_a_mark"),
    Mutant(
        "cli/marking.py",
        "yield Segment(marked(segment.text), segment.style)",
        "yield segment",
        f"{_ESCAPES}::test_whatever_is_drawn",
    ),
    Mutant(
        "store/page.py",
        "write_text(path, marked(text))",
        "write_text(path, text)",
        f"{_ESCAPES}::test_a_page",
    ),
    Mutant(
        "config/problems.py",
        "Problem(on_one_line(message)",
        "Problem(message",
        f"{_ESCAPES}::test_a_problem_is_one_line_whatever_it_names",
    ),
    Mutant(
        "core/json_text.py",
        "except RecursionError as error:",
        "except MemoryError as error:",
        f"{_DEEP}::test_no_json_that_can_be_worked_with",
    ),
    Mutant(
        "core/json_text.py",
        "for _ in range(DEEPEST + 1):",
        "for _ in range(DEEPEST + 9):",
        f"{_DEEP}::test_no_json_that_can_be_worked_with",
    ),
    Mutant(
        "core/json_text.py",
        'if "\\\\ud" in text or "\\\\uD" in text:',
        "if not text:",
        f"{_DEEP}::test_no_json_that_can_be_worked_with",
    ),
    Mutant(
        "config/yaml_file.py",
        "            if depth > DEEPEST:",
        "            if depth > 99 * DEEPEST:",
        f"{_DEEP}::test_a_line_of_a_recipe",
    ),
    Mutant(
        "engines/size.py",
        "if not 0 <= found <= _LARGEST:",
        "if not 0 <= found:",
        f"{_DEEP}::test_a_model",
    ),
    Mutant(
        "engines/size.py",
        "    check_settings(folder)\n",
        "    str(folder)\n",
        f"{_DEEP}::test_a_model",
    ),
]

_CASE = "tests/hostile/test_cases.py::test_a_case"
CASES = [
    Mutant(  # a name may climb
        "core/names.py", "_GIVEN.fullmatch(name)", "True", f"{_CASE}[stage_name_escapes]"
    ),
    Mutant(  # as long as one likes
        "core/names.py", "if len(name) > MOST:", "if False:", f"{_CASE}[tracebacks]"
    ),
    Mutant("core/names.py", "\\x0b-\\x1f", "\\x0b-\\x0f", f"{_CASE}[terminal_escapes]"),
    Mutant(  # whatever page asks
        "serve/access.py",
        "if not {origin.lower(), ANY} & self.origins:",
        "if {origin.lower(), ANY} & self.origins:",
        f"{_CASE}[any_origin]",
    ),
    Mutant(  # a half behind a whole is nobody's
        "serve/connection.py",
        "        if self._has_begun():\n            self._unset_keepalive_if_required()\n",
        "",
        f"{_CASE}[half_requests]",
    ),
    Mutant(  # half of a file is whole
        "store/cache.py",
        "wanted is not None and state.st_size != wanted:",
        "wanted is not None and state.st_size > wanted:",
        f"{_CASE}[short_stage]",
    ),
]
