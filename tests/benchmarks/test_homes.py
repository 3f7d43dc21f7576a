"""Planted homes on a tiny made-up set: what is removed, what asks for it, and the fit."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.homes import right_homes, write_homes
from benchmarks.planted_homes import join_twins, plant_homes
from benchmarks.sets import read_set
from coverage_kit.match.home_features import PAGE_FEATURES
from coverage_kit.match.homes import HomeModel, load_home_model
from tests.benchmarks.test_edits import tables_of
from tests.benchmarks.test_gaps import write
from tests.encoder import WordEncoder


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = write(tmp_path_factory.mktemp("sets") / "tiny", tables_of())
    return read_set(folder, WordEncoder())


def asked_for(planting, topic):
    """The page and section that a topic of the made-up set asks for, such as ("3", "1")."""
    texts = [planting.log.texts[row] for row in np.flatnonzero(planting.topics == topic)]
    names = {next(word for word in text.split() if word.startswith("part")) for text in texts}
    assert len(names) == 1
    return names.pop().removeprefix("part").split("x")


@pytest.mark.parametrize("seed", range(5))
def test_sections_go_home_and_pages_have_none(bench, seed):
    """Two of twelve pages go, and some sections of the others: their words are gone, not more."""
    planting = plant_homes(bench, WordEncoder(), seed)
    site = planting.site
    assert len(site.page_ids) == 10
    assert (planting.homes == -1).sum() == 2
    assert (planting.homes >= 0).sum() >= 3
    for topic, home in enumerate(planting.homes):
        page, section = asked_for(planting, topic)
        assert not any(f"part{page}x{section} " in text for text in site.body_texts)
        assert (f"page{page}" in site.page_ids) == (home >= 0)
        if home >= 0:
            assert site.page_ids[home] == f"page{page}"
    answered = planting.topics[planting.log.answer_rows]
    assert 0 < len(np.unique(answered[answered >= 0])) < len(planting.homes)
    # questions on a removed page's other sections leave the log
    left = {
        f"page{word.removeprefix('part').split('x')[0]}"
        for row, text in enumerate(planting.log.texts)
        if planting.topics[row] < 0
        for word in text.split()
        if word.startswith("part")
    }
    removed = {
        f"page{asked_for(planting, topic)[0]}" for topic in np.flatnonzero(planting.homes < 0)
    }
    assert not left & removed


def test_twins_are_one_page(tmp_path):
    tables = tables_of()
    copies = tables["passages"][tables["passages"]["doc_id"] == "page3"]
    copies = copies.assign(doc_id="copy", section_id="copy" + copies["section_id"])
    copies.loc[copies.index[0], "text"] = "a text that the first copy lacks"
    tables["passages"] = pd.concat([tables["passages"], copies])
    tables["qrels"] = tables["qrels"].replace({"section_id": {"page3#1": "copypage3#1"}})
    joined = join_twins(read_set(write(tmp_path / "twins", tables), WordEncoder()))
    own = joined.passages[joined.passages["page_id"].isin(["page3", "copy"])]
    assert own["page_id"].nunique() == 1
    assert sorted(own["text"]) == sorted(
        [*tables["passages"].query("doc_id == 'page3'")["text"], copies["text"].iloc[0]]
    )
    assert joined.qrels["passage_id"].isin(joined.passages["passage_id"]).all()
    assert joined.passage_vectors.ids == tuple(joined.passages["passage_id"])


def test_a_model_by_titles_is_right_where_titles_are_words_of_the_questions(bench):
    """Every question of the set names its page's title; a model of nothing guesses the pages."""
    by_title = np.zeros(len(PAGE_FEATURES))
    by_title[PAGE_FEATURES.index("title_words")] = 1.0
    plantings = [plant_homes(bench, WordEncoder(), seed) for seed in range(3)]
    good, blind = (
        [right_homes(each, HomeModel(weights, np.array([0.0, -1.0, 0.0]))) for each in plantings]
        for weights in (by_title, np.zeros(len(PAGE_FEATURES)))
    )
    assert np.mean([figures["right_page"] for figures in good]) == 1
    assert np.mean([figures["right_operation"] for figures in good]) >= 0.9
    assert np.mean([figures["right_page"] for figures in blind]) <= 0.5


def test_the_fit_is_written_with_and_without_each_set(bench, tmp_path, monkeypatch):
    path = tmp_path / "homes.json"
    write_homes([bench, *[type(bench)(**{**vars(bench), "name": "other"})]], WordEncoder(), path)
    stored = json.loads(path.read_text())
    assert stored["sets"] == ["tiny", "other"]
    assert set(stored["without"]) == {"tiny", "other"}
    monkeypatch.setattr("coverage_kit.match.homes.DEFAULT_HOMES", path)
    model = load_home_model("tiny")
    figures = right_homes(plant_homes(bench, WordEncoder(), 0), model)
    assert figures["right_page"] >= 0.9
    assert set(figures) >= {"right_operation", "right_page", "section_kept", "page_found"}
