"""What vLLM loads in each of its processes: llmx's accept rules inside its speculative decoding.

vLLM finds :func:`llmx.engines.vllm_plugin.register.register` through the entry-point group
``vllm.general_plugins``. Nothing of vLLM is copied: its runner asks this package which of its
drafted tokens stand, and everything else (scheduling, caches, models, masks) stays its own.
"""
