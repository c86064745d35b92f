"""Slips by which a stranger's recipe or model gets a program, a key, a host, or all the time."""

from mutant import Mutant

ORIGINS = "config/edge.py"
OUTSIDE = "config/outside.py"
PERMITTED = "config/outside.py"
HOSTS = "core/hosts.py"
ADDRESS = "engines/endpoint/address.py"
PRETRAINED = "engines/pretrained.py"
GUARDED = "core/templates/guarded.py"
READER = "core/templates/reader.py"
PLAIN = "core/templates/dialect.py"
_PROGRAMS = "tests/hostile/test_programs.py"
_HOSTS = "tests/hostile/test_hosts.py"
_MODELS = "tests/hostile/test_model_code.py"
_TEMPLATES = "tests/hostile/test_templates.py"
_TABLE = f"{_HOSTS}::test_an_entry_allows_its_own_host_and_port"
_AWAY = f"{_HOSTS}::test_a_file_sends_nothing_to_another_machine"
_OPTIONS = f"{_PROGRAMS}::test_a_file_sets_nothing_of_vllm_that_is_not_listed"
_TRAINING = f"{_PROGRAMS}::test_a_file_sets_nothing_of_a_training_that_is_not_listed"
_NO = "place, revision=revision, trust_remote_code=trust_remote_code"

PROGRAMS = [
    Mutant(
        "config/points.py",
        "typed=True, text=text)",
        "typed=False, text=text)",
        f"{_PROGRAMS}::test_what_the_user_types_is_his",
    ),
    Mutant(  # what was typed stays typed, whatever a file puts over it
        ORIGINS,
        "{k: p for k, p in self.places.items() if not k.startswith(inside)}",
        "dict(self.places)",
        "tests/hostile/test_programs.py::test_a_key_that_a_file_sets_again_is_the_files",
    ),
    Mutant(
        OUTSIDE,
        "if not said.is_typed(key):",
        "if False:",
        f"{_PROGRAMS}::test_a_voice_is_an_engine",
    ),
    Mutant(
        OUTSIDE,
        'engine["trust_remote_code"] = self.trust_remote_code',
        'engine.setdefault("trust_remote_code", self.trust_remote_code)',
        f"{_PROGRAMS}::test_a_file_cannot_say_that_the_user_named_it",
    ),
    Mutant(
        OUTSIDE,
        "for name, voice in voices.items() if isinstance(voices, dict) else ():",
        "for name, voice in ():",
        f"{_PROGRAMS}::test_a_voice_is_an_engine",
    ),
    Mutant(PERMITTED, "return name in VLLM_OPTIONS and _plain(value)", "return _plain(value)",
           f"{_OPTIONS}[vllm-worker_cls]"),
    Mutant(PERMITTED, " in VLLM_OPTIONS and _plain(value)", " in VLLM_OPTIONS",
           f"{_OPTIONS}[vllm-quantization]"),
    Mutant(PERMITTED, " and not value.startswith(\"-\")", "", f"{_OPTIONS}[vllm-kv_cache_dtype]"),
    Mutant(PERMITTED, 'VLLM = frozenset({"vllm", "vllm_server"})', 'VLLM = frozenset({"vllm"})',
           f"{_OPTIONS}[vllm_server-worker_cls]"),
    Mutant(PERMITTED, "return name in LORA", "return True", f"{_TRAINING}[lora]"),
    Mutant(PERMITTED, "return name in TRAINING_TEXTS and all(map(_plain, held))",
           "return all(map(_plain, held))", f"{_TRAINING}[settings       ]"),
    Mutant(PERMITTED, "return name in _LOADING and", "return name not in _LOADING or",
           f"{_TRAINING}[settings   ]"),
]  # fmt: skip

PROGRAMS += [
    Mutant(
        ORIGINS,
        "(self.typed - {given.key}) | now",
        "self.typed | now",
        f"{_PROGRAMS}::test_a_key_that_a_file_sets_again_is_the_files",
    ),
]

