"""Faults of rooms, plugins by path, and the sections that they bring."""

from mutant import Mutant

_K = "tests/unit/kinds"
_ROOMS, _PLUGINS, _SECTIONS = (
    f"{_K}/test_{name}.py" for name in ("kinds_files", "plugins", "sections")
)
_ACCEPT = f"{_K}/test_accept_rules.py"
_TOY = "tests/contracts/test_toy_paper.py"
KINDS = [
    Mutant(
        "core/registry.py",
        "        if one in kinds:\n",
        "        if False:\n",
        f"{_ROOMS}::test_bad_file_of_kinds[twice]",
    ),
    Mutant(
        "core/registry.py",
        "    if family not in FAMILIES:\n",
        "    if not family:\n",
        f"{_ROOMS}::test_bad_file_of_kinds[family]",
    ),
    Mutant(
        "core/registry.py",
        'elif not (isinstance(line, ast.ImportFrom) and line.module == "__future__"):',
        "elif not isinstance(line, ast.ImportFrom | ast.Import):",
        f"{_ROOMS}::test_bad_file_of_kinds[code]",
    ),
    Mutant(
        "core/registry.py",
        "if found[family].setdefault(kind, where) != where:",
        "if found[family].setdefault(kind, where) is None:",
        f"{_PLUGINS}::test_a_kind_that_is_there_names_both_rooms",
    ),
    Mutant(
        "core/registry.py",
        "    return dict(_known()[family])\n",
        "    return _known()[family]\n",
        f"{_ROOMS}::test_a_caller_cannot_change_what_is_known",
    ),
    Mutant(
        "core/registry.py",
        "(*rooms(), *_installed(), *_by_path(active))",
        "(*rooms(), *_by_path(active))",
        f"{_PLUGINS}::test_an_installed_package_brings_kinds_by_its_entry_points",
    ),
    Mutant(
        "core/plugins.py",
        "    os.environ[VARIABLE] = wanted\n",
        "",
        f"{_PLUGINS}::test_a_child_knows_what_the_command_line_named",
    ),
    Mutant(
        "core/plugins.py",
        "os.path.abspath(at_home(folder))",
        "str(at_home(folder))",
        f"{_PLUGINS}::test_a_path_from_here_is_one_from_everywhere",
    ),
    Mutant(
        "core/plugins.py",
        'if name == "llmx" or name in sys.stdlib_module_names:',
        'if name == "llmx":',
        f"{_PLUGINS}::test_no_folder_no_kinds_and_no_name",
    ),
    Mutant(
        "core/plugins.py",
        "        if other != plugin:\n",
        "        if other.name != plugin.name:\n",
        f"{_PLUGINS}::test_two_of_one_name_name_both",
    ),
    Mutant(
        "core/plugins.py",
        'for part in ("/".join(parts).encode(errors="surrogateescape"), path.read_bytes()):',
        "for part in (path.read_bytes(),):",
        f"{_PLUGINS}::test_contents_are_the_hash",
    ),
    Mutant(
        "config/compose.py",
        " and all(one.unchanged() for one in plugins.active())",
        "",
        f"{_PLUGINS}::test_a_composition_knows_the_code_of_a_plugin",
    ),
    Mutant(
        "config/compose.py",
        "[(one.name, str(one.folder), one.digest) for one in plugins.active()]",
        "[(one.name, str(one.folder)) for one in plugins.active()]",
        f"{_PLUGINS}::test_a_composition_knows_the_code_of_a_plugin",
    ),
    Mutant(
        "config/places.py",
        "    found += [one.recipes for one in plugins.active() if one.recipes.is_dir()]\n",
        "    found[:0] = [one.recipes for one in plugins.active() if one.recipes.is_dir()]\n",
        f"{_PLUGINS}::test_a_plugins_recipes_are_behind_the_users_own",
    ),
    Mutant(
        "config/index.py",
        'return bool(made["error"]) or not heads <= {"stages", *SECTIONS, *own}',
        'return bool(made["error"])',
        f"{_SECTIONS}::test_a_list_kept_with_a_plugin_is_not_believed_without",
    ),
    Mutant(
        "config/points.py",
        "return written | (set(self.brought) & {*own, *self.mount.recipe.inline})",
        "return written | (set(self.brought) & own)",
        f"{_SECTIONS}::test_an_arm_alone_may_have_it_and_an_empty_one_is_one",
    ),
    Mutant(
        "config/schema.py",
        '    return None if checked is None else checked.model_dump(mode="json")\n',
        "    return held if checked is not None else None\n",
        f"{_SECTIONS}::test_recipe_arms_and_words_set_it",
    ),
    Mutant(
        "core/spec.py",
        '_OFTEN_EMPTY = ("stages", "more")',
        '_OFTEN_EMPTY = ("stages",)',
        f"{_SECTIONS}::test_what_no_recipe_asks_for_is_not_written",
    ),
    Mutant(
        "core/spec.py",
        "kept = {name: held for name, held in self.more.items() if name in names}",
        "kept = dict(self.more)",
        f"{_SECTIONS}::test_a_stage_is_named_by_the_sections_that_it_reads_alone",
    ),
    Mutant(
        "core/spec.py",
        "        seen._seen = frozenset(names)\n",
        "",
        f"{_SECTIONS}::test_a_stage_sees_the_sections_that_it_reads_alone",
    ),
    Mutant(
        "graph/graph.py",
        "{**stage.identity(given), **read_sections(given.arms, given.stage.over)}",
        "stage.identity(given)",
        f"{_SECTIONS}::test_a_stage_is_named_by_the_sections_that_it_reads_alone",
    ),
    Mutant(
        "graph/graph.py",
        'held if over == "recipe" else next(iter(held.values()))',
        "next(iter(held.values()))",
        f"{_SECTIONS}::test_a_stage_sees_the_sections_that_it_reads_alone",
    ),
    Mutant(
        "report/verdict/schema.py",
        "    known = declared.fields | {*HEAD} | conditions\n",
        "    known = {*finding}\n",
        f"{_TOY}::test_its_names_and_values_are_checked_as_ours_are[field]",
    ),
    Mutant(
        "claims/quantity.py",
        '*(quantity(name).unit for name in kinds("quantity"))',
        "",
        f"{_TOY}::test_it_runs_reports_and_reproduces",
    ),
    Mutant(
        "graph/environment.py",
        '**({"plugins": by_path} if by_path else {})',
        "",
        f"{_TOY}::test_the_run_says_which_plugin_it_was_made_with",
    ),
    Mutant(
        "decoding/accept_rule.py",
        "turned = (moved[0] != flags) | (moved[1] != flags)",
        "turned = (moved[0] != flags) & (moved[1] != flags)",
        f"{_ACCEPT}::test_a_rule_that_rounding_may_turn_over_is_fragile",
    ),
    Mutant(
        "decoding/accept_rule.py",
        "_p_of_tokens(scores[:, :-1], proposal, options)",
        "_p_of_tokens(proposal.scores, proposal, options)",
        f"{_ACCEPT}::test_a_rule_reads_p_as_tokens_are_drawn",
    ),
    Mutant(
        "decoding/accept_rule.py",
        "return Verification(logits, scores, None, flags, margin)",
        "return Verification(logits, scores, None, ~flags, margin)",
        f"{_ACCEPT}::test_all_stands_or_nothing_does",
    ),
    Mutant(
        "decoding/verify.py",
        "    if options.brought:\n        return accept_brought(",
        "    if options.joint:\n        return accept_brought(",
        f"{_ACCEPT}::test_all_stands_or_nothing_does",
    ),
    Mutant(
        "stages/requests.py",
        "        **_rule(sampler.algorithm),\n",
        "",
        f"{_ACCEPT}::test_its_version_is_part_of_what_a_sample_depends_on",
    ),
    Mutant(
        "stages/requests.py",
        'own = {"ensemble_weight", *_FUZZY, "draft_share", "accuracy_loss"}',
        'own = {"ensemble_weight", *_FUZZY, *_DIALS}',
        f"{_ACCEPT}::test_its_version_is_part_of_what_a_sample_depends_on",
    ),
    Mutant(
        "core/speech.py",
        'if brought(algorithm) and algorithm not in (rules := kinds("accept")):',
        'if algorithm == "" and algorithm not in (rules := kinds("accept")):',
        f"{_ACCEPT}::test_unknown_and_broken_rules_are_one_line",
    ),
]
