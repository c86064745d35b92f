"""What of a run folder may differ between two runs of one command: times, and who ran it."""

from pathlib import Path

from llmx.graph.provenance import without_provenance

DATED = ("manifest.json", "accesses.jsonl")


def undated(path: Path) -> bytes:
    """Return a file's content, a page without its provenance."""
    if path.suffix in (".html", ".md"):
        return without_provenance(path.read_text(encoding="utf-8")).encode()
    return path.read_bytes()
