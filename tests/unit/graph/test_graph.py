"""Equal work is one node; what an arm does not use, its fingerprint does not know."""

from collections import Counter

import pytest

from llmx.core.errors import ConfigError
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, RunSpec, SamplerSpec, StageSpec
from llmx.graph.graph import build_graph, stage_order

DATA = DataSpec(kind="gsm_symbolic", templates=(43,), test=8, calibration=4)
STAGES = (
    StageSpec(name="score", kind="score", needs=("generate",)),
    StageSpec(name="generate", kind="decode", needs=("calibrate",)),
    StageSpec(name="calibrate", kind="divergence_quantiles"),
    StageSpec(name="report", kind="report", over="recipe", needs=("calibrate", "score")),
)


def arm(algorithm, **sampler):
    return ArmSpec(
        model={"target": "stage:none", "draft": "stage:none"},
        data=DATA,
        engine=EngineSpec(),
        sampler=SamplerSpec(algorithm=algorithm, **sampler),
    )


def recipe(stages=STAGES, **arms):
    return RunSpec(name="r", group="decode", source="-", stages=stages, arms=arms)


def kinds(graph):
    return Counter(node.stage.kind for node in graph)


FUZZY = {"draft_share": 0.5, "divergence": "js"}


def test_only_arms_that_ask_for_a_share_are_calibrated():
    graph = build_graph(recipe(target=arm("target"), fsd=arm("fuzzy", **FUZZY)))
    assert kinds(graph) == {"divergence_quantiles": 1, "decode": 2, "score": 2, "report": 1}
    assert graph.find("calibrate", "target") is None
    assert graph.find("calibrate", "fsd") is not None


def test_nodes_come_after_their_inputs():
    seen = set()
    for node in build_graph(recipe(target=arm("target"), fsd=arm("fuzzy", **FUZZY))):
        assert set(node.inputs.values()) <= seen
        seen.add(node.fingerprint)


def test_a_baseline_that_two_arms_share_is_one_node():
    # the target alone reads no gamma: the sweep point changes nothing for it
    graph = build_graph(recipe(a=arm("target", gamma=3), b=arm("target", gamma=5)))
    assert kinds(graph)["decode"] == 1
    assert graph.find("generate", "a") is graph.find("generate", "b")
    graph = build_graph(recipe(a=arm("speculative", gamma=3), b=arm("speculative", gamma=5)))
    assert kinds(graph)["decode"] == 2


# Written down where samplers held no stop: none of these outputs is made again for one that is off.
PINNED = {
    "target": "fe02eb2638909d546661",
    "sd": "a688dc0e456764b97263",
    "fsd": "4bb226bd9f61a2f7249b",
    "random": "bf37a0851062d1d91472",
    "ensemble": "0f76f0077eef2f7a3e6f",
    "shared": "c280259e9c4a2c89269c",
}


@pytest.mark.parametrize("off", [{}, {"stop_below": 0.0}])
def test_a_setting_that_is_off_changes_no_fingerprint(off):
    arms = {
        "target": arm("target", **off),
        "sd": arm("speculative", gamma=3, **off),
        "fsd": arm("fuzzy", threshold=0.1, **off),
        "random": arm("random", threshold=0.5, **off),
        "ensemble": arm("ensemble", **off),
        "shared": arm("fuzzy", draft_share=0.5, **off),
    }
    torch = EngineSpec(kernel="torch")  # on any machine
    arms = {name: one.model_copy(update={"engine": torch}) for name, one in arms.items()}
    graph = build_graph(recipe(**arms))
    assert {name: graph.find("generate", name).fingerprint for name in arms} == PINNED
    assert graph.find("calibrate", "shared").fingerprint == "ee28207497084a5808e7"


def test_a_rivals_own_settings_are_in_its_fingerprint():
    arms = {
        "fly": arm("fly", threshold=0.3, gamma=5),
        "narrow": arm("fly", threshold=0.3, gamma=5, window=2),
        "opt": arm("cascade", threshold=0.3),
        "token": arm("cascade", threshold=0.3, deferral="token_v3"),
        "block": arm("block"),
        "sd": arm("speculative"),
    }
    graph = build_graph(recipe(**arms))
    assert len({graph.find("generate", name).fingerprint for name in arms}) == len(arms)


