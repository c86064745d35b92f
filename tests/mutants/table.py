"""All faults: the rows of every list in the files ``*_table.py`` of this folder.

A row is (file under llmx/, text that stands there once, what a slip would make of it, test id).
Whoever adds a rule adds the slips that its tests are there for; whoever adds a method adds five. A
new file needs no line here. The function that a row changes is read off the file
(:func:`mutant.qualified`).
"""

from importlib import import_module
from pathlib import Path

from mutant import Mutant


def rows() -> list[Mutant]:
    """Return every row once, file by file; a list may be made of others."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*_table.py"))
    lists = [found for name in names for found in vars(import_module(name)).values()]
    held = [one for found in lists if isinstance(found, list) for one in found]
    return list(dict.fromkeys(one for one in held if isinstance(one, Mutant)))


TABLE = rows()
