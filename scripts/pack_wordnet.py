"""Pack the database files of WordNet 3.0 (``data.noun`` … of wndb(5WN)) as llmx ships them.

    python scripts/pack_wordnet.py FOLDER llmx/data/shipped/wordnet.xz

The files are those of Princeton's WordNet 3.0, as in Debian's package ``wordnet-base``
(``/usr/share/wordnet``). A line is a synset: part of speech, number of its lexicographer file, its
words, its hypernyms and similar adjectives as distances in lines, its gloss.
"""

import lzma
import re
import sys
from pathlib import Path
from typing import NamedTuple

FILES = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
LINKS = ("@", "@i", "&")  # hypernym, its instance form, similar adjective


class Entry(NamedTuple):
    """One line of a database file; `name` is its part of speech and offset there."""

    name: str
    lexfile: int
    words: tuple[str, ...]
    links: tuple[str, ...]
    gloss: str


def entry_of(line: str, pos: str) -> Entry:
    """Return what a line of a database file says."""
    data, _, gloss = line.rstrip().partition(" | ")
    fields = data.split(" ")
    end = 4 + 2 * int(fields[3], 16)
    words = tuple(re.sub(r"\((a|p|ip)\)$", "", word) for word in fields[4:end:2])
    pointers = [fields[at : at + 3] for at in range(end + 1, end + 1 + 4 * int(fields[end]), 4)]
    links = tuple(f"{to.replace('s', 'a')}{at}" for sign, at, to in pointers if sign in LINKS)
    return Entry(f"{pos}{fields[0]}", int(fields[1]), words, links, gloss.strip())


def entries(folder: Path) -> list[Entry]:
    """Return the synsets of a folder, nouns first; lines of the licence begin with two spaces."""
    return [
        entry_of(line, pos)
        for name, pos in FILES.items()
        for line in (folder / f"data.{name}").read_text(encoding="utf-8").splitlines()
        if not line.startswith("  ")
    ]


def lines(found: list[Entry]) -> list[str]:
    """Return the packed lines; a link to what is not there is left out."""
    place = {one.name: at for at, one in enumerate(found)}
    return [
        "\t".join(
            (
                one.name[0],
                str(one.lexfile),
                " ".join(one.words),
                " ".join(str(place[link] - at) for link in one.links if link in place),
                one.gloss,
            )
        )
        for at, one in enumerate(found)
    ]


def main(folder: str, out: str) -> None:
    """Write the packed file."""
    text = "".join(line + "\n" for line in lines(entries(Path(folder))))
    Path(out).write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    main(*sys.argv[1:3])
