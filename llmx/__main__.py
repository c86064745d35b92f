"""`python -m llmx` is `llmx`."""

from llmx.cli import main

if __name__ == "__main__":
    main()
