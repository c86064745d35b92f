"""The tools as an episode calls them, and what acts in place of a model."""

import json
from random import Random

import pytest

from llmx.core.episode import Do, Said, Say, Seen
from llmx.core.errors import ConfigError
from llmx.core.record import Message, Record, ToolCall
from llmx.core.registry import lookup
from llmx.core.spec import DataSpec
from llmx.dialogue.agent.json_format import JsonFormat
from llmx.dialogue.agent.loop import AgentTask
from llmx.dialogue.agent.plan_format import PlanFormat
from llmx.dialogue.agent.section import AgentSection
from llmx.papers.indata.dataset import Indata, world_of
from llmx.papers.indata.planner.plan_text import drawn_symbols, plan_text
from llmx.papers.indata.policies import calls_of
from llmx.papers.indata.program import read_program
from llmx.papers.indata.scorer import AnalysisScorer
from llmx.tools.toolset import ToolSession, chosen_tools, open_toolset, specs

OPTIONS = {"unanswerable": 0.3}
PROBLEMS = Indata(DataSpec(kind="indata", test=24, options=OPTIONS)).split("test")
ANSWERABLE = [one for one in PROBLEMS if not one.metadata["without"]]
SPEC = AgentSection(max_turns=30, max_calls=30)


def played(policy, sample, options=None, observation="scalar", says=None, form=None):
    """Lead one episode with the tools of its problem; return it, and its observations."""
    toolset = open_toolset("indata", options or {}, observation)
    tools = toolset.offered(toolset.tools, sample)
    world = toolset.world(sample)
    session = ToolSession(tools, world, SPEC.shown)
    turns = (Message(role="user", content=sample.question),)
    task = AgentTask(sample.id, turns, specs(tools), form or JsonFormat())
    steps, told, seen = lookup("policy", policy)().episode(SPEC, task, sample), None, []
    try:
        while True:
            wanted = steps.send(told)
            told = None
            if isinstance(wanted, Say):
                told = Said(record(sample, says(wanted)))
            elif isinstance(wanted, Do):
                told = Seen(session.do(wanted.calls))
                seen += told.observations
    except StopIteration as end:
        toolset.close(world)
        return end.value, seen


def record(sample, text):
    said = {"prompt_ids": (), "completion_ids": (1,), "prompt": "", "finish": "eos", "rounds": 0}
    return Record(id=sample.id, text=text, **said)


def right(sample, episode):
    return AnalysisScorer().score(record(sample, episode.answer), sample).correct


def accuracy(policy, problems=PROBLEMS, **more):
    return sum(right(one, played(policy, one, **more)[0]) for one in problems) / len(problems)


def test_problems_lack_tools_and_columns():
    assert {*(key for one in PROBLEMS for key in one.metadata["without"])} == {"tool", "column"}


def test_the_gold_program_is_right_whoever_runs_it_and_whatever_is_seen():
    assert accuracy("oracle_plan") == 1.0
    for observation in ("blind", "shape", "scalar", "full"):
        assert accuracy("oracle_tools", observation=observation) == 1.0


def test_words_chance_and_the_catalogue_are_hardly_ever_right():
    assert accuracy("random_tool", ANSWERABLE) <= 0.1
    assert accuracy("no_tool", ANSWERABLE) <= 0.2
    assert accuracy("keyword", ANSWERABLE) < 0.5


def test_gold_calls_go_through_the_tools_one_a_turn():
    one = ANSWERABLE[0]
    episode, seen = played("oracle_tools", one)
    assert (episode.ending, episode.use.calls) == ("submitted", len(one.metadata["program"]) + 1)
    assert [obs.name for obs in seen[:-1]] == [step["tool"] for step in one.metadata["program"]]
    assert all(obs.handle and obs.fault is None for obs in seen[:-1])


def test_what_a_problem_lacks_is_not_offered_and_distractors_are():
    toolset = open_toolset("indata", {})
    lacking = next(one for one in PROBLEMS if "tool" in one.metadata["without"])
    assert lacking.metadata["without"]["tool"] not in names(toolset, lacking)
    whole = names(toolset, ANSWERABLE[0])
    more = ANSWERABLE[0].model_copy(
        update={"metadata": {**ANSWERABLE[0].metadata, "distractors": 10}}
    )
    assert names(toolset, more)[: len(whole)] == whole and len(names(toolset, more)) == 36
    some = chosen_tools(toolset, ["count_rows", "submit_answer"])
    assert [tool.tool for tool in toolset.offered(some, lacking)] == ["count_rows", "submit_answer"]


def events(sample):
    return world_of(sample).catalogue.tables[0].name


def names(toolset, sample):
    return [tool.tool for tool in toolset.offered(toolset.tools, sample)]


def test_a_distractor_computes_nothing_and_leaves_the_answer_right():
    one = ANSWERABLE[0].model_copy(
        update={"metadata": {**ANSWERABLE[0].metadata, "distractors": 50}}
    )
    toolset = open_toolset("indata", {})
    tools = toolset.offered(toolset.tools, one)
    table = json.dumps({"table": events(one)})
    asked = ToolCall(id="", name=tools[-1].tool, arguments=table)
    (seen,) = ToolSession(tools, toolset.world(one), (500, 0)).do([asked])
    assert json.loads(seen.text)["code"] == "done" and not seen.handle
    assert right(one, played("oracle_tools", one)[0])


