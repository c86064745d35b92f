"""A tool: one definition gives its schema, its documentation and the check of its arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import cleandoc
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from llmx.core.dialogue import CallFault
from llmx.core.errors import ConfigError
from llmx.core.record import ToolSpec


@dataclass(frozen=True)
class ToolResult:
    """What a call gives.

    Attributes:
        text: all that the tool says; a long text is shown by its beginning and its end.
        handle: name of a result that further calls may refer to.
        answer: what the call submits as the answer of the episode.
        exit: status of a command.
        fault: what limits did to a call that says something all the same: ``timed_out``,
            ``killed``, ``cut``.
    """

    text: str
    handle: str = ""
    answer: str | None = None
    exit: int | None = None
    fault: CallFault | None = None


class FailedCallError(Exception):
    """A call that gives nothing.

    Args:
        text: for the model. It depends on the tools and on what they say of themselves, such as
            the columns of a result: never on data.
    """

    def __init__(self, fault: CallFault, text: str) -> None:
        super().__init__(text)
        self.fault, self.text = fault, text


class WorldLostError(Exception):
    """The place where tools run is gone, and with it the episode."""


class Tool(BaseModel):
    """Base of all tools: fields are arguments, the docstring is the documentation.

    Arguments are taken as JSON has them: no number is made of a text, no integer of ``true``, and
    a field that is not there is refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    tool: ClassVar[str]
    """By which a model calls it."""

    def run(self, world: Any) -> ToolResult:
        """Make the call.

        Args:
            world: what the tools of an episode share.

        Raises:
            FailedCallError: if it gives nothing.
            WorldLostError: if nothing can be called any more.
        """
        raise NotImplementedError

    @classmethod
    def spec(cls) -> ToolSpec:
        """Return the tool as a model is told of it.

        Raises:
            ConfigError: for a tool without a word of documentation, or arguments within themselves.
        """
        return _spec_of(cls)


@cache
def _spec_of(tool: type[Tool]) -> ToolSpec:
    words = cleandoc(tool.__dict__.get("__doc__") or "")
    if not words:
        raise ConfigError(f"the tool '{tool.tool}' says nothing", "give its class a docstring")
    schema = _plain(tool.model_json_schema(), {}, tool.tool)
    return ToolSpec(
        name=tool.tool,
        description=words,
        parameters={
            "type": "object",
            "properties": schema.get("properties", {}),
            "required": schema.get("required", []),
            "additionalProperties": False,
        },
    )


_VALUES = ("default", "enum", "const", "examples")  # of arguments: no schemas


def _plain(schema: Any, known: Mapping[str, Any], tool: str, within: tuple[str, ...] = ()) -> Any:
    """Return a schema without references and titles: chat templates show what stands there."""
    if isinstance(schema, list):
        return [_plain(one, known, tool, within) for one in schema]
    if not isinstance(schema, dict):
        return schema
    known = {**known, **schema.get("$defs", {})}
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    if name in within:
        text = f"the tool '{tool}': '{name}' holds itself, which no schema without references says"
        raise ConfigError(text, "write out how deep it may be")
    if name:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _plain({**known[name], **beside}, known, tool, (*within, name))
    return dict(_kept(schema, known, tool, within))


def _kept(
    schema: Mapping[str, Any], known: Mapping[str, Any], tool: str, within: tuple[str, ...]
) -> Iterator[tuple[str, Any]]:
    for key, value in schema.items():
        if key == "properties":
            named = {name: _plain(one, known, tool, within) for name, one in value.items()}
            yield key, named
        elif key in _VALUES:
            yield key, value
        elif key not in ("title", "$defs", "discriminator"):
            yield key, _plain(value, known, tool, within)
