"""Faults in options that each draw of a problem shows in another order."""

from mutant import Mutant

PERMUTED, COLUMNS = "core/permuted.py", "data/columns.py"
CLASSES, POOLED = "scoring/classes.py", "stages/pooled.py"
_D = "tests/unit/data/test_permuted_options.py::"
_S = "tests/unit/stages/test_permuted_draws.py::"
_P = "tests/papers/inference_scaling/test_permuted_scaling.py::"

ORDER = [
    Mutant(  # every draw has the first one's order
        PERMUTED,
        "name, content = dice_of(str(seed), draw)",
        "name, content = str(seed)",
        f"{_D}test_the_order_of_a_draw_never_moves",
    ),
    Mutant(  # a draw's order is that of another seed's first
        PERMUTED,
        "name, content = dice_of(str(seed), draw)",
        "name, content = str(seed + draw)",
        f"{_D}test_the_order_of_a_draw_never_moves",
    ),
    Mutant(  # the first draw has not the order of `true`
        PERMUTED,
        "name, content = dice_of(str(seed), draw)",
        'name, content = f"{seed}#{draw}"',
        f"{_D}test_one_order_for_each_problem_is_what_it_was_byte_for_byte",
    ),
    Mutant(  # orders are rotations
        PERMUTED,
        "return sorted(range(len(texts)), key=drawn)",
        "n = len(texts)\n    first = min(range(n), key=drawn)\n"
        "    return [(first + place) % n for place in range(n)]",
        f"{_D}test_orders_of_draws_are_uniform_and_do_not_hang_together",
    ),
    Mutant(  # an option is lost, another there twice
        PERMUTED,
        "return sorted(range(len(texts)), key=drawn)",
        "return sorted(range(len(texts)), key=drawn)[:-1] + [0]",
        f"{_D}test_a_draw_shows_every_option_once_and_the_right_one_under_its_letter",
    ),
]

SHOWN = [
    Mutant(  # the letter stays that of the first draw
        PERMUTED,
        'told = {"question": question, "answer": ascii_uppercase[order.index(options.right)]}',
        'told = {"question": question}',
        f"{_D}test_a_draw_shows_every_option_once_and_the_right_one_under_its_letter",
    ),
    Mutant(  # the question does
        PERMUTED,
        'told = {"question": question, "answer"',
        'told = {"answer"',
        f"{_D}test_a_draw_shows_every_option_once_and_the_right_one_under_its_letter",
    ),
    Mutant(  # the order is read backwards
        PERMUTED,
        "ascii_uppercase[order.index(options.right)]",
        "ascii_uppercase[order[options.right]]",
        f"{_D}test_a_draw_shows_every_option_once_and_the_right_one_under_its_letter",
    ),
    Mutant(  # the first draw of a problem is whatever it was
        PERMUTED,
        "if options is None:\n        return sample",
        "if options is None or not draw:\n        return sample",
        f"{_D}test_it_does_not_matter_as_which_draw_a_problem_is_given",
    ),
    Mutant(  # a problem is only ever shown once
        PERMUTED,
        "return sample.model_copy(update=told)",
        'return sample.model_copy(update={**told, "permuted": None})',
        f"{_D}test_it_does_not_matter_as_which_draw_a_problem_is_given",
    ),
]

