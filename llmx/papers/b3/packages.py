"""Packages of the extra ``retrieval``, loaded where they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from llmx.core.errors import ConfigError
from llmx.core.install import with_extra


def package(name: str) -> Any:
    """Return the module `name`.

    Raises:
        ConfigError: its package is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        whole = name.partition(".")[0]
        raise ConfigError(
            f"batches of a graph need the package {whole!r}", with_extra("retrieval")
        ) from error
