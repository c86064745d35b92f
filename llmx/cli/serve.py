"""``llmx serve``: a recipe's ensemble behind an OpenAI-compatible address."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Annotated

import typer

from llmx.cli.console import say, show
from llmx.cli.options import Debug, Plugins, Recipes, TrustCode
from llmx.cli.run import Words, split
from llmx.core.errors import ConfigError
from llmx.core.install import with_extra

if TYPE_CHECKING:
    from llmx.serve.access import Access

_KEY = "LLMX_API_KEY"
_ANY = ("0.0.0.0", "::", "", "0")
_ACCESS = "Who may ask"
_LIMITS = "Limits"
Names = list[str] | None


def serve(
    words: Words = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 = a free one.")] = 8000,
    arm: Annotated[str | None, typer.Option("--arm", help="Which arm answers.")] = None,
    most: Annotated[int, typer.Option("--max-open", min=1, help="Answers at once.")] = 256,
    drain: Annotated[
        float, typer.Option("--drain", min=0, help="Seconds that answers have to end in a stop.")
    ] = 30.0,
    keyed: Annotated[
        bool | None,
        typer.Option(
            "--api-key/--no-api-key",
            help="Ask for the key in the environment, or for none on any address.",
            show_default="if there is one",
            rich_help_panel=_ACCESS,
        ),
    ] = None,
    key_env: Annotated[
        str,
        typer.Option(
            "--api-key-env", metavar="NAME", help="Variable of the key.", rich_help_panel=_ACCESS
        ),
    ] = _KEY,
    hosts: Annotated[
        Names,
        typer.Option(
            "--allow-host",
            metavar="NAME",
            help="Name by which it may be called, beside loopback (repeatable).",
            rich_help_panel=_ACCESS,
        ),
    ] = None,
    origins: Annotated[
        Names,
        typer.Option(
            "--allow-origin",
            metavar="URL",
            help="Page whose browser may ask (repeatable).",
            rich_help_panel=_ACCESS,
        ),
    ] = None,
    connections: Annotated[
        int,
        typer.Option("--max-connections", min=1, help="Open connections.", rich_help_panel=_LIMITS),
    ] = 512,
    messages: Annotated[
        int,
        typer.Option(
            "--max-messages", min=1, help="Messages of a request.", rich_help_panel=_LIMITS
        ),
    ] = 1024,
    characters: Annotated[
        int,
        typer.Option(
            "--max-characters", min=1, help="Characters of a request.", rich_help_panel=_LIMITS
        ),
    ] = 1 << 18,
    head: Annotated[
        float,
        typer.Option(
            "--header-seconds", min=0.1, help="For a request's head.", rich_help_panel=_LIMITS
        ),
    ] = 10.0,
    body: Annotated[
        float,
        typer.Option("--body-seconds", min=0.1, help="For its body.", rich_help_panel=_LIMITS),
    ] = 30.0,
    reader: Annotated[
        float,
        typer.Option(
            "--reader-seconds",
            min=0.1,
            help="In which a reader must take something of what waits.",
            rich_help_panel=_LIMITS,
        ),
    ] = 60.0,
    recipes: Recipes = None,
    plugins: Plugins = None,
    trust_remote_code: TrustCode = False,
    debug: Debug = False,
) -> None:
    """Serve an ensemble to any client that speaks OpenAI's chat completions.

    \b
    Examples:
      llmx serve recipe=staircase_moa
      llmx serve recipe=staircase_moa --arm moa --port 8001
      LLMX_API_KEY=… llmx serve recipe=staircase_moa --host 0.0.0.0 --allow-host box.example
    """
    recipe, overrides = split(words or [])
    try:
        from llmx.serve.server import Server, bind, prepare
    except ImportError as error:
        raise ConfigError(f"serving needs {error.name}", with_extra("serve")) from error
    import asyncio

    from llmx.config.compose import compose
    from llmx.serve.access import Access, key_in
    from llmx.serve.app import Service
    from llmx.serve.limits import Limits
    from llmx.serve.memory import keep_what_is_loaded
    from llmx.serve.open import open_answerer

    named = [*(hosts or ()), *(() if host in _ANY else (host,))]
    access = Access.of(named, origins or (), key_in(key_env, _wanted(keyed, key_env)))
    limits = Limits(connections, messages, characters, head, body, reader)
    spec = compose(
        recipe, overrides, extra_paths=recipes or (), trust_remote_code=trust_remote_code
    )
    listening = bind(host, port)
    _check_exposed(listening, access, keyed)
    answerer = open_answerer(spec, arm)
    prepare(connections)
    asyncio.run(answerer.warm())
    keep_what_is_loaded()
    address = f"http://{host}:{listening.getsockname()[1]}/v1"
    show(f"serving {answerer.name} at {address}")
    # One line, however narrow: it is to be copied.
    say(_example(address, answerer.name, key_env if access.digest else None))
    Server(Service(answerer, most, access, limits), drain).run(sockets=[listening])


def _wanted(keyed: bool | None, key_env: str) -> bool | None:
    """Whoever names a variable wants the key in it."""
    return True if keyed is None and key_env != _KEY else keyed


def _check_exposed(listening: socket.socket, access: Access, keyed: bool | None) -> None:
    """Refuse an address that others can reach, unless a key or nobody is asked for on purpose.

    Raises:
        ConfigError: with both ways on.
    """
    from llmx.serve.server import is_exposed

    if access.digest is not None or not is_exposed(listening):
        return
    address = listening.getsockname()[0]
    if keyed is None:
        listening.close()
        hint = f"export {_KEY}=…, or --no-api-key to let everybody ask"
        raise ConfigError(f"{address} can be reached by others, and there is no key", hint)
    show(f"warning: {address} can be reached by others, and everybody may ask")


def _example(address: str, model: str, key_env: str | None) -> str:
    body = (
        f'{{"model": "{model}", "stream": true, "messages": [{{"role": "user", "content": "Hi"}}]}}'
    )
    key = f' -H "Authorization: Bearer ${key_env}"' if key_env else ""
    kind = "-H 'Content-Type: application/json'"
    return f"  curl {address}/chat/completions {kind}{key} -d '{body}'"
