"""Model folders with small tokenizers of every kind that chat models have."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' }}{{ message['content'] }}{{ eos_token }}"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
CORPUS = [
    "The cat isn't here. Where's the cat? I've seen it, you're late!",
    "Add 12 and 345: 12 + 345 = 357. We 'll do n't , and so on .",
    "naïve façade, Straße, 北京, привет, 🙂🙂, x = y ** 2\n\n\tdef f(): return 'x'",
]
NAMES = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
EXTRA = ["<|user|>", "<|assistant|>"]


def write_folder(folder: Path, backend: Tokenizer, told: Mapping[str, Any], **config: Any) -> Path:
    """Write a model folder; `told` goes to the tokenizer's settings, `config` to the model's."""
    folder.mkdir(parents=True, exist_ok=True)
    backend.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "TokenizersBackend", "chat_template": TEMPLATE, **told}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    shape = {"model_type": "llama", "max_position_embeddings": 77, **config}
    (folder / "config.json").write_text(json.dumps(shape))
    return folder


def _trained(backend: Tokenizer, trainer: Any) -> Tokenizer:
    backend.train_from_iterator(CORPUS * 3, trainer)
    return backend


def byte_level() -> Tokenizer:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = [*NAMES.values(), *EXTRA]
    trainer = trainers.BpeTrainer(
        vocab_size=340, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    return _trained(backend, trainer)


def with_added() -> Tokenizer:
    """Added tokens that are no special ones, and some that eat the spaces around them."""
    backend = byte_level()
    backend.add_tokens(["<tool>", AddedToken("cat", single_word=True)])
    backend.add_tokens([AddedToken("<left>", lstrip=True), AddedToken("<right>", rstrip=True)])
    backend.add_special_tokens([AddedToken("<wide>", lstrip=True, rstrip=True)])
    return backend


def with_begin() -> Tokenizer:
    """A post-processor that begins every text, as Llama's does."""
    backend = byte_level()
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", backend.token_to_id("<s>"))]
    )
    return backend


def word_piece() -> Tokenizer:
    backend = Tokenizer(models.WordPiece(unk_token="<unk>"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece(cleanup=False)
    special = [*NAMES.values(), *EXTRA]
    trainer = trainers.WordPieceTrainer(vocab_size=260, special_tokens=special, show_progress=False)
    return _trained(backend, trainer)


def byte_fallback() -> Tokenizer:
    """Metaspace, and bytes for what the vocabulary lacks, as Llama 2 and Mistral have it."""
    characters = sorted({"▁", *"".join(CORPUS[:2]).replace(" ", "▁")})
    pieces = [*NAMES.values(), *EXTRA, *(f"<0x{n:02X}>" for n in range(256)), *characters, "▁t"]
    vocabulary = {piece: place for place, piece in enumerate(pieces)}
    backend = Tokenizer(
        models.BPE(vocabulary, [("▁", "t")], unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    backend.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    backend.add_special_tokens([*NAMES.values(), *EXTRA])
    return backend


def unigram() -> Tokenizer:
    backend = Tokenizer(models.Unigram())
    backend.normalizer = normalizers.NFKC()
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    special = [*NAMES.values(), *EXTRA]
    trainer = trainers.UnigramTrainer(
        vocab_size=200, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    return _trained(backend, trainer)


def cut_and_padded() -> Tokenizer:
    """What a training leaves behind: transformers takes neither over when it encodes."""
    backend = with_begin()
    backend.enable_truncation(max_length=4)
    backend.enable_padding(length=16, pad_id=backend.token_to_id("<pad>"), pad_token="<pad>")
    return backend


def listed(backend: Tokenizer) -> dict[str, Any]:
    """Return all added tokens as version 4 of transformers lists them in the settings."""
    flags = ("content", "lstrip", "normalized", "rstrip", "single_word", "special")
    return {
        str(place): {flag: getattr(token, flag) for flag in flags}
        for place, token in backend.get_added_tokens_decoder().items()
    }


_USUAL = {**NAMES, "extra_special_tokens": EXTRA}
KINDS: dict[str, tuple[Callable[[], Tokenizer], dict[str, Any]]] = {
    "bytes": (byte_level, _USUAL),
    "bytes with added tokens": (with_added, {**_USUAL, "extra_special_tokens": ["<wide>"]}),
    "bytes, begun": (with_begin, {**_USUAL, "add_bos_token": False, "add_eos_token": True}),
    "bytes, cleaned": (byte_level, {**_USUAL, "clean_up_tokenization_spaces": True}),
    "bytes, cut and padded": (cut_and_padded, _USUAL),
    "bytes without names": (byte_level, {"chat_template": "{{ messages }}"}),
    "word pieces": (word_piece, {**_USUAL, "clean_up_tokenization_spaces": True}),
    "word pieces, wide": (word_piece, {**_USUAL, "clean_up_tokenization_spaces": False}),
    "byte fallback": (byte_fallback, {**_USUAL, "legacy": False}),
    "unigram": (unigram, {**_USUAL, "unk_token": {"__type": "AddedToken", "content": "<unk>"}}),
}


def build(folder: Path, kind: str = "bytes", **config: Any) -> Path:
    """Write a folder of one kind."""
    make, told = KINDS[kind]
    return write_folder(folder, make(), told, **config)


def change(folder: Path, file: str = "tokenizer_config.json", **settings: Any) -> Path:
    """Change settings of a folder's file; None for a key takes it away."""
    path = folder / file
    told = json.loads(path.read_text()) if path.exists() else {}
    told = {**told, **settings}
    path.write_text(json.dumps({key: value for key, value in told.items() if value is not None}))
    return folder
