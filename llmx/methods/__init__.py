"""The papers' methods, free of engines and files."""
