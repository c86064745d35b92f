"""The report on episodes: attempts read from turns, figures by level, pages and pictures."""

from xml.etree import ElementTree

import pytest
from test_analysis_tools import PROBLEMS, SPEC, record, right

from llmx.core.episode import Do, Episode, EpisodeTurn, EpisodeUse, Seen
from llmx.core.figure import Figures
from llmx.core.record import ToolCall
from llmx.core.registry import lookup
from llmx.dialogue.agent.json_format import JsonFormat
from llmx.dialogue.agent.loop import AgentTask
from llmx.papers.indata.program import read_program
from llmx.papers.indata.report.attempts import attempt_of, read_episode
from llmx.papers.indata.report.figures import AnalysisArm
from llmx.papers.indata.report.page import html, markdown, pictures, tables
from llmx.papers.indata.scorer import AnalysisScorer
from llmx.papers.indata.taxonomy import CAUSES
from llmx.report.gather import ArmFiles
from llmx.tools.toolset import ToolSession, open_toolset, specs


def acted(policy, sample):
    """Lead one episode; return it with its turns, as the stage records them."""
    toolset = open_toolset("indata", {}, "scalar")
    tools, world = toolset.offered(toolset.tools, sample), toolset.world(sample)
    session = ToolSession(tools, world, SPEC.shown)
    task = AgentTask(sample.id, (), specs(tools), JsonFormat())
    steps, told, turns = lookup("policy", policy)().episode(SPEC, task, sample), None, []
    try:
        while True:
            wanted = steps.send(told)
            told = None
            if isinstance(wanted, EpisodeTurn):
                turns.append(wanted)
            elif isinstance(wanted, Do):
                told = Seen(session.do(wanted.calls))
    except StopIteration as end:
        toolset.close(world)
        return end.value, turns


PLAYED = {
    name: [(sample, *acted(name, sample)) for sample in PROBLEMS[:15]]
    for name in ("oracle_tools", "oracle_plan", "keyword", "no_tool")
}


def read(name):
    return [
        read_episode(episode, turns, sample, right(sample, episode))
        for sample, episode, turns in PLAYED[name]
    ]


def arm(name):
    scores = {
        sample.id: AnalysisScorer().score(record(sample, episode.answer), sample)
        for sample, episode, _ in PLAYED[name]
    }
    files = ArmFiles(scores=scores, problems={s.id: s for s, *_ in PLAYED[name]}, trained=False)
    return AnalysisArm(name, files, read(name))


FIGURES = Figures(figures=tuple(one for name in PLAYED for one in arm(name).figures()))


def test_an_oracle_is_right_makes_every_call_and_has_no_cause():
    for (sample, _, _), one in zip(PLAYED["oracle_tools"], read("oracle_tools"), strict=True):
        if not sample.metadata["without"]:
            assert one.right and one.cause is None
            assert one.same_tools and one.same_calls and one.descends, sample.id


def test_an_attempt_is_read_from_its_turns():
    sample, episode, turns = next(
        one for one in PLAYED["oracle_tools"] if not one[0].metadata["without"]
    )
    attempt, gold = attempt_of(episode, turns), read_program(sample.metadata["program"])
    assert [step.tool for step in attempt.program.steps] == [
        step.tool for step in gold.steps if step.tool != "submit_answer"
    ]
    assert attempt.handle == attempt.program.steps[-1].name
    assert attempt.errors == () and attempt.ending == "submitted"


def test_wrong_answers_of_questions_that_can_be_answered_have_one_cause_each():
    for name in PLAYED:
        for (sample, *_), one in zip(PLAYED[name], read(name), strict=True):
            wanted = not one.right and not sample.metadata["without"]
            assert (one.cause in CAUSES) == wanted and (one.cause is None) == (not wanted)


def test_answers_from_nowhere_are_right_without_descent():
    """The gold program's answer without a call: right, and of no table."""
    stray = {one.arm: one.span.estimate for one in FIGURES.of("called: no descent")}
    assert stray["oracle_plan"] == 1 and stray["oracle_tools"] == 0


def test_a_guess_calls_nothing_and_descends_from_nothing():
    assert not any(one.same_calls or one.descends for one in read("no_tool"))


@pytest.mark.parametrize("arguments", ["", "[]", "{", '{"table": NaN}', '{"a": 1, "a": 2}'])
def test_calls_that_are_no_json_are_no_steps(arguments):
    call = ToolCall(id="c", name="count_rows", arguments=arguments)
    turn = EpisodeTurn(id="p", turn=1, record=None, calls=(call, call))
    end = Episode(id="p", ending="out_of_turns", answer="", use=EpisodeUse())
    found = attempt_of(end, [turn])
    assert (found.program, found.repeated, found.ending) == (None, 2, "turns")


def test_levels_and_shapes_part_the_same_problems():
    for name in PLAYED:
        own = [one for one in FIGURES.figures if one.arm == name]
        whole = len(PLAYED[name])
        assert sum(o.n for o in own if o.quantity.startswith("accuracy, ")) == whole
        for key in ("steps", "depth", "branches"):
            points = [o for o in own if o.quantity == f"accuracy by {key}"]
            assert sum(o.n for o in points) == whole
            hits = sum(o.n * o.span.estimate for o in points)
            assert hits == pytest.approx(sum(one.right for one in read(name)))
        ends = [o.span.estimate for o in own if o.quantity.startswith("ended: ")]
        assert sum(ends) == pytest.approx(1)


def test_causes_of_a_level_add_up_to_what_is_wrong_there():
    for level in ("easy", "medium", "hard"):
        own = [one for one in read("keyword") if one.level == level]
        found = sum(
            one.span.estimate
            for one in FIGURES.figures
            if one.quantity.startswith("cause: ")
            and one.arm == "keyword"
            and one.quantity.endswith(f", {level}")
        )
        assert found * len(own) == pytest.approx(sum(one.cause is not None for one in own))


def test_pages_have_every_table_and_every_picture_is_xml():
    text, page = markdown("T", FIGURES, ["`x` is lost"]), html("T", FIGURES)
    for one in tables(FIGURES):
        assert f"## {one.title}" in text and f">{one.title}</h2>" in page
    assert {"Accuracy", "Endings", "Causes", "Calls"} <= {one.title for one in tables(FIGURES)}
    assert "`x` is lost" in text and "compares with published" in text
    drawn = pictures(FIGURES)
    assert {"by-level", "by-steps", "causes"} <= {*drawn}
    for svg in drawn.values():
        ElementTree.fromstring(svg)
    assert page.count("<figure") == len(drawn)
    assert markdown("T", FIGURES) == markdown("T", FIGURES)


def test_of_nothing_there_is_a_page():
    assert pictures(Figures()) == {} and "# T" in markdown("T", Figures())
