"""Contrastive training of embedders, by the trainer of sentence-transformers and a given plan."""
