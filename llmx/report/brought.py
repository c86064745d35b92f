"""Pictures and tables that rooms bring: kinds of the families ``picture`` and ``table``.

A picture is a function of the figures of a run, or a declaration over the plot kit
(:func:`intervals`, :func:`lines`, :func:`sweeps`). It is drawn wherever the figures at hand fill
it, and shown as an image, in which nothing can run. A table is a function of the same figures.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from llmx.core.errors import ConfigError, LlmxError, RunError
from llmx.core.figure import Figure, Figures
from llmx.core.names import fault
from llmx.core.registry import brought, lookup
from llmx.report.axes import axis_title, drawn_span
from llmx.report.curves import Line, curves, stacked
from llmx.report.families import looks
from llmx.report.rows import RowOf, rows
from llmx.report.training.tables import TrainingTable

PREFIX = "picture-"
"""Files of these pictures are called ``picture-NAME.svg``: no other of a run begins so."""

_WIDTH = 560
"""In pixels of its own coordinates, so that letters are legible where it is 400 wide."""

_PAPERS = "llmx.papers."


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        caption: a few words; the name of a picture on its page.
        draw: gives an SVG document, or nothing where the figures do not fill the picture.
        version: rises with every change that draws other pictures of the same figures.
    """

    caption: str
    draw: Callable[[Figures], str]
    version: int = 1


@dataclass(frozen=True)
class BroughtPicture:
    """A picture of the figures of a run."""

    name: str
    caption: str
    svg: str

    @property
    def file(self) -> str:
        """What it is called in a folder."""
        return file_of(self.name)

    @property
    def address(self) -> str:
        """The picture as an address that an ``img`` shows: nothing in it can run."""
        return f"data:image/svg+xml;base64,{b64encode(self.svg.encode()).decode()}"


@dataclass(frozen=True)
class BroughtTable:
    """One table.

    Attributes:
        title: the name of its section.
        note: how it is to be read.
        head: names of its columns; the first names the arm.
        rows: gives the rows, none where the figures do not fill the table.
        version: rises with every change that makes other rows of the same figures.
    """

    title: str
    note: str
    head: tuple[str, ...]
    rows: Callable[[Figures], Iterable[tuple[str, ...]]]
    version: int = 1


def file_of(name: str) -> str:
    """Return what the file of a picture is called."""
    return f"{PREFIX}{name}.svg"


def intervals(quantity: str, caption: str, zero: bool = False, version: int = 1) -> Picture:
    """Return a picture with a line an arm: a quantity with its interval.

    Args:
        quantity: as figures name it; points of a sweep are left out.
        zero: whether the axis shows 0.
    """

    def draw(figures: Figures) -> str:
        found = {(one.arm, one.against): one for one in reversed(_plain(figures.of(quantity)))}
        if not found:
            return ""
        shown = list(reversed(found.values()))
        look = looks([one.arm for one in shown])
        lanes = [RowOf(_who(one), look[one.arm], drawn_span(one)) for one in shown]
        return rows(lanes, axis_title(shown[0]), caption, _WIDTH, zero=zero)

    return Picture(caption, draw, version)


def lines(quantity: str, over: str, caption: str, version: int = 1) -> Picture:
    """Return a picture with a curve an arm: a quantity over the values of a setting.

    Args:
        quantity: as figures name it.
        over: their `setting`; intervals are drawn as a band where every point has one.
    """

    def draw(figures: Figures) -> str:
        found = _points(figures, quantity, over)
        if not found:
            return ""
        drawn = [_line(name, points) for name, points in found.items()]
        return curves(drawn, over, _y_title(found), caption, x_roof=None, y_floor=None)

    return Picture(caption, draw, version)


MOST = 3
"""Sweeps in one picture: more would be too small to be read."""


def sweeps(quantity: str, over: Sequence[str], caption: str, version: int = 1) -> Picture:
    """Return a picture with a panel a setting, each with an axis of its own and a curve an arm.

    Args:
        quantity: as figures name it.
        over: their settings, at most three; those without a figure are left out.

    Raises:
        ValueError: for more settings.
    """
    if len(over) > MOST:
        raise ValueError(f"{len(over)} sweeps in one picture, at most {MOST} can be read")

    def draw(figures: Figures) -> str:
        known = {setting: _points(figures, quantity, setting) for setting in over}
        found = {setting: arms for setting, arms in known.items() if arms}
        if not found:
            return ""
        panels = [
            (setting[:1].upper() + setting[1:], [_line(name, own) for name, own in arms.items()])
            for setting, arms in found.items()
        ]
        return stacked(panels, _y_title(next(iter(found.values()))), caption)

    return Picture(caption, draw, version)


