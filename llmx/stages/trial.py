"""The five turns of an endpoint before its episodes; what they showed is kept."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from llmx.core.episode import Said
from llmx.core.errors import EngineError
from llmx.core.progress import Progress
from llmx.core.spec import ArmSpec
from llmx.core.speech import Request
from llmx.dialogue.agent.section import AgentSection
from llmx.dialogue.agent.trial import CallingTrial, calling_trial
from llmx.engines.engine import Converses, Engine
from llmx.store.files import read_json, write_json

TRIAL = "calling.json"


def try_calling(
    engine: Engine | None, arm: ArmSpec, spec: AgentSection, out: Path, progress: Progress
) -> None:
    """Try tool calling on an endpoint, once; what passed before is not tried again.

    Raises:
        EngineError: if its calls do not come back, with what to set.
    """
    if engine is None or not isinstance(engine, Converses) or spec.format != "native":
        return
    path = out / TRIAL
    found = CallingTrial(**read_json(path)) if path.exists() else _tried(engine, arm, progress)
    if (fault := found.fault) is not None:
        name = arm.model.target if arm.model else "the model"
        raise EngineError(f"five turns of tool calling with {name}: {fault[0]}", fault[1])
    if spec.parallel and not found.parallel:
        progress.note("two calls in one reply did not come: agent.parallel=false says so")
    write_json(path, asdict(found))


def _tried(engine: Engine, arm: ArmSpec, progress: Progress) -> CallingTrial:
    assert arm.sampler is not None
    trial, said = calling_trial(), list[Said]()
    while True:
        turn = len(said) + 1
        try:
            say = trial.send(said[-1]) if said else next(trial)
        except StopIteration as end:
            found: CallingTrial = end.value
            return found
        progress.note(f"tool calling, turn {turn} of 5")
        sampler = arm.sampler.model_copy(update={"max_tokens": say.budget})
        asked = Request(
            id=f"trial/{turn}",
            messages=say.turns,
            sampler=sampler,
            seed=arm.seed,
            tools=say.tools,
        )
        (record,) = engine.generate([asked])
        said.append(Said(record))
