"""Raw prompts in the form of arXiv 2505.24273: tags, and a turn that is already opened.

A raw prompt is sent as it is, without a chat template, and but for `baseline` it ends inside a
think block: the completion starts there and has to close it. With wrapper `chat` there is no raw
prompt: the question goes through the model's own template, and the completion opens the block.
"""

from __future__ import annotations

from llmx.core.errors import ConfigError
from llmx.data.tasks.tags import ANSWER, ANSWERED, THINK, THOUGHT
from llmx.data.tasks.tasks import TASKS

_SYSTEM = "You are a helpful assistant. You think first and then give the user the answer."
_LEAD = f"Let me solve this step by step.\n{THINK}\n"


def wrap(kind: str, question: str, wrapper: str) -> str | None:
    """Return the raw prompt, or None for `chat`.

    Raises:
        ConfigError: for a wrapper that does not exist.
    """
    match wrapper:
        case "chat":
            return None
        case "base":
            asked = f"{question}\n{_tagged(kind)}"
            return f"{_SYSTEM}\nUser: {asked}\nAssistant: {_LEAD}"
        case "instruct":
            return _turns(f"{question}\n{_tagged(kind)}") + _LEAD
        case "baseline":
            return _turns(f"{question}\n{_answered(kind)}")
    raise ConfigError(f"unknown wrapper '{wrapper}'", "chat, instruct, base or baseline")


def _turns(asked: str) -> str:
    """Return a Qwen chat up to the opened assistant turn."""
    turns = (("system", _SYSTEM), ("user", asked))
    written = "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in turns)
    return f"{written}<|im_start|>assistant\n"


def _tagged(kind: str) -> str:
    return f"Show your work in {THINK} {THOUGHT} tags. {_answered(kind)}"


def _answered(kind: str) -> str:
    shown = f"{ANSWER}{TASKS[kind].example}{ANSWERED}"
    return f"Return the final answer in {ANSWER} {ANSWERED} tags, for example {shown}."
