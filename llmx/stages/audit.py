"""Stage `audit`: what one arm really sent and received, checked before anything is concluded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from llmx.core.ensemble import VoiceSpec
from llmx.core.episode import EpisodeTurn, Say
from llmx.core.errors import DataError, RunError
from llmx.core.events import ANSWER
from llmx.core.options import InputModels, Split, StageOptions
from llmx.core.record import Message, Record, Sample, Score, as_json
from llmx.core.section import NamedSection
from llmx.core.spec import DataSpec
from llmx.core.speech import sent_form
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data import evaluation_identity
from llmx.engines.pretrained import template_explained
from llmx.stages.ensemble import MEMBERS, ensemble_of
from llmx.stages.planned_problems import planned_problems
from llmx.stages.requests import answering, decoding_identity, otherwise, put, required
from llmx.store.files import read_lines, whole_lines, write_json
from llmx.store.page import write_marked
from llmx.store.rows import rows

if TYPE_CHECKING:
    from llmx.audit.sent import Acted
    from llmx.engines.hf import HfEngine
    from llmx.stages.play import Stagecraft


_WITH_TOKENIZER = ("hf", "vllm", "vllm_server")
"""Engines whose prompts are rendered with the model's own tokenizer, which is at hand."""


class AuditOptions(StageOptions):
    """Whose answers are checked."""

    split: Split = Field(default="test", description="split whose answers are checked")
    model: InputModels | None = Field(
        default=None,
        description="model, as the stage that answered names it",
        examples=["a model, or a list of them"],
    )


class AuditStage:
    """Writes ``audit.json`` and ``audit.md``. Needs what answered, and scores if any.

    Where a stage of the recipe has trained the model, that stage too is among the needs: its
    tokenizer reads the records. A failed audit does not stop a run; verdicts leave its arm out.
    """

    Options: ClassVar[type[StageOptions]] = AuditOptions
    # By its name: a recipe without agents loads nothing of them.
    sections: ClassVar[tuple[NamedSection, ...]] = (NamedSection("agent"),)
    kind: ClassVar[str] = "audit"
    version: ClassVar[int] = 2
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """What the records depend on."""
        craft = _craft(given)
        acted = {} if craft is None else {"policy": dict(craft.policy.identity())}
        if craft is not None and not craft.policy.asks:
            data, _ = required(given.arm, given.stage.name)
            return {"data": evaluation_identity(data, _split(given)), **acted}
        found = decoding_identity(answering(given), _split(given), given.stage.name)
        return {**found, **otherwise(given), **acted}

    def applies(self, given: StageInput) -> bool:
        """Where there are problems and answers."""
        return given.arm.data is not None and given.arm.sampler is not None

    def plan(self, given: StageInput) -> Cost:
        """A few seconds: the template is rendered again for every problem."""
        asked = given.arm.scale.problems or 0
        return Cost(samples=asked, seconds=0.3 + asked / 700)

    def run(self, context: StageContext) -> None:
        """Make every check.

        Raises:
            RunError: if no input holds samples.jsonl.
        """
        from llmx.audit.report import audit, lines

        context.progress.start(2, unit="steps")
        sent = _sent(context)
        context.progress.advance()
        found = audit(sent)
        write_json(context.out / "audit.json", as_json(found))
        write_marked(context.out / "audit.md", "\n".join(lines(found)) + "\n")
        context.progress.advance()


def _sent(context: StageContext) -> Any:
    from llmx.audit.sent import SAMPLE_OF_TRAIN, Sent
    from llmx.data import load

    given, split = context.given, _split(context.given)
    data, _ = required(given.arm, given.stage.name)
    answers = _file(context.inputs, "samples.jsonl")
    if answers is None:
        raise RunError("stage 'audit' found no samples.jsonl", "write needs: [generate]")
    scores = _file(context.inputs, "scores.jsonl")
    # First, as the problems that it draws on the way are not needed any more.
    others = {
        name: _questions(data, name, SAMPLE_OF_TRAIN)
        for name in ("calibration", "train")
        if name != split
    }
    planned = planned_problems(given, context.inputs)
    there = sum(1 for _ in whole_lines(answers))
    craft = _craft(given)
    return Sent(
        records=rows(answers, Record),
        samples=load(data, split, there if planned is None else planned),
        max_tokens=_most(context, craft),
        scores=None if scores is None else list(rows(scores, Score)),
        speller=_speller(context, craft),
        others=others,
        drafts=_drafts(context.inputs),
        scored=_scored(scores),
        acted=None if craft is None else _acted(craft, answers.parent),
    )


def _craft(given: StageInput) -> Stagecraft | None:
    """Return what the arm's episodes share; None where a need has single completions."""
    kinds = {given.stages[name].kind for name in given.stage.needs if name in given.stages}
    if "agent" not in kinds:
        return None
    from llmx.stages.agent_arm import craft_of

    return craft_of(given)


def _acted(craft: Stagecraft, folder: Path) -> Acted:
    from llmx.audit.sent import Acted
    from llmx.dialogue.agent.policy import ModelPolicy
    from llmx.stages.turns import TURNS

    if not craft.policy.asks:
        return Acted(asks=False)
    first = {
        (turn.id, turn.draw): turn.record
        for turn in rows(folder / TURNS, EpisodeTurn)
        if turn.turn == 1 and turn.record is not None and turn.record.prompt_ids
    }
    return Acted(in_words=craft.policy.kind == ModelPolicy.kind, first=first)


