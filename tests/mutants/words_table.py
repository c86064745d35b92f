"""Slips by which a value changes on its way from a file or a command line, or is nothing at all."""

from mutant import Mutant

YAML = "config/yaml_file.py"
EDGE = "config/edge.py"
_SCALARS = "tests/unit/config/test_scalars.py"
_MEANING = f"{_SCALARS}::test_meaning"
_APART = f"{_SCALARS}::test_what_two_versions_read_apart_is_refused"
_STOP = f"{_SCALARS}::test_no_answer_stops_at_an_empty_text"
_VALUES = "tests/unit/config/test_grammar.py::test_values"
_REFUSALS = "tests/unit/config/test_grammar.py::test_refusals_are_one_line_and_advise_no_plus"
_BAD = "tests/unit/cli/test_bad_input.py::test_wrong_command"

TABLE = [
    Mutant(YAML, '":timestamp", ":float", ":bool"', '":timestamp", ":float"', _MEANING),
    Mutant(YAML, "0[0-7_]*[0-7]|", "0[1-7]+|", _APART),
    Mutant(YAML, "|0b[01_]+", "", _APART),
    Mutant(YAML, "|.*:.*)$", ")$", _APART),
    Mutant(YAML, 'list("tTfF")', 'list("tT")', _MEANING),
    Mutant(YAML, 'lstrip("+-").lstrip("0")', 'lstrip("+-")', _APART),
    Mutant(EDGE, "value.quote is not Quote.double", "value.quote is Quote.double", _VALUES),
    Mutant(EDGE, 'or "\\\\" not in value.text', "or True", _VALUES),
    Mutant(EDGE, "scalar(value.with_quotes())", "value.text", _VALUES),
    Mutant(EDGE, "_plain(v, text, origin) for k, v", "v for k, v", _VALUES),
    Mutant(EDGE, "[_plain(item, text, origin) for item in value]", "value", _VALUES),
    Mutant(EDGE, "(_plain(value, text, origin) for value", "(value for value", _VALUES),
    Mutant(EDGE, "scalar(value.with_quotes())", "scalar(f'\"{value.text}\"')", _VALUES),
    Mutant("core/speech.py", 'if "" in stop:', 'if stop == ("",):', _STOP),
    Mutant("core/speech.py", 'if "" in stop:', "if False:", f"{_BAD}[empty stop]"),
    Mutant("config/points.py", " or not given.values[0]:", ":", f"{_BAD}[empty scale]"),
    Mutant("config/points.py", "len({*chosen}) < len(chosen)", "False", f"{_BAD}[arm twice]"),
    Mutant(
        "cli/app.py",
        'flag.endswith("=") or not value',
        "not value",
        f"{_BAD}[empty runs by equals]",
    ),
    Mutant("cli/app.py", 'flag.endswith("=") or not value', "False", f"{_BAD}[empty plugin]"),
    Mutant("core/stage.py", "len(self.arms) != 1", "False", f"{_BAD}[over all arms]"),
]
