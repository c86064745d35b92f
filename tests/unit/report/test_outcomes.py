"""Outcomes by problem and seed: short, read back whole, and enough for every number and verdict."""

import json
import re
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from counts import THOROUGH, count
from hypothesis import given, settings
from hypothesis import strategies as st
from invented import arm_specs, write_run
from recomputed import differing

from llmx.claims.reproduce.stored import CARD
from llmx.core.audit import Audit
from llmx.core.errors import RunError
from llmx.core.names import seed_of
from llmx.core.progress import Silent
from llmx.core.record import Finish, Score, as_json
from llmx.core.spec import StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.report.gather import ArmFiles, Gathered, TimedBlock
from llmx.report.outcomes import columns
from llmx.report.outcomes.encode import dumps, encoded, outcomes, problems_of
from llmx.report.outcomes.model import FILE, Outcomes
from llmx.report.outcomes.retest import decoded, gathered, half
from llmx.report.training.evidence import TraceReading
from llmx.report.verdict.model import CANNOT, Verdicts
from llmx.stages.report import ReportStage
from llmx.stages.verdicts import VerdictStage
from llmx.store.files import write_json

RESULTS = Path(__file__).parents[3] / "docs" / "results"
LOST = {"expected": "", "strict": None, "flexible": None}  # texts are not kept


@settings(max_examples=count(40, 400))
@given(st.lists(st.sampled_from([True, False, None])), st.lists(st.integers(0, 9999)))
def test_columns_are_read_back(some, counts):
    assert columns.read_flags(columns.flags(some)) == some
    assert columns.read_numbers(columns.numbers(counts), len(counts)) == counts
    true = [bool(one) for one in some]
    assert columns.read_places(columns.places(true), len(true)) == true


@pytest.mark.parametrize(
    "read",
    [
        lambda: columns.read_flags("01x"),
        lambda: columns.read_numbers("1 2", 3),
        lambda: columns.read_places("0 3", 3),
        lambda: columns.read_places("-1", 3),
    ],
)
def test_a_column_that_does_not_fit_is_refused(read):
    with pytest.raises(ValueError, match=r"problems|neither"):
        read()


def score(name, dice, cluster):
    tokens, right = int(dice.integers(1, 160)), bool(dice.random() < 0.5)
    return Score(
        id=name,
        cluster=cluster,
        **LOST,
        correct=right,
        correct_flexible=bool(dice.random() < 0.1) != right,
        unparsed=bool(dice.random() < 0.1),
        tokens=tokens,
        finish=str(dice.choice(["eos", "length", "stop", "filtered"], p=[0.7, 0.1, 0.1, 0.1])),
        rounds=int(dice.integers(0, tokens + 1)),
        drafted=tokens + int(dice.integers(0, 9)),
        accepted=int(dice.integers(0, tokens + 1)),
    )


def files(dice, names, clusters, seed=""):
    scores = {name: score(name, dice, clusters[name]) for name in names}
    trained = bool(dice.random() < 0.5)
    return ArmFiles(scores=scores, audit=Audit(passed=True), seed=seed, trained=trained)


@settings(max_examples=count(20, 200))
@given(st.integers(0, 2**32), st.integers(0, 9), st.booleans())
def test_scores_are_read_back_but_for_their_texts(seed, n, clustered):
    dice = np.random.default_rng(seed)
    names = [f"p{i}" for i in range(n)]
    clusters = {name: f"c{i % 3}" if clustered else "" for i, name in enumerate(names)}
    parts = [[n for n in names if dice.random() < share] for share in (1, 0.5, 0)]
    arms = [files(dice, part, clusters) for part in parts]
    problems = problems_of(arms)
    for one in arms:
        back = decoded("a", encoded(one, problems), problems)
        assert back.scores == one.scores
        assert (back.audit, back.trained) == (one.audit, one.trained)


def test_every_end_is_read_back():
    base = score("a", np.random.default_rng(0), "")
    ends = get_args(Finish)
    found = {end: base.model_copy(update={"id": end, "finish": end}) for end in ends}
    arm = ArmFiles(scores=found)
    problems = problems_of([arm])
    again = decoded("sd", encoded(arm, problems), problems).scores
    assert [again[end].finish for end in ends] == list(ends)


def test_traces_are_read_back():
    dice = np.random.default_rng(3)
    names = [f"p{i}" for i in range(7)]
    arm = files(dice, names, dict.fromkeys(names, ""))
    traced = {name: TraceReading(i, i % 2 == 0) for i, name in enumerate(names) if i != 4}
    problems = problems_of([arm])
    assert half("a", encoded(arm, problems, traced), problems).traced == traced


def test_a_problem_of_two_clusters_is_refused():
    one, other = (files(np.random.default_rng(0), ["p"], {"p": name}) for name in "ab")
    with pytest.raises(RunError, match="'p' has two clusters"):
        problems_of([one, other])


BLOCK = TimedBlock(round=3, arm="sd@seed=1", problems=8, tokens=500, seconds=0.1 + 0.2)


@pytest.mark.parametrize(
    "update", [{}, {"rounds": 7, "batch_size": 4}, {"engines": "one at a time", "seconds": 1e-7}]
)
def test_a_timed_block_is_read_back_to_the_last_bit(update):
    block = BLOCK.model_copy(update=update)
    given_ = StageInput(StageSpec(name="v", kind="verdicts"), {})
    text = dumps(outcomes(Gathered({}, [block]), given_, []))
    assert gathered(Outcomes.model_validate_json(text)).blocks == [block]


