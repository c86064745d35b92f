"""What a model without a chat template is sent: the texts themselves, and nothing around them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from llmx.engines.tokenizer.open import PlainTokenizer

PLAIN_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] not in ['system', 'user'] -%}"
    "{{ raise_exception('the model has no chat template: it takes a question, and no chat') }}"
    "{%- endif -%}"
    "{{ message['content'] }}{% if not loop.last %}{{ '\\n\\n' }}{% endif %}"
    "{%- endfor -%}"
)
SAID = "no chat template: a question is sent as plain text, with nothing around it"


def with_plain_template(tokenizer: Any) -> Any:
    """Return a tokenizer whose template sends plain text, begun as the tokenizer begins any."""
    first = list(tokenizer("a")["input_ids"])[:1]
    begins = tokenizer.bos_token_id is not None and first == [tokenizer.bos_token_id]
    template = ("{{ bos_token }}" if begins else "") + PLAIN_TEMPLATE
    if isinstance(tokenizer, PlainTokenizer):
        return replace(tokenizer, chat_template=template)
    tokenizer.chat_template = template
    return tokenizer
