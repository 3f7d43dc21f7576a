"""Questions are drawn once, and what people chose is never lost."""

from dataclasses import replace

import pandas as pd
import pytest

from coverage_kit.collect.question_checks import (
    COLUMNS,
    read_checks_file,
    read_question_checks,
    write_checks_file,
)
from coverage_kit.errors import SchemaError
from coverage_kit.report.texts import clean_text
from coverage_kit.tables import QUESTION_CHECKS
from coverage_kit.tasks.sample import add_checks, describe_sample, draw_sample, save_choices
from tests.report.conftest import HOSTILE, make_analysis


@pytest.fixture(scope="module")
def analysis():
    return make_analysis()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checks.csv"


def test_a_draw_writes_questions_with_their_passages_and_no_choice(analysis, path):
    sample = draw_sample(analysis, path, n=12)
    assert (sample.n_drawn, sample.draw, len(sample.table)) == (12, 1, 12)
    rows = read_checks_file(path)
    texts = analysis.queries.set_index("query_id")["text"].map(clean_text)
    assert rows["question"].tolist() == [texts[name].strip() for name in rows["query_id"]]
    assert set(rows["choice"]) == set(rows["note"]) == {""}
    assert rows["probability"].astype(float).between(0, 1, inclusive="right").all()
    nearest = analysis.matches[analysis.matches["site"] == analysis.about.own_site]
    first = nearest[nearest["rank"] == 1].set_index("query_id")["passage_id"]
    passages = analysis.passages.set_index("passage_id")
    for row in rows.to_dict("records"):
        passage = passages.loc[first[row["query_id"]]]
        assert " ".join(passage["heading_path"].split())[:20] in row["passage 1"]
        assert row["link 1"]
    # The site has two passages for each question.
    assert set(rows["passage 3"]) == {""}
    assert "0 of 12 questions checked (draw 1)." in describe_sample(sample, is_next=False)


def test_predicted_coverage_is_not_in_the_file_beside_the_band(analysis, path):
    draw_sample(analysis, path, n=40)
    shown = set(COLUMNS) - {"stratum", "probability"}
    coverage = analysis.coverage["coverage"].astype(str)
    cells = read_checks_file(path)[sorted(shown)].to_numpy().ravel()
    assert not set(coverage) & set(cells)


def test_the_order_does_not_show_the_bands(analysis, path):
    draw_sample(analysis, path, n=40)
    strata = read_checks_file(path)["stratum"].tolist()
    assert strata not in (sorted(strata), sorted(strata, reverse=True))


def test_every_question_is_drawn_as_often_as_its_probability_says(analysis, tmp_path):
    n_drawn = dict.fromkeys(analysis.queries["query_id"], 0)
    for seed in range(30):
        draw_sample(analysis, tmp_path / f"{seed}.csv", n=20, seed=seed)
        for row in read_checks_file(tmp_path / f"{seed}.csv").to_dict("records"):
            n_drawn[row["query_id"]] += 1 / float(row["probability"])
    # The mean over all questions is 1 for each seed; each draw has 20 of 40.
    assert sum(n_drawn.values()) == pytest.approx(30 * len(n_drawn), rel=0.02)
    assert all(10 <= count <= 50 for count in n_drawn.values())


def test_another_draw_with_the_same_seed_changes_nothing_and_says_so(analysis, path):
    draw_sample(analysis, path, n=10)
    save_choices(path, {read_checks_file(path)["query_id"].iloc[0]: "answered"})
    before = path.read_bytes()
    sample = draw_sample(analysis, path, n=10)
    assert sample.n_drawn == 0
    assert path.read_bytes() == before
    assert f"Nothing drawn: {path} holds draw 1 already" in describe_sample(sample, is_next=False)


def test_the_same_seed_draws_the_same_questions(analysis, tmp_path):
    for name in ("a.csv", "b.csv"):
        draw_sample(analysis, tmp_path / name, n=10, seed=3)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    draw_sample(analysis, tmp_path / "c.csv", n=10, seed=4)
    assert (tmp_path / "a.csv").read_bytes() != (tmp_path / "c.csv").read_bytes()


