"""Tools that belong together, and the sessions in which an episode calls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import ValidationError

from llmx.core.dialogue import Observation, observed
from llmx.core.errors import ConfigError, LlmxError, nearest
from llmx.core.record import Frozen, Sample, ToolCall, ToolSpec
from llmx.core.registry import lookup
from llmx.tools.arguments import read_call
from llmx.tools.tool import FailedCallError, Tool


class NoToolsetOptions(Frozen):
    """Of sets that have none."""


class Toolset:
    """Base of all sets of tools: ``toolset.NAME`` in a room's ``kinds.py``.

    The same calls in the same order give the same observations, whenever an episode makes them:
    an episode that was cut short is led on by making its calls again. Where that cannot be (a
    world that a call changes for good), the episode starts over, and is counted.

    Attributes:
        version: of what tools do; a person raises it.
        observation: how much of results the model sees, where the set knows several.
    """

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    tools: ClassVar[tuple[type[Tool], ...]]
    Options: ClassVar[type[Frozen]] = NoToolsetOptions

    def __init__(self, options: Mapping[str, Any], observation: str = "scalar") -> None:
        try:
            self.options: Any = self.Options.model_validate(options)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(("agent.toolset_options", *map(str, first["loc"])))
            raise ConfigError(f"{where}: {first['msg']}") from error
        self.observation = observation

    def identity(self) -> Mapping[str, Any]:
        """Return what observations depend on, beside the problem."""
        return {
            "toolset": self.kind,
            "version": self.version,
            "options": self.options.model_dump(mode="json"),
            "tools": [tool.spec().model_dump(mode="json") for tool in self.tools],
        }

    def refusal(self) -> LlmxError | None:
        """Return why nothing can be called here, e.g. for want of a sandbox; None where all can."""
        return None

    def offered(self, tools: Sequence[type[Tool]], sample: Sample) -> tuple[type[Tool], ...]:
        """Return which tools a problem offers, where problems differ in that.

        Args:
            tools: those of the arm.
        """
        return tuple(tools)

    def instructions(self, sample: Sample) -> str:
        """Return what a model is told of the world of a problem; empty where that is nothing."""
        return ""

    def world(self, sample: Sample) -> Any:
        """Return what the tools of one episode share."""
        return None

    def close(self, world: Any) -> None:
        """Free what a world holds; an episode is over, or given up."""


def open_toolset(kind: str, options: Mapping[str, Any], observation: str = "scalar") -> Toolset:
    """Return the set of tools behind a kind.

    Raises:
        ConfigError: if there is none, for an option that it does not have, two tools of one name,
            or a tool whose schema cannot be told.
    """
    found: Toolset = lookup("toolset", kind)(options, observation)
    names = [tool.tool for tool in found.tools]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"toolset '{kind}' has two tools called '{twice}'", "rename one")
    for tool in found.tools:
        tool.spec()
    return found


def chosen_tools(toolset: Toolset, names: Sequence[str] | None) -> tuple[type[Tool], ...]:
    """Return the tools of these names, in the set's order; all where no names are given.

    Raises:
        ConfigError: for a name that the set does not have.
    """
    known = {tool.tool: tool for tool in toolset.tools}
    for name in names or ():
        if name not in known:
            text = f"agent.tools: toolset '{toolset.kind}' has no tool '{name}'"
            raise ConfigError(text, nearest(name, known, "tools"))
    return tuple(tool for name, tool in known.items() if names is None or name in names)


class ToolSession:
    """The calls of one episode.

    Args:
        shown: characters of the beginning and of the end that a model sees of a long observation.
    """

    def __init__(self, tools: Sequence[type[Tool]], world: Any, shown: tuple[int, int]) -> None:
        self._tools, self._world, self._shown = {tool.tool: tool for tool in tools}, world, shown

    def do(self, calls: Sequence[ToolCall]) -> tuple[Observation, ...]:
        """Make calls, one after the other; a wrong one is an observation too.

        Raises:
            WorldLostError: if nothing can be called any more.
        """
        return tuple(self._one(call) for call in calls)

    def _one(self, call: ToolCall) -> Observation:
        try:
            found = read_call(call, self._tools).run(self._world)
        except FailedCallError as error:
            return observed(call, error.text, self._shown, fault=error.fault)
        return observed(
            call,
            found.text,
            self._shown,
            fault=found.fault,
            handle=found.handle,
            answer=found.answer,
            exit=found.exit,
        )


def specs(tools: Sequence[type[Tool]]) -> tuple[ToolSpec, ...]:
    """Return tools as a model is told of them."""
    return tuple(tool.spec() for tool in tools)
