"""One episode's tools: handles, faults, what is seen, and what a policy takes away."""

import json

import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from random_programs import COMPUTING, Drawing, random_world

from llmx.core.record import ToolCall
from llmx.papers.indata.arguments import TOOLS
from llmx.papers.indata.disclosure.policies import DisclosureSpec, policy_of
from llmx.papers.indata.executors.polars_executor import PolarsExecutor
from llmx.papers.indata.session import AnalysisSession
from llmx.papers.indata.tables.drawn_world import WorldSpec, drawn_world
from llmx.tools.toolset import ToolSession

WORLD = drawn_world(WorldSpec(domain="sales", seed="s", tables=3)).world
OTHER = WorldSpec(domain="sales", seed="other", tables=3)
KEY = b"secret"


class Called:
    """A session whose tools are called by their names, as a model calls them."""

    def __init__(self, executor, key, **settings):
        self.session = AnalysisSession(executor, key, **settings)
        self.tools = ToolSession(tuple(TOOLS.values()), self.session, (10**6, 0))

    def call(self, tool, given_):
        asked = ToolCall(id="", name=tool, arguments=json.dumps(given_))
        (seen,) = self.tools.do([asked])
        if seen.text.startswith("{"):
            return json.loads(seen.text)
        return {"error": {"code": seen.fault, "message": seen.text}}


EXECUTOR = PolarsExecutor(WORLD)


def opened(key=KEY, **settings):
    return Called(EXECUTOR, key, **settings)


def filtered(session, **more):
    given_ = {"table": "orders", "column": "quantity", "op": "gt", "value": 30, **more}
    return session.call("filter_rows", given_)


def held(answer):
    return {"handle": answer["handle"]}


def test_there_are_26_tools_each_with_schema_and_document():
    shown = [tool.spec() for tool in TOOLS.values()]
    assert [one.name for one in shown] == list(TOOLS) and len(shown) == 26
    for one in shown:
        assert one.description and one.parameters["additionalProperties"] is False
        json.dumps(one.parameters)


def test_handles_are_of_one_episode_and_cannot_be_guessed():
    one, other = opened(), opened(b"another")
    first = filtered(one)
    assert filtered(opened()) == first
    assert filtered(other)["handle"] != first["handle"]
    assert other.call("count_rows", {"table": held(first)})["error"]["code"] == "stale_handle"
    one.session.close()
    assert one.call("count_rows", {"table": held(first)})["error"]["code"] == "ended"


def test_a_text_that_looks_like_a_handle_is_a_name():
    session = opened()
    handle = filtered(session)["handle"]
    assert session.call("count_rows", {"table": handle})["error"]["code"] == "unknown_table"


SEEN = {
    "blind": {"handle", "kind", "columns"},
    "shape": {"handle", "kind", "columns", "rows"},
    "scalar": {"handle", "kind", "columns", "rows"},
    "full": {"handle", "kind", "columns", "rows", "values"},
}


@pytest.mark.parametrize("mode", list(SEEN))
def test_how_much_is_seen(mode):
    session = opened(observation=mode)
    table = filtered(session)
    assert set(table) == SEEN[mode]
    number = session.call("count_rows", {"table": held(table)})
    assert ("value" in number) == (mode in ("scalar", "full"))
    groups = {
        "table": held(table),
        "keys": ["channel"],
        "aggregates": [{"name": "n", "op": "count"}],
    }
    assert ("values" in session.call("group_aggregate", groups)) == (mode in ("scalar", "full"))


