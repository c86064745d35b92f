"""`data: {kind: errands}`: what do three apples and two pears cost?"""

from llmx.core.errors import DataError
from llmx.core.record import Sample

FRUITS = ("apple", "pear", "plum", "fig", "lime")


def errand(number):
    """Return the problem of a number."""
    first, second = FRUITS[number % 5], FRUITS[(number * 2 + 1) % 5]
    prices = {fruit: 2 + (number * 7 + place * 3) % 11 for place, fruit in enumerate(FRUITS)}
    few, many = 1 + number % 3, 2 + number % 4
    cost = few * prices[first] + many * prices[second]
    return Sample(
        id=f"errand-{number}",
        question=f"What do {few} of {first} and {many} of {second} cost?",
        answer=str(cost),
        metadata={"prices": prices, "basket": [[first, few], [second, many]]},
    )


class Errands:
    """Baskets of two kinds of fruit."""

    toolset = "errands"

    def __init__(self, spec):
        self.spec = spec

    @classmethod
    def identity(cls, spec):
        """What the problems depend on."""
        return {"spec": spec.model_dump(mode="json"), "version": 1}

    def split(self, name, limit=None):
        """Return the problems of a split."""
        if name != "test":
            raise DataError(f"errands has no split '{name}'", "splits: test")
        return [errand(number) for number in range(1, self.spec.test + 1)][:limit]
