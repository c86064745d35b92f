"""``llmx doctor sandbox``: what holds a program here, and what the red team came to."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from llmx.cli.console import say, show, table

_MEANS = {
    "namespaces": "no process, file, network or name of this machine is there",
    "own user": "root becomes a user that nobody is, one for each cage",
    "user namespace": "a user of its own, and no further namespace",
    "no capabilities": "none is left, none can be had",
    "seccomp": "no sockets, mounts, tracing, keys, devices",
    "limits": "processes, address space, open files, size of a file",
    "memory watcher": "all processes together, every 50 ms",
    "name watcher": "files in the scratch folder, every 50 ms",
    "cgroup pids": "processes of a session, by the kernel's count",
}


def found() -> tuple[str, str, str]:
    """Return the row of ``llmx doctor``: what, what was found, and what to type."""
    from llmx.core.errors import LlmxError
    from llmx.sandbox.bubblewrap import Bubblewrap
    from llmx.sandbox.found import wrapper

    try:
        layers = Bubblewrap().layers()
        version = ".".join(map(str, wrapper().version))
    except LlmxError as error:
        return "sandbox", "none: programs of a model are not run", f"{error.message}: {error.hint}"
    return "sandbox", f"bubblewrap {version}, {len(layers)} layers", ""


def diagnose() -> None:
    """Show the layers that hold, then the red team's attacks one by one.

    Raises:
        SandboxError: with what to install, if there is no sandbox here.
        typer.Exit: with code 1, if an attack was not contained.
    """
    from llmx.sandbox.bubblewrap import Bubblewrap
    from llmx.sandbox.found import form, wrapper

    program = wrapper()
    with Bubblewrap().session() as shell:
        layers = shell.run(":").layers
    version = ".".join(map(str, program.version))
    show(f"{program.path} {version}, as {form()}")
    show(table(("layer", "what it does"), [(one, _MEANS.get(one, "")) for one in layers]))
    say("the red team, some ten seconds …", err=True)
    rows = list(_attacked())
    show(table(("attack on", "by", "what came of it"), rows, whole=("by",)))
    escaped = sum(row[2] != "contained" for row in rows)
    show(f"{len(rows) - escaped} of {len(rows)} attacks contained")
    if escaped:
        raise typer.Exit(1)


def _attacked() -> Iterator[tuple[str, str, str]]:
    from llmx.sandbox.redteam import quick

    for attack, wrong in quick():
        yield attack.family, attack.name, wrong or "contained"
