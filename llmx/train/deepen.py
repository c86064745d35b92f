"""A deeper model that starts as the function a shallower one is (identity blocks)."""

from __future__ import annotations

from typing import Any

from llmx.core.errors import ConfigError


def deepen(model: Any, layers: int) -> Any:
    """Return a Llama model of `layers` layers that computes what `model` does, bit for bit.

    Layers are added behind those that are there, spread evenly. An added layer is drawn anew, but
    for the two projections that write to the residual stream: they are zero, so the layer passes
    on what it gets until it is trained (block expansion: arXiv 2401.02415, section 3).

    Raises:
        ConfigError: if `model` has more layers than that.
    """
    import torch

    there = model.config.num_hidden_layers
    if layers == there:
        return model
    if layers < there:
        raise ConfigError(f"shape.layers={layers} is less than the {there} of the base")
    config = type(model.config)(**{**model.config.to_dict(), "num_hidden_layers": layers})
    config._attn_implementation = model.config._attn_implementation
    deeper = type(model)(config)
    old = places(there, layers)
    deeper.load_state_dict(_moved(model.state_dict(), old), strict=False)
    with torch.no_grad():
        for place in sorted(set(range(layers)) - set(old)):
            block = deeper.model.layers[place]
            block.self_attn.o_proj.weight.zero_()
            block.mlp.down_proj.weight.zero_()
    return deeper


def places(there: int, layers: int) -> list[int]:
    """Return where each of the layers that are there stands among `layers`."""
    return [place * layers // there for place in range(there)]


def _moved(state: dict[str, Any], old: list[int]) -> dict[str, Any]:
    """Return the weights under the names that they have in the deeper model."""
    moved = {}
    for name, weight in state.items():
        head, mark, rest = name.partition("model.layers.")
        if mark:
            number, _, rest = rest.partition(".")
            name = f"{head}{mark}{old[int(number)]}.{rest}"
        moved[name] = weight
    return moved
