"""Engine `hf`: llmx's own token loops over transformers models, on CPU or CUDA."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from llmx.core.errors import ContextLengthError, EngineError
from llmx.core.progress import Progress, Silent
from llmx.core.record import Record
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import Capability, Request, sent_form
from llmx.engines.engine import in_order
from llmx.engines.kernel import kernel_identity, known_exact
from llmx.engines.pretrained import template_explained
from llmx.engines.size import (
    NO_ROOM,
    adapter_identity,
    clock_identity,
    code_identity,
    model_identity,
)

if TYPE_CHECKING:
    from llmx.decoding import Decoded, DecodeOptions, StepModel
    from llmx.decoding.constraint import Constraint
    from llmx.engines.json_grammar import JsonGrammars
    from llmx.engines.pair import LoadedPair


# Settings that the token loop knows in another form.
_TRANSLATED = {"stop", "threshold", "draft_share", "accuracy_loss", "hold", "budget", "strict"}


class HfEngine:
    """Decodes with a target, a draft, or both (speculation)."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {"text", "chat", "raw", "prefix", "logprobs", "step", "schema"}
    )

    def __init__(
        self, model: ModelSpec | None, spec: EngineSpec, stages: Mapping[str, Path] | None = None
    ) -> None:
        self.model = _required(model)
        self.spec = spec
        self.stages = stages or {}
        self.progress: Progress = Silent()
        self._strict: dict[tuple[str, ...], tuple[int, ...]] = {}

    @classmethod
    def identity(cls, model: ModelSpec | None, spec: EngineSpec) -> Mapping[str, object]:
        """Models by content and arithmetic, and the batch size where it moves the last bits."""
        model = _required(model)
        return {
            "engine": "hf",
            "target": model_identity(model.target, model.target_revision),
            "draft": model_identity(model.draft, model.draft_revision),
            **adapter_identity(model.adapter),
            "dtype": spec.dtype,
            "lean": spec.lean,
            **spec.kept_cost(),
            **({"logprobs": True} if spec.logprobs else {}),
            **kernel_identity(model, spec),
            **code_identity(spec.trust_remote_code),
            **clock_identity(model, spec),
        }

    @classmethod
    def known_exact(cls, model: ModelSpec | None, spec: EngineSpec) -> bool:
        """Whether it is known before anything loads that :meth:`exact` will be true."""
        return known_exact(model, spec)

    def exact(self, sampler: SamplerSpec) -> bool:
        """Whether an answer depends on its request alone, not on what shares its batch."""
        from llmx.decoding.block_model import is_exact

        return is_exact(*self._models(self.options(sampler, 0.0)))

    @cached_property
    def pair(self) -> LoadedPair:
        """The loaded models and their tokenizer."""
        from llmx.engines.pair import load_pair

        return load_pair(self.model, self.spec, self.stages, self.progress)

    def generate(self, requests: Sequence[Request]) -> Iterator[Record]:
        """Yield records in the order of the requests, a batch at a time or as rows are refilled."""
        for _, group in groupby(requests, key=lambda r: (r.sampler, r.threshold, r.seed)):
            alike = list(group)
            if self.exact(alike[0].sampler):
                yield from in_order(self.finished(alike))
                continue
            for start in range(0, len(alike), self.spec.batch_size):
                batch = alike[start : start + self.spec.batch_size]
                yield from in_order(self._decoded(batch, len(batch)))

    def finished(self, requests: Sequence[Request]) -> Iterator[tuple[int, Record]]:
        """Yield (place, record) as answers are over; the next request takes the free row.

        Args:
            requests: of one sampler, threshold and seed, for which the engine is `exact`.
        """
        return self._decoded(requests, self.spec.batch_size)

    def _decoded(self, requests: Sequence[Request], slots: int) -> Iterator[tuple[int, Record]]:
        from llmx.decoding import decode_stream

        if not requests:
            return
        first = requests[0]
        options = self.options(first.sampler, first.resolved_threshold())
        prompts = [self.prompt_ids(request) for request in requests]
        ids, stop = [request.dice for request in requests], self.stopper(first.sampler)
        models, seed = self._models(options), first.seed
        drawn, held = any(request.draw for request in requests), self._constraints(requests)
        outputs = decode_stream(
            *models, prompts, ids, options, seed, stop, slots=slots, shared=drawn, constraints=held
        )
        for place, output in outputs:
            yield place, self._record(requests[place], prompts[place], output)

    def _constraints(self, requests: Sequence[Request]) -> list[Constraint | None] | None:
        """Return what each answer is held to; None where none is held to anything."""
        if not any(request.answer_schema for request in requests):
            return None
        schemas = [request.answer_schema for request in requests]
        return [self.grammars.of(one) if one else None for one in schemas]

    @cached_property
    def grammars(self) -> JsonGrammars:
        """The grammars of the target's tokens."""
        from llmx.engines.json_grammar import JsonGrammars

        size = max(self.pair.target.vocab_size, len(self.pair.tokenizer))
        return JsonGrammars(self.pair.tokenizer, size, self.pair.eos_ids)

    def _models(self, options: DecodeOptions) -> tuple[StepModel | None, StepModel | None]:
        """Return the models that the algorithm runs: target and draft."""
        pair = self.pair
        return (
            pair.target if options.uses_target else None,
            pair.draft if options.uses_draft else None,
        )

    def _record(self, request: Request, prompt: Sequence[int], output: Decoded) -> Record:
        return Record(
            id=request.id,
            prompt_ids=tuple(prompt),
            completion_ids=output.token_ids,
            prompt=self.pair.tokenizer.decode(list(prompt)),
            text=self.text(output.token_ids, request.sampler),
            finish=output.finish,
            rounds=output.rounds,
            drafted=output.drafted,
            accepted=output.accepted,
            fragile=output.fragile,
            logprobs=output.logprobs,
            draw=request.draw,
            cost=self.spec.cost(len(prompt), len(output.token_ids)),
        )

    def options(self, sampler: SamplerSpec, threshold: float) -> DecodeOptions:
        """Return the settings of the token loop."""
        from llmx.decoding import DecodeOptions

        shared = sampler.model_dump(exclude=_TRANSLATED)
        return DecodeOptions(
            **shared,
            threshold=threshold,
            hold_share=sampler.draft_share if sampler.hold else None,
            budget=float("inf") if sampler.budget is None else sampler.budget,
            strict_ids=self.strict_ids(sampler.strict),
            eos_ids=self.pair.eos_ids,
            logprobs=self.spec.logprobs,
        )

    def strict_ids(self, texts: tuple[str, ...]) -> tuple[int, ...]:
        """Return the tokens that hold one of `texts`; a large vocabulary is read through once."""
        from llmx.engines.strict_tokens import strict_tokens

        if texts not in self._strict:
            self._strict[texts] = strict_tokens(self.pair.tokenizer, texts) if texts else ()
        return self._strict[texts]

    def prompt_ids(self, request: Request) -> list[int]:
        """Render the messages with the model's chat template, or encode a raw prompt.

        Raises:
            ContextLengthError: if prompt and answer can't fit the models' context: past it a model
                gives text without a word of warning, and no figure about it means anything.
        """
        ids = self._rendered(request)
        known, most = self._context(request.sampler), request.sampler.max_tokens
        room = (known or len(ids) + most) - len(ids)
        if most > room:
            text = f"sample '{request.id}' has {len(ids)} prompt tokens"
            if room < 1:  # no shorter answer fits either
                raise ContextLengthError(
                    f"{text}; the models know {known} positions",
                    NO_ROOM,
                )
            raise ContextLengthError(
                f"{text} and may get {most} more; the models know {known} positions",
                f"set sampler.max_tokens={room} or less",
            )
        return ids

    def room(self, request: Request) -> int | None:
        """Return how many tokens an answer may have; None where nobody knows."""
        known = self._context(request.sampler)
        return None if known is None else known - len(self._rendered(request))

    def _rendered(self, request: Request) -> list[int]:
        return self._encoded(request) + self._begun(request)

    def _context(self, sampler: SamplerSpec) -> int | None:
        """Return the positions of the models that the sampler reads."""
        alone = sampler.algorithm == "target"
        return self.pair.target_context if alone else self.pair.context

    def _encoded(self, request: Request) -> list[int]:
        if request.raw is not None:  # with what the tokenizer adds, as trainings encode plain texts
            return list(self.pair.tokenizer(request.raw)["input_ids"])
        messages = [sent_form(message) for message in request.messages]
        tokenizer = self.pair.tokenizer
        with template_explained(messages):
            encoded = tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, return_dict=True
            )
        return list(encoded["input_ids"])

    def _begun(self, request: Request) -> list[int]:
        """Return the ids of the answer's beginning; what is known by its ids is not read anew."""
        encode = self.pair.tokenizer
        found: list[int] = []
        for part in request.prefix:
            own = part.ids
            found += (
                encode(part.text, add_special_tokens=False)["input_ids"] if own is None else own
            )
        return found

    def decoded(self, ids: Sequence[int]) -> str:
        """Return the text of a completion's tokens, or of its first ones."""
        text: str = self.pair.tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    def text(self, ids: Sequence[int], sampler: SamplerSpec) -> str:
        """Decode a completion; text from a stop string on is cut."""
        text = self.decoded(ids)
        cuts = [found for stop in sampler.stop if (found := text.find(stop)) >= 0]
        return text[: min(cuts)] if cuts else text

    def stopper(self, sampler: SamplerSpec) -> Callable[[Sequence[int]], bool] | None:
        """Return a test whether an output holds a stop string, None where there are none."""
        if not sampler.stop:
            return None

        def holds_stop(ids: Sequence[int]) -> bool:
            text = self.decoded(ids)
            return any(stop in text for stop in sampler.stop)

        return holds_stop


def _required(model: ModelSpec | None) -> ModelSpec:
    if model is None:
        raise EngineError("engine 'hf' needs a model", "add one: model=zoo_gsm")
    return model
