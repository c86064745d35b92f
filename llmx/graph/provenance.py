"""Where the pages of a run folder come from: date, code, machine, command, scale, problems, seeds.

These are accidents. So no stage writes them: its output in the cache is the same wherever and
whenever it was made. They are put into the copy of a page that a run folder gets, from the manifest
of the run, between two marks by which they can be taken out again.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from html import escape
from typing import Any

from llmx.core.spec import RunSpec

_BEGIN, _END = "<!-- provenance -->", "<!-- /provenance -->"
_BLOCK = re.compile(rf"{_BEGIN}\n.*?{_END}\n", re.DOTALL)
_TITLES = {".html": re.compile(r"</h1>\n"), ".md": re.compile(r"\A# .*\n\n")}


def with_provenance(page: str, ending: str, facts: Mapping[str, str]) -> str:
    """Return a page with what it comes from below its title; one without a title as it is.

    Args:
        page: HTML or Markdown.
        ending: ``.html`` or ``.md``.
        facts: label → text, see :func:`facts_of`.
    """
    block = _html(facts) if ending == ".html" else _markdown(facts)
    return _TITLES[ending].sub(lambda title: title.group() + block, page, count=1)


def without_provenance(page: str) -> str:
    """Return a page as its stage wrote it."""
    return _BLOCK.sub("", page, count=1)


def _html(facts: Mapping[str, str]) -> str:
    rows = "\n".join(f"<dt>{escape(k)}</dt>\n<dd>{escape(v)}</dd>" for k, v in facts.items())
    brief = escape(", ".join(facts[name] for name in ("made", "scale", "problems", "seeds")))
    about = f"<details>\n<summary>{brief}</summary>\n<dl>\n{rows}\n</dl>\n</details>"
    return f"{_BEGIN}\n{about}\n{_END}\n"


def _markdown(facts: Mapping[str, str]) -> str:
    rows = "\n".join(f"- {name}: {_as_code(name, text)}" for name, text in facts.items())
    return f"{_BEGIN}\n{rows}\n{_END}\n"


def _as_code(name: str, text: str) -> str:
    """Return a command between more backticks than it holds."""
    if name != "command":
        return text
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}"


def facts_of(manifest: Mapping[str, Any], spec: RunSpec) -> dict[str, str]:
    """Return label → text of what a reader of a number asks for."""
    version = manifest.get("packages", {}).get("llmx-lab")
    return {
        "made": str(manifest.get("written", "at an unknown time")),
        "command": shlex.join(map(str, manifest.get("command", ()))),
        "code": " ".join(filter(None, (f"llmx {version}" if version else "", _code(manifest)))),
        "machine": _machine(manifest.get("machine") or {}),
        "scale": f"{spec.scale} scale",
        "problems": _several([a.scale.problems for a in spec.arms.values()], "problem"),
        "seeds": _several([arm.seed for arm in spec.arms.values()], "seed", named=True),
        "took": f"{manifest['seconds']:,} s",
    }


def _code(manifest: Mapping[str, Any]) -> str:
    """Return the commit; of an installed package there is none."""
    code = manifest.get("code")
    if not code:
        return "no commit known"
    return f"commit {code['commit'][:12]}" + (" with changes" if code["dirty"] else "")


def _machine(found: Mapping[str, Any]) -> str:
    parts = [found.get("processor"), f"{found.get('cores')} cores", *found.get("accelerators", ())]
    return ", ".join(str(part) for part in (*parts, found.get("system")) if part)


def _several(values: list[int | None], noun: str, named: bool = False) -> str:
    """Return ``128 problems``, ``seed 0`` or ``seeds 0, 1``."""
    found = sorted({value for value in values if value is not None})
    if not found:
        return f"no number of {noun}s"
    listed = ", ".join(map(str, found[:12])) + (", …" if len(found) > 12 else "")
    if named:
        return f"{noun} {listed}" if len(found) == 1 else f"{noun}s {listed}"
    return f"{listed} {noun}" if found == [1] else f"{listed} {noun}s"
