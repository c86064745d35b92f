"""Stage kinds that any paper may use."""
