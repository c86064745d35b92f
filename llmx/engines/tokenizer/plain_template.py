"""Whether a template can only put turns one after the other: then it needs no limits.

Most small templates are of this form. What is listed here costs time and room in proportion to the
template and the turns: one loop over the turns, tests, pieces side by side. No variable is set, so
nothing can grow from step to step; nothing is called, so nothing is reached.
"""

from __future__ import annotations

from functools import lru_cache

from jinja2 import nodes

from llmx.engines.tokenizer.dialect import environment

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
