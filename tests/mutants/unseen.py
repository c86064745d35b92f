"""Changes that were drawn and that no test sees, each with its reason."""

from mutant import Unseen

UNSEEN = [
    Unseen(
        "papers/backtracking/traces/stage.py",
        "_TRACE_SECONDS = 0.0015  # to make a trace and replay it",
        "_TRACE_SECONDS = 0.003  # to make a trace and replay it",
        "An estimate that a plan prints. No result depends on it, and no test knows the machine.",
    ),
    Unseen(
        "papers/staircase/simulate/explore.py",
        "AGGREGATOR = replace(PROPOSER, decode_base=0.0143)",
        "AGGREGATOR = replace(PROPOSER, decode_base=0.0286)",
        "A round figure that was chosen. Sweeps show what varies with what, for any machine.",
    ),
    Unseen(
        "kernels/edge.py",
        "if top_p >= 1 and not 0 < top_k < logits.shape[-1]:",
        "if top_p > 1 and not 0 < top_k < logits.shape[-1]:",
        "At a top-p of 1 the rest of the function gives the same: it sorts for nothing.",
    ),
    Unseen(
        "graph/execute.py",
        "_report_waiting(open_nodes, entries, observer)",
        "_report_waiting(entries, open_nodes, observer)",
        "Seen only where another process holds the last free stage. Types refuse it (make lint).",
    ),
]
