"""A planner from nothing: plans as words that a small model can learn, and policies beside it."""