FAULTS = [
    ("no_such_tool", {}, "unknown_tool", ""),
    ("count_rows", {}, "missing_argument", "table"),
    ("count_rows", {"table": "orders", "x": 1}, "unknown_argument", "x"),
    ("count_rows", {"table": "no"}, "unknown_table", "table"),
    ("count_rows", {"table": {"handle": "r0"}}, "stale_handle", "table"),
    ("filter_rows", {"table": "orders", "column": "no", "op": "eq", "value": 1},
     "unknown_column", "column"),
    ("filter_rows", {"table": "orders", "column": "channel", "op": "gt", "value": "web"},
     "ill_typed", "op"),
    ("filter_rows", {"table": "orders", "column": "channel", "op": "eq", "value": "moon"},
     "unknown_label", "value"),
    ("filter_rows", {"table": "orders", "column": "quantity", "op": "eq", "value": "3"},
     "ill_typed", "value"),
    ("filter_rows", {"table": "orders", "column": "quantity", "op": "eq", "value": 10**30},
     "ill_typed", None),
    ("filter_rows", {"table": "orders", "column": "quantity", "op": "eq", "value": float("nan")},
     "not_json", None),
    ("filter_rows", {"table": "orders", "column": "ordered", "op": "ge", "value": "1 May"},
     "ill_typed", "value"),
    ("filter_rows", {"table": "orders", "column": "quantity", "op": "between", "value": [1]},
     "ill_typed", "value"),
    ("sort_rows", {"table": "orders", "keys": ["quantity"], "directions": []},
     "out_of_range", None),
    ("take_rows", {"table": "orders", "n": 3}, "not_sorted", "table"),
    ("take_rows", {"table": "orders", "n": 0}, "out_of_range", "n"),
    ("get_value", {"table": "orders", "row_position": 1, "column": "quantity"},
     "not_aggregated", "table"),
    ("combine_rows", {"left": "orders", "right": "shops", "mode": "union"}, "other_base", "right"),
    ("derive_arithmetic", {"table": "orders", "new_column": "quantity", "op": "add",
                           "a": "quantity", "b": 1}, "name_taken", "new_column"),
    ("derive_arithmetic", {"table": "orders", "new_column": "x\"; DROP", "op": "add",
                           "a": "quantity", "b": 1}, "out_of_range", "new_column"),
    ("derive_date_part", {"table": "orders", "new_column": "h", "column": "ordered",
                          "part": "hour"}, "ill_typed", "column"),
    ("derive_bin", {"table": "orders", "new_column": "h", "column": "quantity", "edges": [2, 1]},
     "out_of_range", None),
    ("distinct_rows", {"table": "orders", "columns": ["unit_price"]}, "ill_typed", "columns"),
    ("correlate", {"table": "orders", "x": "quantity", "y": "channel"}, "ill_typed", "y"),
    ("aggregate_column", {"table": "orders", "column": "quantity", "op": "quantile"},
     "out_of_range", None),
    ("scalar_arithmetic", {"op": "round", "a": 1.5, "b": 0.5}, "out_of_range", None),
    ("compare_scalars", {"op": "lt", "a": "x", "b": "y"}, "ill_typed", "op"),
    ("pivot_table", {"table": "orders", "index": ["channel"], "columns": "quantity",
                     "values": "unit_price", "op": "mean"}, "ill_typed", "columns"),
    ("group_aggregate", {"table": "orders", "keys": ["channel"],
                         "aggregates": [{"name": "channel", "op": "count"}]},
     "name_taken", "aggregates"),
    ("join_tables", {"left": "orders", "right": "shops",
                     "on": [{"left": "quantity", "right": "name"}]}, "ill_typed", "on"),
    ("submit_answer", {"value": {"handle": "r0"}}, "stale_handle", "value"),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "given_", "code", "path"), FAULTS)
def test_every_fault_has_its_code_and_place_and_says_no_cell(tool, given_, code, path):
    session = opened()
    error = session.call(tool, given_)["error"]
    assert error["code"] == code
    if path and "path" not in error:  # told from the schema
        assert f" {path} " in error["message"] or code == "unknown_argument"
    elif path is not None and "path" in error:
        assert error["path"] == path
    assert "\n" not in error["message"] and not session.session.steps
    assert opened().call(tool, given_) == {"error": error}


def test_rows_of_two_tables_are_not_combined_though_their_columns_are_alike():
    session = opened()
    made = [session.call("distinct_rows", {"table": "orders", "columns": ["channel"]})
            for _ in range(2)]  # fmt: skip
    left, right = map(held, made)
    error = session.call("combine_rows", {"left": left, "right": right, "mode": "union"})["error"]
    assert (error["code"], error["path"]) == ("other_base", "right")
    same = session.call("combine_rows", {"left": left, "right": left, "mode": "union"})
    assert same["rows"] == made[0]["rows"]


def test_errors_depend_on_the_schema_alone():
    """The same calls on other rows are refused in the same words."""
    there, here = Called(PolarsExecutor(drawn_world(OTHER).world), KEY), opened()
    for tool, given_, _, _ in FAULTS:
        assert there.call(tool, given_) == here.call(tool, given_)


