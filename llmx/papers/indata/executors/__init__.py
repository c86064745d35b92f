"""Engines that run the same typed program: Polars serves the tools, DuckDB checks every item."""
