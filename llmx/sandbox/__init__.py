"""A cage for what a model writes (docs/sandbox.md)."""
