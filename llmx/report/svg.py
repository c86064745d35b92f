"""Just enough SVG: elements as nested strings, escaped, with numbers rounded to a tenth."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from math import cos, pi, sin

STYLE = """
.llmx-plot{font-family:system-ui,sans-serif;color:#1b1f24;background:#fff}
.llmx-plot text{fill:currentColor;font-size:12px}
.llmx-plot .name{font-weight:600;paint-order:stroke;stroke:#fff;stroke-width:3px}
.llmx-plot .axis{font-size:13px}
.llmx-plot .grid{stroke:currentColor;stroke-opacity:.13}
.llmx-plot .frame{stroke:currentColor;stroke-opacity:.5}
.llmx-plot .lead{stroke:currentColor;stroke-opacity:.4}
.llmx-plot .mark{stroke:#fff;stroke-width:1px}
@media (prefers-color-scheme:dark){
.llmx-plot{color:#e6e8eb;background:#15181c}
.llmx-plot .name,.llmx-plot .mark{stroke:#15181c}}
""".replace("\n", "")

LETTER = 7.9
"""Width of a letter of a name, in pixels: a little more than most take."""


def document(
    title: str, body: Iterable[str], width: float, height: float, about: str = "", name: str = ""
) -> str:
    """Return an SVG document, also fit to stand inside an HTML page.

    Args:
        width, height: in pixels of its own coordinates; it scales to where it is put.
        about: what the picture shows, in words; where there are any, `name` is needed.
        name: prefix of the ids inside, unique in a page.
    """
    ids = {"id": f"{name}-title"} if about else {}
    words = [element("desc", escape(about, quote=False), id=f"{name}-desc")] if about else []
    named = {"aria_labelledby": f"{name}-title {name}-desc"} if about else {}
    return element(
        "svg",
        element("title", escape(title, quote=False), **ids),
        *words,
        element("style", STYLE),
        *body,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        class_="llmx-plot",
        role="img",
        **named,
    )


def element(tag: str, *children: str, **attributes: str | float) -> str:
    """Return one element. ``class_`` stands for class, ``_`` for a hyphen; children are SVG."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"'
        for name, value in attributes.items()
    )
    return f"<{tag}{written}>{''.join(children)}</{tag}>" if children else f"<{tag}{written}/>"


def label(text: str, x: float, y: float, **attributes: str | float) -> str:
    """Return a text element; `text` is escaped."""
    return element("text", escape(text), x=x, y=y, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: str | float) -> str:
    """Return a line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, **attributes)


SHAPES = ("circle", "square", "triangle", "diamond", "down", "cross", "star", "pentagon", "plus")


def marker(shape: str, x: float, y: float, r: float, **attributes: str | float) -> str:
    """Return one of ``SHAPES`` centred on a point, all of about one area."""
    if shape == "circle":
        return element("circle", cx=x, cy=y, r=r, **attributes)
    corners = " ".join(f"{_plain(x + dx)},{_plain(y + dy)}" for dx, dy in _outline(shape, r))
    return element("polygon", points=corners, **attributes)


def _outline(shape: str, r: float) -> list[tuple[float, float]]:
    if shape in ("cross", "plus"):
        return _cross(r * 1.15, turned=shape == "cross")
    corners, start, size = {
        "square": (4, pi / 4, 1.25),
        "diamond": (4, pi / 2, 1.3),
        "triangle": (3, pi / 2, 1.4),
        "down": (3, -pi / 2, 1.4),
        "pentagon": (5, pi / 2, 1.15),
        "star": (10, pi / 2, 1.45),
    }[shape]
    sizes = [size if shape != "star" or not i % 2 else size * 0.45 for i in range(corners)]
    angles = [start + 2 * pi * i / corners for i in range(corners)]
    return [(r * s * cos(a), -r * s * sin(a)) for s, a in zip(sizes, angles, strict=True)]


def _cross(r: float, turned: bool) -> list[tuple[float, float]]:
    w = r * 0.38
    arm = [(-w, -r), (w, -r), (w, -w)]
    quarter = [[(-y, x) for x, y in arm], [(-x, -y) for x, y in arm], [(y, -x) for x, y in arm]]
    plain = [*arm, *quarter[0], *quarter[1], *quarter[2]]
    a = pi / 4 if turned else 0.0
    return [(x * cos(a) - y * sin(a), x * sin(a) + y * cos(a)) for x, y in plain]


def _plain(value: str | float) -> str:
    """Write numbers so that equal pictures are equal bytes."""
    if isinstance(value, str):
        return value
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"
