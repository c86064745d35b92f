"""Write all forms of a comparison into one folder."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from llmx.core.record import as_json
from llmx.report.compare import words
from llmx.report.compare.markdown import markdown
from llmx.report.compare.model import Compared
from llmx.report.compare.picture import picture
from llmx.report.html import environment
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
    source = files("llmx.report")
    template = source.joinpath("compare", "compare.html.jinja").read_text("utf-8")
    style = Markup(source.joinpath("page.css").read_text("utf-8"))
    page = environment().from_string(template)
    return page.render(found=found, words=words, style=style, picture=Markup(picture(found)))