def test_an_answer_is_a_literal_or_a_result_and_ends_the_episode():
    session = opened()
    number = session.call("count_rows", {"table": held(filtered(session))})
    assert session.call("submit_answer", {"value": held(number), "unit": "orders"})["submitted"]
    assert (
        session.session.answer.value == number["value"] and session.session.answer.unit == "orders"
    )
    assert session.session.provenance() == {"orders"}
    assert filtered(session)["error"]["code"] == "ended"
    literal = opened()
    literal.call("submit_answer", {"value": number["value"]})
    assert literal.session.answer.value == number["value"] and not literal.session.provenance()
    mapping = opened()
    groups = {"table": "orders", "keys": ["channel"], "aggregates": [{"name": "n", "op": "count"}]}
    made = mapping.call("group_aggregate", groups)
    mapping.call("submit_answer", {"value": held(made)})
    assert mapping.session.answer.value == dict(made["values"])


def guarded(policy, **settings):
    return opened(policy=policy_of(DisclosureSpec(policy=policy, **settings)))


def few(session, count_):
    given_ = {"table": "orders", "column": "order_id", "op": "le", "value": count_}
    return held(session.call("filter_rows", given_))


def test_a_policy_suppresses_and_does_not_say_how_many():
    session = guarded("minimum")
    sums = [
        session.call(
            "aggregate_column", {"table": few(session, n), "column": "quantity", "op": "sum"}
        )
        for n in (4, 5)
    ]
    assert sums[0] == {"error": {"code": "suppressed", "path": "",
                                 "message": "the result is suppressed"}}  # fmt: skip
    assert "value" in sums[1]


def test_a_group_that_is_too_small_is_left_out():
    session = guarded("minimum")
    made = {"keys": ["channel"], "aggregates": [{"name": "n", "op": "count"}]}
    small = session.call("group_aggregate", {"table": few(session, 12), **made})
    whole = opened().call("group_aggregate", {"table": few(opened(), 12), **made})
    assert "error" in whole  # a handle of another session
    free = opened()
    known = dict(free.call("group_aggregate", {"table": few(free, 12), **made})["values"])
    assert dict(small["values"]) == {label: n for label, n in known.items() if n >= 5}


def test_rows_are_followed_through_joins():
    """Many orders of three shops, joined to the shops, are three shops' rows."""
    session = guarded("minimum")

    def asked(shops):
        kept = {"table": "shops", "column": "shop_id", "op": "le", "value": shops}
        left = held(session.call("filter_rows", kept))
        on = [{"left": "shop_id", "right": "shop_id"}]
        joined = session.call("join_tables", {"left": left, "right": "orders", "on": on})
        assert "rows" not in joined
        return session.call("count_rows", {"table": held(joined)})

    assert asked(3)["error"]["code"] == "suppressed"
    assert "value" in asked(9)


def test_the_audit_stops_differences_in_the_tools_too():
    session = guarded("audit")
    rows = [few(session, n) for n in (50, 51)]
    asked = {"column": "quantity", "op": "sum"}
    told = [session.call("aggregate_column", {"table": table, **asked}) for table in rows]
    assert "value" in told[0] and told[1]["error"]["code"] == "suppressed"
    ranked = {"table": "orders", "new_column": "r", "column": "quantity"}
    assert session.call("derive_rank", ranked)["error"]["code"] == "suppressed"


@given(st.randoms(use_true_random=False))
@settings(max_examples=count(20, 500))
def test_the_same_calls_give_the_same_observations(rng):
    """Random calls through two sessions; and a session's program runs again to its results."""
    world = random_world(rng)
    drawing = Drawing(rng, world)
    for _ in range(5):
        drawing.step(COMPUTING)
    sessions = [Called(PolarsExecutor(world), KEY) for _ in range(2)]
    names = {}
    for step in drawing.steps:
        text = json.dumps(step.arguments.model_dump(mode="json", exclude_none=True))
        for old, new in names.items():
            text = text.replace(f'"handle": "{old}"', f'"handle": "{new}"')
        seen = [one.call(step.tool, json.loads(text)) for one in sessions]
        assert seen[0] == seen[1] and "error" not in seen[0], seen[0]
        names[step.name] = seen[0]["handle"]
    again = PolarsExecutor(world).program(sessions[0].session.program())
    for name, result in sessions[0].session.results.items():
        assert again[name].schema == result.schema
