"""The page of a paper: what is published, beside what was measured here."""
