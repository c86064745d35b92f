"""Engines as streams: one request at a time, piece by piece, for methods that answer in time."""
