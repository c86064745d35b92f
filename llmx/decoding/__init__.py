"""Decoding as token loops over step models: plain, speculative, fuzzy, and the random control."""

from llmx.decoding.api import decode, decode_refill, decode_stream
from llmx.decoding.options import DecodeOptions
from llmx.decoding.rows import Decoded
from llmx.decoding.step_model import StepModel

__all__ = ["DecodeOptions", "Decoded", "StepModel", "decode", "decode_refill", "decode_stream"]
