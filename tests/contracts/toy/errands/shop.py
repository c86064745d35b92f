"""A shop: prices to look up, and a calculator that takes results of earlier calls."""

from itertools import count
from typing import ClassVar

from pydantic import BaseModel, Field

from llmx.core.record import Frozen
from llmx.tools.tool import FailedCallError, Tool, ToolResult
from llmx.tools.toolset import Toolset

OPEN = []
"""Worlds that nobody has closed."""
_VISITS = count(1)


class Ref(BaseModel):
    """The result of an earlier call."""

    model_config = {"extra": "forbid", "strict": True}
    ref: str


Value = float | Ref


class Counter:
    """What one customer has been told."""

    def __init__(self, prices, observation):
        self.prices, self.observation, self.results = prices, observation, {}

    def keep(self, number):
        """Return a new result, shown as the shop shows it."""
        handle = f"r{len(self.results) + 1}"
        self.results[handle] = number
        shown = handle if self.observation == "blind" else f"{handle} = {number:g}"
        return ToolResult(shown, handle=handle)

    def value(self, given):
        """Return the number behind an argument."""
        if not isinstance(given, Ref):
            return given
        if given.ref not in self.results:
            raise FailedCallError("stale_handle", "There is no such result.")
        return self.results[given.ref]


class Price(Tool):
    """Look up what one piece of a fruit costs."""

    tool: ClassVar[str] = "price"
    fruit: str = Field(description="its name, as in: apple")

    def run(self, world):
        """Return the price."""
        if self.fruit not in world.prices:
            raise FailedCallError("refused", "The shop has no such fruit.")
        return world.keep(float(world.prices[self.fruit]))


class Multiply(Tool):
    """Multiply two numbers."""

    tool: ClassVar[str] = "multiply"
    a: Value
    b: Value

    def run(self, world):
        """Return the product."""
        return world.keep(world.value(self.a) * world.value(self.b))


class Add(Tool):
    """Add two numbers."""

    tool: ClassVar[str] = "add"
    a: Value
    b: Value

    def run(self, world):
        """Return the sum."""
        return world.keep(world.value(self.a) + world.value(self.b))


class Submit(Tool):
    """Give the answer."""

    tool: ClassVar[str] = "submit"
    answer: Value

    def run(self, world):
        """Return the answer as a text."""
        return ToolResult("Thank you.", answer=f"{world.value(self.answer):g}")


class ShopOptions(Frozen):
    """How the shop is run."""

    greeting: str = "Prices are in cents."


class Shop(Toolset):
    """A shop that tells every customer the same."""

    kind: ClassVar[str] = "errands"
    tools: ClassVar = (Price, Multiply, Add, Submit)
    Options: ClassVar = ShopOptions

    def instructions(self, sample):
        """Greet."""
        return self.options.greeting

    def world(self, sample):
        """Return a counter with the prices of the day."""
        OPEN.append(sample.id)
        return Counter(sample.metadata["prices"], self.observation)

    def close(self, world):
        """Close the counter."""
        OPEN.pop()


class MoodyShop(Shop):
    """A shop whose prices are others at each visit: nothing that was told comes back."""

    kind: ClassVar[str] = "moody"

    def world(self, sample):
        """Return a counter of today's prices."""
        found = super().world(sample)
        found.prices = {fruit: price + next(_VISITS) for fruit, price in found.prices.items()}
        return found
