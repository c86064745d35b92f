"""The one base of every HTML page: its frame, style and table are templates in ``pages/``."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape


def render(page: str, /, **values: Any) -> str:
    """Return a page as one HTML file that fetches nothing; the same values give the same bytes.

    Args:
        page: a template that extends ``base.html.jinja``, by its name before the first dot.
    """
    css = Markup(_text("page.css"))
    return environment().get_template(f"{page}.html.jinja").render(css=css, **values)


def environment() -> Environment:
    """Return the templates' environment: everything is escaped, a missing value is an error."""
    made = Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["names"] = names
    return made


def _text(name: str) -> str:
    return files("llmx.report").joinpath("pages", name).read_text("utf-8")


def names(text: str) -> Markup:
    """Turn `name` into code, escaping everything."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))
