"""The parts of ``scripts/bench_decode.py``, a module a part."""