READ = [
    Mutant(  # the right one is that of the published letter
        COLUMNS,
        "right = self._order(found)[ascii_uppercase.index(letter)]",
        "right = ascii_uppercase.index(letter)",
        f"{_D}test_the_first_draw_is_the_problem_of_one_order_for_each",
    ),
    Mutant(  # what a template does with the options is not looked at
        COLUMNS,
        "if in_draw(found, 0) != found:",
        "if False:",
        f"{_D}test_what_has_no_order_for_each_draw_is_refused_in_one_line",
    ),
    Mutant(  # a template that writes none has one order
        COLUMNS,
        "if len(around) < 2:",
        "if False:",
        f"{_D}test_what_has_no_order_for_each_draw_is_refused_in_one_line",
    ),
    Mutant(  # a template that shows the published order passes
        "data/question_template.py",
        "if WRITTEN in read or not (there := sorted(read.intersection(_columns(choices)))):",
        "if not (there := sorted(read.intersection(()))):",
        f"{_D}test_one_order_for_each_problem_is_refused_where_a_template_shows_another",
    ),
    Mutant(  # there may be nothing to put in order
        "data/question_template.py",
        "if permute == EACH_DRAW and not choices:",
        "if False:",
        f"{_D}test_what_has_no_order_for_each_draw_is_refused_in_one_line",
    ),
    Mutant(  # `true` too has an order for each draw
        "data/own_rows.py",
        "each_draw=permute == EACH_DRAW",
        "each_draw=True",
        f"{_D}test_one_order_for_each_problem_is_what_it_was_byte_for_byte",
    ),
]

KEYS = [
    Mutant(  # votes are for letters
        CLASSES,
        "return None if key is None else first_letter(options, draw, key)",
        "return key",
        f"{_S}test_a_model_that_wants_one_option_has_one_class_whatever_it_is_called",
    ),
    Mutant(  # the map goes the other way
        PERMUTED,
        "return ascii_uppercase[_order(options, 0).index(_order(options, draw)[place])]",
        "return ascii_uppercase[_order(options, draw).index(_order(options, 0)[place])]",
        f"{_D}test_letters_of_a_draw_are_told_by_those_of_the_first",
    ),
    Mutant(  # a letter of no option is one of them
        PERMUTED,
        "    if not 0 <= place < len(options.texts):\n        return letter\n"
        "    return ascii_uppercase[",
        "    place = max(0, place) % len(options.texts)\n    return ascii_uppercase[",
        f"{_D}test_letters_of_a_draw_are_told_by_those_of_the_first",
    ),
    Mutant(  # a key is right if the first draw's letter is
        CLASSES,
        "scores[key] = scorer.score(record, in_draw(sample, record.draw))",
        "scores[key] = scorer.score(record, sample)",
        f"{_S}test_classes_say_draw_by_draw_what_scores_say",
    ),
    Mutant(  # the reference is called as in the first draw that is there
        CLASSES,
        "if sample.permuted is not None:\n        expected",
        "if False:\n        expected",
        f"{_S}test_draws_from_a_later_one_on_are_counted_by_the_letters_of_the_first",
    ),
    Mutant(  # any scorer counts
        "stages/scoring_stage.py",
        "if not permutes_each_draw(data_of(given)) or reads_letters(lookup",
        "if True or reads_letters(lookup",
        f"{_S}test_a_scorer_that_reads_no_letters_counts_no_such_answers",
    ),
    Mutant(  # data of a plugin's that no option names are counted by any scorer
        CLASSES,
        "if not reads_letters(scorer):",
        "if False:",
        f"{_S}test_answers_of_no_letters_are_refused_where_they_are_counted",
    ),
]

