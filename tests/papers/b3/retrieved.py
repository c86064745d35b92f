"""Trainings whose truth is known: in memory, and as the files that their stages leave."""

import json

import numpy as np

from llmx.core.audit import Audit
from llmx.core.figure import Figures
from llmx.core.record import Metric, Score
from llmx.papers.b3.report.points import LoggedPoint, RetrievalPoint, TrainedArm, method_of
from llmx.report.gather import ArmFiles, Gathered
from llmx.report.verdict.evidence import evidence
from llmx.report.verdict.run_test import verdicts_on
from llmx.report.verdict.schema import check_finding

NDCG = Metric(name="ndcg@10", unit="%", low=0.0, high=1.0)
SAMPLES = (0, 100, 200, 300, 400)


class World:
    """Queries in groups, some harder than others; a group, and a training, moves all of its own.

    Args:
        spread: of single queries, of groups and of trainings, apart for each arm.
    """

    def __init__(self, seed=0, queries=120, group=3, spread=(0.1, 0.05, 0.01), seeds=3):
        self.rng = np.random.default_rng(seed)
        self.ids = tuple(f"q{at}" for at in range(queries))
        self.clusters = tuple(f"g{at // group}" for at in range(queries))
        self.hard = self.rng.normal(0, 0.1, queries)
        self.spread, self.group, self.count = spread, group, seeds
        self.seeds = tuple(f"seed={at}" for at in range(seeds)) if seeds > 1 else ("",)

    def table(self, means):
        """Values of an arm at several points, (points, Q, S): its own noise is alike at all."""
        one, grouped, trained = self.spread
        n, rng = len(self.ids), self.rng
        noise = rng.normal(0, one, (n, self.count)) / 2 + rng.normal(0, one, (n, 1))
        noise += np.repeat(rng.normal(0, grouped, -(-n // self.group)), self.group)[:n, None]
        noise += rng.normal(0, trained, self.count)
        return np.asarray(means)[:, None, None] + self.hard[:, None] + noise

    def arm(self, name, size, means, seconds=1.0, texts=2.0, negatives=0):
        """An arm whose mean is known at each point; seconds and texts are those of a sample."""
        values = self.table(means)
        points = tuple(
            RetrievalPoint(at, seconds * at, texts * at, own)
            for at, own in zip(SAMPLES, values, strict=False)
        )
        logged = tuple(LoggedPoint(at, 3 / (1 + at), 1 - 0.5 / (1 + at)) for at in SAMPLES[1:])
        return TrainedArm(
            name, method_of(name, size), size, "ndcg@10", self.ids, self.clusters, points, logged,
            negatives, 5e8, self.seeds,
        )  # fmt: skip


def line(**fields):
    return json.dumps(fields) + "\n"


def written(folder, arm, seed=0, split="test"):
    """Write what a stage `contrastive` leaves of a training of an arm."""
    folder.mkdir(parents=True)
    with (folder / "evaluations.jsonl").open("w") as out:
        for step, p in enumerate(arm.points):
            told = {"samples": p.samples, "seconds": p.seconds + seed, "texts": p.texts}
            values = [round(float(one), 6) for one in p.values[:, seed]]
            of = {"ids": list(arm.ids), "clusters": list(arm.clusters), "values": values}
            out.write(line(step=step, **told, split=split, metric=arm.metric, **of))
    with (folder / "curve.jsonl").open("w") as out:
        for step, one in enumerate(arm.logged):
            told = {"loss": one.loss, "in_batch_accuracy": one.in_batch_accuracy}
            spent = {"samples": one.samples, "seconds": one.samples, "texts": 2 * one.samples}
            out.write(line(step=step, epoch=0, **spent, **told))
    about = {"peak_bytes": arm.peak_bytes, "negatives": arm.negatives}
    (folder / "training.json").write_text(json.dumps(about))
    return folder


def scored(arms, audited=True):
    """Return arms as `report` and `verdicts` read them: a score a query and seed."""
    found = {}
    for arm in arms:
        runs = tuple(_files(arm, at, audited) for at in range(len(arm.seeds)))
        found[arm.arm] = runs[0] if len(runs) == 1 else ArmFiles(
            metrics=(NDCG,), seeds=runs, trained=True, audit=runs[0].audit
        )  # fmt: skip
    return found


def _files(arm, at, audited):
    scores = {
        name: Score(
            id=name, cluster=group, expected="", strict="x", flexible="x", correct=value > 0.99,
            correct_flexible=False, unparsed=False, tokens=0, finish="stop", rounds=0, drafted=0,
            accepted=0, values={"ndcg@10": float(value)},
        )
        for name, group, value in zip(
            arm.ids, arm.clusters, arm.last.values[:, at], strict=True
        )
    }  # fmt: skip
    audit = Audit(passed=True) if audited else None
    return ArmFiles(scores=scores, metrics=(NDCG,), seed=arm.seeds[at], trained=True, audit=audit)


def verdict(finding, arms, figures=Figures(), audited=True, rehearsal=False):
    """Return what a run of these arms says of a finding."""
    finding = {"id": "x", **finding}
    check_finding(finding, "here")
    files = scored(arms, audited)
    found = evidence(Gathered(files, figures=figures), rehearsal=rehearsal)
    (said,) = verdicts_on(found, [finding], list(files), dict.fromkeys(files))
    return said


def plan_told(leaked=0.1, ratio=1.2):
    """What a stage `batches` says of a plan."""
    level = {
        "rows": 960, "clustered": 960, "sizes": [[8, 120]], "edges": 4000, "kept": 1600,
        "degree_mean": 8.3, "degree_median": 7.0, "degree_max": 41, "isolated": 48, "mates": 3.5,
        "leaked": leaked, "equal_targets": 0.04, "kept_share": 0.4,
    }  # fmt: skip
    first = {"duplicate": 24, "related": 48, "unrelated": 24, "unknown": 0}
    band = {"duplicate": 12, "related": 60, "unrelated": 228, "unknown": 0}
    truth = {
        "first": {"pairs": 96, "asked": 96, "truth": first},
        "band": {"pairs": 3360, "asked": 300, "truth": band},
        "unranked": {"pairs": 9000, "asked": 0, "truth": dict.fromkeys(band, 0)},
    }
    held = {
        "family": "retrieval",
        "skip": 30,
        "clusters": level,
        "batches": {**level, "kept_share": 0.42},
        "cuts": {"leiden": 0.38, "metis_recursive": 0.4},
        "sizes_before_repair": [[7, 30], [8, 90], [9, 2]],
        "theorem": {"ratio": ratio, "random": 2.9, "largest": 8, "rows": 320, "temperature": 0.02},
        "truth": {"batches": truth},
    }
    return {"rows": 960, "batches": 30, "tail": 0, "datasets": {"debian": held}}


def placed(root, arms, told=plan_told, warm=True):
    """Write the folders of a run's stages; return ``need/arm`` → folder, as a stage gets them."""
    found = {}
    for arm in arms:
        for at, seed in enumerate(arm.seeds):
            name = f"{arm.arm}@{seed}" if seed else arm.arm
            found[f"train/{name}"] = written(root / f"train-{name}", arm, at)
            (root / f"train-{name}" / "stage.json").write_text('{"seconds": 12.5}')
            plan = root / f"plan-{name}"
            plan.mkdir()
            (plan / "diagnostics.json").write_text(json.dumps(told()))
            pair = {"dataset": "debian", "rank": 2, "truth": "related", "ids": ["a", "b"]}
            texts = {"query": "a | b\nc", "target": "own `x`", "meets": "m" * 300}
            (plan / "pairs.jsonl").write_text(line(**pair, **texts))
            found[f"batches/{name}"] = plan
            if warm:
                found[f"warm/{name}"], found[f"rank/{name}"] = root / "warm", root / "rank"
    if warm:
        (root / "warm").mkdir()
        (root / "rank").mkdir()
        logged = [
            line(samples=s, loss=1.0, in_batch_accuracy=a) for s, a in ((32, 0.5), (64, 0.995))
        ]
        (root / "warm" / "curve.jsonl").write_text("".join(logged))
        (root / "rank" / "rank.json").write_text('{"own_target_first": 0.51}')
    return found
