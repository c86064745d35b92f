"""Form `fenced`: one shell block a reply, which is run; a reply without one is the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from llmx.core import json_text
from llmx.core.record import ToolCall, ToolSpec
from llmx.dialogue.agent.call_format import CallFormat, ReadReply, written_json

SHELL = "shell"
"""Name of the tool that takes the block as its one argument, ``command``."""
_OPEN = re.compile(r"^(`{3,})(?:bash|sh|shell)[ \t\r]*$", re.MULTILINE)
_ONE = "Write one block that begins with ```bash and ends with ```."


class FencedFormat(CallFormat):
    """The block is the argument ``command`` of the tool ``shell``."""

    kind: ClassVar[str] = "fenced"

    def told(self, tools: Sequence[ToolSpec]) -> str:
        """Return what the shell is for, and the form."""
        words = "\n".join(tool.description for tool in tools if tool.name == SHELL)
        form = f"{_ONE} It is run, and you are told what it prints. A reply without a block ends."
        return f"{words}\n\n{form}".strip()

    def read_text(self, text: str) -> ReadReply:
        """Return the command of the only block."""
        opened = _OPEN.search(text)
        if opened is None:
            return ReadReply(answer=text.strip())
        closing = re.compile(rf"\n`{{{len(opened[1])},}}[ \t]*(?:\n|\Z)")
        closed = closing.search(text, opened.end())
        if closed is None or _OPEN.search(text, closed.end()):
            return ReadReply(fault=_ONE)
        command = text[opened.end() + 1 : closed.start()]
        call = ToolCall(id="", name=SHELL, arguments=written_json({"command": command}))
        return ReadReply((call,), text[: opened.start()].strip())

    def written(self, calls: Sequence[ToolCall]) -> str:
        """Return the block, its fence longer than any in the command.

        Raises:
            ValueError: for another tool, or arguments that are no command.
        """
        (call,) = calls
        given = json_text.parse(call.arguments, exact=True)
        if call.name != SHELL or not isinstance(given, dict) or given.keys() != {"command"}:
            raise ValueError("the form 'fenced' has one tool, shell, with one argument, command")
        command = str(given["command"])
        longest = max((len(run) for run in re.findall("`+", command)), default=0)
        fence = "`" * max(3, longest + 1)
        return f"{fence}bash\n{command}\n{fence}"
