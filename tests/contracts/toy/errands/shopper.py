"""`agent: {policy: shopper}`: a control that knows the basket, and what models write who do."""

import json
from typing import ClassVar

from llmx.core.record import ToolCall
from llmx.core.registry import lookup
from llmx.dialogue.agent.acting import acted
from llmx.dialogue.agent.policy import Policy


def call(name, **arguments):
    """Return a call of a tool."""
    return ToolCall(id="", name=name, arguments=json.dumps(arguments))


def steps(sample):
    """Return the calls that solve a problem, one a turn."""
    (first, few), (second, many) = sample.metadata["basket"]
    return [
        call("price", fruit=first),
        call("multiply", a={"ref": "r1"}, b=few),
        call("price", fruit=second),
        call("multiply", a={"ref": "r3"}, b=many),
        call("add", a={"ref": "r2"}, b={"ref": "r4"}),
        call("submit", answer={"ref": "r5"}),
    ]


def script(samples, kind):
    """Return what a model that solves every problem answers in a form, turn by turn."""
    form = lookup("call_format", kind)()
    found = {}
    for sample in samples:
        for turn, made in enumerate(steps(sample), 1):
            found[f"{sample.id}/turn/{turn}"] = written(form, [made])
        if form.stepwise:
            named = [
                one.model_copy(update={"id": f"r{n}"}) for n, one in enumerate(steps(sample), 1)
            ]
            found[f"{sample.id}/turn/1"] = written(form, named)
    return found


def written(form, calls):
    """Return calls as an answer of a script."""
    if form.kind != "native":
        return form.written(calls)
    return {"calls": [{"name": c.name, "arguments": json.loads(c.arguments)} for c in calls]}


class Shopper(Policy):
    """Buys what is in the basket."""

    kind: ClassVar[str] = "shopper"

    def episode(self, spec, task, sample):
        """Return the loop of one errand."""
        return acted(spec, task, lambda before: [steps(sample)[len(before)]])
