"""Write all forms of a comparison into one folder."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from llmx.core.record import as_json
from llmx.report.base import render
from llmx.report.compare import words
from llmx.report.compare.markdown import markdown
from llmx.report.compare.model import Compared
from llmx.report.compare.picture import picture
from llmx.store.files import write_json
from llmx.store.page import write_marked


def write(found: Compared, out: Path) -> dict[str, Path]:
    """Write compare.html, .md, .json and .svg; return the paths by what they are.

    Raises:
        StoreError: if the folder cannot be written.
    """
    paths = {kind: out / f"compare.{kind}" for kind in ("html", "md", "json", "svg")}
    write_marked(paths["html"], html(found))
    write_marked(paths["md"], markdown(found))
    write_json(paths["json"], as_json(found))
    write_marked(paths["svg"], picture(found))
    return {"page": paths["html"], "markdown": paths["md"], "json": paths["json"]}


def html(found: Compared) -> str:
    """Return one HTML file that fetches nothing, with every flipped sample side by side."""
    return render("compare", found=found, words=words, picture=Markup(picture(found)))
