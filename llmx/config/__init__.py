"""From YAML and a command line to a frozen :class:`~llmx.core.spec.RunSpec`.

``compose`` (with Hydra) resolves a recipe; ``index`` (without) lists them.
"""
