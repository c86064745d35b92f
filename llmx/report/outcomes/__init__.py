"""Outcomes by problem and seed, small enough to be committed: every interval follows from them."""
