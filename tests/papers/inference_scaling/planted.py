"""Pools, classes and outcomes whose law is planted, as the stages before `scaling` leave them.

A problem has a chance of being answered rightly. Wrong answers are one of a few, one of them often.
Hard problems are answered at greater length, whether rightly or not: lengths tell right answers
from wrong ones over all problems, and within none.
"""

from dataclasses import dataclass, field

import numpy as np

from llmx.core.progress import Silent
from llmx.core.record import Record, as_json
from llmx.core.spec import ArmSpec, SamplerSpec, ScaleSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.papers.inference_scaling.stage import ScalingStage
from llmx.store.files import write_lines

PROMPT = 40
WORDS = ("we add the apples", "perhaps it is more", "wait, once more", "therefore it is so")


@dataclass
class PlantedArm:
    """An arm: the mean chance of a right answer, how long its answers are, and its class."""

    right: float
    tokens: int = 60
    kind: str | None = "reasoning"
    live: bool = False
    finish: str = "eos"
    seed: int = 0
    section: dict = field(default_factory=dict)

    def spec(self, draws, temperature=1.0, cost=None):
        more = {"pool": {"draws": draws}, **self.section}
        more |= {"scaling": {"class": self.kind}} if self.kind else {}
        more |= {"frontier": {"cost": cost}} if cost else {}
        sampler = SamplerSpec(algorithm="target", temperature=temperature)
        return ArmSpec(sampler=sampler, scale=ScaleSpec(problems=8), more=more)


USUAL = {
    "worked": PlantedArm(0.65, live=True),
    "worked_small": PlantedArm(0.35, 45),
    "worked_direct": PlantedArm(0.2, 4, "direct"),
}


def chances(problems, mean):
    """The chance of each problem; the same problems are hard for every arm."""
    hard = np.random.default_rng(7).beta(0.8, 0.8, problems)
    return np.clip(hard + mean - hard.mean(), 0.02, 0.98)


def write_pool(folder, arm, problems, draws):
    """Write samples and classes of an arm; return whether each draw is right, (P, M)."""
    rng = np.random.default_rng(arm.seed)
    lucky = chances(problems, arm.right)
    records, lines, correct = [], [], np.zeros((problems, draws), dtype=bool)
    for at in range(problems):
        answers = []
        for number in range(draws):
            right = rng.random() < lucky[at]
            wrong = rng.choice(["11", "12", "13", None], p=[0.5, 0.25, 0.2, 0.05])
            answer = "7" if right else wrong
            size = max(1, round(arm.tokens * (1.5 - lucky[at]) + rng.normal(0, arm.tokens / 12)))
            answers.append(answer)
            correct[at, number] = right
            said = "? " if answer is None else f"{answer} "
            text = f"{rng.choice(WORDS)}\n#### {said}" if arm.tokens > 10 else said
            records.append(_record(f"p{at}", number, text, size, arm.finish))
        lines.append(_classes(f"p{at}", f"t{at // 2}", answers))
    for name in ("pool", "classes"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_lines(folder / "pool" / "samples.jsonl", map(as_json, records))
    write_lines(folder / "classes" / "classes.jsonl", lines)
    return correct


def _record(name, number, text, size, finish):
    return Record(
        id=name, draw=number, prompt_ids=tuple(range(PROMPT)), completion_ids=tuple(range(size)),
        prompt=f"How many? ({name})", text=text, finish=finish, rounds=size,
    )  # fmt: skip


def _classes(name, cluster, answers):
    keys = list(dict.fromkeys(one for one in answers if one is not None))
    return {
        "id": name, "cluster": cluster, "expected": "7", "keys": keys,
        "right": [key == "7" for key in keys],
        "of": [-1 if one is None else keys.index(one) for one in answers],
    }  # fmt: skip


def outcome(name, method, size, correct, calls, tokens, **more):
    costs = {"prompt": PROMPT * calls, "cached": 0, "completion": tokens * calls, "calls": calls}
    return {
        "id": name, "method": method, "size": size, "correct": float(correct), "unparsed": 0.0,
        "cut": 0.0, **costs, "money": 0.0, "longest": tokens * calls, **more,
    }  # fmt: skip


def write_live(folder, arm, correct):
    """Write outcomes of revision, which loses a little, and of thinking that is cut."""
    rows = []
    for at, own in enumerate(correct):
        was = float(own[0])
        for size in range(3):
            now = was if size == 0 else float(was and at % 9 != size)
            flips = {"lost": was - now, "won": 0.0}
            rows.append(outcome(f"p{at}", "revise", size, now, size + 1, arm.tokens, **flips))
            was = now
        for size in (0, 25, 50, 75, 100):
            right = float(own[0]) if size == 100 else float(own[0] and at % 4 < size / 25)
            shares = {"already": size / 200, "stood": 0.0}
            spent = max(1, round(arm.tokens * size / 100))
            rows.append(outcome(f"p{at}", "truncate", size, right, 1, spent, **shares))
        for size in (2, 4):
            best = float(own[:size].mean())
            told = {"tied": 0.4, "unscored": 0.1}
            rows.append(outcome(f"p{at}", "self_score", size, best, 2 * size, arm.tokens, **told))
    path = folder / "revise"
    path.mkdir(parents=True, exist_ok=True)
    write_lines(path / "outcomes.jsonl", rows)


def inputs_of(folder, arms, problems, draws):
    """Write all arms; return the inputs of the stage."""
    inputs = {}
    for name, arm in arms.items():
        own = folder / name
        correct = write_pool(own, arm, problems, draws)
        if arm.live:
            write_live(own, arm, correct)
        stages = ("pool", "classes", *(["revise"] if arm.live else []))
        inputs |= {f"{stage}/{name}": own / stage for stage in stages}
    return inputs


def given(arms, draws=16, cost=None, **options):
    stage = StageSpec(name="scaling", kind="scaling", over="recipe", options=options)
    specs = {name: arm.spec(draws, cost=cost) for name, arm in arms.items()}
    return StageInput(stage, specs, next(iter(arms)))


def scaled(folder, arms=None, problems=40, draws=16, cost=None, **options):
    """Run the stage on planted arms; return its folder."""
    arms = arms or USUAL
    inputs = inputs_of(folder / "in", arms, problems, draws)
    out = folder / "out"
    out.mkdir(parents=True, exist_ok=True)
    asked = given(arms, draws, cost, **options)
    stage = ScalingStage()
    stage.run(StageContext(asked, stage.identity(asked), inputs, out, Silent()))
    return out