ASKED = [
    Mutant(  # every draw asks the first one's question
        "stages/requests.py",
        "self._make(in_draw(sample, number))",
        "self._make(sample)",
        f"{_S}test_each_draw_is_asked_in_its_own_order",
    ),
    Mutant(  # a draw's place in its block stands for its number
        "stages/requests.py",
        "self._make(in_draw(sample, number))",
        "self._make(in_draw(sample, draw))",
        f"{_S}test_each_draw_is_asked_in_its_own_order",
    ),
    Mutant(  # whoever goes on with a draw asks the first one's question
        POOLED,
        "return self._first if self.sample.permuted is None else self.put(self.shown(draw))",
        "return self._first",
        f"{_S}test_chains_go_on_in_the_order_of_their_draw",
    ),
    Mutant(  # a revision is read in the order of the first draw
        "stages/revise.py",
        "found = (problem.classes.of(record, draw.draw) for record in revised)",
        "found = (problem.classes.of(record, record.draw) for record in revised)",
        f"{_S}test_chains_go_on_in_the_order_of_their_draw",
    ),
    Mutant(  # all answers are scored below one question
        "stages/self_score.py",
        "asked = [problem.asked(draw.draw) for draw in problem.draws[: self.draws]]",
        "asked = [problem.asked(0) for draw in problem.draws[: self.draws]]",
        f"{_S}test_a_draw_is_scored_below_its_own_question",
    ),
    Mutant(  # a list is asked below the question of the first draw of all
        "stages/self_score.py",
        "                asked[members.start],",
        "                asked[0],",
        f"{_S}test_a_draw_is_scored_below_its_own_question",
    ),
    Mutant(
        "papers/inference_scaling/truncate.py",
        "asked = problem.asked(problem.draws[number].draw)",
        "asked = problem.asked(0)",
        f"{_P}test_thinking_that_is_cut_goes_on_in_the_order_of_its_draw",
    ),
    Mutant(
        "papers/inference_scaling/truncate.py",
        "answer = problem.classes.of(draw.model_copy(update=told), draw.draw)",
        "answer = problem.classes.of(draw.model_copy(update=told), 0)",
        f"{_P}test_thinking_that_is_cut_goes_on_in_the_order_of_its_draw",
    ),
    Mutant(
        "papers/inference_scaling/stopped.py",
        "_draw(problem.asked(number), number)",
        "_draw(problem.asked(0), number)",
        f"{_P}test_draws_that_are_made_one_by_one_are_those_of_the_pool",
    ),
    Mutant(
        "papers/inference_scaling/stopped.py",
        "of += [problem.classes.of(record, record.draw) for record in drawn]",
        "of += [problem.classes.of(record, 0) for record in drawn]",
        f"{_P}test_draws_that_are_made_one_by_one_are_those_of_the_pool",
    ),
]

TOGETHER = [
    Mutant(  # proposals stand without their options
        POOLED,
        "return beside_options(self.sample.permuted, self.draws[number].draw, self.said(number))",
        "return self.said(number)",
        f"{_S}test_proposals_stand_below_their_own_options_and_the_question_is_that_of_the_first",
    ),
    Mutant(  # all stand below those of the first
        POOLED,
        "return beside_options(self.sample.permuted, self.draws[number].draw, self.said(number))",
        "return beside_options(self.sample.permuted, 0, self.said(number))",
        f"{_S}test_proposals_stand_below_their_own_options_and_the_question_is_that_of_the_first",
    ),
    Mutant(  # the question is that of the first draw of all
        "stages/mixture.py",
        "asked = problem.asked(problem.draws[members.start].draw)",
        "asked = problem.asked(problem.draws[0].draw)",
        f"{_S}test_proposals_stand_below_their_own_options_and_the_question_is_that_of_the_first",
    ),
    Mutant(  # the answer is read in another order than it was asked in
        "stages/mixture.py",
        "problem.classes.of(answer, draws[0].draw)",
        "problem.classes.of(answer, draws[-1].draw)",
        f"{_S}test_proposals_stand_below_their_own_options_and_the_question_is_that_of_the_first",
    ),
    Mutant(  # new words above the options would find old answers
        "stages/live.py",
        'own_words = OWN_OPTIONS if permutes_each_draw(data_of(given)) else ""',
        'own_words = ""',
        f"{_S}test_words_above_proposals_are_part_of_what_a_stage_is_known_by",
    ),
    Mutant(  # draws of one order get options above them, too
        PERMUTED,
        "    if options is None:\n        return text",
        "    if options is None:\n        return f'{OWN_OPTIONS}{text}'",
        f"{_S}test_draws_of_one_order_are_asked_about_as_ever",
    ),
]

