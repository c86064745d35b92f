"""Pools of draws made by hand, and engines that answer what a test tells them to."""

from llmx.core.progress import Silent
from llmx.core.record import Record, as_json
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, SamplerSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.data import load
from llmx.engines.scripted import END, ScriptedEngine
from llmx.scoring.classes import classes_of
from llmx.scoring.gsm import GsmScorer
from llmx.store.files import read_lines, write_json, write_lines

DATA = DataSpec(kind="gsm_symbolic", templates=(43, 10), test=6)
PROBLEMS = load(DATA, "test", 6)
SAMPLER = SamplerSpec(algorithm="target", temperature=1.0, top_p=1.0, max_tokens=400)


class ToldEngine(ScriptedEngine):
    """Says what a function of the request says; counts what it was asked."""

    def __init__(self, tell):
        self.tell, self.asked, self.stops = tell, [], None
        self.spec = EngineSpec(kind="scripted")

    @property
    def answers(self):
        return self

    def __contains__(self, name):
        return True

    def __getitem__(self, name):
        return self.tell(self.asked[-1])

    def generate(self, requests):
        for request in requests:
            if self.stops is not None and len(self.asked) >= self.stops:
                raise KeyboardInterrupt
            self.asked.append(request)
            yield self._answer(request)


class ToldExactly(ToldEngine):
    """One whose answers depend on their requests alone."""

    @classmethod
    def known_exact(cls, model, spec):
        return True

    def exact(self, sampler):
        return True

    def finished(self, requests):
        yield from enumerate(self.generate(requests))


def drawn(sample, number, text, finish="eos", prompt="user: Q\nassistant: "):
    """A record of the scripted engine: a token a byte."""
    return Record(
        id=sample.id,
        draw=number,
        prompt_ids=tuple(prompt.encode()),
        completion_ids=(*text.encode(), END),
        prompt=prompt,
        text=text,
        finish=finish,
        rounds=len(text) + 1,
    )


def pool(folder, texts):
    """Write a pool of these texts, problem by problem, with its classes; return the inputs."""
    records, lines = [], []
    for sample, own in zip(PROBLEMS, texts, strict=False):
        draws = [drawn(sample, number, text) for number, text in enumerate(own)]
        records += draws
        lines.append(as_json(classes_of(GsmScorer(), sample, draws)))
    for name in ("pool", "classes"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_lines(folder / "pool" / "samples.jsonl", map(as_json, records))
    write_lines(folder / "classes" / "classes.jsonl", lines)
    return {"pool": folder / "pool", "classes": folder / "classes"}


def right(sample):
    return f"We count. #### {sample.answer}"


def wrong(sample, by=1):
    return f"We count badly. #### {int(sample.answer) + by}"


UNREAD = "We do not know."


def given(stage, folder, problems, engine=None, **options):
    script = folder / "script.json"
    if engine is None:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(script, {"*": ""})
        engine = EngineSpec(kind="scripted", script=str(script), batch_size=2)
    arm = ArmSpec(
        model=ModelSpec(target="zoo:gsm_draft"), data=DATA, engine=engine, sampler=SAMPLER
    )
    told = {"problems": problems, "scorer": "gsm", **options}
    return StageInput(
        StageSpec(name="live", kind=stage.kind, needs=("pool", "classes"), options=told), {"a": arm}
    )


def run(
    stage,
    folder,
    inputs,
    monkeypatch,
    tell,
    problems=2,
    stops=None,
    engine=ToldEngine,
    **options,
):
    """Run a live stage on an engine that is told what to say; return it and the outcomes."""
    engine = engine(tell)
    engine.stops = stops
    monkeypatch.setattr("llmx.stages.live.open_engine", lambda *_: engine)
    about = given(stage, folder, problems, **options)
    out = folder / "out"
    out.mkdir(parents=True, exist_ok=True)
    stage.run(StageContext(about, stage.identity(about), inputs, out, Silent()))
    return engine, read_lines(out / "outcomes.jsonl")


def of(rows, method, size, problem=0):
    """The outcome of one problem."""
    (found,) = [
        row
        for row in rows
        if (row["id"], row["method"], row["size"]) == (PROBLEMS[problem].id, method, size)
    ]
    return found
