"""Engine `vllm`: requests go to a worker process, completions come back as they finish."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import count, groupby
from math import isinf
from pathlib import Path
from queue import SimpleQueue
from typing import Any, ClassVar

from llmx.core.errors import EngineError
from llmx.core.progress import Progress, Silent
from llmx.core.record import Record
from llmx.core.spec import EngineSpec, FirstBlock, ModelSpec, SamplerSpec
from llmx.core.speech import Capability, Request
from llmx.engines.engine import in_order
from llmx.engines.hf import HfEngine
from llmx.engines.size import adapter_identity, clock_identity, code_identity, model_identity
from llmx.engines.vllm.answers import Counts, counts, ending
from llmx.engines.vllm.interpreter import find_interpreter
from llmx.engines.vllm.pool import POOL, Pool
from llmx.engines.vllm.process import Process
from llmx.engines.vllm.settings import ACCIDENTS, check, engine_arguments


class AnswerListener:
    """Listens to some keys from its making until it is closed.

    Two callers may wait for one worker by turns: each gets its own answers and no other's.
    """

    def __init__(self, process: Process, keys: Iterable[str]) -> None:
        self.process, self.keys = process, tuple(keys)
        self._events: SimpleQueue[Mapping[str, Any] | None] = SimpleQueue()
        for key in self.keys:
            process.listen(key, self._events.put)

    def next(self) -> Mapping[str, Any]:
        """Wait for the next event of any of the keys, and return it.

        Raises:
            EngineError: if the worker has ended.
        """
        event = self._events.get()
        if event is None:
            raise self.process.ended()
        return event

    def close(self) -> None:
        """Listen no more."""
        for key in self.keys:
            self.process.silence(key)


_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


class Account:
    """Adds up the counts of requests.

    Attributes:
        loaded: what each of vLLM's workers says that it runs with.
    """

    def __init__(self) -> None:
        self.loaded: list[dict[str, Any]] = []
        self.answers = self.cached = 0
        self._looked, self._kept = Counter[int](), Counter[int]()
        self._divergences: list[float] = []

    def add(self, told: Mapping[str, Any], cached: int) -> None:
        """Add one request.

        Args:
            told: the tally of the plugin.
            cached: prompt tokens that the prefix cache held.
        """
        self.answers += 1
        self.cached += cached
        for drafted, accepted, _ in told["rounds"]:
            # After the first rejection nothing of a block is looked at.
            self._looked.update(range(min(accepted + 1, drafted)))
            self._kept.update(range(min(accepted, drafted)))
        self._divergences += [value for _, value in told["divergences"]]

    def summary(self) -> dict[str, Any]:
        """Return the sums as plain values."""
        return {
            "workers": self.loaded,
            "answers": self.answers,
            "cached_prompt_tokens": self.cached,
            "acceptance_by_position": [
                {"position": at, "looked_at": self._looked[at], "accepted": self._kept[at]}
                for at in sorted(self._looked)
            ],
            "divergence_quantiles": quantiles(self._divergences),
        }


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """Return some quantiles of the values (the nearest one above), none of no values."""
    ranked = sorted(values)
    return {f"{share:g}": ranked[int(share * len(ranked))] for share in _SHARES if ranked}


_NAMES = count()


class VllmEngine:
    """vLLM's V1 engine, offline; prompts are rendered here and sent as token ids."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {"text", "chat", "raw", "prefix", "logprobs", "stream"}
    )
    first_block: ClassVar[FirstBlock] = "target"
    check = staticmethod(check)

    def __init__(
        self, model: ModelSpec | None, spec: EngineSpec, stages: Mapping[str, Path] | None = None
    ) -> None:
        self.model = _required(model)
        self.spec = spec
        self.stages = stages or {}
        self.progress: Progress = Silent()
        self.account = Account()
        self.pool: Pool = POOL
        # Tokenizer, template, strict tokens: the same code as engine=hf, without weights.
        self.reader = HfEngine(self.model, spec, self.stages)

    @classmethod
    def identity(cls, model: ModelSpec | None, spec: EngineSpec) -> Mapping[str, object]:
        """Models by content, arithmetic, what the batch is, and the options of the engine."""
        model = _required(model)
        options = {name: value for name, value in spec.options.items() if name not in ACCIDENTS}
        return {
            "engine": "vllm",
            "target": model_identity(model.target, model.target_revision),
            "draft": model_identity(model.draft, model.draft_revision),
            **adapter_identity(model.adapter),
            "dtype": spec.dtype,
            "batch_size": spec.batch_size,
            "logprobs": spec.logprobs,
            "options": options,
            **spec.kept_cost(),
            **code_identity(spec.trust_remote_code),
            **clock_identity(model, spec),
        }

    def generate(self, requests: Sequence[Request]) -> Iterator[Record]:
        """Yield records in the order of the requests, each as soon as those before it are there."""
        yield from self.answer(requests, self.spec.batch_size)

    def arrivals(
        self, requests: Sequence[Request], kept: Sequence[Record] = ()
    ) -> Iterator[Record]:
        """Yield records as they finish."""
        for alike in _alike(requests):
            process = self.start(alike[0].sampler)
            for _, record in self._through(process, alike, self.spec.batch_size):
                yield record

    def answer(self, requests: Sequence[Request], at_once: int) -> Iterator[Record]:
        """Like :meth:`generate`, with at most `at_once` requests in flight."""
        for alike in _alike(requests):
            process = self.start(alike[0].sampler)
            yield from in_order(self._through(process, alike, at_once))

    def start(self, sampler: SamplerSpec) -> Process:
        """Return a worker that can decode with this sampler, started if none is up.

        Raises:
            ConfigError: for a sampler that it cannot follow.
            EngineError: if vLLM is not there, or refuses.
        """
        self.check(sampler, self.spec)
        # A pair that does not fit is refused in a second.
        pair, alone = self.reader.pair, sampler.algorithm == "target"
        _ = pair.tokenizer if alone else pair.shared_tokenizer
        arguments = engine_arguments(self.model, self.spec, sampler, self.stages)
        python = find_interpreter(self.spec.python)
        process, loaded = self.pool.obtain(python, self.spec.threads, arguments, self.progress)
        self.account.loaded = loaded["loaded"]
        return process

    def room(self, request: Request) -> int | None:
        """Return how many tokens an answer may have; None where nobody knows."""
        return self.reader.room(request)

    def decoded(self, ids: Sequence[int]) -> str:
        """Return the text of a completion's tokens, or of its first ones."""
        return self.reader.decoded(ids)

    def accounts(self) -> Mapping[str, Any]:
        """Return what vLLM loaded, acceptance by position, and the divergences."""
        return self.account.summary()

    def _through(
        self, process: Process, requests: Sequence[Request], at_once: int
    ) -> Iterator[tuple[int, Record]]:
        named = {str(next(_NAMES)): request for request in requests}
        orders = [self._order(key, request) for key, request in named.items()]
        post = AnswerListener(process, named)
        waiting = {key: place for place, key in enumerate(named)}
        try:
            process.send("ask", requests=orders, at_once=at_once)
            while waiting:
                key, record = self._next(post, named)
                yield waiting.pop(key), record
        except EngineError:
            if process.broken:
                self.pool.drop(process)
            raise
        finally:
            post.close()
            if waiting and self.pool.holds(process):  # nobody waits for them any more
                process.send("drop", keys=list(waiting))

    def _next(self, post: AnswerListener, named: Mapping[str, Request]) -> tuple[str, Record]:
        """Wait for the next answer to any of these requests.

        Raises:
            EngineError: if vLLM refused one, or has ended.
        """
        event = post.next()
        if event["event"] == "error":
            raise _about(named.get(event.get("key") or ""), post.process.explain(event))
        key = str(event["key"])
        return key, self._record(named[key], event)

    def _order(self, key: str, request: Request) -> dict[str, Any]:
        sampler = request.sampler
        return {
            "key": key,
            "prompt_ids": self.reader.prompt_ids(request),
            "rule": self.rule(request),
            "sampling": {
                **controls(sampler),
                "stop": list(sampler.stop),
                "stop_token_ids": list(self.reader.pair.eos_ids),
                "detokenize": bool(sampler.stop),
                "logprobs": 0 if self.spec.logprobs else None,
            },
        }

    def rule(self, request: Request) -> dict[str, Any]:
        """Return what the plugin is told of a request, as plain values."""
        from llmx.engines.vllm_plugin.rule import SETTINGS

        options = asdict(self.reader.options(request.sampler, request.resolved_threshold()))
        settings = {name: _plain(options[name]) for name in SETTINGS}
        return {**settings, "id": request.dice, "seed": request.seed}

    def _record(self, request: Request, event: Mapping[str, Any]) -> Record:
        sampler, reader = request.sampler, self.reader
        end = ending(event, reader.pair.eos_ids, reader.stopper(sampler))
        size = len(end.tokens)
        told = event["counts"]
        if told is None:
            raise EngineError(f"vLLM: sample '{request.id}' was decoded without llmx's rules")
        self.account.add(told, event["cached"])
        found = counts(told["rounds"], size)
        if sampler.algorithm == "draft":
            found = Counts(0, size, size)
        return Record(
            id=request.id,
            prompt_ids=tuple(event["prompt_ids"]),
            completion_ids=end.tokens,
            prompt=reader.pair.tokenizer.decode(event["prompt_ids"]),
            text=reader.text(end.tokens, sampler),
            finish=end.finish,
            rounds=found.rounds,
            drafted=found.drafted,
            accepted=found.accepted,
            fragile=tuple(place for place in told["fragile"] if place < size),
            logprobs=tuple((event["logprobs"] or ())[:size]),
            draw=request.draw,
            cost=self.spec.cost(len(event["prompt_ids"]), size, cached=event["cached"] or 0),
        )


def controls(sampler: SamplerSpec) -> dict[str, Any]:
    """Return the usual controls by the names of vLLM's ``SamplingParams``."""
    names = ("temperature", "top_p", "top_k", "max_tokens")
    penalties = ("repetition_penalty", "presence_penalty", "frequency_penalty")
    return {name: getattr(sampler, name) for name in (*names, *penalties)}


def _alike(requests: Sequence[Request]) -> Iterator[list[Request]]:
    """Yield runs of requests that one load of vLLM can answer."""
    for _, group in groupby(requests, key=lambda r: (r.sampler.algorithm, r.sampler.gamma)):
        yield list(group)


def _about(request: Request | None, error: EngineError) -> EngineError:
    if request is None or error.message.startswith("vLLM"):
        return error
    return EngineError(f"sample '{request.id}': {error.message}", error.hint)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and isinf(value):
        return str(value)  # JSON has no infinity
    return list(value) if isinstance(value, tuple) else value


def _required(model: ModelSpec | None) -> ModelSpec:
    if model is None:
        raise EngineError("engine 'vllm' needs a model", "add one: model=zoo_gsm")
    return model
