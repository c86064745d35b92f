"""What episodes and plans came to: by level and steps, endings, causes, provenance."""
