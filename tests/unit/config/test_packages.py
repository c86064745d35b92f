"""Versions are those that the package's own metadata gives."""

from importlib.metadata import version

import pytest

from llmx.core.plugins import version_of


@pytest.mark.parametrize("package", ["pydantic", "hydra-core", "pyyaml", "torch", "reasoning_gym"])
def test_the_version_is_the_package_s(package: str) -> None:
    assert version_of(package) == version(package)


def test_a_package_that_is_not_there_has_none() -> None:
    assert version_of("no-such-package") is None
