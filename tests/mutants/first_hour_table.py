"""Faults in what a first hour meets: hints about choices, lists, completion."""

from mutant import Mutant

_CHOICES = "tests/unit/config/test_choices.py"
_LIST = "tests/unit/cli/test_list.py"
_READ = f"{_CHOICES}::test_what_is_to_be_typed_for_a_file_is_read_as_that_file"

FIRST_HOUR = [
    Mutant(
        "config/choices.py", '%+~-]+", text, re.ASCII)', '%+~-]+", text)', f"{_READ}[\\xe9/f-.csv]"
    ),
    Mutant(
        "config/choices.py",
        "PurePath(choice).suffix.lower()",
        "PurePath(choice).stem.lower()",
        f"{_READ}[mine-.csv]",
    ),
    Mutant(
        "stages/scoring_stage.py",
        "raise wrong(fault.message, fault.hint, fault.key)",
        "raise wrong(fault.message, fault.hint)",
        f"{_CHOICES}::test_a_wrong_option_of_a_scorer_stands_where_it_was_typed"
        "[stages.score.scorer_options.tol=1-command line: ]",
    ),
    Mutant(
        "cli/describe.py",
        "scales.setdefault(line, []).append(scale)",
        "scales[line] = [scale]",
        f"{_LIST}::test_describe_shows_a_deviation_once_with_its_scales",
    ),
    Mutant(
        "config/listing.py",
        'if of == group and not choice.startswith("_"):',
        "if of == group:",
        f"{_LIST}::test_a_sort_has_all_of_it_each_with_a_sentence[samplers]",
    ),
]
