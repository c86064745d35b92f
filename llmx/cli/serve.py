"""``llmx serve``: a recipe's ensemble behind an OpenAI-compatible address."""

from __future__ import annotations

from typing import Annotated

import typer

from llmx.cli.console import say, show
from llmx.cli.options import Debug, Recipes
from llmx.cli.run import Words, split
from llmx.core.errors import ConfigError

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(
    words: Words = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 = a free one.")] = 8000,
    arm: Annotated[str | None, typer.Option("--arm", help="Which arm answers.")] = None,
    most: Annotated[int, typer.Option("--max-open", min=1, help="Answers at once.")] = 256,
    drain: Annotated[
        float, typer.Option("--drain", min=0, help="Seconds that answers have to end in a stop.")
    ] = 30.0,
    recipes: Recipes = None,
    debug: Debug = False,
) -> None:
    """Serve an ensemble to any client that speaks OpenAI's chat completions.

    \b
    Examples:
      llmx serve recipe=staircase_moa
      llmx serve recipe=staircase_moa --arm moa --port 8001
    """
    recipe, overrides = split(words or [])
    from llmx.config.compose import compose

    spec = compose(recipe, overrides, extra_paths=recipes or ())
    try:
        from llmx.serve.server import Server, bind
    except ImportError as error:
        raise ConfigError(f"serving needs {error.name}", "pip install 'llmx-lab[serve]'") from error
    import asyncio

    from llmx.serve.app import Service
    from llmx.serve.open import open_answerer

    answerer = open_answerer(spec, arm)
    listening = bind(host, port)
    asyncio.run(answerer.warm())
    address = f"http://{host}:{listening.getsockname()[1]}/v1"
    if host not in _LOOPBACK:
        show(f"warning: {host} can be reached by others, and there is no key")
    show(f"serving {answerer.name} at {address}")
    say(_example(address, answerer.name))  # one line, however narrow: it is to be copied
    Server(Service(answerer, most), drain).run(sockets=[listening])


def _example(address: str, model: str) -> str:
    body = (
        f'{{"model": "{model}", "stream": true, "messages": [{{"role": "user", "content": "Hi"}}]}}'
    )
    return f"  curl {address}/chat/completions -H 'Content-Type: application/json' -d '{body}'"
