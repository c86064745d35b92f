"""Token ids and loss masks for training on worked problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llmx.core.errors import DataError
from llmx.engines.pretrained import template_explained

IGNORED = -100  # label of a position that carries no loss


def encode_example(tokenizer: Any, question: str, solution: str) -> dict[str, list[int]]:
    """Render one problem with the chat template; the loss is on the solution and its end alone.

    Returns:
        ``input_ids`` and ``labels``, equally long; labels of the prompt are ``IGNORED``.
    """
    prompt_ids, ids = encode_turns(tokenizer, [{"role": "user", "content": question}], solution)
    ids = prompt_ids + ids
    return {"input_ids": ids, "labels": [IGNORED] * len(prompt_ids) + ids[len(prompt_ids) :]}


def encode_turns(
    tokenizer: Any, turns: Sequence[Mapping[str, str]], answer: str
) -> tuple[list[int], list[int]]:
    """Return the token ids of a prompt as an engine sends it, and of the answer with its end.

    Raises:
        DataError: if the template renders the prompt otherwise when an answer follows.
        EngineError: if it fails.
    """
    asked = list(turns)
    answered = [*asked, {"role": "assistant", "content": answer}]
    with template_explained():
        prompt = tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
        whole = tokenizer.apply_chat_template(answered, tokenize=False)
    if not whole.startswith(prompt):
        raise DataError("the chat template changes the prompt when an answer follows")
    prompt_ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    return prompt_ids, tokenizer(whole[len(prompt) :], add_special_tokens=False)["input_ids"]


def encode_corpus(
    tokenizer: Any, rows: Iterable[Mapping[str, Any]], longest: int
) -> list[dict[str, list[int]]]:
    """Encode problems and leave out those over `longest` tokens (never cut: a cut has no end).

    A row that has its token `ids` already is taken as it is; the loss begins at `learn_from`.
    """
    encoded = (_ready(row) if "ids" in row else _worked(tokenizer, row) for row in rows)
    return [example for example in encoded if len(example["input_ids"]) <= longest]


def _worked(tokenizer: Any, row: Mapping[str, Any]) -> dict[str, list[int]]:
    return encode_example(tokenizer, row["question"], row["solution"])


def _ready(row: Mapping[str, Any]) -> dict[str, list[int]]:
    ids, begin = list(row["ids"]), int(row["learn_from"])
    return {"input_ids": ids, "labels": [IGNORED] * begin + ids[begin:]}


def pad_batch(pad_id: int, examples: Sequence[Mapping[str, Sequence[int]]]) -> dict[str, Any]:
    """Pad on the right to the longest example.

    Right padding needs no attention mask: causal attention never looks ahead to it, and its
    labels carry no loss.

    Returns:
        ``input_ids`` and ``labels``: int64 tensors of shape [examples, longest].
    """
    import torch

    longest = max(len(example["input_ids"]) for example in examples)

    def stack(name: str, fill: int) -> Any:
        rows = [[*e[name], *[fill] * (longest - len(e[name]))] for e in examples]
        return torch.tensor(rows, dtype=torch.long)

    return {"input_ids": stack("input_ids", pad_id), "labels": stack("labels", IGNORED)}
