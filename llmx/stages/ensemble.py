"""Stage `ensemble_decode`: answers of an ensemble, or of one model, without a clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from llmx.core.ensemble import EnsembleSpec, VoiceSpec
from llmx.core.errors import ConfigError
from llmx.core.events import ANSWER
from llmx.core.options import StageOptions
from llmx.core.record import Record, as_json
from llmx.core.spec import ArmSpec
from llmx.core.speech import Request
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.core.stream import Piece
from llmx.data import evaluation_identity
from llmx.data.tasks.options import sent_wrapper
from llmx.dialogue.api import steps
from llmx.dialogue.batched import Call, FinalAnswer, Steps
from llmx.engines.engine import engine_class
from llmx.engines.stream.open import open_replier
from llmx.stages.decode import Asked, drawn, draws_of, problems_of, split_of, summarise
from llmx.stages.requests import requests_for, required
from llmx.store.files import Appender, read_lines, write_json
from llmx.store.rows import keep_asked, key_of


@dataclass
class Reuse:
    """Counts of one answer, in tokens.

    Attributes:
        sent: of all prompts. `reused` of them stood in the speaker's last prompt or answer at the
            same place, so that a prefix cache keeps them.
        generated: by all members.
        answer_prompt: of the answer's last request; `prompt` is its text.
    """

    sent: int = 0
    reused: int = 0
    generated: int = 0
    answer_prompt: int | None = None
    answer_sent: int = 0
    answer_reused: int = 0
    prompt: str = ""

    def count(self, call: Call, reply: Sequence[Piece]) -> None:
        """Add one request."""
        sent, kept = reply[0].prompt_tokens or 0, reply[0].cached_tokens or 0
        self.sent, self.reused = self.sent + sent, self.reused + kept
        self.generated += sum(piece.tokens for piece in reply)
        if call.speaker.name == ANSWER:
            self.answer_sent, self.answer_reused = (
                self.answer_sent + sent,
                self.answer_reused + kept,
            )
            self.answer_prompt = sent
            self.prompt = "\n".join(f"{turn.role}: {turn.content}" for turn in call.ask.prompt)

    def sums(self) -> dict[str, int]:
        """Return the sums for the record of the members."""
        names = ("sent", "reused", "generated", "answer_sent", "answer_reused")
        return {name: getattr(self, name) for name in names}


SAMPLES, MEMBERS = "samples.jsonl", "ensemble.jsonl"


class EnsembleDecodeStage:
    """Writes ``samples.jsonl`` as `decode` does, and ``ensemble.jsonl``: what the members said.

    An arm without an ensemble is answered by its model alone, through the same code.
    """

    Options: ClassVar[type[StageOptions]] = Asked
    kind: ClassVar[str] = "ensemble_decode"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """Data, members with their models, policies, sampler, seed and the number of problems."""
        data, sampler = required(given.arm, given.stage.name)
        return {
            "data": evaluation_identity(data, split_of(given)),
            "ensemble": ensemble_identity(given.arm),
            "sampler": sampler.model_dump(mode="json"),
            "seed": given.arm.seed,
            **drawn(given),
            "problems": problems_of(given),
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Tokens at the cap of every member."""
        _, sampler = required(given.arm, given.stage.name)
        spec = ensemble_of(given.arm)
        members = 1 + (spec.layers - 1) * len(spec.proposers)
        answers = problems_of(given) * len(draws_of(given))
        return Cost(samples=answers, tokens=answers * members * sampler.max_tokens)

    def run(self, context: StageContext) -> None:
        """Answer every problem, a block of `engine.batch_size` at a time; see `decode`."""
        given = context.given
        draws, problems = draws_of(given), problems_of(given)
        requests = requests_for(given.arm, split_of(given), problems, 0.0, draws)
        size = given.arm.engine.batch_size
        kept = _kept(context.out, [(one.id, one.draw) for one in requests], size)
        context.progress.start(len(requests), kept)
        players = Players(given.arm, context.inputs)
        with Appender(context.out / SAMPLES) as records, Appender(context.out / MEMBERS) as members:
            for start in range(kept, len(requests), size):
                block = list(players.block(requests[start : start + size]))
                members.append(about for _, about in block)
                records.append(as_json(record) for record, _ in block)
                context.progress.advance(len(block))
        summarise(context.out, None, len(draws))
        write_json(context.out / "members.json", total(read_lines(context.out / MEMBERS)))


