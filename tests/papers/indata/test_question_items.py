"""Questions with certificates: levels, splits, necessity, what is refused, and the same again."""

import json
from collections import Counter
from random import Random

import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_executor import PlainExecutor
from test_three_executors import close

from llmx.core.errors import ConfigError, DataError
from llmx.core.spec import DataSpec
from llmx.papers.indata.answers import UNKNOWN, as_answer, equal
from llmx.papers.indata.check import schemas
from llmx.papers.indata.dataset import Indata, world_of
from llmx.papers.indata.executors.duckdb_executor import DuckdbExecutor
from llmx.papers.indata.executors.polars_executor import PolarsExecutor
from llmx.papers.indata.items.item import TEMPLATES, agrees, draw_item, held_out, workbench
from llmx.papers.indata.items.necessity import decorative
from llmx.papers.indata.program import read_program, shape_of
from llmx.papers.indata.schema import CallError
from llmx.papers.indata.tables.domains import DOMAINS
from llmx.papers.indata.tables.drawn_world import WorldSpec, drawn_world

SPEC = DataSpec(kind="indata", test=60, calibration=6, train=12, heldout=24)
DATA = Indata(SPEC)
TEST = DATA.split("test")
ANSWERED = [one for one in TEST if not one.metadata["without"]]


def program_of(sample):
    return read_program(sample.metadata["program"])


def comes_to(sample, world, engine=PolarsExecutor):
    found = engine(world).answer(program_of(sample))
    return as_answer(found, sample.metadata["answer_type"])


def answer_of(sample):
    return json.loads(sample.answer)


def test_levels_take_turns_and_are_what_their_programs_are():
    assert Counter(one.metadata["level"] for one in TEST) == {"easy": 20, "medium": 20, "hard": 20}
    for one in TEST:
        shape = shape_of(program_of(one))
        assert shape.level == one.metadata["level"]
        keys = ("steps", "depth", "branches")
        assert [one.metadata[key] for key in keys] == [shape.steps, shape.depth, shape.branches]