WRONG = {
    "a window of another rule": {"algorithm": "cascade", "threshold": 0.1, "window": 2},
    "a window past the block": {"algorithm": "fly", "threshold": 0.1, "window": 5, "gamma": 5},
    "a block without a window": {"algorithm": "fly", "threshold": 0.1, "gamma": 1},
    "a deferral of another rule": {"algorithm": "fly", "threshold": 0.1, "deferral": "token_v3"},
    "a negative threshold": {"algorithm": "typical", "threshold": -0.1},
    "no threshold": {"algorithm": "cascade"},
    "two settings": {"algorithm": "fly", "threshold": 0.1, "draft_share": 0.8},
    "a share to hold": {"algorithm": "typical", "draft_share": 0.8, "hold": True},
}


@pytest.mark.parametrize("case", WRONG)
def test_a_rival_that_cannot_be_is_refused(case):
    with pytest.raises(ValueError, match=r"sampler\."):
        SamplerSpec(**WRONG[case])


def test_a_stop_is_in_the_fingerprint_of_what_drafts_and_of_nothing_else():
    for algorithm in ("target", "draft", "speculative", "ensemble"):
        graph = build_graph(recipe(a=arm(algorithm), b=arm(algorithm, stop_below=0.3)))
        assert kinds(graph)["decode"] == (1 if algorithm in ("target", "draft") else 2)
    for algorithm in ("fuzzy", "random"):
        arms = {n: arm(algorithm, threshold=0.1, stop_below=n / 10) for n in (1, 2)}
        assert kinds(build_graph(recipe(a=arms[1], b=arms[2])))["decode"] == 2


def test_a_stop_is_written_down_where_it_is_on():
    assert "stop_below" not in SamplerSpec(algorithm="speculative").model_dump()
    on = SamplerSpec(algorithm="speculative", stop_below=0.3)
    assert on.model_dump()["stop_below"] == 0.3
    assert SamplerSpec(**on.model_dump()) == SamplerSpec.model_validate_json(on.model_dump_json())


def test_changing_the_calibration_recomputes_no_baseline():
    def names(problems):
        stages = tuple(
            s.model_copy(update={"options": {"problems": problems}}) if s.name == "calibrate" else s
            for s in STAGES
        )
        return build_graph(recipe(stages, sd=arm("speculative"), fsd=arm("fuzzy", **FUZZY)))

    one, other = names(2), names(3)
    for stage in ("generate", "score"):
        assert one.find(stage, "sd").fingerprint == other.find(stage, "sd").fingerprint
        assert one.find(stage, "fsd").fingerprint != other.find(stage, "fsd").fingerprint


@pytest.mark.parametrize(
    "change",
    [{"threads": 2}, {"device": "cpu"}],
    ids=["threads", "device"],
)
def test_accidents_do_not_change_what_a_completion_means(change):
    one = build_graph(recipe(a=arm("target"))).find("generate", "a")
    other = arm("target").model_copy(update={"engine": EngineSpec(**change)})
    assert build_graph(recipe(a=other)).find("generate", "a").fingerprint == one.fingerprint


@pytest.mark.parametrize("kind", ["decode_speed", "ensemble_latency"])
def test_measurements_and_what_follows_them_are_not_shared(kind):
    stages = (
        StageSpec(name="speed", kind=kind, over="recipe"),
        StageSpec(name="report", kind="report", over="recipe", needs=("speed",)),
        StageSpec(name="generate", kind="decode"),
    )
    graph = build_graph(recipe(stages, a=arm("target")))
    shared = {node.stage.kind for node in graph if graph.before_timing(node)}
    assert shared == {"decode"}


def test_work_that_nothing_asks_for_is_dropped():
    graph = build_graph(recipe(STAGES[2:3] + STAGES[:2], fsd=arm("fuzzy", threshold=0.1)))
    assert kinds(graph) == {"decode": 1, "score": 1}


def order(**needs: str) -> str:
    stages = tuple(StageSpec(name=n, kind="score", needs=tuple(w)) for n, w in needs.items())
    return "".join(stage.name for stage in stage_order(stages))


def test_stages_stand_after_their_needs_and_else_as_written():
    assert order(a="", b="", c="") == "abc"
    assert order(c="b", a="", b="a", d="") == "abcd"
    assert order(d="c", c="", b="c", a="") == "cdba"


def test_a_circle_of_stages_is_refused():
    with pytest.raises(ConfigError, match="circle: a, b"):
        order(a="b", b="a", c="")


def test_what_a_measurement_precedes_is_not_shared():
    stages = (
        StageSpec(name="generate", kind="decode"),
        StageSpec(name="speed", kind="decode_speed", over="recipe"),
        StageSpec(name="report", kind="report", over="recipe", needs=("speed", "generate")),
    )
    graph = build_graph(recipe(stages, target=arm("target")))
    shared = {node.stage.kind for node in graph if graph.before_timing(node)}
    assert shared == {"decode"}
