"""Questions with options that each draw shows in an order of its own, and models that choose."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from string import ascii_uppercase

from live_pools import ToldEngine

from llmx.core.permuted import in_draw
from llmx.core.progress import Silent
from llmx.core.record import Record, Sample, as_json
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, SamplerSpec, StageSpec
from llmx.core.speech import Request
from llmx.core.stage import StageContext, StageInput
from llmx.data import load
from llmx.engines.scripted import END, ScriptedEngine
from llmx.stages.classes import ClassesStage
from llmx.stages.requests import put
from llmx.store.files import read_lines, write_json, write_lines

SAMPLER = SamplerSpec(algorithm="target", temperature=1.0, top_p=1.0, max_tokens=400)
WORDS = ("red", "green", "blue", "grey", "pink")


def rows_of(problems: int, options: int = 4) -> list[dict[str, object]]:
    """Return rows whose right option is the first but in every third, where it is the last."""
    texts = WORDS[:options]
    return [
        {
            "id": f"q{n}",
            "question": f"Which of {n}?",
            "choices": [f"{text} {n}" for text in texts],
            "answer": "A" if n % 3 else ascii_uppercase[options - 1],
        }
        for n in range(problems)
    ]


def data_of(folder, rows, permute="each_draw", seed=0, **options) -> DataSpec:
    """Write rows to a file; return the data that reads it."""
    path = folder / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = {"path": str(path), "id": "id", "permute": permute, **options}
    return DataSpec(kind="jsonl", seed=seed, test=len(rows), options=told)


def problems_of(folder, problems=6, **given) -> list[Sample]:
    return load(data_of(folder, rows_of(problems), **given), "test")


def shown(sample: Sample, draw: int) -> dict[str, str]:
    """Return letter → text of each option, as the question of a draw has them."""
    lines = in_draw(sample, draw).question.split("\n")[1:]
    return dict(line.split(". ", 1) for line in lines)


def letter(sample: Sample, draw: int, text: str) -> str:
    """Return the letter under which a draw shows the option that begins with a text."""
    (found,) = [one for one, other in shown(sample, draw).items() if other.startswith(text)]
    return found


Chooses = Callable[[Sample, int], str | None]


def wants(text: str) -> Chooses:
    """A model that chooses an option by what it says."""
    return lambda sample, draw: letter(sample, draw, text)


def likes(one: str) -> Chooses:
    """A model that chooses by the letter."""
    return lambda sample, draw: one


def said(one: str | None) -> str:
    return "I do not know." if one is None else f"Therefore, the answer is {one}."


def answered(data: DataSpec, sample: Sample, draw: int, one: str | None) -> Record:
    """Return the record of a draw, asked as it is asked, a token a byte."""
    (turn,) = put(data, in_draw(sample, draw), SAMPLER, 0).messages
    prompt = f"user: {turn.content}\nassistant: "
    return Record(
        id=sample.id,
        draw=draw,
        prompt_ids=tuple(prompt.encode()),
        completion_ids=(*said(one).encode(), END),
        prompt=prompt,
        text=said(one),
        finish="eos",
        rounds=len(said(one)) + 1,
    )


def arm_of(data: DataSpec, engine: EngineSpec | None = None) -> ArmSpec:
    model = ModelSpec(target="zoo:gsm_draft")
    engine = engine or EngineSpec(kind="scripted", script="none.json", batch_size=2)
    return ArmSpec(model=model, data=data, engine=engine, sampler=SAMPLER)


def pooled(folder, data: DataSpec, chooses: Chooses, draws: int) -> dict[str, Path]:
    """Write a pool of a model's answers with its classes; return both as inputs of a stage."""
    records = [
        answered(data, sample, draw, chooses(sample, draw))
        for sample in load(data, "test")
        for draw in range(draws)
    ]
    write_lines(folder / "pool" / "samples.jsonl", map(as_json, records))
    write_json(folder / "pool" / "summary.json", {"draws": draws} if draws > 1 else {})
    found = {"pool": folder / "pool"}
    ran(ClassesStage(), folder / "classes", data, found)
    return {**found, "classes": folder / "classes"}


def context_of(stage, out, data: DataSpec, inputs, **options) -> StageContext:
    out.mkdir(parents=True, exist_ok=True)
    told = StageSpec(name=stage.kind, kind=stage.kind, needs=tuple(inputs), options=options)
    return StageContext(StageInput(told, {"a": arm_of(data)}), {}, inputs, out, Silent())


def ran(stage, out, data: DataSpec, inputs, **options) -> Path:
    """Run a stage; return its folder."""
    stage.run(context_of(stage, out, data, inputs, **options))
    return out


def reading(text: str) -> Callable[[Request], str]:
    """A model that chooses the option which begins with a text, by the question that it is asked.

    Of several questions and lists of options in a prompt it reads the first in the user's turns.
    """

    def tell(request: Request) -> str:
        asked = next(one.content for one in request.messages if one.role == "user")
        found = re.search(rf"^([A-Z])\. {text}", asked, re.M)
        assert found is not None, asked
        return said(found[1])

    return tell


def asking(stage, folder, data, inputs, monkeypatch, tell, **options):
    """Run a stage that asks again on an engine that is told; return the requests and outcomes."""
    engine = ToldEngine(tell)
    monkeypatch.setattr("llmx.stages.live.open_engine", lambda *_: engine)
    monkeypatch.setattr(ScriptedEngine, "identity", lambda *_: {"engine": "told"})
    out = ran(stage, folder / stage.kind, data, inputs, **options)
    return engine.asked, read_lines(out / "outcomes.jsonl")
