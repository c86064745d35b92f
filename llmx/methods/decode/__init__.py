"""Decoding as token loops over step models: plain, speculative, fuzzy, and the random control."""

from llmx.methods.decode.api import decode, decode_refill, decode_stream
from llmx.methods.decode.options import DecodeOptions
from llmx.methods.decode.rows import Decoded
from llmx.methods.decode.step_model import StepModel

__all__ = ["DecodeOptions", "Decoded", "StepModel", "decode", "decode_refill", "decode_stream"]
