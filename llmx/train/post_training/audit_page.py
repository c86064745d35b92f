"""An audit as ``audit.json``, and as ``audit.md`` for a person to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llmx.core.record import as_json
from llmx.store.files import write_json
from llmx.store.page import write_marked
from llmx.train.post_training.audit import Audited
from llmx.train.post_training.encoded import Encoded

AUDIT = "audit.md"


def write_audit(audited: Audited, tokenizer: Any, out: Path) -> None:
    """Write ``audit.json``, and ``audit.md`` for a person to read."""
    shown = [_shown(text, tokenizer) for text in audited.shown]
    write_json(
        out / "audit.json",
        {
            "passed": audited.passed,
            "rows": audited.rows,
            "tokens": dict(audited.tokens),
            "checks": [as_json(check) for check in audited.checks],
            "shown": shown,
        },
    )
    write_marked(out / AUDIT, _markdown(audited, shown))


def _shown(text: Encoded, tokenizer: Any) -> dict[str, Any]:
    trained = [token for token, loss in zip(text.ids, text.mask, strict=True) if loss]
    return {
        "row": text.row.name,
        "part": text.part,
        "token_ids": list(text.ids),
        "mask": list(text.mask),
        "text": tokenizer.decode(text.ids),
        "with_loss": tokenizer.decode(trained),
    }


def _markdown(audited: Audited, shown: Sequence[Mapping[str, Any]]) -> str:
    lines = ["# Audit before training", "", "| check | found | of | |", "| --- | --- | --- | --- |"]
    for check in audited.checks:
        state = {True: "ok", False: check.level, None: "not checked"}[check.passed]
        lines.append(f"| {check.check} ({check.detail}) | {check.found} | {check.of} | {state} |")
    for one in shown:
        lines += ["", f"## {one['row']}, {one['part']}", "", "```", one["text"], "```", ""]
        lines += ["With loss:", "", "```", one["with_loss"], "```", ""]
        pairs = zip(one["token_ids"], one["mask"], strict=True)
        lines.append("Token ids (in brackets: with loss): " + _ids(list(pairs)))
    return "\n".join(lines) + "\n"


def _ids(pairs: Sequence[tuple[int, int]]) -> str:
    return " ".join(f"[{token}]" if loss else str(token) for token, loss in pairs)
