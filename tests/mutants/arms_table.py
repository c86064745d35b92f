"""Slips in what arms, patterns and sweeps set of stages."""

from mutant import Mutant

_STAGES = "tests/unit/config/test_arm_stages.py"
_WORDS = "tests/unit/config/test_arm_words.py"
_STRANGERS = "tests/hostile/test_arms_of_strangers.py"
ARM_STAGES = "config/stages.py"
ARM_WORDS = "config/stages.py"

SET_BY_ARMS = [
    Mutant(
        "graph/graph.py",
        "self._add_node(self.of_arm[name][stage.name], name,",
        "self._add_node(stage, name,",
        f"{_STAGES}::test_a_sweep_over_grpo_shares_the_data_and_sft",
    ),
    Mutant(
        "core/spec.py",
        '_OFTEN_EMPTY = ("stages", "more")',
        '_OFTEN_EMPTY = ("more",)',
        f"{_STAGES}::test_a_line_of_an_arm_sets_an_option_of_that_arm_alone",
    ),
    Mutant(
        "core/replaced.py",
        "return {**held, names[0]",
        "return {names[0]",
        f"{_STAGES}::test_a_line_of_an_arm_sets_an_option_of_that_arm_alone",
    ),
    Mutant(
        ARM_STAGES,
        "if repr(after.options) != repr(before.options):",
        "if True:",
        f"{_STAGES}::test_a_point_of_the_recipes_own_value_is_the_recipe",
    ),
    Mutant(
        ARM_STAGES,
        'if k != dotted and not k.startswith(f"{dotted}.")',
        "if k != dotted",
        f"{_STAGES}::test_a_mapping_as_a_whole_outvotes_in_its_own_place",
    ),
    Mutant(
        ARM_STAGES,
        'if stage is None or stage.over != "arm":',
        "if stage is None:",
        f"{_STAGES}::test_what_no_arm_can_set_is_refused_in_one_line",
    ),
    Mutant(
        "config/composition.py",
        " or (inside and one.key not in groups())",
        "",
        f"{_STAGES}::test_what_an_arm_sets_is_not_overruled_in_silence",
    ),
    Mutant(
        "config/composition.py",
        "if setting.typed or not settings.stages.left_out(setting.key):",
        "if not settings.stages.left_out(setting.key):",
        f"{_STAGES}::test_a_stage_that_a_scale_leaves_out_takes_an_arms_option_with_it",
    ),
]

PATTERNS = [
    Mutant(
        ARM_WORDS,
        "if pattern in arms:",
        "if False:",
        f"{_WORDS}::test_a_name_that_is_a_pattern_too_stands_for_itself",
    ),
    Mutant(
        ARM_WORDS,
        "sorted(given, key=lambda one: not one.is_pattern)",
        "given",
        f"{_WORDS}::test_a_name_outvotes_a_pattern_in_either_order",
    ),
    Mutant(
        ARM_WORDS,
        "(*sorted(named, key=len)[-1:], *fitting",
        "(*fitting",
        f"{_WORDS}::test_where_a_name_ends",
    ),
    Mutant(
        ARM_WORDS,
        "return [arm for arm in found if arm in asked]",
        "return found",
        f"{_WORDS}::test_patterns_may_meet_in_an_arm_that_is_not_asked_for",
    ),
    Mutant(
        "config/points.py",
        "return given in self.settings or given in patterns",
        "return given in self.settings",
        f"{_WORDS}::test_a_key_of_some_of_them_applies_to_those_and_says_so",
    ),
]

OUTSIDE = [
    Mutant(
        "config/composition.py",
        "            self.outside.check_stages(changed, point.origins)\n",
        "",
        f"{_STRANGERS}::test_an_arm_of_a_file_sets_nothing_that_a_stage_may_not",
    ),
    Mutant(
        "config/points.py",
        "return values, Origins({**groups, **shared.places}, shared.typed)",
        "return values, Origins(groups)",
        f"{_STRANGERS}::test_what_the_user_types_for_all_arms_stays_his_in_each",
    ),
    Mutant(
        "config/reaches.py",
        'if part == "stages" and value',
        "if False and value",
        f"{_STRANGERS}::test_listing_says_what_an_arm_asks_for",
    ),
]

_OPTIONS = "tests/unit/config/test_stage_options.py"
OPTIONS = [
    Mutant(
        "core/options.py",
        "return [one for key, one in found.items() if not _inside(key, found)]",
        "return [*found.values()][:1]",
        f"{_OPTIONS}::test_every_fault_of_a_stage_is_found_and_each_once",
    ),
    Mutant(
        "core/options.py",
        "if known is not None and of(value) not in known:",
        "if False:",
        f"{_OPTIONS}::test_a_wrong_option_is_one_line_with_its_place",
    ),
    Mutant(
        "core/options.py",
        'frozen=True, extra="forbid", strict=True',
        'frozen=True, extra="forbid"',
        f"{_OPTIONS}::test_a_wrong_option_is_one_line_with_its_place",
    ),
    Mutant(
        "core/stage.py",
        "if not isinstance(found, model):",
        "if True:",
        f"{_OPTIONS}::test_options_are_parsed_once",
    ),
    Mutant(
        "config/compose.py",
        "if known is not None and still_fits(known):",
        "if False:",
        f"{_OPTIONS}::test_what_is_kept_on_the_disk_is_checked_by_the_code_of_today",
    ),
    Mutant(
        "config/composition.py",
        "            check_options(changed, point.origins, self.mount, self.problems)\n",
        "",
        f"{_OPTIONS}::test_a_wrong_option_is_one_line_with_its_place",
    ),
]
