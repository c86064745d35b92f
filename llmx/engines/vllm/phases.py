"""What vLLM is doing while it starts, read from its own log."""

from __future__ import annotations

# Words of a line in the log -> what it means to a person; the last that is found holds.
_WORDS = (
    ("Initializing a V1 LLM engine", "starting its processes"),
    ("Starting to load model", "loading weights"),
    ("Loading drafter model", "loading the draft"),
    ("Loading weights took", "preparing the models"),
    ("Start compiling function", "compiling"),
    ("Using FlashAttention", "loading weights"),
    ("Dynamo bytecode transform", "compiling"),
    ("KV cache size", "making room for the cache"),
    ("Capturing CUDA graph", "capturing graphs"),
    ("Warming up", "warming up"),
    ("init engine", "almost there"),
)
_TROUBLE = ("Value error, ", "Error:", "Error ", "error:", "Exception:")
# Lines that say that something went wrong, and not what.
_FRAMES = (
    *("Traceback", "raise ", "File ", "EngineDeadError", "EngineCore encountered"),
    *("Engine core initialization failed", "validation error for"),
)


def phase(log: str) -> str | None:
    """Return the latest phase that a log tells of, None if there is none."""
    found = ((log.rfind(words), meaning) for words, meaning in _WORDS)
    at, meaning = max(found, key=lambda pair: pair[0])
    return meaning if at >= 0 else None


def trouble(log: str) -> str:
    """Return the line of a log that says what went wrong; the last line if none does."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    told = [
        line.rpartition("] ")[2]
        for line in lines
        if any(word in line for word in _TROUBLE) and not any(word in line for word in _FRAMES)
    ]
    found = (told[-1] if told else lines[-1] if lines else "no word was said")[:300]
    return found.removeprefix("Value error, ").partition(" [type=")[0]
