"""An engine whose answers arrive one by one: one call, each is kept, the end is in order."""

import json
from pathlib import Path

import pytest

from llmx.core.progress import Silent
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, RunSpec, SamplerSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.engines.scripted import ScriptedEngine
from llmx.graph.workers import default_workers
from llmx.papers.fsd.stages.calibrate import CalibrateStage
from llmx.stages.decode import DecodeStage
from llmx.stages.requests import decoding_identity, first_block_notes, settled
from llmx.stages.speed import SpeedStage
from llmx.store.files import read_json, read_lines

DATA = DataSpec(kind="gsm_symbolic", templates=(43, 10), test=6, calibration=3)
PAIR = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")


class Stopped(Exception):
    """Stands for a kill."""


@pytest.fixture
def calls(monkeypatch):
    """Let the scripted engine answer last things first; return what it is asked, a list a call."""
    seen = []

    class Arriving(ScriptedEngine):
        progress = Silent()

        def arrivals(self, requests, kept=()):
            seen.append([request.id for request in requests])
            assert not {record.id for record in kept} & set(seen[-1])
            self.progress.note("starting")
            for place, record in enumerate(super().generate(requests[::-1])):
                if place == self.spec.threads:  # a number of answers after which it is stopped
                    raise Stopped
                yield record

        def accounts(self):
            return {"answers": len(seen[-1])}

    monkeypatch.setattr("llmx.stages.requests.engine_class", lambda kind: Arriving)
    return seen


class Heard(Silent):
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


def decode(out: Path, stop_after: int, progress=None):
    script = out / "script.json"
    out.mkdir(exist_ok=True)
    script.write_text(json.dumps({"*": "#### 7"}))
    engine = EngineSpec(kind="scripted", script=str(script), batch_size=2, threads=stop_after)
    sampler = SamplerSpec(algorithm="target", max_tokens=20)
    stage = DecodeStage()
    given = StageInput(
        StageSpec(name="s", kind="decode"),
        {"a": ArmSpec(data=DATA, engine=engine, sampler=sampler)},
    )
    stage.run(StageContext(given, stage.identity(given), {}, out, progress or Silent()))


def test_all_requests_go_at_once_and_each_answer_is_kept(tmp_path, calls):
    with pytest.raises(Stopped):
        decode(tmp_path, stop_after=3)
    assert [len(call) for call in calls] == [6]
    assert len(read_lines(tmp_path / "samples.jsonl")) == 3
    decode(tmp_path, stop_after=99)
    assert calls[1] == calls[0][:3]
    assert [row["id"] for row in read_lines(tmp_path / "samples.jsonl")] == calls[0]


def test_it_says_how_far_it_is_and_what_it_counted(tmp_path, calls):
    heard = Heard()
    decode(tmp_path, stop_after=99, progress=heard)
    assert heard.notes == ["starting"]
    assert read_json(tmp_path / "engine.json") == {"answers": 6}


def arm(kind, **sampler):
    settings = SamplerSpec(**{"algorithm": "fuzzy", "threshold": 0.1, **sampler})
    return ArmSpec(model=PAIR, data=DATA, engine=EngineSpec(kind=kind), sampler=settings)


def spec_of(**arms):
    return RunSpec(name="r", group="g", source="s", stages=(), arms=arms)


def test_an_engine_that_takes_one_target_token_first_is_known_by_it():
    there, here = arm("vllm"), arm("hf")
    assert settled(here) == here
    assert settled(there).sampler.first_block == "target"
    first, second = (decoding_identity(a, "test", "s")["sampler"] for a in (there, here))
    assert first == {**second, "first_block": "target"}


def test_arms_whose_law_it_changes_are_named():
    arms = {"f": arm("vllm"), "sd": arm("vllm", algorithm="speculative"), "h": arm("hf")}
    (note,) = first_block_notes(spec_of(**arms))
    assert "first_block=target) in f:" in note
    assert first_block_notes(spec_of(f=arm("vllm", first_block="target"))) == ()


def test_one_process_starts_vllm():
    assert default_workers(spec_of(f=arm("hf"), v=arm("vllm"))) == 1


@pytest.mark.parametrize("stage", [CalibrateStage(), SpeedStage()])
def test_stages_that_need_models_refuse_other_engines(stage):
    arms = {"a": arm("scripted", threshold=None, draft_share=0.5)}
    given = StageInput(StageSpec(name="s", kind=stage.kind), arms)
    with pytest.raises(Exception, match=r"engine 'scripted'.*engine=hf"):
        stage.identity(given)
