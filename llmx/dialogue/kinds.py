"""What acts, and how calls are written."""

KINDS = {
    "section.agent": "llmx.dialogue.agent.section:AgentSection",
    "policy.model": "llmx.dialogue.agent.policy:ModelPolicy",
    "call_format.native": "llmx.dialogue.agent.call_format:NativeFormat",
    "call_format.json": "llmx.dialogue.agent.json_format:JsonFormat",
    "call_format.react": "llmx.dialogue.agent.react_format:ReactFormat",
    "call_format.fenced": "llmx.dialogue.agent.fenced_format:FencedFormat",
    "call_format.plan": "llmx.dialogue.agent.plan_format:PlanFormat",
}
