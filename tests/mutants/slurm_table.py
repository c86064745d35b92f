"""Faults in jobs: who is asked for, who holds a lock, what a worker leaves, what is refused."""

from mutant import Mutant

RECONCILE = "cluster/reconcile.py"
RESOURCES = "cluster/resources.py"
BATCH = "cluster/batch.py"
SLURM = "cluster/slurm.py"
LIMITS = "cluster/limits.py"
WORKER = "cluster/worker.py"
FOLLOW = "cluster/follow.py"
LOCK = "store/job_lock.py"
LAUNCH = "config/launch.py"
WORDS = "config/launch_words.py"
_R = "tests/unit/cluster/test_reconcile.py::"
_B = "tests/unit/cluster/test_job_scripts.py::"
_S = "tests/unit/cluster/test_site.py::"
_W = "tests/unit/cluster/test_workers_in_memory.py::"
_X = "tests/unit/cluster/test_wrong_submissions.py::"
_I = "tests/unit/store/test_lock_interleavings.py::"
_L = "tests/unit/store/test_job_locks.py::"
_ORDER = f"{_I}test_in_every_order_one_owner_writes_and_nothing_is_stuck"

WHO_IS_ASKED_FOR = [
    Mutant(  # of what is whole already too
        RECONCILE,
        "if work.name not in stored.whole\n        and work.name",
        "if work.name",
        f"{_R}test_there_are_never_more_workers_than_work_and_none_for_what_is_whole",
    ),
    Mutant(  # before its inputs are there
        RECONCILE,
        "and stored.whole.issuperset(work.inputs)",
        "and (stored.whole or not work.inputs)",
        f"{_R}test_there_are_never_more_workers_than_work_and_none_for_what_is_whole",
    ),
    Mutant(  # beside those that are queued
        RECONCILE,
        "{asks: n - queued.get(asks, 0) for",
        "{asks: n for",
        f"{_R}test_what_was_submitted_is_not_submitted_again",
    ),
    Mutant(  # as many as there is work, however few the user wants
        RECONCILE,
        "min(n, _most(asks, most, machine_known))",
        "n",
        f"{_R}test_there_are_never_more_workers_than_work_and_none_for_what_is_whole",
    ),
    Mutant(  # measurements on several machines at once
        RECONCILE,
        "return 1 if asks.alone and not machine_known else most",
        "return most",
        f"{_R}test_the_first_measurement_is_alone_until_it_is_known_where_they_are_made",
    ),
]
WHAT_A_STAGE_ASKS = [
    Mutant(  # one size too small
        RESOURCES,
        "2 ** (asked - 1).bit_length()",
        "2 ** (asked - 2).bit_length()",
        f"{_W}test_the_class_of_a_stage_follows_from_what_it_costs",
    ),
    Mutant(  # no room for twice the estimate
        RESOURCES,
        "60 * minutes < 2 * cost.seconds",
        "60 * minutes < cost.seconds",
        f"{_W}test_the_class_of_a_stage_follows_from_what_it_costs",
    ),
    Mutant(  # longer than the user says
        RESOURCES,
        "return min(minutes, most)",
        "return minutes",
        f"{_W}test_the_class_of_a_stage_follows_from_what_it_costs",
    ),
    Mutant(  # what loads no model holds a GPU
        RESOURCES,
        "if not (cost.tokens or cost.memory.total):",
        "if cost.samples < 0:",
        f"{_W}test_the_last_worker_of_a_wave_submits_the_next",
    ),
    Mutant(  # a class that says GPU and has none
        RESOURCES,
        'if found is None or (found[1] == "gpu") != bool(int(found[2] or 0)):',
        "if found is None:",
        f"{_B}test_another_word_is_no_class",
    ),
]
SCRIPTS = [
    Mutant(  # a folder is several words
        BATCH,
        "{deaf} {shlex.join(words)} --until",
        "{deaf} {' '.join(words)} --until",
        f"{_B}test_a_folder_is_one_word_whatever_is_in_it",
    ),
    Mutant(  # a task too many
        BATCH,
        "--array=0-{batch.array.workers - 1}",
        "--array=0-{batch.array.workers}",
        f"{_B}test_a_shape_of_site_has_this_script",
    ),
    Mutant(  # an end sixty times too early
        BATCH,
        "{60 * asks.minutes}",
        "{asks.minutes}",
        f"{_B}test_the_deadline_is_the_limit_of_the_job",
    ),
    Mutant(  # a measurement beside others
        BATCH,
        "    if asks.alone:\n",
        "    if asks.alone and asks.gpus > 1:\n",
        f"{_B}test_a_shape_of_site_has_this_script",
    ),
    Mutant(  # the user's lines before the options, which are then none
        BATCH,
        """        *(f"#SBATCH {option}" for option in _options(batch)),
        *batch.launch.setup,
""",
        """        *batch.launch.setup,
        *(f"#SBATCH {option}" for option in _options(batch)),
""",
        f"{_B}test_every_option_stands_before_the_first_command",
    ),
]
LOCKS = [
    Mutant(  # over the owner's head
        LOCK,
        "if newest and self._busy(self.files.read(str(newest))):",
        "if newest < 0 and self._busy(self.files.read(str(newest))):",
        _ORDER,
    ),
    Mutant(  # where others share it
        LOCK,
        "if name != self._mark and self._busy(self.files.read(name)):",
        "if name == self._mark and self._busy(self.files.read(name)):",
        _ORDER,
    ),
    Mutant(  # a file that was replaced by somebody else's
        LOCK,
        "if not (self.turn and mine and self._newest() == self.turn):",
        "if not (self.turn and mine):",
        _ORDER,
    ),
    Mutant(  # it is never given up
        LOCK,
        "if held is None or held.get(_FREE):",
        "if held is None:",
        f"{_L}test_one_has_it_alone_or_some_share_it",
    ),
    Mutant(  # who cannot be read is dead
        LOCK,
        "return found is None or self.runs(found)",
        "return found is not None and self.runs(found)",
        f"{_L}test_a_lock_of_which_nobody_can_tell_whose_it_is_is_not_free",
    ),
    Mutant(  # the records are not copied at a take-over
        "store/cache.py",
        "            renew(self.partial)\n",
        "            pass\n",
        f"{_L}test_who_was_followed_appends_nothing_and_renames_nothing",
    ),
    Mutant(  # nobody asks before an append
        "store/files.py",
        "        check_guards(self._path)\n",
        "",
        f"{_L}test_an_owner_that_was_frozen_through_its_requeue_writes_nothing_more",
    ),
    Mutant(  # another life of the same job is the owner
        "cluster/cache_locks.py",
        "return restarts == owner.restart",
        "return restarts is not None",
        f"{_W}test_a_job_that_was_begun_again_frees_the_locks_of_its_first_life",
    ),
    Mutant(  # a silent cluster frees every lock
        "cluster/cache_locks.py",
        "            except LlmxError:\n                return True\n",
        "            except LlmxError:\n                return False\n",
        f"{_W}test_an_answer_that_is_missing_frees_no_lock",
    ),
    Mutant(  # of an array the first job that is told of
        SLURM,
        'if held.get("JobId") == number:',
        'if held.get("JobId"):',
        f"{_S}test_of_an_array_the_job_of_that_number_is_meant",
    ),
]
WORKERS = [
    Mutant(  # what ends counts as a worker, and both wait for the other
        FOLLOW,
        "over = job.turn in ended or job.state == _ENDING",
        "over = job.state == _ENDING",
        f"{_W}test_a_worker_that_ends_is_no_worker_to_one_that_counts",
    ),
    Mutant(  # without end
        WORKER,
        "if number == signal.SIGUSR1 and me.restart >= launch.max_restarts:",
        "if number == signal.SIGUSR1 and me.restart < 0:",
        f"{_W}test_not_more_often_than_the_user_says",
    ),
    Mutant(  # whatever the time
        WORKER,
        "return not self.taken or (left > 0 and (seconds or 0.0) <= left)",
        "return True",
        f"{_W}test_nothing_is_begun_that_does_not_fit",
    ),
    Mutant(  # a job that was ended by its user brings another
        WORKER,
        'return job is not None and job.state == "RUNNING"',
        "return job is not None",
        f"{_W}test_a_job_that_is_ended_comes_back_if_nobody_cancelled_it",
    ),
    Mutant(  # a failure is told and not marked
        WORKER,
        "        self.note(node, FAILED, struck_out(on_one_line(told)))\n",
        "",
        f"{_W}test_a_stage_that_fails_is_marked_and_the_others_go_on",
    ),
    Mutant(  # other packages do the same
        "cluster/here.py",
        'if found["packages"] != settled["packages"]:',
        'if found["versions"] == settled["packages"]:',
        f"{_W}test_another_commit_or_package_is_refused_in_one_line",
    ),
    Mutant(  # another machine measures as well
        WORKER,
        "    if decided != machine():\n",
        "    if decided == {}:\n",
        f"{_W}test_a_second_kind_of_machine_measures_nothing",
    ),
]
REFUSED = [
    Mutant(
        LIMITS,
        "if (gpus := max(one.gpus for one in rows)) < asks.gpus:",
        "if (gpus := max(one.gpus for one in rows)) < 0:",
        f"{_S}test_what_no_node_can_do_is_refused",
    ),
    Mutant(  # the largest node of all, whether it has the GPUs or not
        LIMITS,
        "fit = [one for one in rows if one.gpus >= asks.gpus]",
        "fit = list(rows)",
        f"{_S}test_what_no_node_can_do_is_refused",
    ),
    Mutant(
        LIMITS,
        "if limit is not None and asks.minutes > limit:",
        "if limit is not None and asks.minutes > 60 * limit:",
        f"{_S}test_what_no_node_can_do_is_refused",
    ),
    Mutant(
        "cluster/submit.py",
        "if environment is not None and not Path(environment).is_absolute():",
        "if environment is not None and Path(environment).is_absolute():",
        f"{_X}test_a_wrong_command_is_one_line_and_queues_nothing",
    ),
    Mutant(
        "cluster/cache_locks.py",
        "if other not in (None, cluster):",
        "if other not in (None, cluster, other):",
        f"{_X}test_two_clusters_on_one_cache",
    ),
    Mutant(  # a recipe names programs
        LAUNCH,
        "        if key in LaunchSpec.of_user:\n",
        "        if key == 'nothing':\n",
        "tests/hostile/test_cases.py::test_a_case",
    ),
    Mutant(  # a specification does
        WORDS,
        "for key, value in recipe.items() if key in OF_FILES}",
        "for key, value in recipe.items()}",
        f"{_X}test_a_specification_is_not_the_users_own_word",
    ),
    Mutant(  # the file of the machine stands above the command line
        WORDS,
        "**of_recipe, **kept, **typed}",
        "**of_recipe, **typed, **kept}",
        f"{_X}test_a_settings_file_of_the_machine_is_the_users_own_word",
    ),
    Mutant(
        "core/launch.py",
        'pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.,:+@/=-]*$"',
        'pattern=r"^[^-]*$"',
        f"{_B}test_a_name_cannot_be_more_than_a_name",
    ),
    Mutant(
        "cli/run.py",
        '    if launch.kind == "slurm":',
        '    if launch.kind == "":',
        f"{_X}test_a_wrong_command_is_one_line_and_queues_nothing",
    ),
]
