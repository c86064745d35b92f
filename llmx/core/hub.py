"""Asking once whether the model hub can be reached, instead of waiting for its client's retries."""

from __future__ import annotations

import os
import socket
from functools import lru_cache
from urllib.parse import urlsplit

_PATIENCE = 3.0  # seconds


def go_offline_if_unreachable() -> None:
    """Set ``HF_HUB_OFFLINE`` where the hub does not answer; local copies are still found.

    The hub's client reads the variable when it is first imported, so call this before that. Without
    it a missing network costs up to a minute and a half of retries before the error.
    """
    if "HF_HUB_OFFLINE" not in os.environ and not _reachable():
        os.environ["HF_HUB_OFFLINE"] = "1"


@lru_cache(maxsize=1)
def _reachable() -> bool:
    where = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    # Behind a proxy the name need not resolve here; the client itself finds out.
    if os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
        return True
    try:
        with socket.create_connection((where.hostname or "", where.port or 443), _PATIENCE):
            return True
    except OSError:
        return False
