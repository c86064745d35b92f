"""Questions with gold programs: templates, what rejects a draw, certificates, splits."""
