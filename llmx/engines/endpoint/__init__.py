"""Any OpenAI-compatible endpoint as an engine: chat completions over HTTP."""
