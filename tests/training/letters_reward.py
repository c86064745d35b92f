"""Rewards that a random model can earn, or that go wrong."""

import sys
from collections.abc import Mapping
from typing import Any


def letters(prompt: str, completion: str, row: Mapping[str, Any]) -> dict[str, float]:
    """The share of letters, and a tenth for the row's first digit."""
    share = sum(char.isalpha() for char in completion) / max(len(completion), 1)
    return {"letters": share, "digit": 0.1 * (row["answer"][0] in completion)}


def raises(prompt: str, completion: str, row: Mapping[str, Any]) -> dict[str, float]:
    """Right for some rows, and an error for the others."""
    return {"fine": 1.0 / (int(row["answer"]) % 5)}


def nan(prompt: str, completion: str, row: Mapping[str, Any]) -> dict[str, float]:
    """No number for some rows."""
    return {"fine": 1.0, "odd": float("nan") if int(row["answer"]) % 5 == 0 else 0.0}


def huge(prompt: str, completion: str, row: Mapping[str, Any]) -> dict[str, float]:
    """A whole number that no float holds, for some rows."""
    return {"huge": 10**400 if int(row["answer"]) % 5 == 0 else 0}


def leaves(prompt: str, completion: str, row: Mapping[str, Any]) -> dict[str, float]:
    """An end of the whole program, for some rows."""
    return {"fine": 1.0 if int(row["answer"]) % 5 else sys.exit("no")}
