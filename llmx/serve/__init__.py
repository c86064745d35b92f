"""An OpenAI-compatible server for methods that stream."""
