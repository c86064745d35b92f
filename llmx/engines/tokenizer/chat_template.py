"""From turns to the text of a conversation, by the model's own template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmx.engines.tokenizer.guarded import render_guarded

Turns = Sequence[Mapping[str, str | None]]


def render(
    template: str, turns: Turns, special: Mapping[str, str], add_generation_prompt: bool
) -> str:
    """Return the text of a conversation.

    Args:
        turns: with a role and a content each; one that is None is left out.
        special: texts of special tokens by name, which a template reads as variables.

    Raises:
        ValueError: for no turn at all, or a turn with other keys.
        jinja2.TemplateError: for a broken template, one that passes a limit, and where a template
            refuses the turns.
    """
    if not turns:
        raise ValueError("a conversation needs a turn")
    variables = {
        "messages": [_plain(turn) for turn in turns],
        "tools": None,
        "documents": None,
        "add_generation_prompt": add_generation_prompt,
        **special,
    }
    return render_guarded(template, variables)


def _plain(turn: Mapping[str, str | None]) -> dict[str, str]:
    # Models give other keys other names; what llmx does not send is not translated here.
    if set(turn) - {"role", "content"}:
        raise ValueError(f"a turn has a role and a content, not {', '.join(turn)}")
    # A subclass of str could bring methods into the sandbox.
    return {key: str.__str__(value) for key, value in turn.items() if value is not None}
