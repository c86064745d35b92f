"""From a problem to its record no torch is needed where the forward is compiled."""

import subprocess
import sys

import pytest

RUN = """
import sys
from llmx.core.speech import ask
from llmx.core.record import Sample
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.engines.hf import HfEngine

model = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")
engine = HfEngine(model, EngineSpec(kernel="native"))
sampler = SamplerSpec(max_tokens=12, **SETTINGS)
sample = Sample(id="a", question="Ann has 3 apples and gets 4 more.", answer="7")
record = next(iter(engine.generate([ask(sample, "", sampler, 0)])))
assert record.completion_ids
print([name for name in ("torch", "transformers") if name in sys.modules])
"""
SAMPLERS = {
    "target": {"algorithm": "target"},
    "greedy": {"algorithm": "target", "temperature": 0.0},
    "sd": {"algorithm": "speculative"},
    "stop": {"algorithm": "speculative", "stop_below": 0.3},
    "fsd": {"algorithm": "fuzzy", "threshold": 0.1, "semantics": "fallback", "budget": 1.0},
    "random": {"algorithm": "random", "threshold": 0.5},
}


def loaded(settings):
    code = RUN.replace("SETTINGS", repr(settings))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", SAMPLERS)
def test_an_answer_loads_neither_torch_nor_transformers(name):
    assert loaded(SAMPLERS[name]) == "[]"


def test_a_rule_that_reads_whole_distributions_still_loads_torch():
    """Otherwise the test above could not fail."""
    assert "torch" in loaded({"algorithm": "speculative", "repetition_penalty": 1.1})
