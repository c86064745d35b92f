"""Nouns, errors, random numbers and the registry: what every other part may import."""