class Players:
    """The models of an arm's ensemble, and the problems they work on."""

    def __init__(self, arm: ArmSpec, inputs: Mapping[str, Path]) -> None:
        self.arm, self.spec = arm, ensemble_of(arm)
        self.repliers = {
            name: open_replier(voice, arm.engine, inputs)
            for name, voice in self.spec.voices.items()
        }

    def block(self, requests: Sequence[Request]) -> Iterator[tuple[Record, dict[str, Any]]]:
        """Yield a record and the members' words for each problem, in order."""
        conversations = [Conversation(self.spec, request, self.arm.seed) for request in requests]
        while calls := [(one, call) for one in conversations for call in one.calls]:
            replies = self._ask([call for _, call in calls])
            for one in conversations:
                count = len(one.calls)
                if count:
                    mine, replies = replies[:count], replies[count:]
                    one.advance(mine)
        yield from (one.result() for one in conversations)

    def _ask(self, calls: Sequence[Call]) -> list[list[Piece]]:
        found: dict[int, list[Piece]] = {}
        for name, replier in self.repliers.items():
            places = [at for at, call in enumerate(calls) if call.speaker.voice == name]
            replies = replier.reply([calls[at].ask for at in places]) if places else []
            found.update(zip(places, replies, strict=True))
        return [found[at] for at in range(len(calls))]


class Conversation:
    """One problem under way."""

    def __init__(self, spec: EnsembleSpec, request: Request, seed: int) -> None:
        self.request = request
        turns, sampler = request.messages, request.sampler
        self.steps: Steps = steps(spec, turns, id=request.dice, sampler=sampler, seed=seed)
        self.reuse = Reuse()
        self.outcome: FinalAnswer | None = None
        self.calls: list[Call] = next(self.steps)

    def advance(self, replies: Sequence[Sequence[Piece]]) -> None:
        """Hand the replies over and take the next requests."""
        for call, reply in zip(self.calls, replies, strict=True):
            self.reuse.count(call, reply)
        try:
            self.calls = self.steps.send(list(replies))
        except StopIteration as end:
            self.calls, self.outcome = [], end.value

    def result(self) -> tuple[Record, dict[str, Any]]:
        """Return the record and what the members said."""
        outcome = self.outcome
        assert outcome is not None
        record = Record(
            id=self.request.id,
            prompt_ids=(),
            completion_ids=outcome.answer.ids,
            prompt=self.reuse.prompt,
            text=outcome.answer.text,
            finish=outcome.finish,
            rounds=outcome.chunks,
            draw=self.request.draw,
            completion_tokens=outcome.answer.tokens,
            prompt_tokens=self.reuse.answer_prompt,
        )
        return record, {
            "id": self.request.id,
            **({"draw": self.request.draw} if self.request.draw else {}),
            "drafts": {name: shown.text for name, shown in outcome.drafts.items()},
            "tokens": {name: shown.tokens for name, shown in outcome.drafts.items()},
            "early": outcome.early,
            "chunks": outcome.chunks,
            "repeated": outcome.repeated,
            "retried": outcome.retried,
            **self.reuse.sums(),
        }


def total(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return sums over all problems."""
    names = ("early", "chunks", "repeated", "retried", "sent", "reused", "generated")
    return {"problems": len(rows), **{name: sum(row[name] for row in rows) for name in names}}


def ensemble_of(arm: ArmSpec) -> EnsembleSpec:
    """Return the arm's ensemble with every voice settled; its model alone is one of one layer."""
    found = arm.ensemble or EnsembleSpec(
        voices={"alone": VoiceSpec()}, proposers=("alone",), aggregator="alone", layers=1
    )
    voices = {name: _settled(voice, arm) for name, voice in found.voices.items()}
    return found.model_copy(update={"voices": voices})


def _settled(voice: VoiceSpec, arm: ArmSpec) -> VoiceSpec:
    """Return a voice with the arm's own where it says nothing."""
    model = voice.model or arm.model
    if model is None:
        raise ConfigError("a voice of the ensemble has no model", "add model=zoo_gsm")
    alone = model.alone()
    return voice.model_copy(update={"model": alone, "engine": voice.engine or arm.engine})


def ensemble_identity(arm: ArmSpec) -> dict[str, Any]:
    """Return what an ensemble's answers depend on: its values, and every model by content."""
    if arm.data is not None and sent_wrapper(arm.data) != "chat":
        raise ConfigError("members of an ensemble get chats alone", "data.options.wrapper=chat")
    spec = ensemble_of(arm)
    voices = {}
    for name, voice in spec.voices.items():
        engine = voice.engine or arm.engine
        sampler = voice.sampler.model_dump(mode="json") if voice.sampler else None
        identity = dict(engine_class(engine.kind).identity(voice.model, engine))
        voices[name] = {"engine": identity, "sampler": sampler}
    return {**spec.model_dump(mode="json", exclude={"voices"}), "voices": voices}


def _kept(out: Path, asked: Sequence[tuple[str, int]], size: int) -> int:
    """Leave the problems of which both files hold a record, whole blocks of them; return many."""
    both = {SAMPLES: key_of(Record), MEMBERS: _key}
    most = min(len(keep_asked(out / file, asked, name, size)) for file, name in both.items())
    return min(len(keep_asked(out / file, asked[:most], name)) for file, name in both.items())


def _key(row: Mapping[str, Any]) -> tuple[Any, Any]:
    return row.get("id"), row.get("draw", 0)
