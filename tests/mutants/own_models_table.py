"""Slips with a user's models: another draft is read, a file misread, a missing part not said."""

from mutant import Mutant

_OWN = "tests/unit/engines/test_own_models.py"
_GGUF = "tests/unit/engines/test_gguf.py"
_UNREAD = f"{_OWN}::test_a_draft_that_no_arm_reads_is_neither_looked_at_nor_loaded"
_READ = f"{_OWN}::test_a_draft_that_an_arm_reads_is_held_to_the_target_before_anything_runs[sd]"
_ENGINES = f"{_OWN}::test_engines_hold_a_pair_to_one_vocabulary_where_both_are_read"
_ROOM = f"{_OWN}::test_a_target_alone_has_the_room_of_the_target_alone"
_WRONG = f"{_OWN}::test_a_wrong_folder_is_one_line_that_says_what_is_missing"
_MERGED = f"{_OWN}::test_an_adapter_is_merged_to_the_bit_and_everything_else_stays"
_NAMED = f"{_OWN}::test_an_adapter_is_in_the_fingerprint_by_content_and_otherwise_changes_no_name"
_FITS = f"{_OWN}::test_an_adapter_that_does_not_fit_is_refused_before_anything_runs[another base]"
_PLAIN = f"{_OWN}::test_a_base_model_is_sent_the_plain_text_and_the_plan_says_so[True]"
_HOME = f"{_OWN}::test_a_folder_is_found_however_it_is_written[~/own]"
_LAW = f"{_GGUF}::test_a_file_answers_as_the_folder_of_what_its_blocks_say"
_SIZE = f"{_GGUF}::test_a_plan_knows_the_size_of_a_file_as_of_its_folder"
_BROKEN = f"{_GGUF}::test_what_is_no_whole_file_is_said_in_one_line"

TABLE = [
    Mutant("core/speech.py", 'if algorithm == "target" else self', "if False else self", _UNREAD),
    Mutant(
        "stages/budget.py",
        "used = arm.model.used_by(arm.sampler.algorithm)",
        "used = arm.model",
        _UNREAD,
    ),
    Mutant("stages/own_models.py", "check_same(ours, theirs, model)", "pass", _READ),
    Mutant("engines/pair.py", "        _ = self.shared_tokenizer\n", "", _ENGINES),
    Mutant("engines/vllm/engine.py", "else pair.shared_tokenizer", "else pair.tokenizer", _ENGINES),
    Mutant("engines/hf.py", "return self.pair.target_context if alone else", "return", _ROOM),
    Mutant("stages/own_models.py", "max_tokens >= known", "max_tokens > 10 * known", _ROOM),
    Mutant("engines/no_model.py", 'yield "tokenizer.json"', "return", f"{_WRONG}[no tokenizer]"),
    Mutant(
        "engines/no_model.py",
        "yield from _not_there(folder)",
        "return",
        f"{_WRONG}[half of its parts]",
    ),
    Mutant("engines/no_model.py", "return _an_adapter(place)", "pass", f"{_WRONG}[an adapter]"),
    Mutant(
        "engines/derived.py",
        "for source in (base or cached_folder(name, revision), folder)",
        "for source in (folder,)",
        _MERGED,
    ),
    Mutant("engines/hf.py", "            **adapter_identity(model.adapter),\n", "", _NAMED),
    Mutant("core/speech.py", 'if key != "adapter" or value', "if True", _NAMED),
    Mutant(
        "engines/adapter.py",
        "n: s[-1:] for n, s in shapes(base)",
        "n: s[:1] for n, s in shapes(base)",
        _MERGED,
    ),
    Mutant(
        "engines/adapter.py",
        "what = unlike(folder, base) if base is not None else None",
        "what = None",
        _FITS,
    ),
    Mutant(
        "engines/tokenizer/plain_template.py", '("{{ bos_token }}" if begins else "")', '""', _PLAIN
    ),
    Mutant("stages/own_models.py", "not has_template(place)", "False", _PLAIN),
    Mutant(
        "config/edge.py",
        "_PARSER.parse_override(_home_quoted(text))",
        "_PARSER.parse_override(text)",
        _HOME,
    ),
    Mutant("engines/derived.py", "        _drop_beyond(out, len(header.tokens))\n", "", _LAW),
    Mutant("engines/derived.py", "stat().st_size == size for", "stat().st_size > 0 for", _LAW),
    Mutant("engines/size.py", '"attention.head_count_kv"', '"attention.heads_kv"', _SIZE),
    Mutant(
        "engines/gguf.py",
        "if count * width > self.size - self.at:",
        "if count > 2**62:",
        f"{_BROKEN}[counts beyond the file]",
    ),
    Mutant(
        "engines/gguf.py",
        "if self._taken(4) != _MAGIC:",
        "if not self._taken(4):",
        f"{_BROKEN}[no magic]",
    ),
    Mutant(
        "engines/endpoint/engine.py",
        "if model.adapter is not None:",
        "if False:",
        f"{_OWN}::test_an_endpoint_takes_no_adapter[openai]",
    ),
]