def test_a_further_draw_adds_other_questions_and_keeps_the_choices(analysis, path):
    draw_sample(analysis, path, n=15)
    first = read_checks_file(path)
    chosen = {first["query_id"].iloc[2]: "partly"}
    save_choices(path, chosen, notes={first["query_id"].iloc[2]: "see FAQ"})
    sample = draw_sample(analysis, path, n=15, is_next=True)
    rows = read_checks_file(path)
    assert (sample.draw, sample.n_drawn, len(rows)) == (2, 15, 30)
    assert rows["query_id"].is_unique
    assert rows["draw"].tolist() == ["1"] * 15 + ["2"] * 15
    assert rows.iloc[2][["choice", "note"]].tolist() == ["partly", "see FAQ"]
    assert "1 of 30 questions checked" in describe_sample(sample, is_next=True)


def test_a_log_that_is_drawn_whole_gives_no_more_and_says_so(analysis, path):
    assert draw_sample(analysis, path, n=500).n_drawn == 40
    assert set(read_checks_file(path)["probability"]) == {"1.0"}
    sample = draw_sample(analysis, path, n=5, is_next=True)
    assert (sample.n_drawn, len(read_checks_file(path))) == (0, 40)
    assert "every question of the log" in describe_sample(sample, is_next=True)


def test_nothing_is_added_to_the_file_of_another_site(analysis, path):
    other = analysis.queries.assign(text=analysis.queries["text"] + " elsewhere")
    other = other.assign(query_id="x" + other["query_id"])
    coverage = analysis.coverage.assign(query_id="x" + analysis.coverage["query_id"])
    draw_sample(replace(analysis, queries=other, coverage=coverage), path, n=10)
    before = path.read_bytes()
    with pytest.raises(SchemaError, match="10 that are not"):
        draw_sample(analysis, path, is_next=True)
    assert path.read_bytes() == before
    note = describe_sample(draw_sample(analysis, path), is_next=False)
    assert "Is it the file of another site" in note


def test_hostile_questions_and_passages_are_no_formulas_and_come_back_as_they_were(analysis, path):
    draw_sample(analysis, path, n=40)
    cells = path.read_text(encoding="utf-8-sig")
    assert not any(line.startswith(("=", "+", "@", "-")) for line in cells.splitlines())
    questions = set(read_checks_file(path)["question"])
    assert len(questions & {text.strip() for text in HOSTILE}) >= 5
    assert len(read_question_checks(path, analysis.queries).table) == 40


def test_a_choice_is_saved_and_taken_back(analysis, path):
    draw_sample(analysis, path, n=5)
    first, second = read_checks_file(path)["query_id"].iloc[:2]
    save_choices(path, {first: "3", second: "Answered"})
    assert read_checks_file(path)["choice"].tolist()[:2] == ["not answered", "answered"]
    save_choices(path, {first: ""})
    assert read_checks_file(path)["choice"].tolist()[:2] == ["", "answered"]


def test_a_choice_is_saved_in_every_row_of_its_question(analysis, path):
    draw_sample(analysis, path, n=3)
    first = read_checks_file(path)["query_id"].iloc[0]
    save_choices(path, {first: "answered"})
    rows = read_checks_file(path)
    write_checks_file(path, pd.concat([rows, rows[rows["query_id"] == first]]))
    save_choices(path, {first: "partly"})
    table = read_question_checks(path, analysis.queries).table
    assert table.set_index("query_id").loc[first, "choice"] == "partly"


def test_a_choice_that_is_none_or_of_another_question_changes_nothing(analysis, path):
    draw_sample(analysis, path, n=5)
    first = read_checks_file(path)["query_id"].iloc[0]
    before = path.read_bytes()
    with pytest.raises(SchemaError, match="'maybe'"):
        save_choices(path, {first: "maybe"})
    with pytest.raises(SchemaError, match="a row of nowhere"):
        save_choices(path, {first: "partly", "nowhere": "partly"})
    assert path.read_bytes() == before


def test_checks_of_a_model_stay_beside_those_of_a_person(analysis, path):
    draw_sample(analysis, path, n=3)
    rows = read_checks_file(path)
    save_choices(path, dict.fromkeys(rows["query_id"], "answered"))
    table = read_question_checks(path, analysis.queries).table
    checks = table.assign(checked_by="model-x", choice="partly")
    add_checks(path, checks)
    add_checks(path, checks.iloc[:1].assign(choice="not answered"))
    rows = read_checks_file(path)
    assert rows["choice"].tolist() == ["answered"] * 3 + ["not answered", "partly", "partly"]
    read = read_question_checks(path, analysis.queries)
    assert (len(read.table), read.n_rows) == (6, 6)
    QUESTION_CHECKS.check(read.table, "checks")
    sample = draw_sample(analysis, path)
    assert "3 questions checked by model-x: 0 answered, 2 partly" in describe_sample(sample, False)
