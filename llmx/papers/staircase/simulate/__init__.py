"""Serving engines in virtual time, under the very code that drives real ones."""