def _most(context: StageContext, craft: Stagecraft | None) -> int:
    """Return the most tokens that a record may have."""
    if craft is not None:
        return craft.spec.max_tokens
    _, sampler = required(context.given.arm, context.given.stage.name)
    return (_answerer(context).sampler or sampler).max_tokens


def _scored(scores: Path | None) -> dict[str, str]:
    """Return the reference answer of each problem, as the stage that scored wrote it down."""
    path = None if scores is None else scores.with_name("problems.jsonl")
    return {} if path is None else {one.id: one.answer for one in rows(path, Sample)}


def _split(given: StageInput) -> str:
    return given.read(AuditOptions).split


def _file(inputs: Mapping[str, Path], name: str) -> Path | None:
    return next((path / name for path in inputs.values() if (path / name).exists()), None)


@lru_cache(maxsize=8)
def _questions(data: DataSpec, split: str, most: int) -> tuple[str, ...] | None:
    """Return up to `most` questions of another split; None where the dataset has none."""
    from llmx.data import load

    wanted = min(most, getattr(data, split, most) or 0)
    if not wanted:
        return None
    try:
        few = data.model_copy(update={split: wanted})
        return tuple(sample.question for sample in load(few, split, wanted))
    except DataError:
        return None


def _drafts(inputs: Mapping[str, Path]) -> dict[str, dict[str, str]] | None:
    """Return id → what the other members said; None where one model answered."""
    path = _file(inputs, MEMBERS)
    if path is None:
        return None
    said = ((row["id"], row["drafts"]) for row in read_lines(path))
    return {name: {k: v for k, v in drafts.items() if k != ANSWER} for name, drafts in said}


def _answerer(context: StageContext) -> VoiceSpec:
    """Return the model that wrote the records: of an ensemble, the one that answers."""
    if _file(context.inputs, MEMBERS) is not None:
        spec = ensemble_of(context.given.arm)
        return spec.voices[spec.aggregator]
    arm = answering(context.given, context.inputs)
    return VoiceSpec(model=arm.used_model, engine=arm.engine)


def _speller(context: StageContext, craft: Stagecraft | None) -> Any:
    """Return the tokenizer of an engine that has one."""
    if craft is not None and (not craft.policy.asks or context.given.arm.engine.kind != "hf"):
        return None  # what a server makes of tools beside the text is not at hand
    voice = _answerer(context)
    assert voice.engine is not None
    if voice.engine.kind not in _WITH_TOKENIZER:
        return None
    from llmx.engines.hf import HfEngine

    engine = HfEngine(voice.model, voice.engine, context.inputs)
    return _EngineSpeller(engine, context.given, craft)


class _EngineSpeller:
    """The engine's own tokenizer and template; no weights are loaded."""

    def __init__(self, engine: HfEngine, given: StageInput, craft: Stagecraft | None) -> None:
        self.engine, self.craft = engine, craft
        self.data, self.sampler = required(given.arm, given.stage.name)
        self.tokenizer = engine.pair.tokenizer
        self.bos_id: int | None = self.tokenizer.bos_token_id
        self.eos_ids = frozenset(engine.pair.eos_ids)
        self.vocab_size = len(self.tokenizer)

    def spell(self, ids: Sequence[int]) -> str:
        """Return the text of ids, special tokens shown."""
        text: str = self.tokenizer.decode(list(ids))
        return text

    def answer(self, ids: Sequence[int]) -> str:
        """Return a completion's text as the engine stores it."""
        return self.engine.text(ids, self.sampler)

    def special_in(self, sample: Sample) -> list[str]:
        """Return the special tokens that the texts of a problem's turns spell."""
        messages = put(self.data, sample, self.sampler, 0).messages  # none where it is sent raw
        return [text for one in messages for text in self._special.findall(one.content)]

    @cached_property
    def _special(self) -> re.Pattern[str]:
        added = self.tokenizer.added_tokens_decoder.values()
        texts = sorted({token.content for token in added if token.special}, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, texts)) or "(?!)")

    def render(self, sample: Sample) -> tuple[list[int], str]:
        """Render one problem: as text, and as ids by tokenizing that text apart."""
        request = put(self.data, sample, self.sampler, 0)
        if request.raw is not None:
            return list(self.tokenizer(request.raw)["input_ids"]), request.raw
        turns = request.messages if self.craft is None else _opening(self.craft, sample)
        messages = [sent_form(message) for message in turns]
        with template_explained(messages):
            text: str = self.tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, tokenize=False
            )
        # The template writes its special tokens itself: adding them again is the fault looked for.
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return list(ids), text


def _opening(craft: Stagecraft, sample: Sample) -> tuple[Message, ...]:
    """Return the chat that an episode begins with, as its policy asks for it."""
    steps = craft.policy.episode(craft.spec, craft.task(sample, 0), sample)
    wanted = next(steps)
    steps.close()
    return wanted.turns if isinstance(wanted, Say) else ()
