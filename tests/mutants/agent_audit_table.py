"""Faults in the audit of episodes: of a control that asks no model, and of a model's replies."""

from mutant import Mutant

PROMPTS, DONE, COUNTS = (f"audit/{name}.py" for name in ("prompts", "completions", "counts"))
STAGE = "stages/audit.py"
_A = "tests/unit/audit/test_audited_episodes.py::"
_S = "tests/unit/stages/test_episode_audit.py::"

EPISODES = [
    Mutant(  # a control is asked for its prompts
        PROMPTS,
        "    if sent.unasked:\n        yield Identity(sent.samples, UNASKED)\n",
        "    if False:\n        yield Identity(sent.samples, UNASKED)\n",
        f"{_A}test_an_arm_that_asks_no_model_passes_and_says_what_is_not_its",
    ),
    Mutant(  # nothing of a control is checked
        COUNTS,
        "    if sent.scores is None:\n        names = ",
        "    if sent.scores is None or sent.unasked:\n        names = ",
        f"{_A}test_counts_scores_splits_and_answers_are_checked_as_ever",
    ),
    Mutant(  # a control may have tokens
        COUNTS,
        "return bool(record.drafted or record.accepted or record.tokens or record.rounds)",
        "return bool(record.drafted or record.accepted)",
        f"{_A}test_an_arm_that_asks_no_model_has_no_tokens",
    ),
    Mutant(  # episodes are cut by limits as completions are by a cap
        DONE,
        "    if sent.acted is not None:\n        # Running out",
        "    if False:\n        # Running out",
        f"{_A}test_a_limit_is_no_cut_and_alike_are_whole_episodes_alone",
    ),
    Mutant(  # the second prompt is compared with the template of the first
        STAGE,
        "if turn.turn == 1 and turn.record is not None",
        "if turn.turn == 2 and turn.record is not None",
        f"{_S}test_the_first_prompt_of_a_model_is_checked_against_its_template",
    ),
    Mutant(  # a control's audit depends on a model that it has not
        STAGE,
        "if craft is not None and not craft.policy.asks:\n            data, _",
        "if craft is None and not craft.policy.asks:\n            data, _",
        f"{_S}test_a_control_is_audited_without_a_model",
    ),
]
