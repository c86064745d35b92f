"""A recipe and a command line become one frozen :class:`~llmx.core.spec.RunSpec`.

The rules are in docs/add-a-recipe.md. In one breath: groups < recipe < scale < arm; the command
line stands above all of them for keys that no arm sets; commas sweep; every error is shown at once.

A composition is kept on the disk by the hash of all that it depends on, so the same command, on the
same files, waits for no Hydra again, and a stale one is never found.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from pydantic import ValidationError

from llmx.config import places
from llmx.config.places import Mount
from llmx.config.problems import Problems
from llmx.config.recipe import parse
from llmx.config.yaml_file import read
from llmx.core import plugins, user_cache
from llmx.core.errors import ConfigError, nearest
from llmx.core.names import fault
from llmx.core.options import still_fits
from llmx.core.plugins import version_of
from llmx.core.registry import families, kinds
from llmx.core.spec import RunSpec

_FOLDER = "compositions"
_MOST = 128


def recalled(key: str) -> RunSpec | None:
    """Return the composition of that hash, None where there is no whole one."""
    digest, _, text = (user_cache.load(_file(key)) or b"").partition(b"\n")
    if digest != _digest(text):
        return None
    try:
        return RunSpec.model_validate_json(text)
    except ValidationError:
        return None


def keep(key: str, spec: RunSpec) -> None:
    """Keep a composition, unless it would not come back as it is."""
    text = spec.model_dump_json().encode()
    if repr(RunSpec.model_validate_json(text)) != repr(spec):
        return
    user_cache.save(_file(key), _digest(text) + b"\n" + text)
    user_cache.keep_newest(f"{_FOLDER}/*.json", _MOST)


def _file(key: str) -> str:
    return f"{_FOLDER}/{key}.json"


def _digest(text: bytes) -> bytes:
    return blake2b(text, digest_size=20).hexdigest().encode()


_FORM = "1"  # of the files; raised when they are written another way
_PACKAGES = (
    *("llmx-lab", "hydra-core", "omegaconf", "antlr4-python3-runtime"),
    *("pydantic", "pydantic_core", "pyyaml"),
)
_CODE = (Path(__file__).parent, Path(__file__).parent.parent / "core")
_RESOLVER = re.compile(rb"\$\{[^}]*:")
"""A ``${name:…}`` may ask the clock or the program around llmx, which no hash of files knows."""


@dataclass(frozen=True)
class Arguments:
    """The arguments of one composition."""

    recipe: str
    overrides: tuple[str, ...] = ()
    arms: tuple[str, ...] | None = None
    scale: str | None = None
    extra_paths: tuple[Path | str, ...] = ()
    trust_remote_code: bool = False

    def key(self) -> str | None:
        """Return one hash of the question and of all that answers it, None where there is none.

        The contents of all YAML files of all recipe folders, llmx's own code, the packages that
        compose, and the plugins, of those by path all files: whatever of them changes, the hash
        does.
        """
        try:
            files = [(path, path.read_bytes()) for path in self._files()]
        except (ConfigError, OSError):
            return None  # composing says what is wrong
        asked = (self.recipe, self.overrides, self.arms, self.scale, self.trust_remote_code)
        words = repr(asked).encode()
        if _RESOLVER.search(words) or any(_RESOLVER.search(content) for _, content in files):
            return None
        digest = blake2b(repr((_FORM, str(Path.cwd()), _CODE_LOADED)).encode(), digest_size=20)
        for part in (words, repr(_surroundings()).encode(), *_named(files)):
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()

    def _files(self) -> Iterator[Path]:
        """Yield every file that takes part, in the order in which they are looked up."""
        roots = places.roots(self.extra_paths)
        _, path = places.find(self.recipe, roots)
        roots = places.with_own_groups(roots, path)
        yield path
        yield from (file for _, file in places.recipe_files(roots))
        yield from places.group_files(roots).values()
        yield from places.claim_files(roots).values()


def _named(files: list[tuple[Path, bytes]]) -> Iterator[bytes]:
    for path, content in files:
        yield from (str(path).encode(errors="surrogateescape"), content)


def code_digest() -> str:
    """Return the hash of the code that composes, as it stands on the disk now."""
    digest = blake2b(digest_size=16)
    for path in (path for folder in _CODE for path in sorted(folder.rglob("*.py"))):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


# Taken when this module loads, as the rest of the code does: a program that runs on while its code
# is edited still composes by the old code.
_CODE_LOADED = code_digest()


def code_unchanged() -> bool:
    """Whether the code on the disk, that of plugins too, is still that which was loaded."""
    return code_digest() == _CODE_LOADED and all(one.unchanged() for one in plugins.active())


def _surroundings() -> tuple[object, ...]:
    plugged = [(family, sorted(kinds(family).items())) for family in families()]
    versions = [(name, version_of(name)) for name in _PACKAGES]
    by_path = [(one.name, str(one.folder), one.digest) for one in plugins.active()]
    return (sys.version, versions, plugged, by_path)


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
    asked = Arguments(recipe, tuple(overrides), names, scale, tuple(extra_paths), trust_remote_code)
    key = asked.key()
    known = recalled(key) if key is not None else None
    # Kinds of stages stand in other parts of llmx and in plugins: the key does not hold their code.
    if known is not None and still_fits(known):
        return known
    spec = _composed(asked)
    # A file that changed meanwhile, or code that did: then nobody knows what this is made of.
    if key is not None and key == asked.key() and code_unchanged():
        keep(key, spec)
    return spec


def _composed(asked: Arguments) -> RunSpec:
    # Imported here: what is kept on the disk waits for no Hydra.
    from llmx.config.composition import Composition
    from llmx.config.points import CommandLine

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