TOLD = [
    Mutant(  # every draw is scored by the letter of the first
        "stages/score.py",
        "yield done.score(record, in_draw(sample, record.draw))",
        "yield done.score(record, sample)",
        f"{_S}test_a_model_that_wants_one_option_has_one_class_whatever_it_is_called",
    ),
    Mutant(  # an audit looks for the first draw's question
        "audit/sent.py",
        "return sample if sample is None else in_draw(sample, record.draw)",
        "return sample",
        f"{_S}test_an_audit_knows_what_each_draw_was_asked",
    ),
    Mutant(  # a prompt is rendered once for all draws
        "audit/prompts.py",
        "if asked != self.asked:",
        "if self.asked is None or asked.id != self.asked.id:",
        f"{_S}test_a_template_is_rendered_as_the_draw_shows_the_problem",
    ),
    Mutant(  # a page shows another question than was asked
        "report/samples.py",
        "in_draw(problem, record.draw).question if problem",
        "problem.question if problem",
        f"{_S}test_a_report_shows_a_problem_as_its_first_draw_saw_it",
    ),
    Mutant(  # a judge reads an answer beside the options of the first draw
        "stages/score.py",
        "partial(asked_of, problems)",
        "partial(problem_of, problems)",
        f"{_S}test_a_judge_reads_each_draw_beside_its_own_question",
    ),
    Mutant(  # the answers of a shown problem stand without their options
        "papers/inference_scaling/shown_problem.py",
        "beside_options(found.permuted, record.draw, record.text)",
        "record.text",
        f"{_P}test_the_page_says_what_a_letter_means",
    ),
    Mutant(  # an option is called by what another says
        PERMUTED,
        "options.texts[_order(options, 0)[place]].strip()",
        "options.texts[place].strip()",
        f"{_P}test_the_page_says_what_a_letter_means",
    ),
]

TOLD_TOO = [
    Mutant(
        "stages/play.py",
        "= craft, in_draw(sample, draw), log",
        "= craft, sample, log",
        f"{_S}test_an_episode_is_of_the_problem_as_its_draw_shows_it",
    ),
    Mutant(
        "stages/decode.py",
        "asked = in_draw(self._problem(record.id), record.draw)",
        "asked = self._problem(record.id)",
        f"{_S}test_answers_are_scored_as_they_come_in_the_order_of_their_draw",
    ),
    Mutant(
        "stages/judge.py",
        "return in_draw(problems[record.id], record.draw)",
        "return problems[record.id]",
        f"{_S}test_a_judge_of_pairs_is_shown_what_was_asked",
    ),
    Mutant(
        "claims/compare/pair.py",
        "in_draw(problem, before.scores[name].draw).question if problem",
        "problem.question if problem",
        f"{_S}test_what_a_comparison_shows_is_what_was_asked",
    ),
]

COST = [
    Mutant(  # all of a prompt is in the cache
        "papers/inference_scaling/load.py",
        "begun=None if found.permuted is None else common_prompt(draws, permuted=True)",
        "begun=None",
        f"{_P}test_prompts_are_cached_as_far_as_they_are_alike",
    ),
    Mutant(  # what is not in the cache is not computed
        "papers/inference_scaling/costs.py",
        "again = (size - 1) * float(flops(model, begun, drawn.prompt - begun))",
        "again = 0.0",
        f"{_P}test_prompts_are_cached_as_far_as_they_are_alike",
    ),
    Mutant(
        "stages/expense.py",
        "if not permuted or len(draws) == 1:",
        "if draws:",
        f"{_S}test_prompts_of_different_orders_share_their_beginning_alone",
    ),
    Mutant(  # tokens that are alike behind the first difference count
        "stages/expense.py",
        "return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))",
        "return sum(len(set(column)) == 1 for column in columns)",
        f"{_S}test_prompts_of_different_orders_share_their_beginning_alone",
    ),
    Mutant(
        POOLED,
        "return common_prompt(draws, self.sample.permuted is not None)",
        "return common_prompt(draws, False)",
        f"{_S}test_what_is_in_a_cache_is_the_common_beginning",
    ),
]
