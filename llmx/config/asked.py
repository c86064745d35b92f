"""What a composition is asked for, and the hash of everything that its answer depends on."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from llmx.config import places
from llmx.core import plugins
from llmx.core.errors import ConfigError
from llmx.core.packages import version_of
from llmx.core.registry import families, kinds

_FORM = "1"  # of the files; raised when they are written another way
_PACKAGES = (
    *("llmx-lab", "hydra-core", "omegaconf", "antlr4-python3-runtime"),
    *("pydantic", "pydantic_core", "pyyaml"),
)
_CODE = (Path(__file__).parent, Path(__file__).parent.parent / "core")
_RESOLVER = re.compile(rb"\$\{[^}]*:")
"""A ``${name:…}`` may ask the clock or the program around llmx, which no hash of files knows."""


@dataclass(frozen=True)
class Asked:
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
