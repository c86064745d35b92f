"""Judging by a judge: protocols of benchmarks, rules without a model, and win rates."""
