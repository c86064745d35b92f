"""The red team: programs that try to leave a cage, or to take more than they may.

Each prints ``ESCAPED`` where it succeeds, or shows the canary of a file that it should not see.
What it aims at on the host is in its environment: ``$GOLD`` (a file), ``$HOST_PID``, ``$PORT`` and
``$UNIX`` (open sockets), ``$CORPUS``
(what is bound), ``$PLANTED`` (the name of a secret in the host's environment).
`llmx doctor sandbox` runs those that are quick; tests/sandbox runs all of them, as root and as a
user, each beside a control without the layer that stops it.
"""

from __future__ import annotations

from llmx.sandbox.attacks.attack import Attack
from llmx.sandbox.attacks.kernel import NAMESPACES, SIGNALS, TERMINAL
from llmx.sandbox.attacks.outward import FILES, NETWORK, SECRETS
from llmx.sandbox.attacks.resources import RESOURCES

ATTACKS: tuple[Attack, ...] = (
    *(*FILES, *SECRETS, *NETWORK),
    *(*RESOURCES, *SIGNALS, *NAMESPACES, *TERMINAL),
)
"""All that are a program. Those that need more of the host are in tests/sandbox."""
