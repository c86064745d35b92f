"""A Llama forward with as few operations as the mathematics needs.

At the sizes where speculation is tried on a CPU, most of transformers' time is dispatch, not
arithmetic. Here q, k, v are one product; norms are folded into the products that follow them; the
residual is added by the product itself, and so is the gate's factor. The rotation is a complex
product: each head's two halves are interleaved once, in the weights, which leaves q·k unchanged;
the scale of q·k is in q's weights too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from llmx.engines.step.product import Product

# Rope types whose frequencies do not depend on the length of the text.
_FIXED_ROPE = ("default", "linear", "llama3", "yarn")
# Attention reads a multiple of this many slots, so that shapes change rarely.
_STRIDE = 64


def is_lean(model: Any) -> bool:
    """Whether :class:`LeanLlama` gives what this model gives."""
    config = model.config
    rope = getattr(config, "rope_parameters", None) or {}
    return (
        type(model).__name__ == "LlamaForCausalLM"
        and config.hidden_act == "silu"
        and not config.attention_bias
        and not config.mlp_bias
        and rope.get("rope_type", "default") in _FIXED_ROPE
        and 2 * len(model.model.rotary_emb.inv_freq) == config.head_dim
        and {weight.dtype for weight in model.parameters()} == {torch.float32}
        and len({weight.device for weight in model.parameters()}) == 1
    )


@dataclass(frozen=True)
class Layer:
    """The products of a layer."""

    qkv: Product
    out: Product
    gate: Product
    up: Product
    down: Product


@dataclass(frozen=True)
class LeanSlotCache:
    """Keys and values, (layers, 2, rows, kv heads, capacity, head_dim), and the rotations."""

    slots: Tensor
    rotation: Tensor
    """complex64 (capacity, 1, head_dim / 2)."""


@dataclass(frozen=True)
class Where:
    """Row and slot of each token, (B*K,), and the mask, (B*kv heads, G*K, reach)."""

    row: Tensor
    slot: Tensor
    mask: Tensor


class LeanLlama:
    """A step model over the weights of a ``LlamaForCausalLM`` (float32, no biases).

    Args:
        model: see :func:`is_lean`. Its weights are copied.
    """

    def __init__(self, model: Any) -> None:
        config = model.config
        self.heads, self.kv_heads = config.num_attention_heads, config.num_key_value_heads
        self.groups = self.heads // self.kv_heads
        self.head_dim = config.head_dim
        self.scale = float(config.hidden_size) ** 0.5
        self.floor = torch.tensor(config.rms_norm_eps**0.5 * self.scale, device=model.device)
        self.embed: Tensor = model.model.embed_tokens.weight.detach()
        self.layers = [self._layer(layer) for layer in model.model.layers]
        self.head = self._after_norm(model.lm_head.weight, model.model.norm)
        self.frequencies: Tensor = model.model.rotary_emb.inv_freq.detach().float()
        self.rope_scale = float(model.model.rotary_emb.attention_scaling)

    @property
    def vocab_size(self) -> int:
        """Number of logits V."""
        return self.head.size

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.head.device

    def _layer(self, layer: Any) -> Layer:
        attention, mlp = layer.self_attn, layer.mlp
        q = _interleave(attention.q_proj.weight, self.head_dim) * self.head_dim**-0.5
        k = _interleave(attention.k_proj.weight, self.head_dim)
        qkv = torch.cat((q, k, attention.v_proj.weight))
        return Layer(
            qkv=self._after_norm(qkv, layer.input_layernorm),
            out=Product(attention.o_proj.weight.detach()),
            gate=self._after_norm(mlp.gate_proj.weight, layer.post_attention_layernorm),
            up=self._after_norm(mlp.up_proj.weight, layer.post_attention_layernorm),
            down=Product(mlp.down_proj.weight.detach()),
        )

    def _after_norm(self, weight: Tensor, norm: Any) -> Product:
        return Product(weight.detach() * (norm.weight.detach() * self.scale))

    def copy_slots(self, cache: LeanSlotCache, row: int, to: int, width: int) -> None:
        """Copy slots 0 … width-1 of one row to another row."""
        cache.slots[:, :, to, :, :width] = cache.slots[:, :, row, :, :width]

    def new_cache(self, rows: int, capacity: int) -> LeanSlotCache:
        """Return an empty cache; 8 * layers * kv heads * head_dim bytes a slot."""
        capacity = -(-capacity // _STRIDE) * _STRIDE
        shape = (len(self.layers), 2, rows, self.kv_heads, capacity, self.head_dim)
        angle = torch.arange(capacity, device=self.device)[:, None, None] * self.frequencies
        rotation = torch.polar(torch.full_like(angle, self.rope_scale), angle)
        return LeanSlotCache(torch.zeros(shape, device=self.device), rotation)

    @torch.inference_mode()
    def forward(self, tokens: Tensor, start: Tensor, cache: LeanSlotCache) -> Tensor:
        """Write tokens (B, K) from `start` on; return float32 (B, K, V)."""
        hidden = self._body(tokens, start, cache.slots, cache.rotation)
        return self.head(self._norm(hidden)).view(*tokens.shape, -1)

    @torch.inference_mode()
    def prefill(self, tokens: Tensor, rows: Tensor, cache: LeanSlotCache) -> None:
        """Write tokens (R, P) at slots 0 … P-1 of the named rows."""
        width = -(-tokens.shape[1] // _STRIDE) * _STRIDE
        shape = (len(self.layers), 2, len(rows), self.kv_heads, width, self.head_dim)
        part = cache.slots.new_zeros(shape)
        self._body(tokens, torch.zeros_like(rows), part, cache.rotation)
        used = tokens.shape[1]
        cache.slots[:, :, rows, :, :used] = part[:, :, :, :, :used]

    def _body(self, tokens: Tensor, start: Tensor, slots: Tensor, rotation: Tensor) -> Tensor:
        """Return the last hidden states, (B*K, H), before the final norm."""
        rows, width = tokens.shape
        position = start[:, None] + torch.arange(width, device=tokens.device)
        reach = min(-(-(int(start.max()) + width) // _STRIDE) * _STRIDE, slots.shape[-2])
        row = torch.arange(rows, device=tokens.device).repeat_interleave(width)
        where = Where(row, position.view(-1), self._mask(position, reach))
        turn = rotation[where.slot]
        x = self.embed[tokens.reshape(-1)]
        for layer, memory in zip(self.layers, slots.unbind(0), strict=True):
            mixed = self._attend(layer.qkv(self._norm(x)), memory, where, turn)
            x = layer.out.plus(mixed, x)
            unit = self._norm(x)
            x = layer.down.plus(layer.up.times(unit, layer.gate.silu(unit)), x)
        return x

    def _mask(self, position: Tensor, reach: int) -> Tensor:
        """Return 0 where a token sees a slot and -inf elsewhere, (B*kv heads, G*K, reach)."""
        rows, width = position.shape
        hidden = torch.arange(reach, device=position.device) > position[:, :, None]
        mask = torch.zeros(rows, width, reach, device=position.device)
        mask.masked_fill_(hidden, -torch.inf)
        shape = (rows, self.kv_heads, self.groups, width, reach)
        return mask[:, None, None].expand(shape).reshape(rows * self.kv_heads, -1, reach)

    def _attend(self, qkv: Tensor, memory: Tensor, where: Where, turn: Tensor) -> Tensor:
        """Rotate, store and attend.

        Plain batched products: with one query to a few dozen keys, torch's fused attention for
        CPUs takes three to five times as long.

        Args:
            qkv: (B*K, (heads + 2 kv heads) * head_dim), changed in place.
            memory: (2, B, kv heads, S, head_dim).
            where: where the tokens stand, and what each may see.
            turn: complex (B*K, 1, head_dim / 2).
        """
        rows, dim = memory.shape[1], self.head_dim
        qkv = qkv.view(len(qkv), -1, dim)
        turned = torch.view_as_complex(qkv.view(*qkv.shape[:2], -1, 2))
        turned[:, : self.heads + self.kv_heads].mul_(turn)
        new = qkv[:, self.heads :].view(-1, 2, self.kv_heads, dim)
        memory[:, where.row, :, where.slot] = new
        reach = where.mask.shape[-1]
        keys, values = memory.view(2, rows * self.kv_heads, -1, dim)[:, :, :reach].unbind(0)
        split = (rows, -1, self.kv_heads, self.groups, dim)
        q = qkv[:, : self.heads].view(split).permute(0, 2, 3, 1, 4)
        scores = torch.baddbmm(where.mask, q.reshape(len(keys), -1, dim), keys.transpose(1, 2))
        mixed = torch.bmm(torch.softmax(scores, -1), values)
        back = mixed.view(rows, self.kv_heads, self.groups, -1, dim).permute(0, 3, 1, 2, 4)
        return back.reshape(len(qkv), -1)

    def _norm(self, x: Tensor) -> Tensor:
        """Divide rows by ``sqrt(|x|² + eps H)``: RMS norm (arXiv 1910.07467, eq. 4) over sqrt(H).

        Three operations where torch's own takes seven on a CPU; the products carry the sqrt(H).
        """
        return x / torch.hypot(torch.linalg.vector_norm(x, dim=-1, keepdim=True), self.floor)


def _interleave(weight: Tensor, head_dim: int) -> Tensor:
    """Reorder each head's outputs from (first half, second half) to pairs, (out, in)."""
    halves = weight.view(-1, 2, head_dim // 2, weight.shape[1])
    return halves.transpose(1, 2).reshape(weight.shape)
