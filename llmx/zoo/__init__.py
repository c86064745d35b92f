"""Small trained models that ship with llmx, each with a card beside its weights."""
