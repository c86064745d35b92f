"""A run's graph beside its store, at one moment, as those see it who submit, work or look."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from llmx.cluster.reconcile import NodeWork, StoredNodes
from llmx.cluster.submission import MOST_FAILURES, Row, Submission
from llmx.core.errors import StoreError
from llmx.core.spec import RunSpec
from llmx.graph.graph import Graph, Node, build_graph, entry_of
from llmx.graph.parts import open_parts
from llmx.store.cache import Entry
from llmx.store.machine import measure_as

_UNDECIDED = {"undecided": True}
"""A machine that no measurement is of: until one is made nobody knows what it will be called."""


@dataclass(frozen=True)
class View:
    """A graph, and what is known of its nodes."""

    submission: Submission
    spec: RunSpec
    graph: Graph

    @classmethod
    def of(cls, submission: Submission, spec: RunSpec | None = None) -> View:
        """Expand the run's specification, with measurements of the machine that was decided on.

        Raises:
            StoreError: if it is of another version of llmx.
        """
        spec = spec or submission.run.spec()
        measure_as(submission.measured_on_or(_UNDECIDED))
        return cls(submission, spec, build_graph(spec))

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """Fingerprint → where the output stands."""
        return {node.fingerprint: entry_of(self.submission.cache, node) for node in self.graph}

    @cached_property
    def rows(self) -> dict[str, Row]:
        """Fingerprint → what was known when the run was submitted.

        Raises:
            StoreError: if the graph has changed since.
        """
        rows = self.submission.rows
        if len(rows) != len(self.graph.nodes):
            text = f"the stages of {self.submission.run.name} are others than when it was submitted"
            raise StoreError(text, "submit the recipe again")
        return {node.fingerprint: row for node, row in zip(self.graph, rows, strict=True)}

    @cached_property
    def whole(self) -> frozenset[str]:
        """Nodes whose output is there."""
        return frozenset(name for name, entry in self.entries.items() if entry.whole)

    @cached_property
    def stored(self) -> StoredNodes:
        """The store, as :func:`reconcile` reads it."""
        failed = self.submission.failures()
        stopped = frozenset(name for name, rows in failed.items() if len(rows) >= MOST_FAILURES)
        known = self.submission.measured_on() is not None
        return StoredNodes(self.whole, stopped - self.whole, known)

    @cached_property
    def works(self) -> list[NodeWork]:
        """The graph, as :func:`reconcile` reads it."""
        return [self._work(node) for node in self.graph]

    def _work(self, node: Node) -> NodeWork:
        name = node.fingerprint
        shares = 1 if name in self.whole else len(open_parts(node, self.entries[name]))
        return NodeWork(name, tuple(node.inputs.values()), self.rows[name].asks, max(1, shares))
