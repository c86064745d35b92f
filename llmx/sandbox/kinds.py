"""Cages, and the refusal where none can be had."""

KINDS = {
    "sandbox.bubblewrap": "llmx.sandbox.bubblewrap:Bubblewrap",
    "sandbox.refuse": "llmx.sandbox.refuse:Refuse",
}
