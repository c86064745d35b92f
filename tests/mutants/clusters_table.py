"""Faults in what keeps workers apart without locks, in tasks of Ray, and in who did what when."""

from mutant import Mutant

RECONCILE = "cluster/reconcile.py"
FOLLOW = "cluster/follow.py"
LOCKS = "cluster/cache_locks.py"
WORKER = "cluster/worker.py"
DRIVER = "cluster/ray_driver.py"
TASK = "cluster/ray_task.py"
LIVES = "cluster/lives.py"
HERE = "graph/lives.py"
DRAWN = "report/timeline.py"
_F = "tests/unit/cluster/test_fixed_lists.py::"
_R = "tests/unit/cluster/test_ray_queue.py::"
_L = "tests/unit/cluster/test_lives.py::"
_T = "tests/unit/cluster/test_targets.py::"
_X = "tests/unit/cluster/test_wrong_submissions.py::"
_DEALT = f"{_F}test_every_missing_node_is_on_one_list_behind_all_that_it_needs"
_SENT = f"{_R}test_everything_is_sent_once_behind_what_it_needs"

LISTS = [
    Mutant(  # what another job has is dealt again
        RECONCILE,
        "StoredNodes(stored.whole | held.keys(), stored.stopped",
        "StoredNodes(stored.whole, stored.stopped",
        _DEALT,
    ),
    Mutant(  # not behind the job that makes an input
        RECONCILE,
        "for name in work.inputs if name in held}",
        "for name in work.inputs if name in stored.stopped}",
        _DEALT,
    ),
    Mutant(  # all on the first list
        RECONCILE,
        "min(lists, key=lambda one: (sum(seconds.get(n, 0.0) for n in one), len(one)))",
        "min(lists, key=lambda one: -len(one))",
        f"{_F}test_no_list_is_longer_than_another_by_more_than_its_last_node",
    ),
    Mutant(  # the shortest first
        RECONCILE,
        "key=lambda one: -seconds.get(one.name, 0.0)",
        "key=lambda one: seconds.get(one.name, 0.0)",
        f"{_F}test_the_longest_are_dealt_first",
    ),
    Mutant(  # a worker does what is on the others' lists too
        WORKER,
        "and (self.places is None or at in self.places)",
        "and (self.places is None or at >= 0)",
        f"{_F}test_a_run_goes_to_its_end_without_a_lock",
    ),
    Mutant(  # each task of an array has the first list
        WORKER,
        "submission.lists(listed)[task]",
        "submission.lists(listed)[0]",
        f"{_F}test_a_run_goes_to_its_end_without_a_lock",
    ),
    Mutant(  # the lists of another run are not looked at
        FOLLOW,
        "RunFolder(inside(submission.run.path.parent, job.run))",
        "RunFolder(submission.run.path)",
        f"{_F}test_two_runs_in_one_cache_share_no_node",
    ),
    Mutant(  # a job that has ended keeps its list
        FOLLOW,
        "            if job.turn not in of.ended():\n",
        "            if job.turn in of.ended():\n",
        f"{_F}test_two_runs_in_one_cache_share_no_node",
    ),
    Mutant(  # equal measurements of two runs at once
        FOLLOW,
        "one.behind | (measured if one.asks.alone else set())",
        "one.behind",
        f"{_F}test_measurements_of_two_runs_come_one_behind_the_other",
    ),
    Mutant(  # waves at once
        FOLLOW,
        "            before = numbers\n        return found\n",
        "        return found\n",
        f"{_F}test_a_run_goes_to_its_end_without_a_lock",
    ),
    Mutant(  # locks that do not hold are trusted
        LOCKS,
        'return LISTS if found.get("exclusive") is False else JOBS',
        "return JOBS",
        f"{_F}test_lists_are_for_where_nothing_else_excludes",
    ),
    Mutant(  # what does not fit is left to nobody
        WORKER,
        "if submission.beforehand and worker.taken and worker.too_late:",
        "if submission.launch.chain and worker.taken and worker.too_late:",
        f"{_F}test_what_does_not_fit_comes_back_by_itself",
    ),
    Mutant(  # empty jobs one behind the other while another run works
        WORKER,
        "0 if worker.taken else _AGAIN",
        "0",
        f"{_T}test_a_worker_that_has_nothing_to_do_asks_once_and_ends",
    ),
]
TASKS = [
    Mutant(  # more at once than the user wants
        DRIVER,
        "if self.flying[asks] < self.most:",
        "if self.flying[asks] <= self.most:",
        _SENT,
    ),
    Mutant(  # before its inputs
        DRIVER,
        "if name not in self.seen and self._can(node):",
        "if name not in self.seen:",
        _SENT,
    ),
    Mutant(  # the join before the last part
        DRIVER,
        "            if not self.parts_left[name]:\n",
        "            if self.parts_left[name] <= 1:\n",
        _SENT,
    ),
    Mutant(  # what another command had in hand is forgotten
        DRIVER,
        "        else:  # another command has it, or its input has gone and is made again\n"
        "            self.ready.append(sent)\n",
        "        else:\n            del self.left[name]\n",
        _SENT,
    ),
    Mutant(  # the machines of a cluster as one
        DRIVER,
        "if not any(all(one.get(k, 0) >= n for k, n in wanted.items()) for one in there):",
        "if not all(any(one.get(k, 0) >= n for one in there) for k, n in wanted.items()):",
        f"{_R}test_what_no_machine_can_take_is_refused",
    ),
    Mutant(  # a machine that has gone
        DRIVER,
        'for one in nodes if one["Alive"]]',
        "for one in nodes]",
        f"{_R}test_what_no_machine_can_take_is_refused",
    ),
    Mutant(  # every task does the whole
        TASK,
        "        if part is None:\n            advance",
        "        if part is not None or part is None:\n            advance",
        f"{_R}test_a_task_does_its_part_alone",
    ),
    Mutant(  # with whatever packages
        TASK,
        "        refuse_others(run.surroundings)\n",
        "",
        f"{_R}test_a_machine_with_other_packages_refuses",
    ),
    Mutant(  # a failure is told and not kept
        TASK,
        "        events.note(FAILED, struck_out(on_one_line(told)))\n",
        "",
        f"{_R}test_a_task_that_fails_tells_it_in_words",
    ),
    Mutant(  # without Ray an import error
        DRIVER,
        'if find_spec("ray") is None:',
        'if find_spec("ray") == 0:',
        f"{_X}test_a_wrong_command_is_one_line_and_queues_nothing",
    ),
    Mutant(  # partitions of Ray
        "core/launch.py",
        'return key in self.of_ray if self.kind == "ray" else key != "address"',
        'return key != "address" or self.kind == "ray"',
        f"{_X}test_a_wrong_command_is_one_line_and_queues_nothing",
    ),
]
WHEN = [
    Mutant(  # a second wait begins at the submission
        LIVES,
        "        ends[task] = life.end\n",
        "",
        f"{_L}test_a_job_that_waited_worked_and_came_back",
    ),
    Mutant(  # who was killed ended with its last line
        LIVES,
        "end = seen if killed else last.at",
        "end = last.at",
        f"{_L}test_one_that_was_killed_ends_when_it_was_last_seen",
    ),
    Mutant(  # a kill is a stop
        LIVES,
        "STOPPED if closed else LOST",
        "STOPPED",
        f"{_L}test_one_that_was_killed_ends_when_it_was_last_seen",
    ),
    Mutant(  # the second piece of work hides in the first
        LIVES,
        "            begun = None\n    if begun",
        "    if begun",
        f"{_L}test_a_task_of_ray_says_nothing_of_its_own_end",
    ),
    Mutant(  # forgiven failures never were
        "cluster/submission.py",
        'self.folder.glob(f"{_WORK}*/*.jsonl")',
        'self.folder.glob(f"{_WORK}/*.jsonl")',
        f"{_L}test_failures_that_were_forgiven_are_told_too",
    ),
    Mutant(  # what was there before
        HERE,
        "            if ended >= first:\n",
        "            if ended >= 0:\n",
        f"{_L}test_a_local_run_tells_of_its_stages",
    ),
    Mutant(  # two at once in one row
        HERE,
        "lane[-1].end <= bar.begin + 1e-3",
        "lane[0].end <= bar.begin + 1e-3",
        f"{_L}test_lanes_are_as_few_as_there_are_bars_at_once",
    ),
    Mutant(  # hours of two GPUs are those of one
        DRAWN,
        "each = max(1, mine[0].gpus)",
        "each = 1",
        f"{_L}test_a_job_that_waited_worked_and_came_back",
    ),
    Mutant(  # failed work counts as done
        DRAWN,
        "life.hours(FAILED, LOST) for life in mine",
        "life.hours(LOST) for life in mine",
        f"{_L}test_one_that_was_killed_ends_when_it_was_last_seen",
    ),
    Mutant(  # each life of a job in a row of its own
        DRAWN,
        "if home is not None and life.queued is not None",
        "if home is not None and life.queued is None",
        f"{_L}test_hosts_stand_together_and_a_job_keeps_its_row_on_another",
    ),
    Mutant(  # out of the picture
        DRAWN,
        "high = max(took / seconds, 1e-3)",
        "high = max(0.5 * took / seconds, 1e-3)",
        f"{_L}test_nothing_is_drawn_outside_of_the_picture",
    ),
]
