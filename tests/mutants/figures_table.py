"""Faults in figures: how they are named, written, read from older files, and what p they have."""

from mutant import Mutant

FIGURE = "core/figure.py"
STREAMS = "report/figures/streams.py"
BESIDE = "claims/reproduce/beside.py"
_T = "tests/unit/report/test_figures_of_stages.py::"
_CLAIMS = "tests/unit/report/test_reproduce_claims.py::"

FIGURES = [
    Mutant(  # a negative factor leaves the ends where they were
        FIGURE,
        "ends if factor >= 0 else reversed(ends)",
        "ends if factor >= -1e9 else reversed(ends)",
        "tests/unit/dialogue/test_figures.py"
        "::test_a_first_token_that_comes_later_is_not_called_a_cut",
    ),
    Mutant(  # a point of a sweep stands for the arm
        FIGURE,
        "known = (one for one in self.figures if not one.swept())",
        "known = iter(self.figures)",
        f"{_T}test_a_figure_is_found_by_its_name_and_a_point_of_a_sweep_is_not",
    ),
    Mutant(  # whatever it is beside
        FIGURE,
        "(one.quantity, one.arm, one.against) == name",
        "(one.quantity, one.arm) == name[:2]",
        f"{_T}test_a_figure_is_found_by_its_name_and_a_point_of_a_sweep_is_not",
    ),
    Mutant(  # of several stages the marks of the last one
        FIGURE,
        "tuple(dict.fromkeys([*marks.get(name, ()), *arms]))",
        "arms",
        f"{_T}test_marks_of_several_files_are_kept",
    ),
    Mutant(  # the older files beside figures are read as well
        "report/figures/read.py",
        "if path.exists():\n        with readable(path):\n            return Figures",
        "if not path.exists():\n        with readable(path):\n            return Figures",
        f"{_T}test_a_folder_with_figures_is_not_read_twice",
    ),
    Mutant(  # a cut over rounds that do not give it
        STREAMS,
        "return bases[0] if isclose(stated, cut.estimate, abs_tol=1e-9) else None",
        "return bases[0]",
        f"{_T}test_a_cut_of_which_the_rounds_are_not_known_has_no_p_value",
    ),
    Mutant(  # the first of several references
        STREAMS,
        'named or [one for one in timed if one.get("ttft_cut") is None]',
        '[one for one in timed if one.get("ttft_cut") is None]',
        f"{_T}test_of_several_references_the_one_that_is_named_counts",
    ),
    Mutant(  # the loss of the first seed
        "report/figures/decoded.py",
        "lost = [one.loss for one in known if one.loss is not None]",
        "lost = [one.loss for one in known[:1] if one.loss is not None]",
        f"{_T}test_an_arm_bears_its_algorithm_and_the_loss_is_that_of_all_seeds",
    ),
    Mutant(  # the standard error of the first seed
        "report/figures/decoded.py",
        "for one in known if one.standard_error is not None]",
        "for one in known[:1] if one.standard_error is not None]",
        "tests/papers/fsd/test_asked_loss.py::test_the_loss_of_several_seeds_is_their_mean",
    ),
    Mutant(  # a best value of an exploratory verdict
        BESIDE,
        "or (wanted.of_all and source.explored(found))",
        "or (wanted.of_all and False)",
        "tests/unit/report/test_reproduce_trainings.py"
        "::test_a_best_value_of_an_exploratory_verdict_is_no_figure_of_ours",
    ),
    Mutant(  # figures of verdicts come before those of tables
        "claims/reproduce/stored.py",
        "places.sort(key=lambda place: (place / VERDICTS).exists())",
        "places.sort(key=lambda place: not (place / VERDICTS).exists())",
        f"{_T}test_the_figures_of_any_stage_are_those_of_the_run_and_stand_beside_claims",
    ),
    Mutant(  # a stage of an arm is not looked into
        "claims/reproduce/stored.py",
        'folder.glob(f"*/*/{FIGURES}")',
        'folder.glob(f"*/{FIGURES}")',
        f"{_T}test_the_figures_of_any_stage_are_those_of_the_run_and_stand_beside_claims",
    ),
    Mutant(  # the figures of a report are those of nobody
        "report/figures/decoded.py",
        '    name: str | None = row.get("reference") or found.reference\n',
        "    name = found.reference\n",
        f"{_CLAIMS}test_an_arm_beside_another_reference_is_none_of_a_claims",
    ),
]
