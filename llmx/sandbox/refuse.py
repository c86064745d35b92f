"""Kind `refuse`: runs nothing. What is taken where no cage holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NoReturn

from llmx.core.errors import SandboxError
from llmx.core.sandbox import SandboxPolicy, SandboxSpec
from llmx.sandbox.found import install_hint


class Refuse:
    """Refuses everything in one line."""

    kind: ClassVar[str] = "refuse"

    def __init__(self, spec: SandboxSpec, policy: SandboxPolicy = SandboxPolicy()) -> None:
        self.spec, self.policy = spec, policy

    def layers(self) -> NoReturn:
        """Raise.

        Raises:
            SandboxError: always.
        """
        text = "programs of a model run in a sandbox only, and this run has sandbox.kind=refuse"
        raise SandboxError(text, f"sandbox.kind=bubblewrap ({install_hint()})")

    def once(
        self, command: Sequence[str], stdin: bytes = b"", *, aside: bytes | None = None
    ) -> NoReturn:
        """Raise, as :meth:`layers`."""
        self.layers()

    def session(self) -> NoReturn:
        """Raise, as :meth:`layers`."""
        self.layers()
