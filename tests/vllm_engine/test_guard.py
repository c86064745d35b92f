"""On a vLLM whose internals moved: one clear line, and no engine that is lossless in silence."""

import subprocess

from llmx.engines.size import ZOO
from llmx.engines.vllm.interpreter import environment

SCRIPT = """
import sys
from llmx.engines.vllm_plugin import guard, register
assert guard.moved() is None, guard.moved()
guard.PLACES[guard.RUNNER, "GPUModelRunner._sample"] = ("self", "something", "else")
register.register()
from vllm import AsyncEngineArgs
for config in ({}, {"llmx": {}}):
    given = dict(model=sys.argv[1], max_model_len=64, kv_cache_memory_bytes=1 << 28)
    try:
        AsyncEngineArgs(**given, additional_config=config).create_engine_config()
        print("made", config)
    except Exception as error:
        print("refused", config, str(error))
"""


def test_an_engine_that_asks_for_rules_is_refused_and_others_are_not(vllm_python):
    done = subprocess.run(
        [str(vllm_python), "-c", SCRIPT, str(ZOO / "gsm_target")],
        capture_output=True,
        text=True,
        env=environment(threads=1),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "made {}" in done.stdout
    assert "refused {'llmx': {}}" in done.stdout
    assert "GPUModelRunner._sample takes other parameters" in done.stdout
