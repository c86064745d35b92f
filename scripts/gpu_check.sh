#!/usr/bin/env bash
# Runs everything that needs a GPU in one go, without a network, and writes what came of it to a
# dated file. What is missing on the machine is said, and the rest goes on.
#
#   scripts/gpu_check.sh [RESULT_FOLDER]      default docs/gpu; exit code 0 if all that ran passed
#
# PYTHON names the interpreter (default python3). Wheels in the folder $WHEELS are put in front of
# the interpreter's own packages, for a machine that lacks some of them.
set -uo pipefail
cd "$(dirname "$0")/.."
folder=${1:-docs/gpu}
python=${PYTHON:-python3}
limit=${STEP_SECONDS:-240}
export LLMX_RUNS=${LLMX_RUNS:-$(mktemp -d)} OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 PYTHONPATH="$PWD"

if [[ -n ${WHEELS:-} ]]; then
  extra=$(mktemp -d)
  for wheel in "$WHEELS"/*.whl; do "$python" -m zipfile -e "$wheel" "$extra" || exit 2; done
  PYTHONPATH="$extra:$PWD"
fi
if ! "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
  echo "gpu_check: $python has no torch with a CUDA device; nothing was run or written" >&2
  exit 2
fi

mkdir -p "$folder"
card=$("$python" -c 'import torch; print(torch.cuda.get_device_name().lower().replace(" ", "-"))')
result=$folder/$(date -u +%F-%H%M)-$card.md
failed=0

# step TITLE MODULES COMMAND…: run it if the modules are there, and write down how it ended.
step() {
  local title=$1 modules=$2 said code missing
  shift 2
  missing=$("$python" -c 'import sys, importlib.util as u
print(*[m for m in sys.argv[1:] if u.find_spec(m) is None])' $modules)
  printf '\n## %s\n\n    %s\n\n' "$title" "$*" >>"$result"
  if [[ -n $missing ]]; then
    printf 'Not run: no %s on this machine.\n' "$missing" | tee -a "$result"
    return
  fi
  echo "gpu_check: $title" >&2
  said=$(timeout "$limit" "$@" 2>&1)
  code=$?
  printf '```\n%s\n```\n\nExit code %d%s.\n' "$(tail -n 400 <<<"$said")" "$code" \
    "$([[ $code -eq 124 ]] && echo ", stopped after $limit s")" >>"$result"
  [[ $code -eq 0 ]] || failed=1
}

{
  printf '# What ran on a GPU: %s\n\n' "$(date -u +%FT%TZ)"
  printf 'Commit %s. ' "$(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
  "$python" - <<'PY'
import importlib.metadata as m
import torch
def of(name):
    try:
        return f"{name} {m.version(name)}"
    except m.PackageNotFoundError:
        return f"no {name}"
print(torch.cuda.get_device_name(), "·", *(of(n) + "," for n in ("torch", "triton", "transformers", "vllm")))
PY
} >"$result"

export LLMX_KERNEL_DEVICE=cuda
# A table ends by itself before the step is cut: its last row then says what was left out.
table=$((limit * 3 / 4))
step "A call, its bound launches and its CUDA graph: the same bits" "triton pytest scipy hypothesis numpy pydantic" \
  "$python" -m pytest tests/unit/kernels/on_device.py -p no:cacheprovider -k "graph or pointer or stands or normalisers"
step "Kernels against float64" "triton pytest scipy hypothesis numpy pydantic" \
  "$python" -m pytest tests/unit/kernels/on_device.py -p no:cacheprovider -k "not graph and not pointer and not stands and not normalisers"
step "The shape of the aim, beside compiled torch" "triton numpy pydantic" \
  env TORCH_LOGS=-all "$python" scripts/bench_kernels.py --batch 64 --vocab 128256 --dtype bf16 --compile --seconds "$table"
step "Kernels beside torch, vLLM and the copy bandwidth" "triton numpy pydantic" \
  "$python" scripts/bench_kernels.py --rounds 5 --repeat 10 --seconds "$table"
step "The pair that ships, decoded on the GPU" "transformers tokenizers pydantic omegaconf hydra typer rich" \
  "$python" -m llmx run recipe=fsd_gsm8k scale=smoke engine.device=cuda engine.lean=false --quiet
step "Greedy on the GPU and on the CPU" "transformers tokenizers pydantic" \
  "$python" scripts/same_on_gpu.py
LLMX_VLLM_PYTHON=$(command -v "$python") step "vLLM" "vllm pytest transformers" \
  "$python" -m pytest -m vllm -p no:cacheprovider tests/contracts tests/vllm_engine/test_pair.py

echo "gpu_check: $result"
exit $failed
