"""Reasoning puzzles through reasoning-gym, in seed windows that never meet."""
