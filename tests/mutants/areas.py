"""Which files a part of the package is, and which tests are the likeliest to see a fault there."""

from typing import NamedTuple


class Area(NamedTuple):
    """Files under llmx/ and tests under tests/, as patterns; the likeliest tests come first."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


AREAS = {
    "decoding": Area(
        ("decoding/*.py",),
        (
            *(
                f"unit/decode/test_{name}.py"
                for name in ("draw_and_warp", "divergence", "decode_calibrate", "divergence_log")
            ),
            "unit/decode/test_decode_loop.py",
            "unit/native/test_drafts.py",
            "unit/native/test_numbers_read.py",
            "unit/decode/test_[!b]*.py",
        ),
    ),
    "ensembles": Area(("dialogue/*.py",), ("unit/dialogue", "papers/staircase")),
    "kernels": Area(
        tuple(f"kernels/{name}.py" for name in ("reference", "uniforms", "block", "plan", "edge")),
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
        ("stages/requests.py", "graph/graph.py", "store/fingerprint.py", "engines/locate.py"),
        (
            "unit/run/test_identities.py",
            "unit/run/test_graph.py",
            "unit/engines/test_locate.py",
            "unit/store",
            "unit/run/test_plan.py",
            "unit/run/test_folder.py",
            "unit/run/test_stages_on_the_zoo.py",
            "unit/data/test_raw_prompts.py",
            "recipes/test_compose.py",
        ),
    ),
    "resume": Area(
        ("store/files.py", "store/cache.py", "store/lock.py", "graph/execute.py", "graph/parts.py"),
        ("unit/store", "unit/run/test_parts*.py", "unit/run/test_folder.py", "unit/run"),
    ),
    "traces": Area(("data/traces/*.py",), ("unit/traces",)),
    "rewards": Area(
        ("train/reward.py", "train/rewards/*.py", "scoring/*.py"),
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
            "unit/run/test_speed_design.py",
            "unit/run/test_streaming_engines.py",
            "unit/dialogue",
            "unit/report",
            "unit/run/test_stages_on_the_zoo.py",
        ),
    ),
    "simulator": Area(("simulate/*.py",), ("papers/staircase",)),
    "serve": Area(("serve/*.py",), ("unit/serve",)),
}
