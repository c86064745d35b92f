"""A recipe and a command line become one frozen :class:`~llmx.core.spec.RunSpec`.

The rules are in docs/add-a-recipe.md. In one breath: groups < recipe < scale < arm; the command
line stands above all of them for keys that no arm sets; commas sweep; every error is shown at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from llmx.config import kept, places
from llmx.config.asked import Asked, code_unchanged
from llmx.config.mount import Mount
from llmx.config.problems import Problems
from llmx.config.recipe import parse
from llmx.config.yaml_file import read
from llmx.core.errors import nearest
from llmx.core.names import fault
from llmx.core.options import still_fits
from llmx.core.spec import RunSpec


def compose(
    recipe: str,
    overrides: Sequence[str] = (),
    arms: Sequence[str] | None = None,
    scale: str | None = None,
    extra_paths: Iterable[Path | str] = (),
    trust_remote_code: bool = False,
) -> RunSpec:
    """Return what a recipe resolves to.

    Args:
        recipe: a name (``fsd_gsm8k``), ``group/name``, or the path of a YAML file.
        overrides: ``KEY=VALUE`` in Hydra's grammar; ``scale=``, ``arms=`` and ``seed=`` too.
        arms: the arms to keep; None keeps all.
        scale: smoke, laptop, desk, paper or one of the recipe's own; None takes the recipe's.
        extra_paths: folders of recipes, looked up before ``$LLMX_RECIPES`` and ``./recipes``.
        trust_remote_code: run the code that model folders bring with them.

    Raises:
        ConfigError: naming every wrong key, value and name at once, with the nearest valid one.
    """
    names = (arms,) if isinstance(arms, str) else None if arms is None else tuple(arms)
    asked = Asked(recipe, tuple(overrides), names, scale, tuple(extra_paths), trust_remote_code)
    key = asked.key()
    known = kept.load(key) if key is not None else None
    # Kinds of stages stand in other parts of llmx and in plugins: the key does not hold their code.
    if known is not None and still_fits(known):
        return known
    spec = _composed(asked)
    # A file that changed meanwhile, or code that did: then nobody knows what this is made of.
    if key is not None and key == asked.key() and code_unchanged():
        kept.save(key, spec)
    return spec


def _composed(asked: Asked) -> RunSpec:
    # Imported here: what is kept on the disk waits for no Hydra.
    from llmx.config.command_line import CommandLine
    from llmx.config.composition import Composition

    mount = load(asked.recipe, asked.extra_paths)
    problems = Problems()
    arms = mount.recipe.arms
    given = CommandLine.read(asked.overrides, asked.arms, asked.scale, problems, arms)
    spec = Composition(mount, given, problems, asked.trust_remote_code).spec()
    problems.raise_any()
    assert spec is not None, "a composition without problems has a result"
    return spec


def load(recipe: str, extra_paths: Sequence[Path | str] = ()) -> Mount:
    """Return a recipe with the groups that it can choose from.

    Raises:
        ConfigError: if there is no such recipe, or its file has problems (all of them are named).
    """
    roots = places.roots(extra_paths)
    group, path = places.find(recipe, roots)
    roots = places.with_own_groups(roots, path)
    problems = Problems()
    loaded = parse(read(path), group, problems)
    claims = places.claim_files(roots)
    wanted = loaded.words.get("claims")
    if wanted and (hint := fault(wanted)):
        problems.add(f"{loaded.document.where('claims')}: no claims have such a name", hint)
    elif wanted and wanted not in claims:
        where = loaded.document.where("claims")
        problems.add(f"{where}: no claims called '{wanted}'", nearest(wanted, claims, "claims"))
    problems.raise_any()
    return Mount(loaded, places.group_files(roots))
