"""Tokenizer, end tokens and context of a model folder, read without transformers.

Importing transformers takes seconds, in every process and worker; the library `tokenizers`, which
does the work in both, takes a fraction of one. Everything here gives exactly what transformers
gives, or nothing: whoever gets None asks transformers.
"""

from llmx.engines.tokenizer.open import PlainTokenizer, end_ids, open_tokenizer, positions

__all__ = ["PlainTokenizer", "end_ids", "open_tokenizer", "positions"]
