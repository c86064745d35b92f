"""Texts as vectors: embedders by name, and their vectors on the disk in shards."""
