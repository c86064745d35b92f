"""``llmx trust``: the hosts that recipes may send prompts and keys to."""

from __future__ import annotations

from typing import Annotated

import typer

from llmx.cli.console import show
from llmx.cli.options import Debug
from llmx.core import hosts
from llmx.core.errors import ConfigError


def trust(
    host: Annotated[
        str | None,
        typer.Argument(metavar="[HOST]", show_default=False, help="HOST, HOST:PORT or a tracker."),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the permission back.")] = False,
    debug: Debug = False,
) -> None:
    """Allow recipes to send prompts and keys to a host; without a host, list those allowed.

    A host that you type (engine.base_url=…) needs no permission, one that a file names does.
    HOST is https there; anything else needs its port. $LLMX_HOSTS allows more, with commas.

    \b
    Examples:
      llmx trust
      llmx trust api.openai.com
      llmx trust --remove api.openai.com
    """
    if host is None:
        if remove:
            raise ConfigError("which host?", "llmx trust --remove HOST")
        _list()
    elif remove:
        if not hosts.forget(host):
            raise ConfigError(f"{host} is not allowed in {hosts.place()}", "`llmx trust` lists")
        show(f"{host}: recipes may no longer send there")
    else:
        show(f"recipes may send prompts and keys to {hosts.remember(host)} ({hosts.place()})")


def _list() -> None:
    known = hosts.remembered()
    for entry in known:
        show(entry)
    for entry in sorted(hosts.trusted() - set(known)):
        show(f"{entry} (${hosts.VARIABLE})")
    if not hosts.trusted():
        show("no host is allowed: recipes send to this machine alone, and no key")
