"""Stages of the plan."""
