"""Faults of large runs: work that grows faster than what it is done for, and what hides in it."""

from mutant import Mutant

_GROWTH = "tests/unit/graph/test_growth.py"
_ROWS = "tests/unit/store/test_rows.py"
_MANY = "tests/unit/stats/test_many_units.py"
SCALE = [
    Mutant(  # a set for each record
        "audit/identity.py",
        "if name not in asked]",
        "if name not in set(self.wanted)]",
        f"{_GROWTH}::test_an_audit_looks_ids_up_so_many_times_a_record",
    ),
    Mutant(  # all records at once
        "audit/report.py",
        "for record in sent.records:",
        "for record in list(sent.records):",
        f"{_GROWTH}::test_an_audit_holds_a_few_records_at_once",
    ),
    Mutant(  # the disk after each batch
        "stages/decode.py",
        "0.0 if isinstance(engine, Arriving) else _EVERY",
        "_EVERY if exact else 0.0",
        f"{_GROWTH}::test_the_disk_is_not_waited_for_after_each_batch",
    ),
    Mutant(  # all requests at once
        "stages/requests.py",
        "return Requests(self._samples, self._make, self._draws, self._which[place])",
        "return [self[one] for one in range(len(self))][place]",
        f"{_GROWTH}::test_requests_are_made_when_they_are_asked_for",
    ),
    Mutant(  # a model's files are hashed for each arm
        "engines/size.py",
        "@once\ndef content_hash(",
        "def content_hash(",
        f"{_GROWTH}::test_a_plan_looks_at_a_model_once_whatever_the_arms",
    ),
    Mutant(  # what an earlier plan saw is taken for what is there
        "store/machine.py",
        "        _SEEN.reset(token)",
        "        pass",
        f"{_GROWTH}::test_two_plans_look_twice",
    ),
    Mutant(  # the last partner of a point, not the first
        "config/composition.py",
        "alike.setdefault(_values(point, keys), (place, point))",
        "alike[_values(point, keys)] = (place, point)",
        (f"{_GROWTH}::test_a_partner_is_the_first_with_the_same_values_of_all_that_is_swept_of_it"),
    ),
    Mutant(  # 10,000 draws of every row of a large run
        "stats/bootstrap.py",
        "if len(different) <= len(columns) // _FEW:",
        "if len(different) > len(columns) // _FEW:",
        f"{_MANY}::test_of_few_different_rows_counts_are_drawn",
    ),
    Mutant(  # each different row as likely as any other
        "stats/bootstrap.py",
        "rng.multinomial(units, often / units, size=size)",
        "rng.multinomial(units, np.full(len(often), 1 / len(often)), size=size)",
        f"{_MANY}::test_the_law_is_that_of_drawing_rows",
    ),
    Mutant(  # a torn line stays
        "store/files.py",
        "end = start + found + 1",
        "end = start + found",
        f"{_ROWS}::test_a_torn_last_line_of_any_length_is_cut",
    ),
    Mutant(  # a torn line is a record
        "store/files.py",
        'if line.endswith(b"\\n") and line.strip():',
        "if line.strip():",
        f"{_ROWS}::test_they_are_those_of_reading_the_whole",
    ),
    Mutant(  # of two records with one id the first
        "report/gather.py",
        "if draw <= first.get(name, (draw, start))[0]:",
        "if draw < first.get(name, (draw + 1, start))[0]:",
        f"{_GROWTH}::test_records_of_a_file_are_a_mapping_that_holds_none",
    ),
    Mutant(  # a cell that rich would replace is laid out as it is
        "cli/long_table.py",
        "cell.isprintable() and cell == cell.strip()",
        "cell == cell.strip()",
        "tests/unit/cli/test_long_table.py::test_it_is_the_table_of_rich",
    ),
    Mutant(  # a split is drawn for the stage before, and again
        "data/drawn.py",
        "for key in (asked, None) if",
        "for key in (asked,) if",
        "tests/unit/data/test_drawn_once.py::test_a_part_of_a_whole_split_is_not_drawn_again",
    ),
]
