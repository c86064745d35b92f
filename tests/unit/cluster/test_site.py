"""What Slurm prints is read right; what a cluster cannot do is said before anything is queued."""

import pytest

from llmx.cluster.limits import check_memory, check_site
from llmx.cluster.resources import Resources
from llmx.cluster.slurm import Partition, SlurmJob, gpus_in, job_in, minutes_of
from llmx.core.errors import ConfigError
from llmx.core.launch import LaunchSpec

SITE = [
    Partition("cpu", 600, 64 * 1024, 32, 0, "", True, True),
    Partition("gpu", 120, 512 * 1024, 64, 4, "a100", True, False),
    Partition("gpu", 120, 256 * 1024, 64, 8, "h100", True, False),
    Partition("old", None, 16 * 1024, 4, 0, "", False, False),
]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("10:00:00", 600), ("2-00:00:00", 2880), ("30:00", 30), ("infinite", None), ("1-12", 2160)],
)
def test_a_limit_is_read_in_minutes(text: str, minutes: int | None) -> None:
    assert minutes_of(text) == minutes


@pytest.mark.parametrize(
    ("text", "gpus"),
    [("gpu:2", 2), ("gpu:a100:4(S:0-1)", 4), ("(null)", 0), ("gpu:a:2,gpu:b:1,nvme:3", 3)],
)
def test_gpus_are_counted(text: str, gpus: int) -> None:
    assert gpus_in(text) == gpus


@pytest.mark.parametrize(
    ("settings", "asks", "says"),
    [
        ({"partition": "cpus"}, Resources(), "there is no partition 'cpus'"),
        ({"gpu_partition": "gpus"}, Resources(), "there is no partition 'gpus'"),
        ({"partition": "old"}, Resources(), "partition old is down"),
        ({"partition": "cpu"}, Resources(gpus=1), "partition cpu have none"),
        ({}, Resources(gpus=1), "partition cpu have none"),
        ({"gpu_partition": "gpu"}, Resources(gpus=16), "asks for 16 GPUs"),
        ({"partition": "cpu"}, Resources(memory=128), "asks for 128 GiB"),
        # The nodes with eight GPUs are the smaller ones.
        ({"gpu_partition": "gpu"}, Resources(8, 512, 60), "asks for 512 GiB"),
        ({"gpu_partition": "gpu", "time": 240}, Resources(1, 16, 240), "allows 120 minutes"),
        ({"cpus": 33}, Resources(), "launch.cpus=33"),
    ],
)
def test_what_no_node_can_do_is_refused(settings, asks, says) -> None:
    with pytest.raises(ConfigError, match=says) as found:
        check_site(LaunchSpec(kind="slurm", **settings), [("generate sd", asks)], SITE)
    assert found.value.hint


@pytest.mark.parametrize(
    ("settings", "asks"),
    [
        ({}, Resources(memory=64, minutes=600)),
        ({"gpu_partition": "gpu"}, Resources(4, 512, 120)),
        ({"gpu_partition": "gpu"}, Resources(8, 256, 120)),
        ({"partition": "gpu", "cpus": 64}, Resources(1, 16, 60)),
    ],
)
def test_what_a_node_can_do_is_not(settings, asks) -> None:
    check_site(LaunchSpec(kind="slurm", **settings), [("generate sd", asks)], SITE)


def test_a_site_without_a_default_needs_a_partition() -> None:
    with pytest.raises(ConfigError, match="no default"):
        check_site(LaunchSpec(kind="slurm"), [("x", Resources())], SITE[1:])


def test_less_memory_than_a_stage_needs_is_refused() -> None:
    check_memory(LaunchSpec(kind="slurm", memory=4), "x", 4.0)
    check_memory(LaunchSpec(kind="slurm"), "x", 400.0)
    with pytest.raises(ConfigError, match=r"needs 4\.5 GiB"):
        check_memory(LaunchSpec(kind="slurm", memory=4), "x", 4.5)


def test_of_an_array_the_job_of_that_number_is_meant() -> None:
    """`scontrol show job 7` tells of all tasks of array 7, in an order of its own."""
    said = (
        "JobId=9 ArrayJobId=7 ArrayTaskId=0 JobState=COMPLETED Restarts=3\n"
        "JobId=7 ArrayJobId=7 ArrayTaskId=2 JobState=RUNNING Restarts=1\n"
    )
    assert job_in(said, "7") == SlurmJob("7", state="RUNNING", restarts=1)
    assert job_in(said, "9") == SlurmJob("9", state="COMPLETED", restarts=3)
    assert job_in(said, "8") is None and job_in("", "7") is None


@pytest.mark.parametrize(
    ("state", "runs"),
    [("RUNNING", True), ("COMPLETING", True), ("SUSPENDED", True), ("CONFIGURING", True)]
    + [(one, False) for one in ("PENDING", "REQUEUED", "CANCELLED", "TIMEOUT", "NODE_FAIL")],
)
def test_a_job_that_may_still_have_processes_runs(state: str, runs: bool) -> None:
    assert SlurmJob("7", state=state).runs is runs


def test_a_task_is_called_by_its_array_and_a_life_of_it_by_its_restarts() -> None:
    assert SlurmJob("9", "7", "2", restarts=1).turn == "7_2.1"
    assert SlurmJob("9", "9", "N/A").shown == "9"
