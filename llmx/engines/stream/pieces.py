"""A decoded answer as the pieces that a stream of it would have been."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmx.core.record import Finish
from llmx.core.stream import Ask, Piece
from llmx.engines.stream.speech import Speech


def pieces_of(
    ask: Ask,
    ids: Sequence[int],
    finish: Finish,
    tokenizer: Any,
    eos_ids: Sequence[int],
    prompt_tokens: int,
) -> list[Piece]:
    """Return one piece a token, cut to the budget, the last with its `finish`.

    The end token has no text and is not a part of what is gone on with.
    """
    speech = Speech(tokenizer, ask.sampler.stop, ask.shown.ids)
    found: list[Piece] = []
    for token in ids[: ask.budget]:
        ended = token in eos_ids
        text = speech.flush() if ended else speech.feed(token)
        end: Finish | None = "eos" if ended else "stop" if speech.stopped else None
        found.append(Piece(text=text, ids=() if ended else (token,), tokens=1, finish=end))
        if end:
            break
    if found[-1].finish is None:
        rest = found[-1].text + speech.flush()
        over: Finish = finish if len(ids) <= ask.budget else "length"
        found[-1] = found[-1].model_copy(update={"finish": over, "text": rest})
    found[0] = found[0].model_copy(update={"prompt_tokens": prompt_tokens})
    return found
