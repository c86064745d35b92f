"""What people call things: names that become paths, names of arms, and how texts are shown.

It holds for recipes, stages, arms, scales, claims, judges and the other choices of groups. What
llmx makes of such names for the points of a sweep may hold three signs more (`sd@gamma=3`).

Texts of recipes, models, datasets and answers are a stranger's. Printed as they are, they could
change the title of the window, delete what stands there, or turn the order of the letters. So
whatever is shown goes through :func:`marked`: the terminal in :mod:`llmx.cli.console`, pages in
:mod:`llmx.store.page`. Data files keep what was received.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b

# Controls but for tab and line feed, separators of lines that are none, the marks that turn the
# order of letters (those that a right-to-left text needs are not among them), halves of characters.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_SPACES = re.compile("[\t\n]")


def marked(text: str) -> str:
    """Return a text in which nothing steers a terminal; tabs and line feeds stay.

    A JSON document says the same afterwards: the marks are its own.
    """
    return _STEERING.sub(_mark, text)


def on_one_line(text: str) -> str:
    """Return a text without any line feed or tab, for a message that is one line."""
    return marked(_SPACES.sub(_mark, text))


def _mark(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"


_SEED = "seed="


def family(name: str) -> str:
    """Return an arm's name without its seed: arms of one family differ by the seed alone."""
    return "@".join(part for part in name.split("@") if not part.startswith(_SEED))


def seed_of(name: str) -> str:
    """Return ``seed=1`` of ``sd@gamma=3@seed=1``: runs of two arms are paired by it.

    Empty for an arm that no seed was swept of.
    """
    return next((part for part in name.split("@")[1:] if part.startswith(_SEED)), "")


def families(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return family -> its members, both in the given order."""
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        found[family(name)] = (*found.get(family(name), ()), name)
    return found


MOST = 80
LONGEST_PART = 255
"""Bytes of one name in a path, on every file system in use."""
_GIVEN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?")
_MADE = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.@=+-]*[A-Za-z0-9_@=+-])?")
# What llmx writes beside them: folders by these names, and files with these endings.
_RESERVED = frozenset({"cache", "pages"})
_ENDINGS = (
    *(".json", ".jsonl", ".yaml", ".yml", ".md", ".html", ".svg", ".npz"),
    *(".partial", ".parts", ".lock", ".tmp"),
)
_HASH_BYTES = 5


def fault(name: str) -> str:
    """Return why a text cannot be a name that a person gives; empty where it can."""
    if len(name) > MOST:
        return f"a name has at most {MOST} characters, this has {len(name):,}"
    if not _GIVEN.fullmatch(name):
        return "use letters, digits, _ and -, and . inside"
    if name in _RESERVED or name.lower().endswith(_ENDINGS):
        return "llmx writes files and folders of such names"
    return ""


def made_fault(name: str) -> str:
    """Return why a text cannot be a name that llmx makes of names; empty where it can."""
    if len(name) <= MOST and _MADE.fullmatch(name) and name not in _RESERVED:
        return ""
    return "not a name that llmx makes"


def path_fault(path: str) -> str:
    """Return why a text cannot be a path below a folder, with ``/`` between; empty where it can."""
    parts = path.split("/")
    if "" in parts:
        return "it is empty, absolute, or has an empty part"
    if "." in parts or ".." in parts:
        return "it leaves its folder, or names it"
    if any(ord(sign) < 32 or sign in "\\:\x7f" for sign in path):
        return "it holds a control, a colon or a backslash"
    if any("\ud800" <= sign <= "\udfff" for sign in path):
        return "it holds half of a character"
    if any(len(part.encode()) > LONGEST_PART for part in parts):
        return f"a part is longer than {LONGEST_PART} bytes"
    return ""


def shown(name: str) -> str:
    """Return a name as an error shows it: of a long one the beginning."""
    return name if len(name) <= MOST else f"{name[: MOST // 2]}…"


def shortened(point: str) -> str:
    """Return the name of a sweep point with at most 80 characters.

    A longer one ends in a hash of what its seeds have in common, behind its own seed: names of one
    family stay names of one family.
    """
    if len(point) <= MOST:
        return point
    common, seed = family(point), seed_of(point)
    if len(seed) > MOST // 2:
        common, seed = point, ""
    digest = blake2b(common.encode(), digest_size=_HASH_BYTES).hexdigest()
    end = f"@{seed}@{digest}" if seed else f"@{digest}"
    return common[: MOST - len(end)].rstrip(".@") + end


def several(count: int, noun: str) -> str:
    """Return ``1 problem`` or ``4 problems``."""
    return f"{count} {noun if count == 1 else f'{noun}s'}"