SENDING = [
    Mutant(HOSTS, 'return to.address_by == "user" or', 'return True or', f"{_AWAY}"),
    Mutant(HOSTS, '(to.address_by, to.key_by) == ("user", "user")', 'to.key_by == "user"',
           f"{_HOSTS}::test_a_typed_key_goes_to_no_host_of_a_files"),
    Mutant(HOSTS, '(to.address_by, to.key_by) == ("user", "user")', 'to.address_by == "user"',
           f"{_HOSTS}::test_a_file_chooses_no_key_for_a_host_of_the_users"),
    Mutant(HOSTS, 'host if (found[1], port) == ("https", 443) else', "host if port else", _TABLE),
    Mutant(HOSTS, "found = _URL.fullmatch(url)\n    if", "found = _URL.match(url)\n    if",
           _TABLE),
    Mutant(HOSTS, "_bare(found[2]) in LOOPBACK", "_bare(found[2]).startswith(LOOPBACK)", _AWAY),
    Mutant(HOSTS, "fcntl.flock(handle, fcntl.LOCK_EX)", "pass",
           f"{_HOSTS}::test_the_users_file_is_whole_after_each_change"),
    Mutant(ADDRESS, "if refused is not None:", "if refused is None and False:", _AWAY),
    Mutant(ADDRESS, ' if hosts.may_have_key(to) else ""', "",
           f"{_HOSTS}::test_a_typed_key_goes_to_no_host_of_a_files"),
    Mutant("engines/endpoint/call.py", "trust_env=not address.here,",
           "trust_env=not address.here,\n        follow_redirects=True,",
           f"{_HOSTS}::test_a_redirection_takes_nothing_along"),
    Mutant("core/judging.py", 'named = ("address_by", "key_by")', "named = ()",
           f"{_HOSTS}::test_a_voice_and_a_judge_are_asked_for_as_well"),
    Mutant(OUTSIDE, "if not isinstance(named, str) or said.is_typed", "if True or said.is_typed",
           f"{_HOSTS}::test_a_file_of_elsewhere_is_not_sent_to_a_judge"),
    Mutant(OUTSIDE, '("tensorboard",)', '("tensorboard", "mlflow")',
           f"{_HOSTS}::test_a_tracker_of_a_files_wants_permission"),
]  # fmt: skip

MODELS = [
    Mutant(PRETRAINED, f"AutoConfig.from_pretrained({_NO})",
           "AutoConfig.from_pretrained(place, revision=revision)",
           f"{_MODELS}::test_every_call_that_loads_says_no_to_code"),
    Mutant(PRETRAINED, f"found = AutoTokenizer.from_pretrained(\n        {_NO}\n    )",
           "found = AutoTokenizer.from_pretrained(place, revision=revision)",
           f"{_MODELS}::test_no_call_runs_a_models_code[tokenizer-tokenizer]"),
    Mutant(PRETRAINED, "    if pickled:", "    if False:",
           f"{_MODELS}::test_pickled_weights_are_refused_by_name"),
    Mutant(PRETRAINED, "name.endswith(_SAFE) and Path(name).name == name", "name.endswith(_SAFE)",
           f"{_MODELS}::test_an_index_names_safetensors_of_its_own_folder"),
    Mutant(PRETRAINED, "            yield from _walk(value)", "            pass",
           f"{_MODELS}::test_a_kernel_of_the_hub_is_code"),
    Mutant("engines/size.py", '    "*.py",\n', "",
           f"{_MODELS}::test_code_beside_a_model_is_part_of_what_it_is"),
    Mutant("engines/vllm/settings.py", '"load_format": "safetensors",', '"load_format": "auto",',
           f"{_MODELS}::test_vllm_is_told_so_too"),
]  # fmt: skip

