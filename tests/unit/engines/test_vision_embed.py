"""An embedder of pictures: what it reads, where its vector is taken from, and what it refuses."""

import numpy as np
import pytest

from llmx.core.errors import EngineError
from llmx.core.item import ImageText, plain, prompted, shown

pytest.importorskip("sentence_transformers")
PIL = pytest.importorskip("PIL.Image")

from llmx.engines.embed.batched import BatchedEncoder  # noqa: E402
from llmx.engines.embed.place import (  # noqa: E402
    dimension_of,
    embedder_content,
    embedder_folder,
    embedder_hash,
    pinned,
)
from llmx.engines.embed.vision import (  # noqa: E402
    VisionEmbedder,
    is_vision,
    seen,
    vision_model,
    write_vision,
)

TEXTS = ["find the red square", "a green circle, and more words"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("vision")
    write_vision(made, TEXTS, 0)
    return made


@pytest.fixture(scope="module")
def embedder(folder):
    return VisionEmbedder(folder)


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    made = tmp_path_factory.mktemp("pictures")
    for at, size in enumerate(((56, 56), (112, 40), (28, 90))):
        PIL.new("RGB", size, (70 * at, 200, 30)).save(made / f"{at}.png")
    one, two, three = (made / f"{at}.png" for at in range(3))
    return [
        TEXTS[0],
        ImageText("red square", one, "0.png"),
        ImageText("", two, "1.png"),
        TEXTS[1],
        ImageText("a green circle", three, "2.png"),
        ImageText("red square", two, "1.png"),
    ]


def test_an_item_is_told_prompted_and_hashed(items):
    text, picture = items[0], items[1]
    assert (
        prompted("P: ", text) == f"P: {text}" and prompted("P: ", picture).text == "P: red square"
    )
    assert plain(text) == text and plain(picture) == ["0.png", "red square"]
    assert shown(picture) == "[0.png] red square" and shown(items[2]) == "[1.png]"


def test_a_vector_is_that_of_the_item_alone_whatever_shares_its_batch(embedder, items):
    found = embedder.encode(items, "say ")
    alone = np.concatenate([embedder.encode([one], "say ") for one in items])
    assert found == pytest.approx(alone, abs=2e-6)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(len(items)), abs=1e-5)
    turned = embedder.encode(items[::-1], "say ")[::-1]
    assert found == pytest.approx(turned, abs=2e-6)


def test_picture_and_text_and_prompt_all_count(embedder, items):
    found = embedder.encode(items)
    assert np.abs(found[1] - found[5]).max() > 1e-4, "another picture"
    assert np.abs(found[2] - found[5]).max() > 1e-4, "another text"
    assert np.abs(found - embedder.encode(items, "a ")).max(axis=1).min() > 1e-4


def test_the_vector_is_the_state_of_the_end_token(embedder, items):
    import torch

    read = embedder.model[0].preprocess(items)
    ends = read["attention_mask"].sum(1) - 1
    ids = read["input_ids"][torch.arange(len(items)), ends]
    assert set(ids.tolist()) == {embedder.model[0].tokenizer.eos_token_id}
    with torch.no_grad():
        states = embedder.model[0](dict(read))["token_embeddings"]
    last = states[torch.arange(len(items)), ends].numpy()
    assert seen(embedder.model, items) == pytest.approx(last, abs=1e-6)


def test_patches_are_as_many_as_the_text_has_places(embedder, items):
    module = embedder.model[0]
    read = module.preprocess(items)
    places = (read["input_ids"] == module.auto_model.config.image_token_id).sum(1).tolist()
    assert [bool(n) for n in places] == [bool(n) for n in read["num_images_per_sample"].tolist()]
    assert [n for n in places if n] == (read["image_grid_thw"].prod(1) // 4).tolist()
    assert "pixel_values" not in module.preprocess(TEXTS)


def test_a_text_that_names_a_special_token_is_no_picture(embedder):
    evil = "a <|image_pad|> b <|endoftext|>"
    ids = embedder.model[0].preprocess([evil])["input_ids"][0].tolist()
    special = set(embedder.model[0].tokenizer.all_special_ids)
    held = embedder.model[0].tokenizer.unk_token_id
    assert [one for one in ids if one in special - {held}] == [ids[-1]]


def test_from_nothing_it_is_a_function_of_words_and_seed(folder, tmp_path):
    for name, seed in (("same", 0), ("other", 1)):
        write_vision(tmp_path / name, TEXTS, seed)
    same, other = (embedder_hash(tmp_path / name) for name in ("same", "other"))
    assert same == embedder_hash(folder) != other
    assert embedder_folder(str(folder)) == folder and is_vision(folder)
    assert dimension_of(folder) == 64
    size = sum(one.numel() for one in vision_model(folder).parameters())
    assert 1e5 < size < 3e5


def test_fewer_pixels_are_fewer_places(folder, items):
    small = vision_model(folder, pixels=28 * 28)
    read = small[0].preprocess(items)
    assert (read["image_grid_thw"].prod(1) == 4).all()


def test_a_picture_that_cannot_be_read_is_named(embedder, tmp_path):
    (tmp_path / "torn.png").write_bytes(b"\x89PNG")
    with pytest.raises(EngineError, match=r"torn\.png is no picture that can be read"):
        embedder.encode([ImageText("", tmp_path / "torn.png", "torn.png")])


def test_a_model_of_texts_refuses_pictures(items):
    with pytest.raises(EngineError, match=r"the model reads texts, and 0\.png is a picture"):
        BatchedEncoder().encode([_Text()], items)


class _Text:
    modalities = ("text",)


def test_a_name_of_the_hub_at_a_commit_needs_no_folder():
    name = f"Owner/Model@{'0' * 40}"
    assert pinned(name) and embedder_content(name) == name
    assert not pinned("Owner/Model@main") and not pinned("Owner/Model")
    with pytest.raises(EngineError, match="is not on this machine"):
        embedder_content("Owner/Model@main")
