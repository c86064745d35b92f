"""Stage `tokenizer`: a byte-level BPE over a corpus, digits split, with a chat template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from llmx.core.options import StageOptions
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.store.files import read_lines

PAD, BEGIN, END, USER, ASSISTANT = "<|pad|>", "<|begin|>", "<|end|>", "<|user|>", "<|assistant|>"
SPECIAL = (PAD, BEGIN, END, USER, ASSISTANT)
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' }}"
    "{{ message['content'] }}{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
# One digit a token, with the space before it: numbers keep their digits apart, and a number in a
# sentence costs no token for its space.
_PIECES = r" ?[0-9]| ?[A-Za-z]+| ?[^\sA-Za-z0-9]+|\s"
_SAMPLE = 20_000  # problems that the merges are learned from


class TokenizerOptions(StageOptions):
    """How large a tokenizer is."""

    vocabulary: int = Field(
        default=1024,
        multiple_of=64,
        ge=320,
        description="tokens",
        examples=["a multiple of 64, at least 320"],
    )


class TokenizerStage:
    """Writes a tokenizer folder that ``AutoTokenizer`` loads."""

    Options: ClassVar[type[StageOptions]] = TokenizerOptions
    kind: ClassVar[str] = "tokenizer"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The size of the vocabulary and the rules of splitting."""
        size = given.read(TokenizerOptions).vocabulary
        return {"vocabulary": size, "pieces": _PIECES, "template": CHAT_TEMPLATE, "from": _SAMPLE}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """A few seconds."""
        return Cost(samples=_SAMPLE, seconds=10.0)

    def run(self, context: StageContext) -> None:
        """Learn the merges and write the folder."""
        corpus = context.inputs[context.given.stage.needs[0]]
        tokenizer = _learn(_texts(corpus), context.identity["vocabulary"])
        tokenizer.save_pretrained(context.out)


def _texts(corpus: Path) -> Iterator[str]:
    for row in read_lines(corpus / "train.jsonl")[:_SAMPLE]:
        yield row["question"]
        yield row["solution"]


def _learn(texts: Iterator[str], vocabulary: int) -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(_PIECES), behavior="isolated")
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    bpe.pre_tokenizer = pre_tokenizers.Sequence([split, to_bytes])
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    # A small corpus has fewer merges than asked for; the vocabulary stays a multiple of 64.
    bpe.add_tokens([f"<|unused_{n}|>" for n in range(vocabulary - bpe.get_vocab_size())])
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token=BEGIN,
        eos_token=END,
        pad_token=PAD,
        extra_special_tokens=[USER, ASSISTANT],
        clean_up_tokenization_spaces=False,
    )
    wrapped.chat_template = CHAT_TEMPLATE
    return wrapped
