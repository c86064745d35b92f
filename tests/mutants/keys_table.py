"""Slips by which a secret gets into a file, a message or the list of processes."""

from mutant import Mutant

SECRETS = "core/secrets.py"
EXPOSURE = "core/exposure.py"
_KEYS = "tests/hostile/test_keys.py"
_NAMES = f"{_KEYS}::test_a_name_of_a_secret_is_known"
_USABLE = f"{_KEYS}::test_a_name_that_only_sounds_like_one_stays_usable"
_SHAPES = f"{_KEYS}::test_the_shape_of_a_key_is_known_wherever_it_stands"
_DEEP = f"{_KEYS}::test_a_secret_is_found_at_any_depth"
_HAND = f"{_KEYS}::test_a_specification_made_by_hand_is_held_to_it"
_PLACES = f"{_KEYS}::test_every_place_of_the_schema_refuses_a_secret[engine.options]"
_VERBS = f"{_KEYS}::test_no_verb_writes_or_repeats_what_it_refuses"
_GROUP = f"{_KEYS}::test_a_group_s_file_is_held_to_it_and_so_is_what_is_put_together"

TABLE = [
    Mutant(SECRETS, 'unicodedata.normalize("NFKC", name)', "name", _NAMES),
    Mutant(SECRETS, "while len(found) > 1 and found[-1] in _TAILS:", "while False:", _NAMES),
    Mutant(SECRETS, "return before in _OF_SERVICES", "return True", _USABLE),
    Mutant(SECRETS, 'not words or " ".join(words[-2:]) in HARMLESS', "not words", _USABLE),
    Mutant(SECRETS, "(?:AKIA|ASIA)[A-Z0-9]", "(?:AKIA|ASIA)[a-z]", _SHAPES),
    Mutant(SECRETS, "isinstance(value, str) and not _VARIABLE.fullmatch(value)", "False", _DEEP),
    Mutant(EXPOSURE, "_in_mapping(value, at, under)", '_in_mapping(value, at, "")', _DEEP),
    Mutant(EXPOSURE, 'own = "" if people else', 'own = "" if len(at) > 2 else', _DEEP),
    Mutant(
        EXPOSURE,
        'own = "" if people else',
        "own =",
        f"{_KEYS}::test_names_that_people_give_are_no_settings",
    ),
    Mutant(
        "core/errors.py",
        "super().__init__(struck_out(message))",
        "super().__init__(message)",
        _SHAPES,
    ),
    Mutant("graph/plan.py", "    refuse_exposed(spec)\n", "", _HAND),
    Mutant("config/outside.py", "return bool(found)", "return False", _GROUP),
    Mutant("config/points.py", "problems.take(refusal(hidden, _ORIGIN))", "pass", _PLACES),
    Mutant("config/recipe.py", "    hidden.raise_any()\n", "", _PLACES),
    Mutant(
        "config/edge.py",
        "if any(is_secret_name(name) for",
        "if all(is_secret_name(name) for",
        _VERBS,
    ),
    Mutant(
        "engines/vllm_server/server.py",
        '"llmx.engines.vllm_server.serve"],',
        '"llmx.engines.vllm_server.serve", json.dumps({**settings, "server": served})],',
        f"{_KEYS}::test_a_vllm_server_gets_its_settings_by_a_pipe",
    ),
    Mutant(
        "engines/vllm_server/server.py",
        "suppress(BrokenPipeError), self",
        "suppress(KeyError), self",
        f"{_KEYS}::test_a_vllm_server_that_has_ended_takes_no_settings_and_breaks_nothing",
    ),
    Mutant(
        "graph/folder.py",
        "*without_secrets(sys.argv[1:])",
        "*sys.argv[1:]",
        "tests/unit/graph/test_folder.py::test_the_command_in_the_manifest_holds_no_secret",
    ),
]