def test_there_are_forty_templates_and_a_quarter_is_held_out():
    names = [name for made in TEMPLATES.values() for name in made]
    assert len(set(names)) == len(names) >= 40
    assert all(len(held_out(level)) == len(TEMPLATES[level]) // 4 for level in TEMPLATES)


def test_no_two_splits_share_a_question_or_a_table_and_held_out_templates_stay_out():
    splits = {name: DATA.split(name) for name in ("test", "calibration", "heldout", "train")}
    questions = [one.question for samples in splits.values() for one in samples]
    assert len(set(questions)) == len(questions)
    worlds = [{s.metadata["world"]["seed"] for s in samples} for samples in splits.values()]
    assert len(set().union(*worlds)) == sum(map(len, worlds))
    out = {name for level in TEMPLATES for name in held_out(level)}
    for name, samples in splits.items():
        assert all((one.cluster in out) == (name == "heldout") for one in samples)


def test_a_specification_gives_the_same_problems_again():
    again = Indata(SPEC).split("test", 12)
    assert again == TEST[:12]
    other = Indata(SPEC.model_copy(update={"seed": 1})).split("test", 12)
    assert {one.question for one in other} != {one.question for one in again}


@pytest.mark.parametrize("engine", [DuckdbExecutor, PlainExecutor])
def test_every_certificate_holds_on_the_other_engines(engine):
    for one in ANSWERED[:: 4 if engine is PlainExecutor else 2]:
        found = comes_to(one, world_of(one), engine)
        assert agrees(found, answer_of(one), one.metadata["answer_type"]), one.id


@given(st.randoms(use_true_random=False), st.integers(0, 10**6))
@settings(max_examples=count(15, 500))
def test_no_answer_changes_under_row_order(rng, at):
    sample = ANSWERED[at % len(ANSWERED)]
    world = world_of(sample)
    orders = {}
    for name, cells in world.tables.items():
        orders[name] = list(range(len(next(iter(cells.values())))))
        rng.shuffle(orders[name])
    found = comes_to(sample, world.reordered(orders))
    assert agrees(found, answer_of(sample), sample.metadata["answer_type"])


def test_every_step_is_needed():
    for one in ANSWERED[::3]:
        executor = PolarsExecutor(world_of(one))
        kind, answer = one.metadata["answer_type"], answer_of(one)
        assert decorative(program_of(one), executor, kind, answer) is None


def test_a_step_that_changes_nothing_is_found():
    world = drawn_world(WorldSpec(domain="sales", seed="1", tables=1)).world
    first = {"table": "orders", "column": "quantity", "op": "ge", "value": -1}
    program = read_program([
        {"name": "a", "tool": "filter_rows", "arguments": first},
        {"name": "b", "tool": "count_rows", "arguments": {"table": {"handle": "a"}}},
    ])  # fmt: skip
    executor = PolarsExecutor(world)
    assert decorative(program, executor, "integer", executor.answer(program)) == "a"


def test_a_question_without_what_it_needs_cannot_be_answered():
    lacking = [one for one in TEST if one.metadata["without"]]
    spec = SPEC.model_copy(update={"options": {"unanswerable": 1.0}, "test": 24})
    lacking += Indata(spec).split("test")
    assert len(lacking) >= 24 and {len(one.metadata["without"]) for one in lacking} == {1}
    for one in lacking:
        assert one.answer == f'"{UNKNOWN}"'
        if "column" in one.metadata["without"]:
            with pytest.raises(CallError):
                schemas(program_of(one), world_of(one).catalogue)
            assert one.metadata["without"]["column"].split(".")[1] not in {
                column.name
                for table in world_of(one).catalogue.tables
                if table.name == one.metadata["without"]["column"].split(".")[0]
                for column in table.columns
            }
    assert {next(iter(one.metadata["without"])) for one in lacking} == {"column", "tool"}


def optioned(**options):
    return Indata(SPEC.model_copy(update={"options": options, "test": 12})).split("test")


def test_names_and_hints_leave_the_questions_as_they_are():
    plain, opaque = optioned(), optioned(names="opaque")
    asked = [one.metadata["asked"] for one in plain]
    assert [one.metadata["asked"] for one in opaque] == asked
    assert [one.answer for one in opaque] == [one.answer for one in plain]
    names = [c.name for t in world_of(opaque[0]).catalogue.tables for c in t.columns]
    assert all(name[0] == "c" and name[1:].isdigit() for name in names)
    told = optioned(hints="plan")
    assert all("Hint: 1." in one.question for one in told)
    tools = optioned(hints="tools")
    for one in tools:
        assert all(step["tool"] in one.question for step in one.metadata["program"])


def test_a_model_is_shown_columns_and_no_cell():
    one = TEST[0]
    (message,) = one.turns
    world = world_of(one)
    for table in world.catalogue.tables:
        assert all(f"  {column.name} (" in message.content for column in table.columns)
    for name in {value for cells in world.tables.values() for value in cells.get("name", ())}:
        assert name not in message.content + one.question


@pytest.mark.parametrize("domain", [one.name for one in DOMAINS])
@pytest.mark.parametrize("names", ["plain", "opaque"])
def test_tables_have_200_to_5000_rows_and_are_joined(domain, names):
    for tables in (1, 2, 3):
        drawn = drawn_world(WorldSpec(domain=domain, seed="x", tables=tables, names=names))
        sizes = {n: len(next(iter(c.values()))) for n, c in drawn.world.tables.items()}
        assert len(sizes) == tables and 200 <= max(sizes.values()) <= 5000
        assert len(drawn.wording.keys) == tables - 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"levels": ["impossible"]}, "are not levels"),
        ({"levels": []}, "are not levels"),
        ({"tables": [4]}, "numbers of tables"),
        ({"domains": ["persons"]}, "are not domains"),
        ({"templates": ["no_such"]}, "no template 'no_such'"),
        ({"unanswerable": 2.0}, "unanswerable"),
        ({"hints": "all"}, "hints"),
        ({"distractors": 3}, "distractors"),
        ({"names": "secret"}, "names"),
    ],
)
def test_options_that_cannot_be_are_refused_in_one_line(options, said):
    with pytest.raises(ConfigError) as error:
        Indata(SPEC.model_copy(update={"options": options}))
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_domain_or_column_that_is_not_there_is_refused():
    with pytest.raises(DataError, match="no domain"):
        drawn_world(WorldSpec(domain="x", seed="1"))
    with pytest.raises(DataError, match="to leave out"):
        drawn_world(WorldSpec(domain="sales", seed="1", without=("orders.x",)))


@pytest.mark.parametrize("level", list(TEMPLATES))
def test_every_template_is_kept_sometimes_and_never_with_a_missing_answer(level):
    specs = [WorldSpec(domain=one.name, seed="all") for one in DOMAINS]
    rng = Random(0)
    for name in TEMPLATES[level]:
        draws = (draw_item(workbench(specs[0]), rng, level, name) for _ in range(60))
        found = next((one for one in draws if one is not None), None)
        assert found is not None, name
        assert found.answer is not None and found.template == name and found.question[-1] in "?."
        assert equal(found.answer, found.answer, found.answer_type)


def test_closeness_of_engines_is_what_it_says():
    assert close(1.0, 1.0 + 1e-12) and not close(1.0, 1.001) and not close(1, 1.0)
