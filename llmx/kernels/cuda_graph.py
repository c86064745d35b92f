"""CUDA's graphs: the one part of the graph layer that needs a card."""

from __future__ import annotations

import torch

from llmx.kernels.graphs import Graphs, Work


def capture(work: Work) -> Work:
    """Return what replays the work's kernels; waits for the device, and does not run them.

    The work may launch kernels and nothing else: what it allocated would be the graph's own.
    """
    graph = torch.cuda.CUDAGraph()
    # Another thread may allocate meanwhile.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        work()

    def replay() -> None:
        graph.replay()

    return replay


def cuda_graphs(limit: int = 16) -> Graphs:
    """Return a store of CUDA graphs; several verifiers may share it."""
    return Graphs(capture, torch.cuda.is_current_stream_capturing, limit)
