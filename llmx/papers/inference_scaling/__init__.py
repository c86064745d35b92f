"""Inference-time scaling without verifiers: which way of spending more compute pays."""
