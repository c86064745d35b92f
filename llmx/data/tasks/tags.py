"""Completions with a think block and an answer block, read strictly."""

from __future__ import annotations

import re

THINK, THOUGHT, ANSWER, ANSWERED = "<think>", "</think>", "<answer>", "</answer>"


def opens_thinking(prompt: str) -> bool:
    """Whether a prompt ends inside a think block, so that its completion has to close it."""
    return prompt.rstrip().endswith(THINK)


def strict_answer(completion: str, opened: bool) -> str | None:
    """Return what stands in the answer block, stripped, or None where the form is not kept.

    The rule of the released reward code of arXiv 2505.24273: exactly one opening and one closing
    think tag in this order, some thinking between them, exactly one opening and one closing answer
    tag in this order, and all of the answer behind the thinking.

    Args:
        opened: the prompt has opened the think block already.
    """
    text = THINK + completion if opened else completion
    if any(text.count(tag) != 1 for tag in (THINK, THOUGHT, ANSWER, ANSWERED)):
        return None
    begin, end = text.index(THINK) + len(THINK), text.index(THOUGHT)
    first, last = text.index(ANSWER) + len(ANSWER), text.index(ANSWERED)
    if begin > end or not text[begin:end].strip() or first < end or first > last:
        return None
    return text[first:last].strip()


def last_answer(completion: str) -> str | None:
    """Return what stands in the last whole answer block, whatever is around it, or None."""
    found = re.findall(rf"{ANSWER}((?:(?!{ANSWER}).)*?){ANSWERED}", completion, re.S)
    return found[-1].strip() if found else None
