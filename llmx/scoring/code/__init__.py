"""Programs: the answer is code that has to pass tests, run in a sandbox only."""
