"""A measurement of this machine: what a step of a model takes, by each forward that it has.

Processor time is counted, so that other programs disturb it little, and of repeated measurements
the fastest counts. Nothing of it is in a fingerprint.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

from llmx.engines.kernel import NATIVE, TORCH
from llmx.engines.size import ZOO, ModelSize, model_size
from llmx.store.machine import Forward, Rates

if TYPE_CHECKING:
    from llmx.decoding import StepModel

_ROWS = 8  # of a batch, the default of engine.batch_size
_REPEATS = 3
_STEPS, _FEW = 20, 4  # tokens that are written: the difference of both is time of steps alone
_PROMPT = 128  # tokens
# Two layers of a model whose weights (57 MB) no core keeps: its time is arithmetic and memory.
_WIDE = {
    "hidden_size": 768,
    "intermediate_size": 2048,
    "num_hidden_layers": 2,
    "num_attention_heads": 12,
    "num_key_value_heads": 12,
    "vocab_size": 1024,
    "max_position_embeddings": 512,
}
_READ = 2**26  # numbers that are read to see how fast memory is: 256 MiB
_SQUARE = 1024  # rows of the matrices of a large product
_CALLS = 20_000


def measure() -> Rates:
    """Measure this machine: some five seconds of one core, and the start of the libraries.

    Raises:
        EngineError: if the zoo's models cannot be loaded.
    """
    begin = process_time()
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM
    from transformers.utils.logging import disable_progress_bar

    start = process_time() - begin
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    disable_progress_bar()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            wide = Path(scratch)
            torch.manual_seed(0)
            LlamaForCausalLM(LlamaConfig(**_WIDE)).save_pretrained(wide)
            forwards = {kernel: _forward(kernel, wide, start) for kernel in _kernels()}
        return Rates(_bandwidth(), _operations(), _call(), forwards)
    finally:
        torch.set_num_threads(threads)


def _kernels() -> tuple[str, ...]:
    from llmx.engines.native.build import trouble

    return (TORCH,) if trouble() else (TORCH, NATIVE)


def _forward(kernel: str, wide: Path, start: float) -> Forward:
    """Return what a forward takes, from a wide model, and a deep and a flat one of the zoo."""
    begin = process_time()
    model, size = _load(kernel, wide), model_size(str(wide))
    loading = process_time() - begin
    taken = _step_seconds(model)
    operations = _ROWS * 2 * size.parameters / taken
    deep, flat = (_calls(kernel, ZOO / name, operations) for name in ("gsm_target", "gsm_draft"))
    layer = max(0.0, (deep[1] - flat[1]) / (deep[0] - flat[0]))
    return Forward(
        step=max(0.0, flat[1] - flat[0] * layer),
        layer=layer,
        operations=operations,
        prompt=_ROWS * _PROMPT * 2 * size.parameters / _prompt_seconds(model),
        start=start if kernel == TORCH else 0.0,
        load=4 * size.parameters / loading,
    )


def _calls(kernel: str, folder: Path, operations: float) -> tuple[int, float]:
    """Return a model's layers, and the seconds of its step that are not arithmetic."""
    size: ModelSize = model_size(str(folder))
    arithmetic = _ROWS * 2 * size.parameters / operations
    return size.layers, max(0.0, _step_seconds(_load(kernel, folder)) - arithmetic)


def _load(kernel: str, folder: Path) -> StepModel:
    from llmx.core.spec import EngineSpec
    from llmx.engines.pair import step_model

    return step_model(str(folder), None, EngineSpec(device="cpu", kernel=kernel), folder)


def _step_seconds(model: StepModel) -> float:
    """Return the seconds of one step of a batch, its draws and the loop around it."""
    long = _fastest(lambda: _written(model, _FEW, _FEW + _STEPS))
    return max(1e-9, long - _fastest(lambda: _written(model, _FEW, _FEW))) / _STEPS


def _prompt_seconds(model: StepModel) -> float:
    return _fastest(lambda: _written(model, _PROMPT, 1))


def _written(model: StepModel, prompt: int, tokens: int) -> Any:
    from llmx.decoding import DecodeOptions, decode

    texts = [[3 + (row + place) % 1000 for place in range(prompt)] for row in range(_ROWS)]
    options = DecodeOptions("target", temperature=0.0, top_p=1.0, max_tokens=tokens)
    return decode(model, None, texts, list("abcdefgh"), options, seed=0)


def _bandwidth() -> float:
    """Return bytes a second of weights that are read for one token."""
    import torch

    weights, token = torch.ones(_READ // 4096, 4096), torch.ones(4096)
    return 4 * _READ / _fastest(lambda: weights @ token)


def _operations() -> float:
    """Return floating-point operations a second of a large product."""
    import torch

    square = torch.ones(_SQUARE, _SQUARE)
    return 2 * _SQUARE**3 / _fastest(lambda: square @ square)


def _call() -> float:
    """Return the seconds of a call from Python into torch."""
    import torch

    one = torch.ones(1)

    def calls() -> None:
        for _ in range(_CALLS):
            one.add_(one)

    return _fastest(calls) / _CALLS


def _fastest(work: Callable[[], object]) -> float:
    """Return the least processor seconds of several tries."""

    def once() -> float:
        begin = process_time()
        work()
        return process_time() - begin

    return max(1e-9, min(once() for _ in range(_REPEATS)))
