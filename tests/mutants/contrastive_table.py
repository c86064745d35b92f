"""Faults in contrastive training: order, loss, masks, students, points, resuming and searches."""

from mutant import Mutant

_P = "train/contrastive/"
_U = "tests/unit/train/contrastive/"
_ORDER = f"{_U}test_contrastive_order.py::"
_LOSS = f"{_U}test_contrastive_loss.py::"
_COURSE = f"{_U}test_contrastive_course.py::"
_STUDENTS = f"{_U}test_students.py::"
_EACH = f"{_ORDER}test_each_planned_row_comes_once_an_epoch_and_its_batch_stays_together"
_NEGATIVES = f"{_ORDER}test_negatives_are_those_of_the_epoch"
_PLAN = f"{_ORDER}test_a_plan_that_cannot_be_is_refused"
_KILLED = f"{_COURSE}test_killed_at_any_moment_it_ends_at_the_same_weights"
_LEARNS = f"{_COURSE}test_it_learns_and_says_what_it_did"
_WORKED = f"{_LOSS}test_masks_on_a_worked_example"
_ACCURACY = f"{_LOSS}test_the_accuracy_is_of_the_scores_that_the_loss_sees"
_OWN = f"{_LOSS}test_of_two_processes_each_counts_its_own_rows"
_LIBRARY = f"{_LOSS}test_without_a_mask_the_gradients_are_the_librarys_cached_or_not"
_OPTIONS = f"{_COURSE}test_options_that_cannot_be_are_refused_in_the_plan"
_SETTINGS = f"{_COURSE}test_a_setting_that_cannot_be_is_refused_in_the_plan"
_NOTHING = f"{_STUDENTS}test_from_nothing_it_knows_the_words_of_the_pairs_and_depends_on_the_seed"
_LAYERS = f"{_STUDENTS}test_the_first_layers_are_an_encoder_that_is_loaded_as_it_was"
_EPOCHS = f"{_U}test_contrastive_ranks.py::test_every_epoch_has_its_own_batches"
_POINTS = f"{_ORDER}test_points_are_evenly_spread_from_the_beginning_to_the_end"