@pytest.mark.parametrize("rule", ["minimum", "complement", "overlap", "audit", "queries"])
def test_a_rule_that_withholds_a_result_ends_in_a_refusal(rule):
    options = {"disclosure": {"policy": rule, "minimum": 10_000}}
    for one in ANSWERABLE[:6]:
        episode, seen = played("oracle_tools", one, options=options)
        held = [obs.fault for obs in seen if obs.fault]
        assert held in ([], ["suppressed"])
        if held:
            assert episode.answer == "Answer: cannot_be_determined"
        assert not right(one, episode)


def test_rules_withhold_more_the_stricter_they_are():
    found = {rule: accuracy("oracle_tools", ANSWERABLE, options={"disclosure": rule})
             for rule in ("off", "minimum", "complement", "overlap", "audit")}  # fmt: skip
    assert found["off"] == 1.0
    assert found["minimum"] >= found["complement"] >= found["overlap"] >= found["audit"]
    assert found["audit"] < 1.0


def test_rounding_is_of_what_is_read_of_rows_and_of_nothing_twice():
    options = {"disclosure": {"policy": "rounding", "base": 1e-9}}
    assert accuracy("oracle_tools", ANSWERABLE, options=options) == 1.0
    world = open_toolset("indata", {"disclosure": "rounding"}).world(ANSWERABLE[0])
    table = events(ANSWERABLE[0])
    tools = ToolSession(open_toolset("indata", {}).tools, world, (5000, 0))

    def value(tool, **given):
        (seen,) = tools.do([ToolCall(id="", name=tool, arguments=json.dumps(given))])
        return json.loads(seen.text)

    count = value("count_rows", table=table)
    assert count["value"] % 10 == 0
    part = value("scalar_arithmetic", op="div", a={"handle": count["handle"]}, b=1000)
    assert part["value"] == pytest.approx(count["value"] / 1000)
    column = next(
        c for c in value("describe_table", table=table)["columns"] if c["type"] == "category"
    )
    groups = {"keys": [column["name"]], "aggregates": [{"name": "n", "op": "count"}]}
    assert all(n % 10 == 0 for _, n in value("group_aggregate", table=table, **groups)["values"])


@pytest.mark.parametrize(
    ("options", "observation", "says"),
    [
        ({"disclosure": {"policy": "minimum", "minimum": -1}}, "scalar", "disclosure.minimum"),
        ({"disclosure": {"policy": "queries", "queries": 0}}, "scalar", "disclosure.queries"),
        ({"disclosure": {"policy": "rounding", "base": 0}}, "scalar", "disclosure.base"),
        ({"disclosure": "privacy"}, "scalar", "disclosure.policy"),
        ({"disclosure": 5}, "scalar", "disclosure"),
        ({"privacy": 1}, "scalar", "privacy"),
        ({"disclosure": "minimum"}, "full", "shows rows"),
    ],
)
def test_settings_that_do_not_fit_are_refused_in_one_line(options, observation, says):
    with pytest.raises(ConfigError) as refused:
        open_toolset("indata", options, observation)
    assert says in str(refused.value) and "\n" not in str(refused.value)


def as_plan(sample):
    """Return the gold program as a model writes it in the form `plan`."""
    steps = [
        ToolCall(id=step["name"], name=step["tool"], arguments=json.dumps(refs(step["arguments"])))
        for step in sample.metadata["program"]
    ]
    last = json.dumps({"value": {"ref": steps[-1].id}})
    return PlanFormat().written([*steps, ToolCall(id="end", name="submit_answer", arguments=last)])


def refs(held):
    if isinstance(held, dict):
        if held.keys() == {"handle"}:
            return {"ref": held["handle"]}
        return {name: refs(one) for name, one in held.items()}
    return [refs(one) for one in held] if isinstance(held, list) else held


def test_a_whole_plan_of_a_model_refers_to_its_own_steps():
    for one in ANSWERABLE:
        episode, seen = played(
            "model", one, says=lambda _, one=one: as_plan(one), form=PlanFormat()
        )
        assert (episode.ending, episode.use.turns) == ("submitted", 1)
        assert right(one, episode), [obs.text for obs in seen]


def planner(sample, wrong=False):
    """Return what answers a planner's prompt with the gold plan, by the symbols that it shows."""

    def says(say):
        (shown,) = say.turns
        symbols = drawn_symbols(world_of(sample).catalogue, Random(f"symbols/{sample.id}/0"))
        assert all(f"{symbol} " in shown.content for symbol in symbols.columns.values())
        return plan_text(read_program(sample.metadata["program"]), symbols)

    return says


def test_a_planners_words_are_called_step_by_step():
    for one in ANSWERABLE:
        episode, seen = played("indata_planner", one, says=planner(one))
        assert right(one, episode) and episode.use.calls == len(seen) > 1
        assert episode.use.turns == 1 + len(seen)


NO_PLANS = [
    ("unknown", "Answer: cannot_be_determined"),
    ("count_rows", ""),
    ("hello", ""),
    ("", ""),
]


@pytest.mark.parametrize(("text", "answer"), NO_PLANS)
def test_a_planner_that_has_no_plan_calls_nothing(text, answer):
    episode, seen = played("indata_planner", ANSWERABLE[0], says=lambda _: text)
    assert (episode.answer, seen) == (answer, [])
    assert episode.ending == ("no_call" if answer else "malformed")


def test_the_same_problem_has_the_same_handles_and_another_has_others():
    one, other = ANSWERABLE[:2]
    toolset = open_toolset("indata", {})
    assert toolset.world(one).key == toolset.world(one).key != toolset.world(other).key
    assert calls_of(read_program(one.metadata["program"]))([])[0].arguments
