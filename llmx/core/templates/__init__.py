"""Jinja templates of strangers: those of chats, and those by which a row becomes a question."""
