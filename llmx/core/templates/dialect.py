"""The dialect of Jinja that chat templates are written for, and that of questions.

A template comes with a model, from anyone: it runs in Jinja's sandbox, which changes nothing that
it is given. What it may use beyond Jinja is what transformers grants, since templates are written
against it. One that makes a question of a row knows no clock, as the same row has to give the same
question, and a name that the row does not have is an error.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn

from jinja2 import (
    Environment,
    StrictUndefined,
    Template,
    TemplateError,
    Undefined,
    meta,
    nodes,
    pass_context,
)
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

SECONDS = 2.0
"""Of processor time for one text; the longest real ones take some milliseconds."""
LONGEST = 1 << 24
"""Characters of one text; a prompt of a million tokens has a quarter of that."""
MEMORY = 1 << 29
"""Bytes of address space of the process that renders."""


@lru_cache(maxsize=64)
def compiled(template: str, strict: bool = False) -> Template:
    """Return a template ready to render, which takes as long as it likes: see `guarded`."""
    return environment(strict).from_string(template)


@lru_cache(maxsize=2)
def environment(strict: bool = False) -> Environment:
    """Return Jinja's sandbox with what templates may use beyond Jinja.

    Args:
        strict: for questions: what is not given is an error, there is no clock, and a line end at
            the end of the template stays.
    """
    found = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=strict,
        undefined=StrictUndefined if strict else Undefined,
        extensions=[_GenerationTag, "jinja2.ext.loopcontrols"],
    )
    found.filters["tojson"] = _tojson
    found.globals.update(raise_exception=_raise, dict=_Dict(), namespace=_Namespace)
    if strict:  # nothing that differs from one rendering to the next
        del found.filters["random"], found.globals["lipsum"]
    else:
        found.globals["strftime_now"] = _strftime
    return found


@lru_cache(maxsize=64)
def names_in(template: str) -> frozenset[str]:
    """Return the names that a template reads.

    Raises:
        TemplateSyntaxError: if it is none.
    """
    return frozenset(meta.find_undeclared_variables(environment(strict=True).parse(template)))


class _GenerationTag(Extension):
    """``{% generation %}``: marks what a model said, for trainings. Its text stays as it is."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> nodes.Node:
        """Make a block of it: what is set inside is unknown outside."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("said"), [], [], body).set_lineno(line)

    def said(self, caller: Any) -> Any:
        """Return the block's own text."""
        return caller()


class _Dict:
    """Python's `dict` as far as a template may have it: to make one."""

    def __call__(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return dict(*args, **kwargs)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        """Return a dictionary with these keys."""
        return dict.fromkeys(*args)


class _Namespace(Namespace):
    """Jinja's namespace without names that could reach Python's inner parts."""

    def __init__(self, /, *args: Any, **kwargs: Any) -> None:
        held = dict(*args, **kwargs)
        for name in held:
            _check_name(name)
        super().__init__(held)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)


def _check_name(name: object) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"a namespace of a chat template takes no name like {name!r}")


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)


@pass_context
def _strftime(context: Context, format: str) -> str:
    day = context.get(_DAY)
    return (datetime.fromisoformat(day) if day else datetime.now()).strftime(format)


CLOCK = "strftime_now"
_DAY = "llmx_date"
_SETS_DAY = re.compile(rf"\{{% set {_DAY} = '[0-9-]*' %\}}\n")


def dated(template: str, day: str) -> str:
    """Return a template whose clock shows the beginning of a day, YYYY-MM-DD, for ever.

    One without a clock is returned as it is.
    """
    if CLOCK not in template:
        return template
    # A block takes the end of its own line with it, and nothing of what follows.
    return f"{{% set {_DAY} = '{day}' %}}\n{_SETS_DAY.sub('', template, count=1)}"


def _tojson(
    x: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Jinja's own filter writes for HTML pages. The names are those that templates pass."""
    return json.dumps(
        x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


_LONGEST = 1 << 16  # characters
_READ = {"role", "content", "first", "last", "index", "index0"}
_KINDS = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Name, nodes.Const),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Add, nodes.Concat),
)


@lru_cache(maxsize=64)
def is_plain(template: str) -> bool:
    """Whether a template is of that form; one that cannot be read is not."""
    if len(template) > _LONGEST:
        return False
    try:
        found = environment().parse(template)  # reads alone: nothing is worked out yet
        return _fits(found, looped=False)
    except Exception:  # also for one that is nested too deep: whoever renders it says what is wrong
        return False


def _fits(node: nodes.Node, looped: bool) -> bool:
    if isinstance(node, nodes.For):
        if looped or not _over_turns(node):
            return False
        looped = True
    elif not (type(node) in _KINDS or _reads(node) or _trims(node)):
        return False
    return all(_fits(child, looped) for child in node.iter_child_nodes())


def _over_turns(node: nodes.For) -> bool:
    simple = not (node.recursive or node.test or node.else_)
    over = isinstance(node.iter, nodes.Name) and node.iter.name == "messages"
    return simple and over and isinstance(node.target, nodes.Name)


def _reads(node: nodes.Node) -> bool:
    """Whether a node reads a part of a turn, or where the loop is."""
    if isinstance(node, nodes.Getattr):
        return isinstance(node.node, nodes.Name) and node.attr in _READ
    if not isinstance(node, nodes.Getitem) or not isinstance(node.arg, nodes.Const):
        return False
    return isinstance(node.node, nodes.Name) and node.arg.value in _READ


def _trims(node: nodes.Node) -> bool:
    return (
        isinstance(node, nodes.Filter)
        and node.name == "trim"
        and not (node.args or node.kwargs or node.dyn_args or node.dyn_kwargs)
    )