_TIME = f"{_TEMPLATES}::test_a_template_without_an_end_is_stopped"
_ROOM = f"{_TEMPLATES}::test_a_text_that_is_too_long_is_no_prompt"
_HERE = f"{_TEMPLATES}::test_only_what_cannot_grow_is_rendered_here"
_OWN = f"{_TEMPLATES}::test_the_process_knows_no_key_and_reads_no_file_of_the_folder"
TEMPLATES = [
    Mutant(READER, "if len(text) > LONGEST:", "if len(text) > 2 * LONGEST:", _ROOM),
    Mutant(READER, "resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))", "pass",
           f"{_TEMPLATES}::test_a_template_that_grows_is_stopped[a text]"),
    Mutant(GUARDED, "if code == -signal.SIGPROF:", "if code == -signal.SIGKILL:",
           f"{_TIME}[two loops]"),
    Mutant(GUARDED, "env={**kept,", "env={**os.environ,", _OWN),
    Mutant(GUARDED, '[sys.executable, "-P", "-m",', '[sys.executable, "-m",', _OWN),
    Mutant(GUARDED, "chat_template_utils._compile_jinja_template = GuardedTemplate", "pass",
           f"{_TEMPLATES}::test_transformers_renders_within_the_limits_too"),
    Mutant(PLAIN, "if looped or not _over_turns(node):", "if not _over_turns(node):", _HERE),
    Mutant(PLAIN, "not (node.recursive or node.test or node.else_)", "True", _HERE),
    Mutant(PLAIN, "nodes.Or, nodes.Not, nodes.Add,", "nodes.Or, nodes.Not, nodes.Mul, nodes.Add,",
           _HERE),
    Mutant("engines/pretrained.py",
           'raise TurnsError(f"the chat template fails: {said}", hint) from error',
           "raise",
           f"{_TEMPLATES}::test_nothing_outside_is_reached"),
]  # fmt: skip

_FOLDER = "tests/hostile/test_own_folder.py"
OWN_FOLDER = [
    Mutant("graph/workers.py", '"-P", "-m", "llmx.graph.worker"', '"-m", "llmx.graph.worker"',
           f"{_FOLDER}::test_a_worker_takes_nothing_from_there"),
    Mutant("graph/workers.py", '"-P", "-m", "llmx.graph.worker"', '"-B", "-m", "llmx.graph.worker"',
           f"{_FOLDER}::test_a_worker_takes_nothing_from_there"),
    Mutant("engines/vllm/interpreter.py", 'found["PYTHONSAFEPATH"] = "1"', "pass",
           f"{_FOLDER}::test_a_worker_of_vllm_takes_nothing_from_there"),
    Mutant("engines/vllm/interpreter.py", 'found["PYTHONSAFEPATH"] = "1"',
           'found["PYTHONSAFEPATH"] = ""',
           f"{_FOLDER}::test_a_worker_of_vllm_takes_nothing_from_there"),
    Mutant("train/course/launch.py", '{**os.environ, "PYTHONSAFEPATH": "1"}',
           "{**os.environ}", f"{_FOLDER}::test_processes_of_a_training_take_nothing_from_there"),
    Mutant("train/course/launch.py", '{**os.environ, "PYTHONSAFEPATH": "1"}',
           '{"PYTHONSAFEPATH": "1"}',
           f"{_FOLDER}::test_processes_of_a_training_take_nothing_from_there"),
]  # fmt: skip

_INTERPRETER, _SETTINGS = "engines/vllm/interpreter.py", "tests/unit/engines/test_vllm_settings.py"
_WORKED_IN = f"{_SETTINGS}::test_no_program_of_the_folder_that_somebody_works_in_is_one"
INTERPRETER = [
    Mutant(  # as it was
        _INTERPRETER,
        "for folder in (CHECKOUT, *_own()):",
        "for folder in (Path.cwd(), CHECKOUT, *_own()):",
        f"{_WORKED_IN}[.]",
    ),
    Mutant(  # the last place to look
        _INTERPRETER,
        "for folder in (CHECKOUT, *_own()):",
        "for folder in (CHECKOUT, *_own(), Path()):",
        f"{_SETTINGS}::test_a_recipe_of_the_folder_it_lies_in_runs_no_program_there",
    ),
    Mutant(  # the system's Python lies beside much
        _INTERPRETER,
        "return () if sys.prefix == sys.base_prefix else (Path(sys.prefix).parent,)",
        "return (Path(sys.prefix).parent,)",
        f"{_SETTINGS}::test_without_a_virtual_environment_nothing_lies_beside_it",
    ),
    Mutant(  # within it, not beside it
        _INTERPRETER,
        "(Path(sys.prefix).parent,)",
        "(Path(sys.prefix),)",
        f"{_SETTINGS}::test_the_interpreter_is_found_in_its_order",
    ),
    Mutant(  # what is found goes before what is named
        _INTERPRETER,
        "for folder in (CHECKOUT, *_own()):",
        "for folder in (*_own(), CHECKOUT):",
        f"{_SETTINGS}::test_the_interpreter_is_found_in_its_order",
    ),
]
