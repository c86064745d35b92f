"""Prompts in parts: the ids that the model's own template gives, or one line that refuses."""

import pytest
from tokenizer_folders import build, change

from llmx.core.errors import TurnsError
from llmx.core.record import Part
from llmx.core.stream import Turn
from llmx.engines.render import Renderer
from llmx.engines.tokenizer import open_tokenizer

HEAD, TAIL = "{{ bos_token }}{% for m in messages %}", "{% endfor %}<|assistant|>"
ALL, REFUSED, SOME = "all", "refused", "some"
# What each does with the chats below: takes all, refuses all, or takes some.
TEMPLATES = {
    "as it is": (HEAD + "<|{{ m.role }}|>{{ m.content }}{{ eos_token }}" + TAIL, ALL),
    "lines around": (HEAD + "[{{ m.role }}]\n{{ m.content }}\n" + TAIL, ALL),
    "words around": (HEAD + "{{ m.role }}: {{ m.content }} " + TAIL, ALL),
    "trims": (HEAD + "<|user|>{{ m.content | trim }}\n\n" + TAIL, ALL),
    "strips": (HEAD + "<|user|>\n{{ m['content'].strip() }}{{ eos_token }}" + TAIL, ALL),
    "strips the left": (HEAD + "<|user|>{{ m.content.lstrip() }}\n" + TAIL, ALL),
    "strips the right": (HEAD + "<|user|>{{ m.content.rstrip() }}\n" + TAIL, ALL),
    "trims one role": (
        HEAD + "{% if m.role == 'user' %}{{ m.content | trim }}{% else %}{{ m.content }}{% endif %}"
        "{{ eos_token }}" + TAIL,
        ALL,
    ),
    "strips lines alone": (HEAD + "<|user|>{{ m.content.strip('\n') }}" + TAIL, REFUSED),
    "writes in capitals": (HEAD + "{{ m.content | upper }}" + TAIL, SOME),
    "quotes": (HEAD + "{{ m.content | tojson }}" + TAIL, REFUSED),
    "turns around": ("{% for m in messages | reverse %}{{ m.content }}" + TAIL, SOME),
    "says nothing": ("hello {{ messages | length }}", REFUSED),
    "cuts what was thought": (HEAD + "<|user|>{{ m.content.split('</think>')[-1] }}" + TAIL, SOME),
    "looks at a turn": (
        HEAD + "{% if 'apples' in m.content %}!{% endif %}{{ m.content }}" + TAIL,
        SOME,
    ),
    "has no system turn": (
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system turn') }}{% endif %}"
        + HEAD + "{{ m.content }}{{ eos_token }}" + TAIL,
        SOME,
    ),
    "begins with the user": (
        HEAD + "{% if m.role == 'system' %}{% continue %}{% endif %}{{ m.content }}" + TAIL,
        SOME,
    ),
}  # fmt: skip
CHATS = [
    [("user", ["Tom has 5 apples. \n"])],
    [("user", [" \t one"])],
    [("user", ["\n"])],
    [("user", [""])],
    [("system", ["Be kind. "]), ("user", [" one\u2028 two\x85"])],
    [("user", ["one\n"]), ("assistant", [" </think> two "]), ("user", ["three"])],
    [("user", ["one ", " two", "\n", " "])],
    [("system", [" a"]), ("user", ["one", " two "]), ("assistant", [" three", "four\n"])],
]


@pytest.fixture(scope="module", params=["bytes", "byte fallback", "unigram"])
def folder(request, tmp_path_factory):
    return build(tmp_path_factory.mktemp("model"), request.param)


def whole(tokenizer, chat):
    """What the template gives for a chat: ids, or None where it raises."""
    messages = [{"role": role, "content": "".join(parts)} for role, parts in chat]
    try:
        return tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_dict=False
        )
    except Exception:
        return None


def turns(chat):
    return [Turn(role=role, parts=tuple(Part(text=text) for text in parts)) for role, parts in chat]


@pytest.mark.parametrize("name", TEMPLATES)
def test_ids_are_the_templates_own_or_one_line_refuses(folder, name):
    template, expected = TEMPLATES[name]
    tokenizer = open_tokenizer(change(folder, chat_template=template))
    renderer, taken = Renderer(tokenizer), 0
    for chat in CHATS:
        try:
            found = renderer.ids(turns(chat), (7, 8))
        except TurnsError as error:
            assert "\n" not in str(error)
            continue
        taken += 1
        theirs = whole(tokenizer, chat)
        # Of a turn in parts each is tokenised alone: the text is the template's all the same.
        if all(len(parts) == 1 for _, parts in chat):
            assert found == [*theirs, 7, 8]
        assert tokenizer.decode(found[:-2]) == tokenizer.decode(theirs)
    wanted = {ALL: len(CHATS), REFUSED: 0}.get(expected)
    assert taken == wanted if wanted is not None else 0 < taken < len(CHATS)


def test_a_part_of_known_ids_is_sent_as_it_is_unless_it_is_cut(folder):
    template = TEMPLATES["trims"][0]
    renderer = Renderer(open_tokenizer(change(folder, chat_template=template)))
    if not renderer.frame(("user",)).joins:
        return
    last = Part(text="two", ids=(7, 8))
    found = renderer.ids([Turn(role="user", parts=(Part(text="one "), last))])
    after = renderer.encode(renderer.frame(("user",)).texts[-1])
    assert found[-len(after) - 2 : -len(after)] == [7, 8]
    cut = last.model_copy(update={"text": "two\n"})
    found = renderer.ids([Turn(role="user", parts=(Part(text="one "), cut))])
    assert found[-len(after) - 2 : -len(after)] != [7, 8]
    assert found[: -len(after)] == [
        *renderer.encode(renderer.frame(("user",)).texts[0]), *renderer.encode("one "),
        *renderer.encode("two"),
    ]  # fmt: skip
