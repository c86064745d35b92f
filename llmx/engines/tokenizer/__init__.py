"""Tokenizer, end tokens and context of a model folder, read without transformers.

Importing transformers takes seconds, in every process and worker; the library `tokenizers`, which
does the work in both, takes a fraction of one. Everything here gives exactly what transformers
gives, or nothing: whoever gets None asks transformers.
"""

from llmx.engines.tokenizer.open import open_tokenizer
from llmx.engines.tokenizer.plain import PlainTokenizer
from llmx.engines.tokenizer.plainness import end_ids, positions

__all__ = ["PlainTokenizer", "end_ids", "open_tokenizer", "positions"]
