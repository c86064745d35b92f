"""Faults in InData's tools as an episode calls them, and in what acts in place of a model."""

from mutant import Mutant

HOME = "papers/indata/"
SESSION, TOOLS, ACTS = (f"{HOME}{n}.py" for n in ("session", "toolset", "policies"))
_A = "tests/papers/indata/test_analysis_tools.py::"
_S = "tests/papers/indata/test_tool_session.py::"

RELEASED = [
    Mutant(  # the number of rows is seen in passing, whatever the rule
        SESSION,
        "if schema.aggregated or isinstance(self.policy, OffPolicy):",
        "if self.policy is not None:",
        f"{_S}test_rows_are_followed_through_joins",
    ),
    Mutant(  # what is computed from released values is rounded once more
        SESSION,
        "if isinstance(self.policy, OffPolicy) or not reads:\n            return result\n"
        "        if self._schema_of(arguments.table).aggregated:",
        "if isinstance(self.policy, OffPolicy):\n            return result\n"
        "        if reads and self._schema_of(arguments.table).aggregated:",
        f"{_A}test_rounding_is_of_what_is_read_of_rows_and_of_nothing_twice",
    ),
    Mutant(  # counts of groups are shown as they are
        SESSION,
        "n not in (*keys, ID) and t.is_numeric()",
        "n not in (*keys, ID) and t.is_float()",
        f"{_A}test_rounding_is_of_what_is_read_of_rows_and_of_nothing_twice",
    ),
    Mutant(  # rows are shown beside a rule that holds them back
        TOOLS,
        'if observation == "full" and rule != "off":',
        'if observation == "full" and rule == "none":',
        f"{_A}test_settings_that_do_not_fit_are_refused_in_one_line",
    ),
    Mutant(  # a suppressed result is told as a call that the schema forbids
        SESSION,
        '"suppressed": "suppressed"}',
        '"suppressed": "refused"}',
        f"{_A}test_a_rule_that_withholds_a_result_ends_in_a_refusal",
    ),
]

CALLED = [
    Mutant(  # what a question lacks is there
        TOOLS,
        "if tool.tool != lacking",
        'if tool.tool != "lacking"',
        f"{_A}test_what_a_problem_lacks_is_not_offered_and_distractors_are",
    ),
    Mutant(  # all problems have the same handles
        TOOLS,
        'dumps([sample.id, sample.metadata.get("certificate", {})])',
        "dumps([])",
        f"{_A}test_the_same_problem_has_the_same_handles_and_another_has_others",
    ),
    Mutant(  # a step of a plan refers to nothing
        f"{HOME}arguments.py",
        'given.keys() == {"ref"}',
        'given.keys() == {"step"}',
        f"{_A}test_a_whole_plan_of_a_model_refers_to_its_own_steps",
    ),
    Mutant(  # tools of the arm are offered, whatever the problem
        "stages/play.py",
        "return self.toolset.offered(self.tools, sample)",
        "return tuple(self.tools)",
        "tests/unit/stages/test_agent_stage.py::test_a_problem_may_offer_other_tools_than_its_arm",
    ),
]

ACTED = [
    Mutant(  # a refused call is no reason to say that the question cannot be answered
        ACTS,
        "if any(one.fault is not None for one in seen):",
        "if len(seen) > len(written):",
        f"{_A}test_a_rule_that_withholds_a_result_ends_in_a_refusal",
    ),
    Mutant(  # the gold program runs though a tool is missing
        ACTS,
        "if lacking is not None and any(step.tool == lacking for step in program.steps):",
        "if lacking is not None and not program.steps:",
        f"{_A}test_the_gold_program_is_right_whoever_runs_it_and_whatever_is_seen",
    ),
    Mutant(  # turns before the calls of a plan are forgotten
        "dialogue/agent/acting.py",
        "tally or EpisodeTally(spec)",
        "EpisodeTally(spec)",
        f"{_A}test_a_planners_words_are_called_step_by_step",
    ),
    Mutant(  # `unknown` is no plan
        ACTS,
        'if text == "unknown":',
        'if text == "":',
        f"{_A}test_a_planner_that_has_no_plan_calls_nothing",
    ),
    Mutant(  # an answer without the mark that is read
        f"{HOME}answers.py",
        'f"Answer: {value',
        'f"It is {value',
        f"{_A}test_the_gold_program_is_right_whoever_runs_it_and_whatever_is_seen",
    ),
]
