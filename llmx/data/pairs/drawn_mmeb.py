"""Four tasks in the layout of MMEB with pictures that are drawn: for tests and rehearsals."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from llmx.core import user_cache
from llmx.core.errors import DataError
from llmx.core.install import with_extra
from llmx.store.files import inside, write_lines

VERSION = 1  # raised with every change here to a picture or a row
DRAWN = ("VOC2007", "OK-VQA", "MSCOCO_t2i", "MSCOCO")
"""One of each category."""
_COLOURS = {
    "red": (200, 40, 40),
    "green": (40, 160, 60),
    "blue": (50, 80, 200),
    "yellow": (220, 200, 50),
}
_SHAPES = ("circle", "square", "bar", "cross")
_SIDE = 56
_CANDIDATES = 8
Scene = tuple[str, str, int]
"""Colour, shape, and how far the shape is moved: pictures of one colour and shape differ."""


def drawn_folder(images: int) -> Path:
    """Return the folder of four drawn tasks, made in the user's cache where it is not there.

    Args:
        images: pictures of each task and part, at least 2.

    Raises:
        DataError: if pillow is missing, or the folder cannot be written.
    """
    if find_spec("PIL") is None:
        raise DataError("drawn pictures need the package pillow", with_extra("retrieval"))
    try:
        found = user_cache.folder() / f"mmeb-drawn-{VERSION}-{images}"
        if not found.is_dir():
            found.parent.mkdir(parents=True, exist_ok=True)
            scratch = Path(mkdtemp(prefix=".mmeb-", dir=found.parent))
            draw(scratch, images)
            _moved(scratch, found)
    except (OSError, RuntimeError) as error:
        raise DataError(f"pictures cannot be drawn: {error}", "set $LLMX_CACHE") from error
    return found


def _moved(scratch: Path, found: Path) -> None:
    try:
        scratch.rename(found)
    except OSError:
        shutil.rmtree(scratch)
        if not found.is_dir():  # else another process was faster
            raise


def draw(folder: Path, images: int) -> None:
    """Write pictures and tables of four tasks below a folder; equal numbers are equal bytes."""
    for part, first in (("MMEB-train", 0), ("MMEB-eval", 1000)):
        for task in DRAWN:
            scenes = [_scene(first + at) for at in range(images)]
            for at, scene in enumerate(scenes):
                _draw(inside(folder, part, _name(task, at)), scene)
            made = _trained if part == "MMEB-train" else _evaluated
            table = "original.jsonl" if part == "MMEB-train" else "test.jsonl"
            inside(folder, part, task).mkdir(parents=True, exist_ok=True)
            write_lines(inside(folder, part, task, table), made(task, scenes))


def _scene(at: int) -> Scene:
    colours = tuple(_COLOURS)
    return colours[at % 4], _SHAPES[at // 4 % 4], at // 16 % 8 + (4 if at >= 1000 else 0)


def _name(task: str, at: int) -> str:
    return f"images/{task}/{at}.png"


def _draw(path: Path, scene: Scene) -> None:
    from PIL import Image, ImageDraw

    colour, shape, moved = _COLOURS[scene[0]], scene[1], scene[2]
    image = Image.new("RGB", (_SIDE, _SIDE), (240, 240, 235))
    pen, low, high = ImageDraw.Draw(image), 8 + moved, 40 + moved
    if shape == "circle":
        pen.ellipse((low, low, high, high), fill=colour)
    elif shape == "square":
        pen.rectangle((low, low, high, high), fill=colour)
    elif shape == "bar":
        pen.rectangle((low, 24, high, 32), fill=colour)
    else:
        pen.line((low, low, high, high), fill=colour, width=6)
        pen.line((low, high, high, low), fill=colour, width=6)
    path.parent.mkdir(parents=True, exist_ok=True)
    held = io.BytesIO()
    image.save(held, "PNG")
    path.write_bytes(held.getvalue())


def _pair(task: str, at: int, scene: Scene) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return (text, picture) of the query and of the target."""
    colour, shape, moved = scene
    picture = _name(task, at)
    found = {
        "VOC2007": (("<|image_1|>\nName the shape.", picture), (shape, "")),
        "OK-VQA": (("<|image_1|>\nWhich colour is it?", picture), (colour, "")),
        "MSCOCO_t2i": (
            (f"Find a {colour} {shape}, moved by {moved}.", ""),
            ("<|image_1|>\nRepresent the image.", picture),
        ),
        "MSCOCO": (
            (f"<|image_1|>\nFind the part with the {shape}.", picture),
            ("<|image_1|>\nRepresent the part.", picture),
        ),
    }
    return found[task]


def _trained(task: str, scenes: list[Scene]) -> Iterator[dict[str, Any]]:
    for at, scene in enumerate(scenes):
        query, target = _pair(task, at, scene)
        yield {
            "qry": query[0],
            "qry_image_path": query[1],
            "pos_text": target[0],
            "pos_image_path": target[1],
        }


def _evaluated(task: str, scenes: list[Scene]) -> Iterator[dict[str, Any]]:
    """Yield rows whose first candidate is right; others are those of the next scenes."""
    made = [_pair(task, at, scene) for at, scene in enumerate(scenes)]
    for at, (query, target) in enumerate(made):
        others = [made[(at + step) % len(made)][1] for step in range(1, len(made))]
        own = list(dict.fromkeys([target, *others]))[:_CANDIDATES]
        yield {
            "qry_text": query[0],
            "qry_img_path": query[1],
            "tgt_text": [text for text, _ in own],
            "tgt_img_path": [picture for _, picture in own],
        }
