"""A pool is drawn block by block: what is there is not drawn again, and no draw knows of others."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from native_folders import needs_compiler

from llmx.core.errors import ConfigError, StoreError
from llmx.core.progress import Silent
from llmx.core.record import Record, as_json
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, RunSpec, SamplerSpec, StageSpec
from llmx.core.speech import Request
from llmx.engines.hf import HfEngine
from llmx.engines.kernel import with_kernels
from llmx.engines.native.model import NativeLlama
from llmx.engines.scripted import ScriptedEngine
from llmx.graph.execute import execute
from llmx.graph.graph import Graph, Node, build_graph, entry_of
from llmx.graph.observer import SilentObserver
from llmx.graph.parts import context_of
from llmx.store.files import read_lines

POOL = StageSpec(name="pool", kind="pool")


def arm(problems: int, draws: int, **changes: object) -> ArmSpec:
    settings: dict = {
        "model": ModelSpec(target="zoo:gsm_draft"),
        "data": DataSpec(kind="gsm_symbolic", templates=(43, 10), test=problems),
        "engine": EngineSpec(batch_size=5),
        "sampler": SamplerSpec(algorithm="target", temperature=1.0, top_p=1.0, max_tokens=6),
        "more": {"pool": {"draws": draws}},
        **changes,
    }
    return ArmSpec(**settings)


def graph_of(problems: int = 5, draws: int = 16, stages=(POOL,), **changes: object) -> Graph:
    arms = {"a": arm(problems, draws, **changes)}
    return build_graph(
        with_kernels(RunSpec(name="t", group="g", source="-", stages=stages, arms=arms))
    )


def nodes(graph: Graph) -> tuple[list[Node], Node]:
    """The blocks, in order, and the whole."""
    whole = graph.find("pool", "a")
    blocks = [node for node in graph if node.portion]
    assert whole is not None and graph.nodes[-1] is whole and not whole.portion
    return blocks, whole


def bring(cache: Path, **of: object) -> bytes:
    graph = graph_of(**of)
    execute(graph, cache, SilentObserver())
    return (entry_of(cache, nodes(graph)[1]).folder / "samples.jsonl").read_bytes()


def drawn(text: bytes) -> list[tuple[str, int]]:
    return [(row["id"], row.get("draw", 0)) for row in map(json.loads, text.splitlines())]


def counted(monkeypatch, hook=lambda asked: None) -> list[tuple[str, int]]:
    """Return what is asked of the engine from now on, as it is asked; `hook` may stop it."""
    asked: list[tuple[str, int]] = []
    finished = HfEngine.finished

    def watched(engine, requests):
        for place, record in finished(engine, requests):
            hook(asked)
            asked.append((record.id, record.draw))
            yield place, record

    monkeypatch.setattr(HfEngine, "finished", watched)
    return asked


@pytest.mark.parametrize(
    ("draws", "blocks"),
    [
        (1, ["0 to 0"]),
        (8, ["0 to 7"]),
        (9, ["0 to 7", "8 to 8"]),
        (24, ["0 to 7", "8 to 15", "16 to 23"]),
    ],
)
def test_a_pool_falls_into_blocks_of_eight(draws, blocks):
    found, whole = nodes(graph_of(draws=draws))
    assert [node.portion for node in found] == [f"draws {block}" for block in blocks]
    assert list(whole.inputs.values()) == [node.fingerprint for node in found]
    assert found[0].title == f"pool a draws {blocks[0]}"


def test_a_block_does_not_know_how_many_there_are():
    small, large = nodes(graph_of(draws=16)), nodes(graph_of(draws=32))
    assert [node.fingerprint for node in large[0][:2]] == [node.fingerprint for node in small[0]]
    assert large[1].fingerprint != small[1].fingerprint


def test_two_arms_that_differ_in_their_number_of_draws_share_blocks():
    arms = {"few": arm(5, 8), "many": arm(5, 16)}
    graph = build_graph(RunSpec(name="t", group="g", source="-", stages=(POOL,), arms=arms))
    assert [node.title for node in graph if node.portion] == [
        "pool few, many draws 0 to 7",
        "pool many draws 8 to 15",
    ]


def test_sixteen_draws_are_drawn_unless_somebody_says_more():
    assert len(nodes(graph_of(more={}))[0]) == 2


@needs_compiler
def test_a_problems_draws_stand_together_in_their_order(tmp_path):
    text = bring(tmp_path, problems=3, draws=10)
    problems = list(dict.fromkeys(name for name, _ in drawn(text)))
    assert drawn(text) == [(name, draw) for name in problems for draw in range(10)]
    assert len(problems) == 3
    answers = [json.loads(line)["completion_ids"] for line in text.splitlines()]
    assert len({tuple(answer) for answer in answers[:10]}) > 5  # other dice


@needs_compiler
def test_a_pool_that_grows_draws_nothing_twice(tmp_path, monkeypatch):
    asked = counted(monkeypatch)
    small = bring(tmp_path, draws=16)
    assert sorted(asked) == sorted(drawn(small)) and len(set(asked)) == 80
    before = len(asked)
    large = bring(tmp_path, draws=32)
    assert sorted(asked[before:]) == sorted(set(drawn(large)) - set(drawn(small)))
    of_both = [line for line in large.splitlines() if json.loads(line).get("draw", 0) < 16]
    assert of_both == small.splitlines()
    assert bring(tmp_path / "new", draws=32) == large


@needs_compiler
def test_the_first_draw_is_the_answer_that_a_decode_gives(tmp_path):
    first = [line for line in bring(tmp_path, draws=8).splitlines() if b'"draw"' not in line]
    decode = graph_of(stages=(StageSpec(name="pool", kind="decode"),))
    execute(decode, tmp_path, SilentObserver())
    (node,) = decode
    assert (entry_of(tmp_path, node).folder / "samples.jsonl").read_bytes().splitlines() == first


@needs_compiler
@pytest.mark.parametrize("kernel", ["auto", "torch"])
def test_draws_do_not_depend_on_what_shares_the_prompt(tmp_path, kernel):
    """Sharing a prompt changes no token: each draw is the one that is asked for alone."""
    text = bring(tmp_path, problems=2, draws=8, engine=EngineSpec(batch_size=3, kernel=kernel))
    rows = [Record.model_validate_json(line) for line in text.splitlines()]
    engine = HfEngine(ModelSpec(target="zoo:gsm_draft"), EngineSpec(kernel=kernel, batch_size=1))
    sampler = arm(2, 8).sampler
    asked = graph_requests(2)
    for row in rows:
        request = asked[row.id].model_copy(update={"draw": row.draw, "sampler": sampler})
        (alone,) = engine.generate([request])
        assert alone.completion_ids == row.completion_ids


@needs_compiler
@pytest.mark.parametrize("rows", [1, 3, 5, 64])
def test_the_prompt_of_a_problem_is_computed_once(tmp_path, monkeypatch, rows):
    computed, fill = [], NativeLlama.fill
    monkeypatch.setattr(
        NativeLlama, "fill", lambda *given: computed.append(given[1].tobytes()) or fill(*given)
    )
    bring(tmp_path, problems=4, draws=8, engine=EngineSpec(batch_size=rows))
    assert len(computed) == len(set(computed)) == 4


def graph_requests(problems: int) -> dict[str, Request]:
    from llmx.stages.requests import requests_for

    return {one.id: one for one in requests_for(arm(problems, 1), "test", problems, None)}


@needs_compiler
@pytest.mark.parametrize("at", range(2, 80, 4))
def test_a_pool_that_is_killed_goes_on_and_draws_nothing_twice(
    tmp_path, monkeypatch, at, whole_pool
):
    class KilledError(Exception):
        pass

    def die(asked):
        if len(asked) == at:
            raise KilledError

    with monkeypatch.context() as once:
        first = counted(once, die)
        with pytest.raises(KilledError):
            bring(tmp_path)
    again = counted(monkeypatch)
    assert bring(tmp_path) == whole_pool
    # What was over and on its way to the disk may be asked once more, no more than a batch.
    assert len(first) + len(again) <= 80 + 5 and set(first) | set(again) == set(drawn(whole_pool))


@pytest.fixture(scope="module")
def whole_pool(tmp_path_factory):
    return bring(tmp_path_factory.mktemp("whole"))


@needs_compiler
def test_two_at_once_share_the_blocks(tmp_path, monkeypatch, whole_pool):
    asked, found = counted(monkeypatch), []
    both = [threading.Thread(target=lambda: found.append(bring(tmp_path))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert found == [whole_pool] * 2
    assert sorted(asked) == sorted(drawn(whole_pool))


@pytest.mark.parametrize("kind", ["decode", "pool"])
def test_equal_answers_are_refused(kind):
    options = {"draws": 4} if kind == "decode" else {}
    cold = SamplerSpec(algorithm="target", temperature=0)
    with pytest.raises(ConfigError, match="at temperature 0: all are the same") as error:
        graph_of(stages=(StageSpec(name="pool", kind=kind, options=options),), sampler=cold)
    assert error.value.hint == "sampler.temperature=1"


def test_one_greedy_answer_is_no_pool_and_goes():
    cold = SamplerSpec(algorithm="target", temperature=0)
    assert len(graph_of(draws=1, sampler=cold).nodes) == 2


def test_what_a_larger_pool_would_draw_again_is_said():
    _, whole = nodes(graph_of(draws=20))
    assert whole.stage.plan(whole.given).notes == (
        "pool.draws=20: a larger pool draws the last 4 of them again; a multiple of 8, such as 24,"
        " grows without",
    )
    _, even = nodes(graph_of(draws=24))
    assert even.stage.plan(even.given).notes == ()


def test_the_blocks_say_what_the_pool_costs():
    blocks, whole = nodes(graph_of(problems=5, draws=12))
    costs = [node.stage.plan(node.given) for node in blocks]
    assert [cost.samples for cost in costs] == [40, 20]
    assert [cost.tokens for cost in costs] == [240, 120]
    assert whole.stage.plan(whole.given).samples == 0


def test_a_limit_of_the_arm_is_shared_by_the_blocks():
    engine = EngineSpec(
        kind="openai", base_url="http://127.0.0.1:1/v1", max_total_tokens=2000, max_cost=4.0,
        price_out=1.0,
    )  # fmt: skip
    blocks, _ = nodes(graph_of(draws=20, engine=engine))
    limits = [node.given.arm.engine for node in blocks]
    assert [one.max_total_tokens for one in limits] == [800, 800, 400]
    assert [one.max_cost for one in limits] == pytest.approx([1.6, 1.6, 0.8])


def test_an_ensemble_draws_through_its_own_stage(tmp_path):
    voices = {"x": {"model": {"target": "zoo:gsm_draft"}}}
    ensemble = {"voices": voices, "proposers": ["x", "x"], "aggregator": "x", "layers": 2}
    blocks, _ = nodes(graph_of(problems=2, draws=3, ensemble=ensemble))
    assert [node.stage.kind for node in blocks] == ["ensemble_decode"]
    graph = graph_of(problems=2, draws=3, ensemble=ensemble)
    execute(graph, tmp_path, SilentObserver())
    text = (entry_of(tmp_path, nodes(graph)[1]).folder / "samples.jsonl").read_bytes()
    assert [draw for _, draw in drawn(text)] == [0, 1, 2] * 2
    members = list(read_lines(entry_of(tmp_path, nodes(graph)[0][0]).folder / "ensemble.jsonl"))
    assert len({json.dumps(row["drafts"]) for row in members if row["id"] == members[0]["id"]}) > 1


def test_an_ensemble_has_no_other_model(tmp_path):
    voices = {"x": {"model": {"target": "zoo:gsm_draft"}}}
    ensemble = {"voices": voices, "proposers": ["x"], "aggregator": "x", "layers": 1}
    stage = StageSpec(name="pool", kind="pool", options={"model": "zoo:gsm_draft"})
    with pytest.raises(ConfigError, match="stands for the target, and the arm is an ensemble"):
        graph_of(stages=(stage,), ensemble=ensemble)


@pytest.mark.parametrize("lost", [1, 8])
def test_blocks_of_other_problems_are_not_put_together(tmp_path, lost):
    script = tmp_path / "answers.json"
    script.write_text('{"*": "#### 1"}')
    engine = EngineSpec(kind="scripted", script=str(script))
    graph = graph_of(problems=3, draws=16, engine=engine)
    execute(graph, tmp_path, SilentObserver())
    blocks, whole = nodes(graph)
    entries = {node.fingerprint: entry_of(tmp_path, node) for node in graph}
    samples = entries[blocks[1].fingerprint].folder / "samples.jsonl"
    samples.write_bytes(b"".join(samples.read_bytes().splitlines(keepends=True)[:-lost]))
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(StoreError, match="its blocks do not answer the same problems"):
        whole.stage.run(context_of(whole, entries, out, Silent()))
    assert not (out / "samples.jsonl").exists()


def test_a_script_may_have_draws_of_its_own(tmp_path):
    script = tmp_path / "answers.json"
    script.write_text('{"p#1": "one", "p": "any", "*": "none"}')
    engine = ScriptedEngine(None, EngineSpec(kind="scripted", script=str(script)))
    asked = Request(id="p", raw="?", sampler=SamplerSpec(algorithm="target"))
    draws = [asked.model_copy(update={"draw": draw}) for draw in range(3)]
    assert [(one.text, one.draw) for one in engine.generate(draws)] == [
        ("any", 0), ("one", 1), ("any", 2),
    ]  # fmt: skip


def test_the_first_draw_leaves_requests_and_records_as_they_were():
    asked = Request(id="p", raw="?", sampler=SamplerSpec(algorithm="target"))
    assert "draw" not in as_json(asked) and asked.dice == "p"
    later = asked.model_copy(update={"draw": 3})
    assert as_json(later)["draw"] == 3 and later.dice == "p#3"


def test_the_identity_of_one_answer_says_nothing_of_draws():
    for kind in ("decode", "ensemble_decode"):
        stage = StageSpec(name="g", kind=kind)
        (node,) = graph_of(stages=(stage,))
        assert "draws" not in node.identity
        given = replace(node.given, stage=stage.changed({"draws": 2, "first_draw": 4}))
        assert node.stage.identity(given)["draws"] == [4, 6]


def test_two_draws_of_one_answer_each_are_two():
    stages = [StageSpec(name="g", kind="decode", options={"first_draw": at}) for at in (0, 1)]
    names = [graph_of(stages=(stage,)).nodes[0].fingerprint for stage in stages]
    assert len(set(names)) == 2


@pytest.mark.parametrize("first", ["pool", "generate"])
def test_a_block_that_is_also_a_stage_is_found_as_one(first):
    """A pool of one draw is the answer of a decode: one piece of work with two meanings."""
    decode = StageSpec(name="generate", kind="decode")
    stages = (POOL, decode) if first == "pool" else (decode, POOL)
    graph = graph_of(draws=1, stages=stages)
    found, whole = graph.find("generate", "a"), graph.find("pool", "a")
    assert found is not None and whole is not None and len(graph.nodes) == 2
    assert list(whole.inputs.values()) == [found.fingerprint]
    assert (found.portion, found.title) == ("", "generate a")