Points = dict[str, list[tuple[float, Figure]]]
"""Arm → its figures over the values of a setting."""


def _points(figures: Figures, quantity: str, setting: str) -> Points:
    found: Points = {}
    for one in figures.of(quantity):
        if one.setting == setting and one.at is not None:
            found.setdefault(_who(one), []).append((one.at, one))
    return found


def _y_title(found: Points) -> str:
    return axis_title(next(iter(found.values()))[0][1])


def _plain(found: Iterable[Figure]) -> list[Figure]:
    return [one for one in found if not one.swept()]


def _line(name: str, found: list[tuple[float, Figure]]) -> Line:
    points = sorted(found, key=lambda point: point[0])
    spans = [drawn_span(one) for _, one in points]
    banded = all(span.low is not None and span.high is not None for span in spans)
    return Line(
        name,
        [at for at, _ in points],
        [span.estimate for span in spans],
        low=[span.ends()[0] for span in spans] if banded else (),
        high=[span.ends()[1] for span in spans] if banded else (),
    )


def _who(figure: Figure) -> str:
    return f"{figure.arm} − {figure.against}" if figure.against else figure.arm


def picture(name: str) -> Picture:
    """Return a picture by its name.

    Raises:
        ConfigError: if there is none of that name, what a plugin brings is no picture, or its name
            cannot be that of a file.
    """
    found = lookup("picture", name)
    if not isinstance(found, Picture):
        hint = "write Picture(caption=…, draw=…), of llmx.report.brought"
        raise ConfigError(f"picture '{name}' is {found!r}, no Picture", hint)
    if why := fault(name):
        raise ConfigError(f"picture '{name}' cannot be called so", why)
    return found


def brought_table(name: str) -> BroughtTable:
    """Return a table by its name.

    Raises:
        ConfigError: if there is none of that name, or what a plugin brings is no table.
    """
    found = lookup("table", name)
    if not isinstance(found, BroughtTable):
        hint = "write BroughtTable(title=…, note=…, head=…, rows=…), of llmx.report.brought"
        raise ConfigError(f"table '{name}' is {found!r}, no BroughtTable", hint)
    return found


def brought_by(rooms: Iterable[str], group: str = "picture") -> tuple[str, ...]:
    """Return the pictures (or tables) of these rooms, and of those of llmx that are no paper's."""
    return brought(group, rooms)


def brought_for(paper: str | None) -> tuple[str, ...]:
    """Return the pictures of a paper's room, of llmx or a plugin, and of those that are shared."""
    return brought_by((f"{_PAPERS}{paper}", f"plugin {paper}") if paper else ())


def drawn(figures: Figures, names: Iterable[str]) -> tuple[BroughtPicture, ...]:
    """Return those of the named pictures that the figures fill.

    Raises:
        ConfigError: for a name that stands for no picture.
        RunError: for one that cannot be drawn, or that draws no SVG.
    """
    made = ((name, picture(name)) for name in names)
    found = (BroughtPicture(name, one.caption, _svg(name, one, figures)) for name, one in made)
    return tuple(one for one in found if one.svg)


def tabled(figures: Figures, names: Iterable[str]) -> tuple[TrainingTable, ...]:
    """Return those of the named tables that the figures fill.

    Raises:
        ConfigError: for a name that stands for no table.
        RunError: for one that cannot be made.
    """
    made = (_rows(name, brought_table(name), figures) for name in names)
    return tuple(one for one in made if one.rows)


def _rows(name: str, one: BroughtTable, figures: Figures) -> TrainingTable:
    try:
        rows_ = tuple(one.rows(figures))
    except LlmxError:
        raise
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise RunError(f"table '{name}' cannot be made: {why}", _HINT) from error
    return TrainingTable(one.title, one.note, one.head, rows_)


def _svg(name: str, one: Picture, figures: Figures) -> str:
    try:
        text = one.draw(figures)
    except LlmxError:
        raise
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise RunError(f"picture '{name}' cannot be drawn: {why}", _HINT) from error
    if text and not _is_svg(text):
        raise RunError(f"picture '{name}' has drawn what is no SVG document", _HINT)
    return text


_HINT = "--debug shows the traceback; the figures are in figures.json"


def _is_svg(text: str) -> bool:
    try:
        return ElementTree.fromstring(text).tag in ("svg", "{http://www.w3.org/2000/svg}svg")
    except (ElementTree.ParseError, TypeError):
        return False
