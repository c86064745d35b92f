"""Commands that pages and headers of recipes show, with something real where a placeholder stands.

Pages of their own tests (docs/your-data.md, docs/your-model.md) are left to these.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ELSEWHERE = {"your-data.md", "your-model.md"}
PAGES = [
    page
    for page in (ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md")))
    if "results" not in page.parts and page.name not in ELSEWHERE
]
HEADERS = [path for path in sorted((ROOT / "recipes").rglob("*.yaml"))]
PLACEHOLDERS = {
    "MODEL": "./my-model",
    "FILE": "mine.jsonl",
    "RECIPE": "gsm_answers",
    "PAPER": "fsd",
    "RUN": "first",
    "OTHER": "second",
    "A": "first",
    "B": "second",
    "[RUN]": "first",
    "HOST": "api.example.com",
    "NAME": "gpt-x",
    "recipe=NAME": "recipe=gsm_answers",
    "model.target=NAME": "model.target=gpt-x",
    "recipe=counting_NAME": "recipe=counting_stones",
}
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.M | re.S)
JOINED = re.compile(r"[ ]*\\\n\s*")
SPAN = re.compile(r"(?<!`)`(llmx [^`]+)`(?!`)")


def of_page(text: str) -> Iterator[str]:
    """Yield each command of a page: lines of blocks for a shell, and whole spans of code."""
    for language, block in FENCE.findall(text):
        if language in ("", "sh"):
            yield from lines(JOINED.sub(" ", block))
    for paragraph in FENCE.sub("", text).split("\n\n"):
        yield from (" ".join(span.split()) for span in SPAN.findall(paragraph))


def of_header(text: str) -> Iterator[str]:
    """Yield each command of the comments that a recipe begins with."""
    head = re.match(r"(?:#.*\n)*", text)
    plain = re.sub(r"^#", "", head.group() if head else "", flags=re.M)
    yield from lines(JOINED.sub(" ", plain))


def lines(block: str) -> Iterator[str]:
    for line in block.splitlines():
        # A sentence may begin with the name: it says what llmx does.
        if found := re.match(r"\s*((?:[A-Z_]+=\S+ )?llmx (?!names).*)", line):
            yield re.split(r" #|\s{2,}", found[1])[0].strip()  # what is said of it stands apart


def words(command: str) -> list[str]:
    """Return what follows ``llmx`` as a shell gives it on, with no placeholder left."""
    given = shlex.split(command.rstrip("."))
    given = given[given.index("llmx") + 1 :]
    told = [PLACEHOLDERS.get(word, word) for word in given if word != "…"]
    return [word.replace("://HOST", "://api.example.com") for word in told]


def all_commands() -> dict[str, list[str]]:
    """Return every command, with the files that show it."""
    found: dict[str, list[str]] = {}
    for path in [*PAGES, *HEADERS]:
        read = of_header if path.suffix == ".yaml" else of_page
        for command in read(path.read_text(encoding="utf-8")):
            found.setdefault(command.rstrip("."), []).append(path.name)
    return found
