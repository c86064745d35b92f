"""A Ray on this machine; tests are skipped where it is not installed."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from ray_site import ROOT, RaySite

REQUIRED = os.environ.get("LLMX_REQUIRE_RAY", "0") not in ("", "0")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip with a reason what cannot run here; where Ray is required that is a failure."""
    for item in items:
        if Path(str(item.fspath)).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.ray)
            if not REQUIRED and find_spec("ray") is None:
                item.add_marker(pytest.mark.skip(reason="Ray is not installed: make test-ray"))


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Begin a Ray of two cores that stays for all tests; its workers say what they make."""
    import ray

    made = tmp_path_factory.mktemp("ray")
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_raylet_start_wait_time_s="90")
    os.environ.update(PYTHONPATH=str(ROOT))
    os.environ.update(NAPS_MADE=str(made / "made"), NAPS_HOLD=str(made / "hold"))
    for left in (2, 1, 0):  # on a busy machine its processes may find each other too late
        try:
            ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
            break
        except Exception:
            ray.shutdown()
            if not left:
                raise
    yield str(ray.get_runtime_context().gcs_address)
    ray.shutdown()


@pytest.fixture
def site(tmp_path: Path, address: str) -> RaySite:
    """A fresh folder; processes of Ray say what they make in one file, which begins empty."""
    made, hold = Path(os.environ["NAPS_MADE"]), Path(os.environ["NAPS_HOLD"])
    made.unlink(missing_ok=True)
    hold.unlink(missing_ok=True)
    return RaySite(tmp_path, made, hold)
