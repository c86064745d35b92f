"""What an arm that acts is made of: who acts, with which tools, and how calls are written."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from llmx.core.errors import ConfigError
from llmx.core.install import with_extra
from llmx.core.registry import lookup
from llmx.core.spec import ArmSpec, DataSpec
from llmx.core.stage import StageInput
from llmx.data import evaluation_identity
from llmx.data.tasks.options import sent_wrapper
from llmx.dialogue.agent.section import AgentSection
from llmx.engines.engine import engine_class
from llmx.stages.decode import split_of
from llmx.stages.play import Stagecraft
from llmx.stages.requests import answering, decoding_identity, otherwise, put, required
from llmx.tools.toolset import chosen_tools, open_toolset


def craft_of(given: StageInput, fit: Any = None) -> Stagecraft:
    """Return what all episodes of an arm share.

    Raises:
        ConfigError: for tools that are not there, or calls that the engine cannot take.
    """
    arm, name = given.arm, given.stage.name
    data, sampler = required(arm, name)
    spec = arm.section(AgentSection) or AgentSection()
    policy = lookup("policy", spec.policy)()
    if policy.asks:
        _check_calls(spec, arm)
    if sent_wrapper(data) != "chat":
        text = f"stage '{name}' leads a chat, and data.options.wrapper={sent_wrapper(data)}"
        raise ConfigError(text, "set data.options.wrapper=chat")
    toolset = open_toolset(_toolset_of(spec, data), spec.toolset_options, spec.observation)
    craft = Stagecraft(
        spec=spec,
        policy=policy,
        form=lookup("call_format", spec.format)(),
        toolset=toolset,
        tools=chosen_tools(toolset, spec.tools),
        put=lambda sample: put(data, sample, sampler, arm.seed),
        constrained=policy.asks and constrained(spec, arm),
    )
    return craft if fit is None else craft.fitting(fit)


def _toolset_of(spec: AgentSection, data: DataSpec) -> str:
    found = spec.toolset or getattr(lookup("data", data.kind), "toolset", None)
    if found is None:
        text = f"agent.toolset is not set, and data '{data.kind}' names no tools of its own"
        raise ConfigError(text, "agent.toolset=NAME")
    return str(found)


def _check_calls(spec: AgentSection, arm: ArmSpec) -> None:
    """Refuse calls beside the text where the engine has no such thing."""
    engine = arm.engine
    if spec.format != "native":
        return
    if "tools" not in engine_class(engine.kind).capabilities:
        text = f"engine '{engine.kind}' gives texts, and agent.format=native wants calls besides"
        raise ConfigError(text, "agent.format=json, react or plan")
    if engine.kind == "vllm_server" and engine.base_url is None and engine.tool_parser is None:
        text = "vllm serve reads tool calls only where it is told how the model writes them"
        raise ConfigError(text, "engine.tool_parser=hermes (or openai, qwen3_xml, …)")


def constrained(spec: AgentSection, arm: ArmSpec) -> bool:
    """Whether the engine is to allow no reply that is no call.

    By itself (`auto`) llmx's own loop and a server of vLLM are asked for schemas: other servers
    refuse what they do not know, and a draft model proposes what it likes. Calls beside the text
    are forced where the recipe says so alone, as no reply can then be an answer: the tools have to
    take it.

    Raises:
        ConfigError: where that is asked for and cannot be.
    """
    engine, form = arm.engine, lookup("call_format", spec.format)()
    capable = "schema" in engine_class(engine.kind).capabilities
    written, own = form.schema(()) is not None, held_here(arm)
    drafts = own and arm.sampler is not None and arm.sampler.algorithm not in ("target", "draft")
    if spec.constrained != "on":
        wanted = spec.constrained == "auto" and capable and written and not drafts
        return wanted and (_there() if own else engine.speaks_vllm)
    if drafts and arm.sampler is not None:
        text = f"sampler.algorithm={arm.sampler.algorithm} drafts, and agent.constrained=on"
        raise ConfigError(text, "set sampler=target, or agent.constrained=off")
    if not capable:
        text = f"engine '{engine.kind}' cannot hold replies to a form (agent.constrained=on)"
        raise ConfigError(text, "agent.constrained=off; engine=openai or engine=vllm_server")
    if not written and spec.format != "native":
        text = f"agent.format={spec.format} is no JSON, which is all that a reply can be held to"
        raise ConfigError(text, "agent.constrained=off, or agent.format=json")
    return _there() if own else True


def _there() -> bool:
    """Say that replies can be held to a form by llmx's own loop.

    Raises:
        ConfigError: without the package; a machine that lacks it must not decide otherwise.
    """
    if find_spec("llguidance") is None:
        text = "replies are held to a form by the package llguidance, which is not here"
        raise ConfigError(text, f"{with_extra('constrained')}, or agent.constrained=off")
    return True


def held_here(arm: ArmSpec) -> bool:
    """Whether it is llmx's own loop that would hold replies to a form, not a server."""
    return {"schema", "step"} <= engine_class(arm.engine.kind).capabilities


def asking_identity(given: StageInput, craft: Stagecraft) -> dict[str, Any]:
    """Return what problems and replies depend on; where no model is asked, the problems alone."""
    if craft.policy.asks:
        return {
            **decoding_identity(answering(given), split_of(given), given.stage.name),
            **otherwise(given),
            **({"held": True} if craft.constrained and held_here(given.arm) else {}),
        }
    data, _ = required(given.arm, given.stage.name)
    return {"data": evaluation_identity(data, split_of(given)), "seed": given.arm.seed}
