"""Faults of what a paper in a folder shows: pictures, other figures, metrics, names, sections."""

from mutant import Mutant

_TOY = "tests/contracts/test_toy_paper.py"
_P = "tests/unit/report/test_brought_pictures.py"
TOY = [
    Mutant(
        "report/brought.py",
        "return [one for one in found if not one.swept()]",
        "return [one for one in found]",
        f"{_P}::test_intervals_are_a_line_an_arm_and_no_point_of_a_sweep",
    ),
    Mutant(
        "report/brought.py",
        "points = sorted(found, key=lambda point: point[0])",
        "points = found",
        f"{_P}::test_lines_are_a_curve_an_arm_over_the_setting_in_its_order",
    ),
    Mutant(
        "report/brought.py",
        "if one.setting == setting and one.at is not None:",
        "if one.at is not None:",
        f"{_P}::test_what_is_swept_over_something_else_is_no_point",
    ),
    Mutant(
        "report/axes.py",
        '100.0 if figure.unit in ("share", "points") else 1.0',
        '100.0 if figure.unit == "share" else 1.0',
        f"{_P}::test_shares_are_drawn_in_percent[points-100]",
    ),
    Mutant(
        "core/registry.py",
        'return room in known or (room.startswith("llmx.") and not room.startswith(papers))',
        "return True",
        f"{_P}::test_a_picture_is_its_papers_and_those_of_shared_rooms_are_everybodys[three-wanted2]",
    ),
    Mutant(
        "report/brought.py",
        "    return tuple(one for one in found if one.svg)\n",
        "    return tuple(found)\n",
        f"{_P}::test_only_what_is_filled_is_drawn",
    ),
    Mutant(
        "report/brought.py",
        "    if text and not _is_svg(text):\n",
        "    if False:\n",
        f"{_P}::test_a_bad_picture_is_an_error_of_one_line[html]",
    ),
    Mutant(
        "report/brought.py",
        "    if why := fault(name):\n",
        '    if why := "":\n',
        f"{_P}::test_a_bad_picture_is_an_error_of_one_line[name]",
    ),
    Mutant(
        "report/write.py",
        "sorted(dict.fromkeys(figures.figures), key=Figure.swept)",
        "list(figures.figures)",
        f"{_P}::test_the_table_has_what_is_there_once_and_sweeps_last",
    ),
    Mutant(
        "report/write.py",
        "span.level in (0.95, 1.0)",
        "span.level > 0",
        f"{_P}::test_a_figure_is_written_with_its_unit",
    ),
    Mutant(
        "report/gather.py",
        "for folder, held in figures.items() if not has_own_page(folder)",
        "for folder, held in figures.items()",
        f"{_TOY}::test_its_figures_and_pictures_are_on_the_report",
    ),
    Mutant(
        "report/numbers.py",
        'return "share" if metric.unit == "%" else metric.unit',
        "return metric.unit",
        f"{_P}::test_metrics_are_figures_that_claims_can_name",
    ),
    Mutant(
        "report/figures/decoded.py",
        "        metric=number.metric,\n",
        "",
        f"{_P}::test_a_verdicts_number_keeps_its_metric",
    ),
    Mutant(
        "report/write.py",
        "    return {**written, **sections}\n",
        "    return written\n",
        f"{_TOY}::test_the_page_says_how_arms_differ_in_its_section",
    ),
    Mutant(
        "stages/report.py",
        "{name: picture(name).version for name in names}",
        "dict.fromkeys(names, 1)",
        f"{_TOY}::test_pictures_change_nothing_for_recipes_of_others",
    ),
    Mutant(
        "stages/report.py",
        "return brought(group, (owner(family, kind) for family, kind in _used(given)))",
        "return tuple(kinds(group))",
        f"{_TOY}::test_pictures_change_nothing_for_recipes_of_others",
    ),
    Mutant(
        "claims/reproduce/stored.py",
        "    found.texts.update(_pictures(about, figures, folder))\n",
        "",
        f"{_TOY}::test_what_is_kept_reproduces_without_the_run",
    ),
    Mutant(
        "graph/graph.py",
        "for section in sections_of(node.stage, {})",
        "for section in sections_of(node.stage, spec.arms)",
        f"{_TOY}::test_what_no_stage_reads_is_said",
    ),
    Mutant(
        "graph/graph.py",
        "            if (arm, section) not in read:\n",
        "            if section:\n",
        f"{_TOY}::test_what_no_stage_reads_is_said",
    ),
    Mutant(
        "claims/known.py",
        "        name = short[name]\n",
        "",
        f"{_TOY}::test_a_short_name_is_the_paper",
    ),
    Mutant(
        "config/index.py",
        "{*known, *(name for name, paper in short_names().items() if paper in known)}",
        "known",
        f"{_TOY}::test_a_short_name_is_the_paper",
    ),
    Mutant(
        "core/registry.py",
        "            if name not in known and found.setdefault(name, paper) != paper:\n",
        "            if found.setdefault(name, paper) is None:\n",
        "tests/unit/kinds/test_kinds_files.py::test_a_short_name_is_one_papers",
    ),
]
