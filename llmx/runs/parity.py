"""Do two engines say the same? Greedy completions of the same prompts, token for token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from pydantic import ValidationError

from llmx.core.errors import ConfigError, nearest
from llmx.core.progress import Progress
from llmx.core.record import Record, Sample
from llmx.core.spec import DataSpec, EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import Request, ask
from llmx.data import load
from llmx.data.local import lines_of, text_of
from llmx.engines.engine import Telling, engine_class
from llmx.engines.hf import HfEngine

ROUNDING = {"float32": 1e-3, "float16": 3e-2, "bfloat16": 0.25}
"""Nats: two tokens this close under the model are a tie that arithmetic decides. Logits of a few
tens have steps of 2e-6, 0.02 and 0.1; those of the layers below add up to a little more."""

_BATCH = 16


@dataclass(frozen=True)
class Mismatch:
    """Where two completions part.

    Attributes:
        position: of the output, 0 = the first token.
        tokens: what each engine said there, None after its end.
        gap: nats, how much likelier the first engine's token is than the second's under the
            model (llmx's own forward in float32); None where one has ended by its length.
    """

    id: str
    position: int
    tokens: tuple[int | None, int | None]
    texts: tuple[str, str]
    gap: float | None


@dataclass(frozen=True)
class Parity:
    """What comparing one engine with the first found.

    Attributes:
        agreeing: prompts whose completions are equal token for token.
        tokens: of the first engine, over all prompts.
    """

    engines: tuple[str, str]
    prompts: int
    agreeing: int
    tokens: int
    differences: tuple[Mismatch, ...]
    rounding: float
    """Nats that the arithmetic of the engines may move a gap by."""

    @property
    def unexplained(self) -> int:
        """Differences that no rounding explains."""
        return sum(one.gap is None or abs(one.gap) > self.rounding for one in self.differences)


def engine_specs(kinds: str, dtype: str) -> list[EngineSpec]:
    """Return engines of these kinds, all with one arithmetic.

    Raises:
        ConfigError: for an unknown kind or dtype.
    """
    found = []
    for kind in filter(None, (word.strip() for word in kinds.split(","))):
        engine_class(kind)  # an unknown kind is an error that names the nearest
        try:
            spec = {"kind": kind, "dtype": dtype, "batch_size": _BATCH}
            found.append(EngineSpec.model_validate(spec))
        except ValidationError as error:
            known = get_args(EngineSpec.model_fields["dtype"].annotation)
            raise ConfigError(f"unknown dtype '{dtype}'", nearest(dtype, known)) from error
    return found


def prompts(source: Path | DataSpec, number: int) -> tuple[list[Sample], str]:
    """Return at most `number` prompts and the instruction below each.

    Args:
        source: a file with a prompt a line, or a dataset with a test split.

    Raises:
        ConfigError: if the file cannot be read or holds nothing.
    """
    if isinstance(source, DataSpec):
        return load(source, "test", number), source.instruction
    try:
        lines = list(lines_of(text_of(source)))[:number]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {source}: {error}") from error
    if not lines:
        raise ConfigError(f"{source} holds no prompt", "write one a line")
    return [Sample(id=f"line {n}", question=text, answer="") for n, text in lines], ""


def parity(
    model: ModelSpec,
    engines: Sequence[EngineSpec],
    samples: Sequence[Sample],
    instruction: str,
    max_tokens: int,
    progress: Progress,
) -> list[Parity]:
    """Compare every engine with the first one.

    Raises:
        ConfigError: if fewer than two engines are given, or one twice.
    """
    kinds = [spec.kind for spec in engines]
    if len(engines) < 2 or len(set(kinds)) < len(kinds):
        raise ConfigError(f"--engines {','.join(kinds)} compares nothing", "name two: hf,vllm")
    greedy = SamplerSpec(algorithm="target", temperature=0, top_p=1, max_tokens=max_tokens)
    requests = [ask(sample, instruction, greedy, seed=0) for sample in samples]
    answers = {spec.kind: _answers(model, spec, requests, progress) for spec in engines}
    reader = HfEngine(model, EngineSpec())
    first = answers[kinds[0]]
    rounding = ROUNDING[engines[0].dtype]
    return [
        compared(reader, (kinds[0], kind), first, answers[kind], rounding) for kind in kinds[1:]
    ]


def _answers(
    model: ModelSpec, spec: EngineSpec, requests: Sequence[Request], progress: Progress
) -> list[Record]:
    engine = engine_class(spec.kind)(model, spec)
    if isinstance(engine, Telling):
        engine.progress = progress
    progress.start(len(requests), unit=spec.kind)
    found = []
    for record in engine.generate(requests):
        found.append(record)
        progress.advance()
    return found


def compared(
    reader: HfEngine,
    engines: tuple[str, str],
    first: Sequence[Record],
    other: Sequence[Record],
    rounding: float,
) -> Parity:
    """Compare the records of two engines, which answer the same requests in the same order.

    Args:
        reader: the model, to say how likely the tokens are where they differ.
        rounding: nats, see :data:`ROUNDING`.
    """
    differences = []
    for one, two in zip(first, other, strict=True):
        if one.prompt_ids != two.prompt_ids:
            differences.append(Mismatch(one.id, -1, (None, None), ("", ""), None))
        elif one.completion_ids != two.completion_ids:
            differences.append(_difference(reader, one, two))
    tokens = sum(len(record.completion_ids) for record in first)
    agreeing = len(first) - len(differences)
    return Parity(engines, len(first), agreeing, tokens, tuple(differences), rounding)


def _difference(reader: HfEngine, one: Record, two: Record) -> Mismatch:
    pairs = zip(one.completion_ids, two.completion_ids, strict=False)
    shorter = min(len(one.completion_ids), len(two.completion_ids))
    at = next((place for place, (a, b) in enumerate(pairs) if a != b), shorter)
    said = tuple(r.completion_ids[at] if at < len(r.completion_ids) else None for r in (one, two))
    texts = tuple("" if token is None else reader.pair.tokenizer.decode([token]) for token in said)
    context = [*one.prompt_ids, *one.completion_ids[:at]]
    gap = None if None in said else _gap(reader, context, said)
    return Mismatch(one.id, at, (said[0], said[1]), (texts[0], texts[1]), gap)


def _gap(reader: HfEngine, context: Sequence[int], tokens: Sequence[int | None]) -> float:
    """Return log p(first token) - log p(second token) after a context."""
    import torch

    target = reader.pair.target
    cache = target.new_cache(1, len(context) + 1)
    ids = torch.tensor([list(context)], device=target.device)
    with torch.inference_mode():
        logits = target.forward(ids, torch.zeros(1, dtype=torch.int64, device=ids.device), cache)
    last = logits[0, -1].float().log_softmax(-1)
    return float(last[tokens[0]] - last[tokens[1]])
