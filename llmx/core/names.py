"""Names that people give and that become paths: one rule for all of them.

It holds for recipes, stages, arms, scales, claims, judges and the other choices of groups. What
llmx makes of such names for the points of a sweep may hold three signs more (`sd@gamma=3`).
"""

from __future__ import annotations

import re
from hashlib import blake2b

from llmx.core.arms import family, seed_of

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
