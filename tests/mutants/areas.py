"""Which files a part of the package is, and which tests are the likeliest to see a fault there."""

from typing import NamedTuple


class Area(NamedTuple):
    """Files under llmx/ and tests under tests/, as patterns; the likeliest tests come first."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


AREAS = {
    "decoding": Area(
        ("decoding/*.py", "papers/fsd/*.py"),
        (
            "unit/decoding/test_draw_and_warp.py",
            *(
                f"papers/fsd/test_{name}.py"
                for name in ("divergence", "decode_calibrate", "divergence_log")
            ),
            "unit/decoding/test_decode_loop.py",
            "unit/native/test_drafts.py",
            "unit/native/test_numbers_read.py",
            "unit/decoding/test_[!b]*.py",
        ),
    ),
    "ensembles": Area(("dialogue/*.py",), ("unit/dialogue", "papers/staircase")),
    "kernels": Area(
        tuple(f"kernels/{name}.py" for name in ("reference", "block", "plan", "edge")),
        ("unit/kernels",),
    ),
    "statistics": Area(("stats/*.py",), ("unit/stats",)),
    "verdicts": Area(
        ("report/verdict/*.py", "report/paired_table.py", "report/difference.py"),
        (
            "unit/report/test_verdict*.py",
            "unit/report/test_[mst]*.py",
            "unit/report/test_[!n]*.py",
            "unit/report/test_null_worlds.py",
        ),
    ),
    "cache keys": Area(
        ("stages/requests.py", "graph/graph.py", "store/fingerprint.py", "engines/size.py"),
        (
            "unit/graph/test_identities.py",
            "unit/graph/test_graph.py",
            "unit/engines/test_locate.py",
            "unit/store",
            "unit/graph/test_plan.py",
            "unit/graph/test_folder.py",
            "unit/graph/test_stages_on_the_zoo.py",
            "unit/data/test_raw_prompts.py",
            "recipes/test_compose.py",
        ),
    ),
    "resume": Area(
        ("store/files.py", "store/cache.py", "store/lock.py", "graph/execute.py", "graph/parts.py"),
        ("unit/store", "unit/graph/test_parts*.py", "unit/graph/test_folder.py", "unit/graph"),
    ),
    "traces": Area(("papers/backtracking/traces/*.py",), ("papers/backtracking",)),
    "rewards": Area(
        ("train/reward.py", "train/rewards/*.py", "scoring/*.py", "data/tasks/*.py"),
        (
            "unit/scoring",
            "unit/train/test_puzzle_rewards.py",
            "unit/data",
            "training/test_roll*.py",
        ),
    ),
    "masks": Area(
        tuple(
            f"train/{name}.py"
            for name in ("examples", "post_training/encoded", "post_training/rows")
        ),
        ("unit/train/test_examples.py", "unit/train", "training/test_audit_before.py"),
    ),
    "advantages": Area(
        tuple(f"train/post_training/{name}.py" for name in ("rollouts", "reward_func", "dpo")),
        ("training/test_rollouts.py", "training/test_output.py", "training/test_bad_training.py"),
    ),
    "timing": Area(
        ("report/timing.py", "stages/speed.py", "stages/latency.py", "dialogue/timing.py"),
        (
            "unit/graph/test_speed_design.py",
            "unit/graph/test_streaming_engines.py",
            "unit/dialogue",
            "unit/report",
            "unit/graph/test_stages_on_the_zoo.py",
        ),
    ),
    "simulator": Area(("papers/staircase/simulate/*.py",), ("papers/staircase",)),
    "serve": Area(("serve/*.py",), ("unit/serve",)),
}
