"""Rewards by name; each is a function that fits `llmx.train.reward.Reward`."""
