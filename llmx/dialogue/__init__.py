"""Several models that answer together: mixtures of agents, debate, and staircase streaming."""
