"""Faults that lengthen the way to the first sample, or put on it what the recipe does not use."""

from mutant import Mutant

_WAY = "tests/recipes/test_way.py"
_SHORT = f"{_WAY}::test_the_way_to_the_first_sample_is_short"
_UNUSED = f"{_WAY}::test_nothing_that_the_recipe_does_not_use_is_on_the_way"
_MEASURE = "    effect = minimum_detectable_effect(problems, _DISCORDANT)\n"
WAY = [
    Mutant(
        "stages/requests.py",
        'return sent_wrapper(data) if data.options else "chat"',
        "return sent_wrapper(data)",
        _UNUSED,
    ),
    Mutant(
        "stages/requests.py",
        'raw = None if wrapper == "chat" else wrap(data.kind, sample.question, wrapper)',
        "raw = wrap(data.kind, sample.question, wrapper)",
        _UNUSED,
    ),
    Mutant(
        "stages/budget.py",
        _MEASURE,
        "    from llmx.papers.staircase.simulate.predict import assumptions\n\n"
        f"    list(assumptions())\n{_MEASURE}",
        _UNUSED,
    ),
    Mutant(
        "stages/budget.py",
        "from llmx.stats.power import minimum_detectable_effect",
        "from llmx.stats import minimum_detectable_effect",
        _SHORT,
    ),
    Mutant(
        "cli/run.py",
        "    from llmx.api import run as run_spec\n",
        "    from llmx import run as run_spec\n",
        _SHORT,
    ),
]
