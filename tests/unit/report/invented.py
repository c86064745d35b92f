"""An invented run on disk, in the formats of the stages: nothing in it was measured."""

from __future__ import annotations

import random
from pathlib import Path

from llmx.core.record import Record, Sample, Score, as_json
from llmx.core.spec import ArmSpec, DataSpec, SamplerSpec
from llmx.store.files import write_json, write_lines

# arm: algorithm, draft share asked, share got, accuracy, tokens/s
SHAPE = {
    "target": ("target", None, 0.0, 0.64, 70),
    "draft": ("draft", None, 0.0, 0.31, 420),
    "sd": ("speculative", None, 0.52, 0.64, 96),
    "fsd_60": ("fuzzy", 0.60, 0.61, 0.63, 108),
    "fsd_70": ("fuzzy", 0.70, 0.69, 0.58, 121),
    "fsd_80": ("fuzzy", 0.80, 0.74, 0.49, 134),
    "strict_60": ("fuzzy", 0.60, 0.60, 0.64, 112),
    "strict_70": ("fuzzy", 0.70, 0.71, 0.60, 125),
    "strict_80": ("fuzzy", 0.80, 0.80, 0.52, 139),
    "random_70": ("random", 0.70, 0.70, 0.44, 118),
}


def arm_specs(names: list[str]) -> dict[str, ArmSpec]:
    return {name: _spec(name) for name in names}


def _spec(name: str) -> ArmSpec:
    algorithm, asked, *_ = SHAPE[name]
    semantics = "fallback" if name.startswith("strict") else "research"
    sampler = SamplerSpec(algorithm=algorithm, draft_share=asked, semantics=semantics)
    return ArmSpec(sampler=sampler, data=DataSpec(kind="gsm_symbolic"))


def write_run(root: Path, names: list[str], problems: int, rounds: int = 4) -> dict[str, Path]:
    """Write the inputs of a report and return them by `need/arm`."""
    dice = random.Random(7)
    inputs: dict[str, Path] = {"speed": root / "speed"}
    hard = {index: dice.random() for index in range(problems)}
    for name in names:
        for stage, rows in _arm(name, problems, hard, dice).items():
            folder = inputs[f"{stage}/{name}"] = root / stage / name
            for file, lines in rows.items():
                write_lines(folder / file, lines)
        if SHAPE[name][1] is not None:
            inputs[f"calibrate/{name}"] = root / "calibrate" / name
            write_json(root / "calibrate" / name / "calibration.json", _calibration(name))
    write_lines(root / "speed" / "blocks.jsonl", _blocks(names, rounds, dice))
    return inputs


def _arm(name: str, problems: int, hard: dict[int, float], dice: random.Random) -> dict:
    samples = [_sample(index) for index in range(problems)]
    records = [_record(name, s, hard[i], dice) for i, s in enumerate(samples)]
    scores = [_score(record, s) for record, s in zip(records, samples, strict=True)]
    return {
        "generate": {"samples.jsonl": map(as_json, records)},
        "score": {
            "scores.jsonl": map(as_json, scores),
            "problems.jsonl": map(as_json, samples),
        },
    }


def _sample(index: int) -> Sample:
    a, b = 3 + index % 7, 2 + index % 11
    return Sample(
        id=f"p{index:03d}",
        question=f"Mia has {a} bags of {b} shells and finds 4 more. How many shells has she?",
        answer=str(a * b + 4),
        cluster=f"t{index % 12}",
    )


def _record(name: str, sample: Sample, hardness: float, dice: random.Random) -> Record:
    algorithm, _, share, accuracy, _ = SHAPE[name]
    luck = 0.75 * hardness + 0.25 * dice.random()
    answer = sample.answer if luck < accuracy else str(int(sample.answer) + dice.randint(1, 9))
    ends = "" if dice.random() < 0.04 else f"\n#### {answer}"
    text = f"{'She' if luck < 0.5 else 'Mia'} has {answer} shells, all bags counted.{ends}"
    tokens = tuple(text.encode()[: 40 + dice.randint(0, 9)])
    accepted = round(share * len(tokens))
    drafts = algorithm in ("speculative", "fuzzy", "random")
    return Record(
        id=sample.id,
        prompt_ids=(1, 2),
        completion_ids=tokens,
        prompt=f"<|user|>{sample.question}<|assistant|>",
        text=text,
        finish="eos" if ends else "length",
        rounds=0 if algorithm == "draft" else len(tokens) - accepted,
        drafted=5 * (len(tokens) - accepted) if drafts else 0,
        accepted=accepted if drafts else 0,
    )


def _score(record: Record, sample: Sample) -> Score:
    strict = record.text.partition("#### ")[2] or None
    loose = record.text.partition("has ")[2].partition(" ")[0]
    return Score(
        id=record.id,
        cluster=sample.cluster,
        expected=sample.answer,
        strict=strict,
        flexible=loose,
        correct=strict == sample.answer,
        correct_flexible=loose == sample.answer,
        unparsed=strict is None,
        tokens=len(record.completion_ids),
        finish=record.finish,
        rounds=record.rounds,
        drafted=record.drafted,
        accepted=record.accepted,
    )


def _calibration(name: str) -> dict:
    algorithm, asked, got, *_ = SHAPE[name]
    return {
        "asked_share": asked,
        "threshold": 0.12,
        "predicted_share": asked,
        "achieved_share": got,
        "algorithm": algorithm,
        "divergence": "js",
        "semantics": "research",
        "note": "",
    }


def _blocks(names: list[str], rounds: int, dice: random.Random) -> list[dict]:
    blocks = []
    for index in range(rounds):
        weather = dice.gauss(1, 0.05)
        for name in names:
            speed = SHAPE[name][4] * weather * dice.gauss(1, 0.012)
            row = {"round": index, "arm": name, "problems": 16, "tokens": 1200}
            row |= {"seconds": round(1200 / speed, 4), "rounds": 300, "batch_size": 1}
            blocks.append(row)
    return blocks
