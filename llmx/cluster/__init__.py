"""A graph worked off by the jobs of a cluster: who is still to be asked for, and what he does."""
