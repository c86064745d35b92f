"""One request, from the order to vLLM and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmx.engines.vllm_plugin.rule import NAME


def sampling_parameters(order: Mapping[str, Any], piecewise: bool = False) -> Any:
    """Return ``SamplingParams`` of a request; its rule travels in ``extra_args``.

    Args:
        piecewise: tokens are wanted as they come, not the answer at its end.
    """
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    rule = order.get("rule")
    kind = RequestOutputKind.DELTA if piecewise else RequestOutputKind.FINAL_ONLY
    return SamplingParams(
        **order["sampling"],
        output_kind=kind,
        skip_special_tokens=True,
        include_stop_str_in_output=True,
        extra_args=None if rule is None else {NAME: {"key": order["key"], **rule}},
    )


def answer(order: Mapping[str, Any], output: Any) -> dict[str, Any]:
    """Return what vLLM answered, as plain values."""
    given = output.outputs[0]
    ids = list(given.token_ids)
    logprobs = None
    if given.logprobs is not None:
        logprobs = [step[token].logprob for step, token in zip(given.logprobs, ids, strict=True)]
    return {
        "key": order["key"],
        "prompt_ids": list(output.prompt_token_ids),
        "token_ids": ids,
        "logprobs": logprobs,
        "finish": given.finish_reason,
        "cached": output.num_cached_tokens or 0,
    }
