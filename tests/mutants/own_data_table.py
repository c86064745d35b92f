"""Faults in reading people's own questions, and in what may be set of data."""

from mutant import Mutant

_OWN = "tests/unit/data/test_own_questions.py"
_FORMS = "tests/unit/data/test_answer_forms.py"
_HUB = "tests/unit/data/test_own_dataset.py"
_ONCE = "tests/unit/data/test_one_of_each.py"
_KEYS = "tests/unit/config/test_data_keys.py"
_TABLE, _COLUMNS, _ROWS = "data/table.py", "data/columns.py", "data/own_rows.py"
_AS_WRITTEN = f"{_OWN}::test_a_text_arrives_as_it_was_written"
_ALIKE = f"{_OWN}::test_parquet_and_csv_and_jsonl_of_the_same_rows_are_the_same_problems"
_TOLD = f"{_FORMS}::test_how_answers_are_written_is_told_from_all_of_them"
_EXAMPLES = f"{_OWN}::test_worked_examples_stand_above_and_never_answer_the_question"
_SPLIT = f"{_OWN}::test_splits_share_no_question_and_are_as_large_as_asked"

OWN_DATA = [
    # files
    Mutant("data/local.py", 'text.split("\\n"), start=1', "text.splitlines(), start=1",
           _AS_WRITTEN),
    Mutant("data/local.py", 'decode("utf-8-sig")', 'decode("utf-8")', _AS_WRITTEN),
    Mutant(_TABLE, "if len(cells) != len(columns):", "if len(cells) > len(columns):",
           f"{_OWN}::test_a_file_that_cannot_be_read_says_where[a cell too few]"),
    Mutant(_TABLE, '_DELIMITERS = (",", ";", "\\t")', '_DELIMITERS = (",", "\\t")', _ALIKE),
    Mutant(_TABLE, "begin = reader.line_num + 1", "begin += 1",
           f"{_OWN}::test_a_file_that_cannot_be_read_says_where[a cell too few]"),
    # columns and templates
    Mutant(_COLUMNS, "render_guarded(template, variables, strict=True)",
           "render_guarded(template, variables)",
           f"{_OWN}::test_an_option_that_does_not_fit_the_file_is_refused_in_one_line"
           "[a name that is not there]"),
    Mutant(_COLUMNS, "if len(found) == 1:\n        return found[0]",
           "if found:\n        return found[0]",
           f"{_OWN}::test_a_file_that_cannot_be_read_says_where[two questions]"),
    Mutant("core/templates/dialect.py", 'found.filters["random"], ', "",
           f"{_OWN}::test_an_option_that_does_not_fit_the_file_is_refused_in_one_line[chance]"),
    Mutant(_COLUMNS, 'key if seen[key] == 1 else f"{key}-{seen[key]}"', "key",
           f"{_OWN}::test_ids_are_of_the_content_and_all_different"),
    # which option is right
    Mutant("data/options.py", 'if "label" in whole:', 'if "label" in whole and len(whole) == 1:',
           f"{_TOLD}[labels stand above numbers]"),
    Mutant("data/options.py", "if len(set(row)) > 1:", "if len(set(row)) > 2:",
           f"{_FORMS}::test_what_cannot_be_told_is_nobodys_guess[from 0 or from 1]"),
    Mutant("data/options.py", '"index": _by_place(0)', '"index": _by_place(1)',
           f"{_TOLD}[places from 0]"),
    # splits and worked examples
    Mutant(_ROWS, "if key != own", "if key", f"{_EXAMPLES}[test]"),
    Mutant(_ROWS, "keys = [question_key(one) for one in questions]", "keys = list(questions)",
           f"{_SPLIT}[shares]"),
    Mutant(_ROWS, "if at < bound), beyond)", "if at < bound), last)", f"{_SPLIT}[a part]"),
    Mutant(_ROWS, "left[split] -= counts[key]", "left[split] -= 1", f"{_SPLIT}[a number]"),
    Mutant("core/speech.py", "(preamble.strip(), sample.examples)",
           "(sample.examples, preamble.strip())",
           f"{_OWN}::test_system_preamble_examples_and_instruction_stand_in_their_order"),
    # identities, pins and ids
    Mutant("data/own_file.py", "if content and hash_file(path) != content:", "if content is None:",
           f"{_OWN}::test_a_file_that_has_changed_since_the_plan_is_refused"),
    Mutant("core/spec.py", 'if n != "path"}', "if n}",
           f"{_OWN}::test_a_file_is_known_by_its_content_wherever_it_lies"),
    Mutant("data/hub.py", "if is_commit(known.get(key)):", "if False:",
           f"{_HUB}::test_a_missing_revision_is_looked_up_once_written_down_and_told"),
    Mutant("data/hub.py", "revision is not None and _COMMIT.fullmatch(revision) is not None",
           "revision is not None", f"{_HUB}::test_only_a_commit_has_an_identity"),
    Mutant("data/own_dataset.py", "if value >= 0 else None", "if value is not None else None",
           f"{_HUB}::test_numbers_that_have_names_are_the_names"),
    Mutant("data/drawn.py",
           "return list(one_of_each(kind(spec).split(split, limit), spec.kind, split))",
           "return list(kind(spec).split(split, limit))",
           f"{_ONCE}::test_every_kind_of_data_passes_one_place_where_equal_ids_are_refused[train]"),
    Mutant("data/drawn.py",
           "drawn = one_of_each(self._drawn(name, known), self._spec.kind, name)",
           "drawn = self._drawn(name, known)",
           f"{_ONCE}::test_every_kind_of_data_passes_one_place_where_equal_ids_are_refused[test]"),
    Mutant("judging/arena_hard_data.py", '_refuse_doubled(answered, f"{self.baseline}.jsonl")',
           "pass",
           f"{_ONCE}::test_a_question_and_an_answer_of_arena_hard_stand_once"
           "[model_answer/gpt-4-0314]"),
    # what may be set
    Mutant("config/points.py", "if name in held or key in EVERYWHERE:", "if name in held:",
           f"{_KEYS}::test_the_words_around_a_question_can_be_set_of_every_kind_of_data[gsm8k]"),
    Mutant("config/outside.py", "at_home(named).resolve()", "at_home(named).absolute()",
           f"{_KEYS}::test_a_file_of_elsewhere_is_not_sent_to_a_model_unless_it_is_typed"),
    Mutant("config/composition.py", "for one in faults(data, model) if model is not None else ():",
           "for one in ():", f"{_KEYS}::test_options_are_checked_with_the_recipe[no file]"),
]  # fmt: skip