_ORDERED = [  # the order is the plan's
    Mutant(  # every epoch is the first
        f"{_P}order.py",
        "slices(self.plan.epoch(self.passed).batches, self.processes):",
        "slices(self.plan.epoch(0).batches, self.processes):",
        _EACH,
    ),
    Mutant(  # slices are counted as if there were one process
        f"{_P}order.py",
        "return self.plan.count() * self.processes",
        "return self.plan.count()",
        _EACH,
    ),
    Mutant(  # ranks get slices of other batches
        f"{_P}order.py",
        "return batches.reshape(count * devices, size // devices)",
        "return batches.reshape(count, devices, -1).swapaxes(0, 1).reshape(count * devices, -1)",
        _EACH,
    ),
    Mutant(  # negatives of the first epoch in each
        f"{_P}order.py",
        "drawn = negatives_of(self.plan, self.passed)",
        "drawn = negatives_of(self.plan, 0)",
        _NEGATIVES,
    ),
    Mutant(  # negatives of a place in the batch
        f"{_P}order.py", "drawn[part]], axis=1)", "drawn[: len(part)]], axis=1)", _NEGATIVES
    ),
]
_PLANS = [  # a plan that is not of these rows
    Mutant(f"{_P}plan.py", "batches.max() >= rows:", "batches.max() > rows + 9:", _PLAN),
    Mutant(f"{_P}plan.py", "if batches.min() < 0 or", "if", _PLAN),
    Mutant(f"{_P}plan.py", "if not len(batches):", "if len(batches) > 9:", _PLAN),
    Mutant(  # neighbours as they are written
        f"{_P}plan.py",
        "ordered = np.sort(batches, axis=1)",
        "ordered = np.sort(batches, axis=0)",
        _PLAN,
    ),
    Mutant(  # of whichever data
        "stages/contrastive.py",
        '.get("data")) != rows.hash:',
        '.get("data")) is None:',
        f"{_COURSE}test_a_plan_of_other_rows_is_refused",
    ),
]
_LOSSES = [  # the loss is the library's
    Mutant(f"{_P}loss.py", "scale=1 / temperature,", "scale=temperature,", _LIBRARY),
    Mutant(f"{_P}loss.py", "plain = mini_batch is None", "plain = False", _LIBRARY),
    Mutant(  # the accuracy of raw products
        f"{_P}loss.py",
        "found = cos_sim(queries, targets)",
        "found = queries @ targets.T",
        _LIBRARY,
    ),
    Mutant(  # blocks of a cached loss begin at the first row
        f"{_P}loss.py",
        "        self._done += len(queries)\n        place",
        "        place",
        _ACCURACY,
    ),
    Mutant(  # a tie with itself is none
        f"{_P}loss.py",
        "found[place, own] >= found.max",
        "found[place, own] > found.max",
        _ACCURACY,
    ),
]
_MASKS = [  # what is masked is what the words say
    Mutant(f"{_P}loss.py", "        masked[place.cpu(), own.cpu()] = False\n", "", _OWN),
    Mutant(  # a process masks as if it were the first
        f"{_P}loss.py",
        "self._first, self._done = rank * len(own), 0",
        "self._first = self._done = 0",
        _OWN,
    ),
    Mutant(  # a target that is none is an ordinary one
        f"{_P}masks.py",
        "np.broadcast_to(columns < 0,",
        "np.broadcast_to(columns < -1,",
        f"{_LOSS}test_a_negative_that_is_none_is_masked_for_every_row",
    ),
    Mutant(
        f"{_P}masks.py", "> own[:, None] - self.margin", "> own[:, None] + self.margin", _WORKED
    ),
    Mutant(  # only the first rank leaks
        f"{_P}masks.py",
        "for rank in self.near[rows].T:",
        "for rank in self.near[rows].T[:1]:",
        _WORKED,
    ),
]
_COUNTS = [  # what is told of a training
    Mutant(  # hard negatives are no texts
        f"{_P}job.py",
        "self.plan.size * (2 + self.negatives)",
        "self.plan.size * self.negatives",
        _LEARNS,
    ),
    Mutant(f"{_P}points.py", "if state.global_step == 0:", "if state.global_step == 1:", _LEARNS),
    Mutant(
        f"{_P}points.py",
        "round(place * steps / (count - 1))",
        "round(place * steps / count)",
        _POINTS,
    ),
    Mutant(f"{_P}points.py", "return [steps][:count]", "return [steps]", _POINTS),
    Mutant(  # counts are never begun again
        f"{_P}loss.py", "        self.right, self.asked = 0, 0\n", "", _ACCURACY
    ),
]
_RESUMED = [  # a training that was killed ends as one that was not
    Mutant(  # the epoch goes on from where this process began
        f"{_P}order.py", "order.passed = int(state.epoch or 0)", "order.passed = 0", _EPOCHS
    ),
    Mutant(  # points behind the checkpoint stay
        f"{_P}points.py", 'if row["step"] <= step]', 'if row["step"] >= 0]', _KILLED
    ),
    Mutant(  # all points are let go
        f"{_P}points.py", 'if row["step"] <= step] if step else []', 'if row["step"] < 0]', _KILLED
    ),
    Mutant(  # the seed is forgotten
        f"{_P}students.py",
        "torch.Generator().manual_seed(seed)",
        "torch.Generator().manual_seed(7)",
        _NOTHING,
    ),
    Mutant(  # whatever the seed of the arm
        f"{_P}job.py",
        "return self.context.given.arm.seed",
        "return 0",
        f"{_COURSE}test_another_seed_is_another_model",
    ),
]
_MADE = [  # students
    Mutant(f"{_P}students.py", "[:count])", "[-count:])", _LAYERS),
    Mutant(f"{_P}students.py", "encoder.config.num_hidden_layers = count", "pass", _LAYERS),
    Mutant(f"{_P}students.py", "or count > depth:", "or count > depth + 1:", _LAYERS),
    Mutant(f"{_P}students.py", "matrix[0] = 0.0", "matrix[0] = 1.0", _NOTHING),
    Mutant(  # letters as they are
        f"{_P}students.py", "tokenizer.normalizer, tokenizer.pre_tokenizer = normal, parts",
        "tokenizer.pre_tokenizer = parts", _NOTHING,
    ),
]  # fmt: skip
_REFUSED = [  # what cannot be is refused before anything runs
    Mutant(
        f"{_P}options.py",
        '    "gradient_accumulation_steps": "it',
        '    "gradient_steps": "it',
        _SETTINGS,
    ),
    Mutant(f"{_P}options.py", '"per_device_train_batch_size": "a', '"batch_size": "a', _SETTINGS),
    Mutant(f"{_P}options.py", "if self.mini_batch is not None and", "if False and", _OPTIONS),
    Mutant(f"{_P}options.py", "if self.lora is not None and", "if False and", _OPTIONS),
    Mutant(f"{_P}options.py", "if self.model == WORDS and", "if False and", _OPTIONS),
]

CONTRASTIVE = [
    *(*_ORDERED, *_PLANS, *_LOSSES, *_MASKS),
    *(*_COUNTS, *_RESUMED, *_MADE, *_REFUSED),
]
