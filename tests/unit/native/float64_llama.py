"""A Llama forward in float64 numpy, by the textbook, sharing no code with the compiled one."""

import numpy as np
from llama_folders import Tiny, random_weights, rounded


class Float64Llama:
    """Logits of a whole text at once."""

    def __init__(self, tiny: Tiny, seed: int = 0, dtype: str = "F32", scale: float = 1.0) -> None:
        self.tiny = tiny
        named = random_weights(tiny, seed, scale)
        self.weights = {name: rounded(one, dtype).astype(np.float64) for name, one in named}

    def __call__(self, tokens) -> np.ndarray:
        """Return (K, V) for tokens (K,)."""
        w = self.weights
        x = w["model.embed_tokens.weight"][np.asarray(tokens)]
        for place in range(self.tiny.num_hidden_layers):
            x = x + self.attended(self.norm(x, f"layers.{place}.input_layernorm"), place)
            x = x + self.fed(self.norm(x, f"layers.{place}.post_attention_layernorm"), place)
        tied = self.tiny.tie_word_embeddings
        head = w["model.embed_tokens.weight" if tied else "lm_head.weight"]
        return self.norm(x, "norm") @ head.T

    def norm(self, x, name):
        size = np.sqrt((x * x).mean(-1, keepdims=True) + self.tiny.rms_norm_eps)
        return x / size * self.weights[f"model.{name}.weight"]

    def product(self, x, place, name):
        return x @ self.weights[f"model.layers.{place}.{name}.weight"].T

    def fed(self, x, place):
        gate = self.product(x, place, "mlp.gate_proj")
        gate = gate / (1 + np.exp(-gate))
        return self.product(gate * self.product(x, place, "mlp.up_proj"), place, "mlp.down_proj")

    def attended(self, x, place):
        dim, heads = self.tiny.head_dim, self.tiny.num_attention_heads
        q, k, v = (
            self.product(x, place, f"self_attn.{name}_proj").reshape(len(x), -1, dim)
            for name in "qkv"
        )
        group = heads // self.tiny.num_key_value_heads
        q, k, v = self.turned(q), self.turned(k).repeat(group, 1), v.repeat(group, 1)
        scores = np.einsum("ahd,bhd->hab", q, k) / np.sqrt(dim)
        scores = np.where(np.tri(len(x), dtype=bool), scores, -np.inf)
        weight = np.exp(scores - scores.max(-1, keepdims=True))
        weight = weight / weight.sum(-1, keepdims=True)
        mixed = np.einsum("hab,bhd->ahd", weight, v).reshape(len(x), -1)
        return self.product(mixed, place, "self_attn.o_proj")

    def turned(self, z):
        """Turn (K, heads, dim): first half and second half of a head are the pairs."""
        dim, theta = self.tiny.head_dim, self.tiny.rope_parameters["rope_theta"]
        angle = np.arange(len(z))[:, None] / theta ** (np.arange(0, dim, 2) / dim)
        angle = angle / self.tiny.rope_parameters.get("factor", 1.0)
        cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
        a, b = z[..., : dim // 2], z[..., dim // 2 :]
        return np.concatenate((a * cos - b * sin, b * cos + a * sin), -1)
