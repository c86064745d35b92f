"""What a verdict test is, as data: which fields it reads, and what its word speaks of.

Declared apart from the work, so that a plan can check findings without numpy. Tests are kinds of
the family ``test``: those of any paper stand in :mod:`llmx.report.verdict.tests`, a plugin brings
its own as ``test.NAME``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from llmx.core.errors import ConfigError
from llmx.core.registry import kinds, lookup
from llmx.report.verdict.model import Verdict, Word


@dataclass(frozen=True)
class FindingTest:
    """One test that a finding can name.

    Attributes:
        function: ``module:function``, or the function itself: it takes the evidence and the fields
            of a finding by name, and returns a verdict.
        fields: names that a finding may give. Those that :mod:`llmx.report.verdict.schema` knows
            (``arms``, ``control``, ``margin`` …) are checked as ever; others hold any value.
        of_accuracy: an arm at the floor or the ceiling of accuracy decides nothing in it.
        of_all: the word that it gives only where all arms agree; None where it speaks of none.
        together: whether an arm that decides nothing leaves nothing to say of the others.
        must_fail: whether a finding may name an arm that has to fail the same test.
        of_levels: whether it looks at each arm by itself, by levels of its problems: arms are not
            compared, and a level at the floor or the ceiling decides nothing.
        version: raised when the test says other words of the same figures.
    """

    function: str | Callable[..., Verdict]
    fields: frozenset[str]
    of_accuracy: bool = False
    of_all: Word | None = None
    together: bool = False
    must_fail: bool = False
    of_levels: bool = False
    version: int = 1

    def run(self, evidence: Any, settings: Mapping[str, Any]) -> Verdict:
        """Return what the test says of the evidence."""
        if not isinstance(self.function, str):
            return self.function(evidence, **settings)
        module, _, name = self.function.partition(":")
        verdict: Verdict = getattr(import_module(module), name)(evidence, **settings)
        return verdict


def known_tests() -> dict[str, str]:
    """Return every test that there is, plugins' included, as name → where it stands."""
    return kinds("test")


def finding_test(name: str) -> FindingTest:
    """Return a test by its name.

    Raises:
        ConfigError: if there is none of that name, or what a plugin brings is no test.
    """
    found = lookup("test", name)
    if not isinstance(found, FindingTest):
        hint = "write FindingTest(function=…, fields=frozenset({…})), of llmx.report.verdict"
        raise ConfigError(f"test '{name}' is {found!r}, no FindingTest", hint)
    return found
