"""`data: {kind: counts}`: how many stones lie here?"""

from llmx.core.errors import DataError
from llmx.core.record import Sample


class Counts:
    """Heaps of 1, 2, 3 … stones."""

    def __init__(self, spec):
        self.spec = spec

    @classmethod
    def identity(cls, spec):
        """What the problems depend on."""
        return {"spec": spec.model_dump(mode="json"), "version": 1}

    def split(self, name, limit=None):
        """Return the problems of a split."""
        if name != "test":
            raise DataError(f"counts has no split '{name}'", "splits: test")
        heaps = range(1, self.spec.test + 1)
        return [Sample(id=f"heap-{n}", question="o" * n, answer=str(n)) for n in heaps][:limit]
