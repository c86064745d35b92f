"""Lists of markers, from files: categories, and the filings of words that fit several of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from llmx.core.errors import DataError
from llmx.store.fingerprint import hash_file

CATEGORIES = ("thinking", "hedging", "discourse")
"""In the order of precedence: of two equally long markers that overlap, the first counts."""

SHIPPED = Path(__file__).with_name("lexicons")

_ENTRY = re.compile(r"[a-z]+(?:[ '-][a-z]+)*")
_FORMAT = "a word or phrase a line: letters, with single spaces, hyphens or apostrophes between"


@dataclass(frozen=True)
class Lexicons:
    """Markers, and in which category each filing has them.

    Attributes:
        entries: every marker, in lower case and without hyphens, in alphabetical order.
        filings: name → category of each entry, as places in :data:`CATEGORIES`.
        hashes: file name → hash of its content.
    """

    entries: tuple[str, ...]
    filings: Mapping[str, tuple[int, ...]]
    hashes: Mapping[str, str]

    def size(self, filing: str, category: str) -> int:
        """Return how many markers a category has."""
        return self.filings[filing].count(CATEGORIES.index(category))


def read_lexicons(folder: Path = SHIPPED) -> Lexicons:
    """Return the lexicons of a folder: ``CATEGORY.txt``, and a ``filing_NAME.txt`` for each filing.

    A list has a marker a line; a filing has ``marker = category``, for words that a list alone
    would not settle. Lines that begin with ``#`` are comments.

    Raises:
        DataError: for a file that is missing, empty or no text; a marker that is none, or there
            twice; a category that there is not; filings that do not have the same words.
    """
    lists = [folder / f"{category}.txt" for category in CATEGORIES]
    filings = sorted(folder.glob("filing_*.txt"))
    if not filings:
        raise DataError(f"{folder} has no filing", "write filing_a.txt: lines of marker = category")
    seen: dict[str, str] = {}
    settled = {entry: place for place, path in enumerate(lists) for entry in _listed(path, seen)}
    filed = {path: _filed(path, dict(seen)) for path in filings}
    _have_the_same_words(filed)
    entries = tuple(sorted({*settled, *filed[filings[0]]}))
    names = {path: path.stem.removeprefix("filing_") for path in filings}
    return Lexicons(
        entries,
        {
            names[path]: tuple({**settled, **found}[e] for e in entries)
            for path, found in filed.items()
        },
        {path.name: hash_file(path) for path in (*lists, *filings)},
    )


def key_of(marker: str) -> str:
    """Return the form by which markers are told apart: hyphens are spaces, and runs of them one."""
    return " ".join(marker.replace("-", " ").split())


def _listed(path: Path, seen: dict[str, str]) -> list[str]:
    """Return the markers of a list; all that were met so far are in `seen`, with their places."""
    return [_new(line, where, seen) for where, line in _lines(path)]


def _filed(path: Path, seen: dict[str, str]) -> dict[str, int]:
    """Return marker → place of its category, of a filing."""
    found: dict[str, int] = {}
    for where, line in _lines(path):
        marker, _, category = (part.strip() for part in line.partition("="))
        if category not in CATEGORIES:
            raise DataError(
                f"{where} files '{marker}' under '{category}'", f"one of: {', '.join(CATEGORIES)}"
            )
        found[_new(marker, where, seen)] = CATEGORIES.index(category)
    return found


def _new(marker: str, where: str, seen: dict[str, str]) -> str:
    """Return the key of a marker that is well formed and was not there before."""
    lower = marker.lower().replace("’", "'")
    if not _ENTRY.fullmatch(lower):
        raise DataError(f"{where} is no marker: {marker!r}", _FORMAT)
    key = key_of(lower)
    if key in seen:
        raise DataError(f"{where} has '{marker}', which {seen[key]} has too", "delete one of them")
    seen[key] = where
    return key


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield place and content of the lines that say something.

    Raises:
        DataError: if the file cannot be read, or there are none.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = "no text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise DataError(f"{path} cannot be read: {reason}", _FORMAT) from None
    found = [(f"{path.name}:{number}", line.strip()) for number, line in enumerate(lines, 1)]
    said = [(where, line) for where, line in found if line and not line.startswith("#")]
    if not said:
        raise DataError(f"{path} is empty", _FORMAT)
    yield from said


def _have_the_same_words(filed: Mapping[Path, Mapping[str, int]]) -> None:
    """Refuse filings that are of different words: their counts could not be compared."""
    (first, words), *others = filed.items()
    for path, found in others:
        for marker in sorted(set(words) ^ set(found)):
            lacking = path if marker in words else first
            raise DataError(
                f"{lacking.name} does not file '{marker}'", "filings file the same words"
            )
