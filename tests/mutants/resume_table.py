"""Faults of going on with a training, and of plans that could not be carried out."""

from mutant import Mutant

_ORDER, _WIRING, _CARD = "train/order.py", "graph/graph.py", "train/zoo_card.py"
_ORDERS = "tests/unit/train/test_order.py"
_TRAINING = "tests/unit/train/test_training.py"
_WIRED = "tests/unit/graph/test_wiring.py"
_LACKS = f"{_WIRED}::test_a_stage_that_lacks_what_it_reads_is_refused"
RESUME = [
    Mutant(
        _ORDER,
        "order.passed = int(state.epoch or 0)",
        "order.passed = 0",
        f"{_ORDERS}::test_a_batch_does_not_depend_on_where_a_training_goes_on",
    ),
    Mutant(
        _ORDER,
        "order.passed = int(state.epoch or 0)",
        "order.passed += bool(state.epoch)",
        f"{_ORDERS}::test_a_batch_does_not_depend_on_where_a_training_goes_on",
    ),
    Mutant(
        _ORDER,
        "manual_seed(self.seed + passed)",
        "manual_seed(self.seed)",
        f"{_ORDERS}::test_shuffled_passes_are_those_that_accelerate_draws",
    ),
    Mutant(
        _ORDER,
        "        torch.randperm(self.length)\n        return super",
        "        return super",
        f"{_ORDERS}::test_passes_by_length_are_those_that_transformers_draws",
    ),
    Mutant(
        _ORDER,
        "            _seed_of_workers(generator)\n            torch",
        "            torch",
        f"{_ORDERS}::test_the_batches_are_those_of_the_trainings_before",
    ),
    Mutant(
        _ORDER,
        "self.sampler.generator.manual_seed(self.seed)",
        "self.sampler.generator",
        f"{_ORDERS}::test_a_pass_is_the_same_whatever_was_asked_before",
    ),
    Mutant(
        "train/language_model.py",
        "trainer.steps > -(-rows // trainer.batch_size)",
        "trainer.steps > rows // trainer.batch_size",
        f"{_TRAINING}::test_a_training_within_one_pass_is_what_it_was_and_a_longer_one_is_another",
    ),
    Mutant(
        "train/language_model.py",
        "rows is not None and trainer.steps",
        "rows is None and trainer.steps",
        f"{_TRAINING}::test_a_training_within_one_pass_is_what_it_was_and_a_longer_one_is_another",
    ),
    Mutant(_WIRING, "not (reads.one and len(found) > 1)", "not reads.one", _LACKS),
    Mutant(
        _WIRING,
        "if (found or not known)",
        "if found",
        f"{_WIRED}::test_what_a_stage_of_another_package_writes_is_not_known",
    ),
    Mutant(_WIRING, "    if mine != other:", "    if mine == other:", _LACKS),
    Mutant(
        _WIRING,
        'node.stage.kind == "train" and not taken',
        'node.stage.kind == "train"',
        f"{_WIRED}::test_what_is_there_is_planned",
    ),
    Mutant("graph/plan.py", "    check_wiring(graph)\n", "", _LACKS),
    Mutant(
        _CARD,
        "dict.fromkeys(wanted) if name not in arms",
        "dict.fromkeys(wanted) if name in models and name not in arms",
        f"{_WIRED}::test_a_card_that_would_lack_something_is_refused",
    ),
    Mutant(
        _CARD,
        '("train", *(stage for _, stage in measured.values()))',
        "(stage for _, stage in measured.values())",
        f"{_WIRED}::test_a_card_that_would_lack_something_is_refused",
    ),
]

_LAUNCH = "train/course/launch.py"
_FIRST = "tests/training/test_launch_killed.py::test_what_went_wrong_first_is_told"
LAUNCHED = [
    Mutant(  # whoever lost its peer is to blame
        _LAUNCH, "if told is None and ended is not None:", "if not reports and ended:", _FIRST
    ),
    Mutant(  # the launcher's own signal is the fault
        _LAUNCH, "if int(n) != signal.SIGTERM", "if int(n) != signal.SIGINT", _FIRST
    ),
    Mutant(  # a signal hides what was said
        _LAUNCH, "if told is None and ended is not None:", "if ended is not None:", _FIRST
    ),
    Mutant(  # whoever was first, not whoever knew
        _LAUNCH, "for found in (told, *reports):", "for found in reports:", _FIRST
    ),
    Mutant(  # a line of a library is a report
        _LAUNCH, "    except (ValueError, KeyError, TypeError):", "    except ValueError:", _FIRST
    ),
]