def typical(dice, name, place):
    """An answer of speculative decoding as the shipped pair gives it."""
    one, tokens = score(name, dice, f"t{place % 28}"), int(dice.integers(40, 90))
    rounds, rare = int(dice.integers(3, 9)), bool(dice.random() < 0.02)
    counts = {
        "tokens": tokens,
        "rounds": rounds,
        "drafted": tokens + 20,
        "accepted": tokens - rounds,
    }
    ended = {"unparsed": rare, "finish": "length" if rare else "eos"}
    return one.model_copy(update={**counts, **ended, "correct_flexible": one.correct != rare})


def test_forty_arms_of_three_seeds_and_a_thousand_problems_stay_short():
    dice = np.random.default_rng(0)
    scores = {f"test-{i}": typical(dice, f"test-{i}", i) for i in range(1000)}
    arm = ArmFiles(scores=scores)
    problems = problems_of([arm])
    one = encoded(arm, problems)
    arms = {f"arm{a}@seed={s}": one for a in range(40) for s in range(3)}
    assert len(dumps(Outcomes(problems=problems, arms=arms))) < 1.6e6


NAMES = ["sd", "fsd_60", "fsd_70", "random_70"]
FINDINGS = [
    {"id": "lossless", "test": "lossless", "arm": "fsd_60", "target": "sd", "margin": 0.1},
    {"id": "chance", "test": "beats_control", "arms": ["fsd_70"], "control": "random_70"},
    {"id": "longer", "test": "length_inflation", "arms": ["fsd_60"], "reference": "sd"},
    {"id": "faster", "test": "non_inferior_and_faster", "arms": ["fsd_60"], "reference": "sd"},
    {"id": "cost", "test": "costs_and_gains", "pairs": [["fsd_70", "fsd_60"]]},
]


def work(stage, arms, inputs, out, **options):
    spec = StageSpec(name=stage.kind, kind=stage.kind, over="recipe", options=options)
    references = {name: f"sd@{seed_of(name)}" for name in arms if not name.startswith("sd")}
    told = StageInput(spec, arms, next(iter(arms)), references)
    out.mkdir(parents=True, exist_ok=True)
    stage.run(StageContext(told, stage.identity(told), inputs, out, Silent()))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two seeds of an invented run, audited, judged and reported, as a folder that a page reads."""
    root = tmp_path_factory.mktemp("run")
    inputs, arms = {}, {}
    for seed in (0, 1):
        found = write_run(root / f"in{seed}", NAMES, 60 + seed)
        for key, path in found.items():
            need, _, arm = key.partition("/")
            if arm:
                inputs[f"{need}/{arm}@seed={seed}"] = path
        inputs |= {"speed": found["speed"]} if seed == 0 else {}
        arms |= {f"{name}@seed={seed}": spec for name, spec in arm_specs(NAMES).items()}
    for name in arms:
        passed = Audit(passed="random" not in name)
        write_json(root / "audit" / name / "audit.json", as_json(passed))
        inputs[f"audit/{name}"] = root / "audit" / name
    work(VerdictStage(), arms, inputs, root / "run" / "verdicts", findings=FINDINGS)
    work(ReportStage(), arms, inputs, root / "run")
    about = {"run": "r", "recipe": "r", "scale": "desk", "written": "", "machine": ""}
    write_json(root / "run" / CARD, about)
    return root / "run"


def test_every_number_and_verdict_of_a_run_follows_from_its_outcomes(run):
    judged = json.loads((run / "verdicts" / "verdicts.json").read_text())["verdicts"]
    words = {one["word"] for one in judged}
    assert "withheld" in words and "measured" in words
    assert differing(run) == []


def spoil_right(found):
    arm = found["arms"]["fsd_60@seed=1"]
    arm["right"] = arm["right"].translate({48: 49, 49: 48})


def spoil_seed(found):
    found["arms"]["fsd_60@seed=2"] = found["arms"].pop("fsd_60@seed=1")


def spoil_block(found):
    found["blocks"] = found["blocks"][4:]


def spoil_audit(found):
    found["arms"]["fsd_60@seed=0"]["audit"] = False


def spoil_tokens(found):
    arm = found["arms"]["fsd_60@seed=0"]
    first, _, rest = arm["tokens"].partition(" ")
    arm["tokens"] = f"{int(first) + 1} {rest}"


SPOILS = [spoil_right, spoil_seed, spoil_block, spoil_audit, spoil_tokens]


@pytest.mark.parametrize("spoil", SPOILS)
def test_another_outcome_gives_other_numbers(run, tmp_path, spoil):
    found = json.loads((run / "verdicts" / FILE).read_text())
    spoil(found)
    for path in run.rglob("*.json"):
        place = tmp_path / path.relative_to(run)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())
    (tmp_path / "verdicts" / FILE).write_text(json.dumps(found))
    assert differing(tmp_path)


KEPT = sorted(path.parent for path in RESULTS.glob(f"*/*/{FILE}"))


# One of each paper and date: each takes ten seconds and more.
FIRST = {folder.parent: folder for folder in reversed(KEPT)}.values()


@pytest.mark.parametrize("folder", KEPT if THOROUGH else FIRST, ids=lambda path: path.name)
def test_every_committed_result_follows_from_its_outcomes(folder):
    assert differing(folder) == []


def test_no_committed_result_without_outcomes_holds_a_verdict():
    left = [path for path in RESULTS.glob("*/*/verdicts.json") if path.parent not in KEPT]
    for path in left:
        judged = Verdicts.model_validate_json(path.read_text())
        assert {one.word for one in judged.verdicts} <= {CANNOT, "not comparable"}, path
        for text in path.parent.glob("*.md"):
            assert not re.search("(shown|contradicted) here", text.read_text()), text
