"""Small trained models that ship with llmx; their cards say how they were made and how good they are."""
