"""A step model over any causal language model of transformers, through its own forward."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import Cache
from transformers.cache_utils import DynamicLayer

from llmx.core.errors import EngineError


class SlotLayer(DynamicLayer):  # type: ignore[misc]  # transformers is untyped here
    """Keys and values of one layer at fixed slots; written where the cache says."""

    def __init__(self, shared: dict[str, Any]) -> None:
        super().__init__()
        self.shared = shared

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Store (B, heads, K, head_dim) at the announced slots; return all slots in use."""
        if not self.is_initialized:
            self._make(key_states, value_states)
        rows, slots, reach = (self.shared[name] for name in ("rows", "slots", "reach"))
        self.keys[rows, :, slots] = key_states.transpose(1, 2)
        self.values[rows, :, slots] = value_states.transpose(1, 2)
        return self._seen(self.keys, reach), self._seen(self.values, reach)

    def _seen(self, memory: Tensor, reach: int) -> Tensor:
        rows = self.shared["rows"]
        part = memory if len(rows) == len(memory) else memory[rows[:, 0]]
        return part[:, :, :reach]

    def _make(self, key_states: Tensor, value_states: Tensor) -> None:
        size = (self.shared["size"], key_states.shape[1], self.shared["capacity"])
        self.keys = key_states.new_zeros(*size, key_states.shape[-1])
        self.values = value_states.new_zeros(*size, value_states.shape[-1])
        self.is_initialized = True


class SlotCache(Cache):  # type: ignore[misc]  # transformers is untyped here
    """A cache in which slot = position, for rows of unequal length."""

    def __init__(self, layers: int, size: int, capacity: int) -> None:
        self.shared: dict[str, Any] = {"size": size, "capacity": capacity}
        super().__init__(layers=[SlotLayer(self.shared) for _ in range(layers)])

    def aim(self, rows: Tensor, slots: Tensor, reach: int) -> None:
        """Say where the next forward writes: `rows` (R, 1), `slots` (R, K); it sees `reach`."""
        self.shared.update(rows=rows, slots=slots, reach=reach)


class TransformersModel:
    """Runs a model's own forward with explicit positions and a mask ``slot <= position``.

    Args:
        model: a causal language model in evaluation mode, with attention in every layer.

    Raises:
        EngineError: if a layer keeps a recurrent state, which has no slots to overwrite.
    """

    def __init__(self, model: Any) -> None:
        config = model.config.get_text_config(decoder=True)
        kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
        odd = ", ".join(sorted(kinds - {"full_attention", "sliding_attention"}))
        if odd:
            raise EngineError(
                f"{type(model).__name__} has {odd} layers, whose state a rejection would spoil",
                "choose a model whose layers all use attention",
            )
        self.model = model
        self.window = getattr(config, "sliding_window", None)
        self.layers = int(config.num_hidden_layers)
        self.limit = int(getattr(config, "max_position_embeddings", 0) or 2**31)

    @property
    def vocab_size(self) -> int:
        """Number of logits V."""
        return int(self.model.get_output_embeddings().weight.shape[0])

    @property
    def device(self) -> torch.device:
        """Where the model takes its tokens."""
        device: torch.device = self.model.get_input_embeddings().weight.device
        return device

    def new_cache(self, rows: int, capacity: int) -> SlotCache:
        """Return an empty cache of slots.

        Raises:
            EngineError: if it is longer than the model's sliding window, which is not applied here.
        """
        if self.window is not None and capacity > self.window:
            raise EngineError(
                f"the sliding window of {self.window} tokens is shorter than the {capacity} "
                "tokens of prompt and output",
                "lower sampler.max_tokens, or choose a model with full attention",
            )
        return SlotCache(self.layers, rows, capacity)

    @torch.inference_mode()
    def copy_slots(self, cache: SlotCache, row: int, to: int, width: int) -> None:
        """Copy slots 0 … width-1 of one row to another row."""
        for layer in cache.layers:
            for held in (layer.keys, layer.values):
                held[to, :, :width] = held[row, :, :width]

    @torch.inference_mode()
    def forward(self, tokens: Tensor, start: Tensor, cache: SlotCache) -> Tensor:
        """Write tokens (B, K) from `start` on; return (B, K, V) in the model's dtype."""
        rows = torch.arange(len(tokens), device=tokens.device)
        logits: Tensor = self._run(tokens, start, rows, cache, 0).logits
        return logits.to(self.device)

    @torch.inference_mode()
    def prefill(self, tokens: Tensor, rows: Tensor, cache: SlotCache) -> None:
        """Write tokens (R, P) at slots 0 … P-1 of the named rows."""
        self._run(tokens, torch.zeros_like(rows), rows, cache, 1)

    def _run(self, tokens: Tensor, start: Tensor, rows: Tensor, cache: SlotCache, keep: int) -> Any:
        width = tokens.shape[1]
        position = start[:, None] + torch.arange(width, device=tokens.device)
        reach = int(start.max()) + width
        cache.aim(rows[:, None], position, reach)
        return self.model(
            input_ids=tokens,
            attention_mask=self._mask(position, reach),
            # Rows that are over may point past the last position that the model knows.
            position_ids=position.clamp(max=self.limit - 1),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=keep,
        )

    def _mask(self, position: Tensor, reach: int) -> Tensor:
        """Return the additive mask, (R, 1, K, reach)."""
        hidden = torch.arange(reach, device=position.device) > position[:, None, :, None]
        zeros = torch.zeros(hidden.shape, dtype=self.model.dtype, device=position.device)
        return zeros.masked_fill_(hidden, torch.finfo(self.model.dtype).min)
