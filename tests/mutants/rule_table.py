"""Faults of rules with a memory: of the contract, and of all that follows it."""

from mutant import Mutant

_T = "tests/unit/kinds/test_stateful_rules.py"
_STEP = "engines/vllm_plugin/acceptance.py"
STATEFUL = [
    Mutant(  # a rule's own memory is never made
        "decoding/stateful_rule.py",
        "return ThresholdState(size, options) if rule is None else rule.remember(size, options)",
        "return ThresholdState(size, options)",
        f"{_T}::test_the_memory_is_of_the_answer_not_of_its_row",
    ),
    Mutant(  # rows that are let go of take the memory of others with them
        "decoding/stateful_rule.py",
        "setattr(found, name, getattr(self, name)[rows])",
        "setattr(found, name, getattr(self, name)[: len(rows)])",
        "tests/unit/decoding/test_alone_or_beside.py"
        "::test_many_answers_through_three_slots_are_those_of_each_alone",
    ),
    Mutant(  # only what every rule remembers
        "decoding/stateful_rule.py",
        "found = type(self)(len(rows), self.options)",
        "found = ThresholdState(len(rows), self.options)",
        f"{_T}::test_the_memory_is_of_the_answer_not_of_its_row",
    ),
    Mutant(  # looked up in every round
        "decoding/options.py",
        "    @cached_property\n    def stateful(",
        "    @property\n    def stateful(",
        f"{_T}::test_a_rule_is_looked_up_once_a_run",
    ),
    Mutant(
        "decoding/options.py",
        'return self.algorithm in ratio or self._beside == "ratio"',
        "return self.algorithm in ratio",
        f"{_T}::test_the_beside_of_each_fuzzy_rule",
    ),
    Mutant(
        "decoding/options.py",
        'return self._beside == "first" or (',
        "return (",
        f"{_T}::test_the_test_beside_it_lets_stand_what_the_rule_refuses",
    ),
    Mutant(  # a rule with a memory taken for one by token
        "decoding/options.py",
        "return brought(self.algorithm) and self.stateful is None",
        "return brought(self.algorithm)",
        f"{_T}::test_a_rule_by_token_is_none_with_a_memory",
    ),
    Mutant(  # numbers for whoever wants distributions
        "decoding/block_model.py",
        "whole = rule is not None and not rule.reads_numbers(options)",
        "whole = False",
        f"{_T}::test_numbers_and_distributions_give_one_answer",
    ),
    Mutant(  # no divergence for a rule that reads it
        "engines/native/model.py",
        "if diverges else -1",
        "if False else -1",
        f"{_T}::test_what_an_answer_was_given_is_remembered_to_its_end[few_read]",
    ),
    Mutant(
        "decoding/verify.py",
        "if soft or (rule is not None and rule.reads_warped(options)):",
        "if soft:",
        f"{_T}::test_what_an_answer_was_given_is_remembered_to_its_end[few_warped]",
    ),
    Mutant(  # what the test beside it lets stand falls
        "decoding/verify.py",
        "flags, margin = flags | own[0], np.minimum(margin, own[1])",
        "flags, margin = flags, np.minimum(margin, own[1])",
        f"{_T}::test_the_test_beside_it_lets_stand_what_the_rule_refuses",
    ),
    Mutant(  # what stands anyway is charged
        "papers/fsd/fuzzy.py",
        "charge = np.where(passes if exempt is None else passes & ~exempt, d, 0.0)",
        "charge = np.where(passes, d, 0.0)",
        f"{_T}::test_what_stands_anyway_costs_nothing",
    ),
    Mutant(  # vLLM forgets between steps
        _STEP,
        "            answer.held[name] = value\n",
        "            answer.held[name] = answer.held[name]\n",
        f"{_T}::test_vllms_loop_remembers_too",
    ),
    Mutant(
        "engines/vllm_plugin/known.py",
        "return stateful_rule(algorithm) is not None",
        "return False",
        f"{_T}::test_vllm_follows_rules_with_a_memory_and_names_them",
    ),
    Mutant(
        "stages/requests.py",
        "return own if rule is None else own - rule.settings",
        "return own",
        f"{_T}::test_what_it_reads_and_its_version_are_what_a_sample_depends_on",
    ),
    Mutant(
        "stages/requests.py",
        "(stateful_rule(algorithm) or brought_rule(algorithm)).version",
        "getattr(stateful_rule(algorithm), 'name', 1)",
        f"{_T}::test_what_it_reads_and_its_version_are_what_a_sample_depends_on",
    ),
    Mutant(
        "papers/fsd/fuzzy.py",
        "FUZZY = FuzzyRule()",
        "FUZZY = FuzzyRule",
        f"{_T}::test_the_fuzzy_rule_reads_what_only_it_keeps_in_an_identity",
    ),
]
