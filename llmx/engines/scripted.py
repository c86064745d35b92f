"""Engine `scripted`: plays back given answers. Tests and documentation run on it, without models.

The script is a JSON file: sample id → text, with ``"*"`` for every other sample; a further draw of
a sample may have its own, as ``ID#DRAW``, and a turn of an episode, as ``ID/turn/2``. Token ids are
the UTF-8 bytes, so lengths, caps and stop strings behave as with a real model. An answer that calls
tools is ``{"content": …, "reasoning": …, "calls": [{"name": …, "arguments": {…}}]}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from pydantic import TypeAdapter, ValidationError

from llmx.core import json_text
from llmx.core.errors import EngineError
from llmx.core.record import Finish, Frozen, Record, ToolCall
from llmx.core.spec import EngineSpec, ModelSpec
from llmx.core.speech import Capability, Request
from llmx.store.files import dumps
from llmx.store.fingerprint import fingerprint

END = 0  # a byte that no answer holds: the end of a completion


class ScriptedCall(Frozen):
    """A call of a script; arguments as a text are sent as they are, JSON or not."""

    name: str
    arguments: dict[str, Any] | str = {}
    id: str | None = None


class ScriptedReply(Frozen):
    """An answer of a script that is more than its text."""

    content: str = ""
    reasoning: str = ""
    calls: tuple[ScriptedCall, ...] = ()

    def asked(self) -> tuple[ToolCall, ...]:
        """Return the calls, numbered where they have no id."""
        return tuple(
            ToolCall(
                id=f"call-{place}" if call.id is None else call.id,
                name=call.name,
                arguments=call.arguments
                if isinstance(call.arguments, str)
                else dumps(call.arguments),
            )
            for place, call in enumerate(self.calls, 1)
        )


class ScriptedEngine:
    """`engine: {kind: scripted, script: answers.json}`."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {"text", "chat", "raw", "prefix", "tools"}
    )

    def __init__(
        self, model: ModelSpec | None, spec: EngineSpec, stages: Mapping[str, Path] | None = None
    ) -> None:
        self.spec = spec

    @classmethod
    def identity(cls, model: ModelSpec | None, spec: EngineSpec) -> Mapping[str, object]:
        """The content of the script."""
        return {"engine": "scripted", "script": fingerprint(_read(spec)), **spec.kept_cost()}

    @cached_property
    def answers(self) -> dict[str, str | ScriptedReply]:
        """The script."""
        return _replies(self.spec)

    def generate(self, requests: Sequence[Request]) -> Iterator[Record]:
        """Yield the scripted answers in order."""
        for request in requests:
            yield self._answer(request)

    def decoded(self, ids: Sequence[int]) -> str:
        """Return the text of a completion's tokens, or of its first ones."""
        return bytes(one for one in ids if one != END).decode(errors="ignore")

    def _answer(self, request: Request) -> Record:
        names = (request.dice, request.id, "*")
        told = next((self.answers[name] for name in names if name in self.answers), None)
        if told is None:
            raise EngineError(
                f"{self.spec.script} has no answer for '{request.id}'", 'add one, or a "*" entry'
            )
        reply = ScriptedReply(content=told) if isinstance(told, str) else told
        prompt = request.raw
        if prompt is None:
            prompt = "\n".join(one.shown for one in request.messages) + "\nassistant: "
        prompt += "".join(part.text for part in request.prefix)
        ids, finish = _cut(reply.content, request)
        return Record(
            id=request.id,
            prompt_ids=tuple(prompt.encode()),
            completion_ids=ids,
            prompt=prompt,
            text=_text(ids, request),
            finish=finish,
            rounds=len(ids),
            calls=reply.asked(),
            draw=request.draw,
            cost=self.spec.cost(len(prompt.encode()), len(ids)),
            reasoning=reply.reasoning,
        )


def _cut(text: str, request: Request) -> tuple[tuple[int, ...], Finish]:
    ends = [at + len(stop) for stop in request.sampler.stop if (at := text.find(stop)) >= 0]
    whole = (*text[: min(ends)].encode(),) if ends else (*text.encode(), END)
    if len(whole) > request.sampler.max_tokens:
        return whole[: request.sampler.max_tokens], "length"
    return whole, "stop" if ends else "eos"


def _text(ids: tuple[int, ...], request: Request) -> str:
    text = bytes(one for one in ids if one != END).decode(errors="ignore")
    cuts = [at for stop in request.sampler.stop if (at := text.find(stop)) >= 0]
    return text[: min(cuts)] if cuts else text


_SCRIPT = TypeAdapter(dict[str, str | ScriptedReply])


def _replies(spec: EngineSpec) -> dict[str, str | ScriptedReply]:
    try:
        return _SCRIPT.validate_python(_read(spec))
    except ValidationError as error:
        text = f"{spec.script} is not a mapping from sample ids to texts"
        raise EngineError(text, "or to {content, reasoning, calls}") from error


def _read(spec: EngineSpec) -> dict[str, Any]:
    if spec.script is None:
        raise EngineError("engine 'scripted' needs a script", "engine.script=answers.json")
    try:
        found = json_text.parse(Path(spec.script).read_bytes())
    except (OSError, ValueError) as error:
        raise EngineError(f"cannot read the script {spec.script}: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(v, str | dict) for v in found.values()):
        raise EngineError(f"{spec.script} is not a mapping from sample ids to texts")
    return found
