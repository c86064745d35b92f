"""Pairs of texts for retrieval: a query and the target that answers it, with judgements."""
