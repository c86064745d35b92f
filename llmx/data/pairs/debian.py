"""Debian's package descriptions as pairs: the line on a package, and the text that describes it.

They are read from the package lists of this machine, in a folder of llmx's, and are not shipped:
each belongs to its package. A release's own pocket is read, which does not change; security and
updates are left out. The hash of the rows is in the fingerprint.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from llmx.core import user_cache
from llmx.core.errors import DataError
from llmx.core.spec import DataSpec
from llmx.data.drawn import Settled
from llmx.data.local import path_of
from llmx.data.pairs.kind import PairData, PairOptions
from llmx.data.pairs.pairs import Pair, PairRows, Truth

_PACKAGES = re.compile(r".*_dists_([^_]+)_main_binary-[^_]+_Packages")
_POCKET = re.compile(r"-(updates|security|proposed-updates|backports)")
_FIELD = re.compile(r"([A-Za-z0-9-]+): ?(.*)")


class DebianOptions(PairOptions):
    """Of Debian's package lists."""

    path: str | None = Field(
        default=None, description="folder of the lists; null = one in the cache of llmx"
    )
    suite: str | None = Field(
        default=None, description="release: bookworm; null = the only one in the folder"
    )
    content: str = Field(default="", description="hash of the rows, which llmx fills in")


def lists_folder() -> Path:
    """Return the folder of llmx's cache in which the lists lie."""
    return user_cache.folder() / "debian" / "lists"


def command(folder: Path) -> str:
    """Return what brings the lists into a folder, without being root; 16 MB, half a minute."""
    options = (
        "Acquire::Languages=en",
        "Acquire::GzipIndexes=false",
        f"Dir::Cache={folder.parent}",
        f"Dir::State::lists={folder}",
    )
    update = shlex.join(["apt-get", *(word for one in options for word in ("-o", one)), "update"])
    return f"{shlex.join(['mkdir', '-p', str(folder / 'partial')])} && {update}"


class DebianDescriptions(PairData):
    """`data: {kind: debian_descriptions}`: synopsis to description, divided by source package."""

    Options: ClassVar[type[PairOptions]] = DebianOptions
    within: ClassVar[Truth | None] = "related"
    options: DebianOptions

    @classmethod
    def settled(cls, spec: DataSpec, found: Path) -> Settled:
        """Return the specification with release and hash of the rows, and a line on them.

        Raises:
            DataError: with the command that brings the lists, where there are none.
        """
        folder, suite = _place(spec)
        rows = _rows(folder, suite, _state(folder, suite))
        held = {"suite": suite, "content": PairRows(rows).hash}
        note = f"debian_descriptions: {suite}, {len(rows)} packages, {held['content']}"
        settled = spec.model_copy(update={"options": {**spec.options, **held}})
        return Settled(settled, (note,))

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """The rows, wherever the lists lie."""
        named = spec if spec.options.get("content") else cls.settled(spec, Path()).spec
        return super().identity(named)

    def every(self) -> Sequence[Pair]:
        """Return a row for each package, by name.

        Raises:
            DataError: if the lists are not there, or others than were planned with.
        """
        folder, suite = _place(self.spec)
        rows = _rows(folder, suite, _state(folder, suite))
        if self.options.content and PairRows(rows).hash != self.options.content:
            text = f"the lists of {suite} are others than were planned with"
            raise DataError(text, "run it again: it is another data set, with other figures")
        return rows


def _place(spec: DataSpec) -> tuple[Path, str]:
    """Return the folder of the lists, and the release that is read."""
    folder = path_of(spec, DebianOptions.model_fields) or lists_folder()
    named = spec.options.get("suite")
    there = sorted({match[1] for path in folder.glob("*_Packages") if (match := _match(path))})
    suites = [one for one in there if one == named or (named is None and not _POCKET.search(one))]
    if not suites:
        what = f"of {named} " if named else ""
        text = f"data=debian_descriptions: no package lists {what}are in {folder}"
        raise DataError(text, f"{command(folder)}  # or data=wordnet")
    if len(suites) > 1:
        text = f"data=debian_descriptions: {folder} has {', '.join(suites)}"
        raise DataError(text, f"name one: data.options.suite={suites[0]}")
    return folder, suites[0]


def _match(path: Path) -> re.Match[str] | None:
    return _PACKAGES.fullmatch(path.name)


def _files(folder: Path, suite: str) -> tuple[list[Path], list[Path]]:
    """Return the files of packages, and of texts."""
    packages = [p for p in sorted(folder.glob("*_Packages")) if (m := _match(p)) and m[1] == suite]
    texts = sorted(folder.glob(f"*_dists_{suite}_main_i18n_Translation-en"))
    if not texts:
        text = (
            f"data=debian_descriptions: the texts of {suite} (Translation-en) are not in {folder}"
        )
        raise DataError(text, command(folder))
    return packages, texts


def _state(folder: Path, suite: str) -> tuple[tuple[str, int, int], ...]:
    files = [path for held in _files(folder, suite) for path in held]
    return tuple((p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in files)


@lru_cache(maxsize=2)
def _rows(folder: Path, suite: str, state: tuple[tuple[str, int, int], ...]) -> tuple[Pair, ...]:
    packages, texts = _files(folder, suite)
    described = {
        found["Description-md5"]: found["Description-en"]
        for path in texts
        for found in stanzas(path)
        if {"Description-md5", "Description-en"} <= found.keys()
    }
    named = {found["Package"]: found for path in packages for found in stanzas(path)}
    numbers: dict[str, int] = {}
    made = (_row(named[name], described, numbers) for name in sorted(named))
    return tuple(row for row in made if row is not None)


def _row(
    package: Mapping[str, str], described: Mapping[str, str], numbers: dict[str, int]
) -> Pair | None:
    """Return the row of a package; None where it has no text."""
    synopsis, _, long = described.get(package.get("Description-md5", ""), "").partition("\n")
    target = paragraphs(long)
    if not synopsis.strip() or not target:
        return None
    return Pair(
        id=package["Package"],
        query=synopsis.strip(),
        target=target,
        target_id=numbers.setdefault(target, len(numbers)),
        dataset="debian",
        label=package.get("Section"),
        group=package.get("Source", package["Package"]).partition(" ")[0],
    )


def stanzas(path: Path) -> Iterator[dict[str, str]]:
    """Yield the fields of each entry (deb822); lines that go on keep their first space."""
    found: dict[str, str] = {}
    name = ""
    with path.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            text = line.rstrip("\n")
            if not text:
                if found:
                    yield found
                found, name = {}, ""
            elif text[0] in " \t" and name:
                found[name] += "\n" + text
            elif match := _FIELD.fullmatch(text):
                name = match[1]
                found[name] = match[2]
    if found:
        yield found


def paragraphs(long: str) -> str:
    """Return a description as text: lines joined, a paragraph or a verbatim line on its own.

    A line of `` .`` ends a paragraph, a second space makes a line verbatim (Debian policy 5.6.13).
    """
    parts: list[str] = [""]
    for line in long.split("\n"):
        if line.strip() in ("", "."):
            parts.append("")
        elif line.startswith("  "):
            parts += [line.strip(), ""]
        else:
            parts[-1] = f"{parts[-1]} {line.strip()}".strip()
    return "\n".join(part for part in parts if part)
