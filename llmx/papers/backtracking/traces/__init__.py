"""Search traces with an exact number of backtracks, and the replayer that checks every step."""
