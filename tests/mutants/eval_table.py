"""Slips in what the words of ``llmx eval`` become, and in which models are held against which."""

from mutant import Mutant

EVAL = "cli/evaluate.py"
_TEST = "tests/unit/cli/test_evaluate.py"
_WORDS = f"{_TEST}::test_words"
_TEXT = f"{_TEST}::test_a_text_arrives_as_it_was_typed"
_MISSING = f"{_TEST}::test_what_is_missing_is_said"
_SWEEPS = "tests/unit/config/test_sweeps.py"
_SIDE = f"{_SWEEPS}::test_models_side_by_side_are_held_against_the_first"
_DRAW = "tests/unit/report/test_drawing.py"
_BOTH = f"{_DRAW}::test_both_ends_of_a_name_are_kept"
_LONG = f"{_DRAW}::test_long_names_stay_in_the_frame_and_differ"

_SHOWN = "tests/unit/cli/test_shown_result.py"
_ENDS = "test_a_recipe_without_a_report_ends_with_its_accuracy"

TABLE = [
    Mutant(EVAL, "','.join(map(_quoted, models))", "','.join(models)", _WORDS),
    Mutant(
        EVAL, "_quoted(value) if isinstance(value, str)", "value if isinstance(value, str)", _TEXT
    ),
    Mutant(EVAL, "Path(word).suffix.lower() in FILES", "Path(word).suffix in FILES", _WORDS),
    Mutant("config/choices.py", '".tsv": "csv"', '".tsv": "jsonl"', _WORDS),
    Mutant(
        EVAL,
        'if "=" in word and not Path(word).exists()',
        'if "=" in word',
        f"{_TEST}::test_a_path_that_holds_an_equals_sign_is_a_path",
    ),
    Mutant(EVAL, "len(files) > 1", "len(files) > 2", _MISSING),
    Mutant(EVAL, 'not files and "data" not in keys', "False", _MISSING),
    Mutant(
        EVAL,
        'path.suffix.lower() != ".gguf"',
        'path.suffix != ".gguf"',
        f"{_TEST}::test_a_file_of_another_kind_is_no_model",
    ),
    Mutant(
        EVAL,
        "*_values(models, files, given), *own]",
        "*own, *_values(models, files, given)]",
        f"{_TEST}::test_a_setting_that_is_typed_stands_behind_flags",
    ),
    Mutant("config/composition.py", "if there == {common} else set()", "", _SIDE),
    Mutant(
        "config/composition.py", "if there == {common} else set()", "if False else set()", _SIDE
    ),
    Mutant("config/composition.py", ".difference(across)", "", _SIDE),
    Mutant("report/rows.py", "{name[-tail:]}", "", _BOTH),
    Mutant("report/rows.py", "max(0, most - 1 - tail)", "most", _BOTH),
    Mutant("report/rows.py", "both_ends(one.name, round((left - 16) / LETTER))", "one.name", _LONG),
    Mutant(
        "core/registry.py",
        " of {owner(family, kind)}",
        "",
        "tests/unit/kinds/test_plugins.py::test_a_plugin_that_fails_is_named_in_one_line",
    ),
    Mutant("runs/result.py", 'if one.kind == "score"', "", f"{_SHOWN}::{_ENDS}"),
    Mutant(
        "runs/result.py",
        'wilson(found["correct"]',
        'wilson(found["problems"]',
        f"{_SHOWN}::{_ENDS}",
    ),
    Mutant(
        "cli/result.py",
        "not any(stage.kind in _REPORTING for stage in result.spec.stages)",
        "False",
        f"{_SHOWN}::{_ENDS}",
    ),
]
