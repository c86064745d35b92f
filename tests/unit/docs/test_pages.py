"""The pages of the documentation: links lead somewhere, names and recipes are real."""

import re
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = [
    *(ROOT / name for name in ("README.md", "SECURITY.md", "CHANGELOG.md")),
    *chain.from_iterable(
        sorted(ROOT.glob(where)) for where in ("docs/*.md", "docs/*/README.md", "docs/papers/*.md")
    ),
]
TEXTS = {path: path.read_text(encoding="utf-8") for path in PAGES}
FENCED = re.compile(r"^```.*?^```$", re.M | re.S)
INLINE = re.compile(r"`[^`\n]+`")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def links(page: Path) -> list[str]:
    plain = INLINE.sub("code", FENCED.sub("", TEXTS[page]))
    found = re.findall(r"\]\(([^)\s]+)\)", plain)
    return [link for link in found if not link.startswith(("http://", "https://", "mailto:"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name) if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_paper_with_claims_has_a_page_and_no_other() -> None:
    claims = {path.stem for path in ROOT.glob("recipes/_claims/*.yaml")}
    assert {path.stem for path in ROOT.glob("docs/papers/*.md")} == claims
    assert all(f"docs/papers/{paper}.md" in TEXTS[ROOT / "README.md"] for paper in claims)


def test_every_page_can_be_reached_from_the_readme() -> None:
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in links(ROOT / "README.md")}
    pages = {*(ROOT / "docs").glob("*.md"), *(ROOT / "docs/papers").glob("*.md")}
    assert pages <= linked


def test_the_recipe_of_the_readme_is_one_of_ours() -> None:
    (shown,) = re.findall(r"^```yaml\n(.*?)^```$", TEXTS[ROOT / "README.md"], re.M | re.S)
    (name,) = re.findall(r"^name: (\w+)$", shown, re.M)
    (path,) = ROOT.glob(f"recipes/*/{name}.yaml")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert shown == "".join(line for line in lines if not line.startswith("#"))


def test_whatever_names_a_page_of_the_docs_names_one_that_is_there() -> None:
    texts = chain.from_iterable(
        ROOT.glob(where)
        for where in ("llmx/**/*.py", "tests/**/*.py", "scripts/*", "recipes/**/*.yaml", "Makefile")
    )
    for path in (path for path in texts if path.is_file()):
        for name in re.findall(r"docs/[\w/-]+\.md", path.read_text(encoding="utf-8")):
            assert (ROOT / name).exists(), f"{path.relative_to(ROOT)}: {name}"
