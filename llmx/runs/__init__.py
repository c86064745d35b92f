"""Stored runs: started, found, checked, compared, held against what is published."""
