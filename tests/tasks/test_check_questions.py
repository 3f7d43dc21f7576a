"""Checking questions in a notebook against the file of checks."""

from dataclasses import replace

import pytest

from coverage_kit.collect.question_checks import read_checks_file
from coverage_kit.errors import RunError, SchemaError
from coverage_kit.tasks import check_questions as module
from coverage_kit.tasks.check_questions import check_questions, count_choices
from coverage_kit.tasks.sample import draw_sample
from tests.report.conftest import make_analysis


@pytest.fixture(scope="module")
def analysis():
    return make_analysis(60)


def press(checker, **message):
    checker._handle_custom_msg({"query_id": checker.shown["query_id"], **message}, [])


def test_fifty_questions_are_drawn_and_each_choice_is_in_the_file_at_once(analysis, tmp_path):
    path = tmp_path / "checks.csv"
    checker = check_questions("run", path, analysis)
    assert checker.shown["progress"] == "0 of 50, about 15 minutes left"
    first = checker.shown["query_id"]
    press(checker, act="choose", choice="partly", note='=HYPERLINK("x")')
    rows = read_checks_file(path).set_index("query_id")
    assert (rows.loc[first, "choice"], rows.loc[first, "note"]) == ("partly", '=HYPERLINK("x")')
    assert (rows["choice"] != "").sum() == 1
    press(checker, act="undo")
    assert set(read_checks_file(path)["choice"]) == {""}


def test_reopened_it_goes_on_at_the_first_unchecked_question(analysis, tmp_path):
    path = tmp_path / "checks.csv"
    checker = check_questions("run", path, analysis)
    for choice in ("answered", "not answered", "not our subject"):
        press(checker, act="choose", choice=choice, note="")
    again = check_questions("run", path, analysis)
    assert again.shown["position"] == 3
    assert again.shown["query_id"] == checker.shown["query_id"]
    assert again.shown["n_checked"] == 3


def test_rows_of_a_model_are_neither_shown_nor_changed(analysis, tmp_path):
    path = tmp_path / "checks.csv"
    draw_sample(analysis, path, 5)
    text = path.read_text(encoding="utf-8-sig")
    model_rows = text.splitlines()[1].replace(",person,", ",some-model,")
    path.write_text(f"{text}{model_rows}\n", encoding="utf-8-sig")
    checker = check_questions("run", path, analysis)
    assert checker.shown["n_questions"] == 5
    press(checker, act="choose", choice="answered", note="")
    rows = read_checks_file(path)
    assert dict(rows.groupby("checked_by")["choice"].max()) == {
        "person": "answered",
        "some-model": "",
    }


def test_the_file_is_the_one_that_the_settings_name_or_lies_beside_the_run(analysis, tmp_path):
    check_questions(tmp_path / "run", analysis=analysis)
    assert (tmp_path / "checks.csv").is_file()
    named = {**analysis.about.settings, "checks": {"path": str(tmp_path / "mine" / "c.csv")}}
    about = replace(analysis.about, settings=named)
    check_questions(tmp_path / "run", analysis=replace(analysis, about=about))
    assert (tmp_path / "mine" / "c.csv").is_file()


def test_a_file_that_cannot_be_read_is_shown_as_an_error_with_its_row(analysis, tmp_path):
    path = tmp_path / "checks.csv"
    check_questions("run", path, analysis)
    text = path.read_text(encoding="utf-8-sig").replace(",,", ",perhaps,", 1)
    path.write_text(text, encoding="utf-8-sig")
    with pytest.raises(SchemaError, match="row 2"):
        check_questions("run", path, analysis)


def test_a_file_that_another_program_has_broken_meanwhile_costs_no_choice(analysis, tmp_path):
    path = tmp_path / "checks.csv"
    checker = check_questions("run", path, analysis)
    first = checker.shown["query_id"]
    whole = path.read_bytes()
    path.write_text("question,choice\n")
    press(checker, act="choose", choice="answered", note="")
    assert "Not saved" in checker.shown["failure"]
    path.write_bytes(whole)
    press(checker, act="choose", choice="partly", note="")
    assert checker.shown["failure"] == ""
    assert read_checks_file(path).set_index("query_id").loc[first, "choice"] == "answered"


def test_unattended_it_names_the_other_ways_and_writes_nothing(
    analysis, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(module, "is_attended", lambda: False)
    path = tmp_path / "checks.csv"
    assert check_questions("run", path, analysis) is None
    printed = capsys.readouterr().out
    assert "coverage-kit sample run" in printed
    assert str(path) in printed
    assert "questions to check" in printed
    assert not path.exists()


def test_without_a_run_the_error_names_the_command_that_makes_one(tmp_path):
    with pytest.raises(RunError, match="coverage-kit run"):
        check_questions(tmp_path / "absent")


def test_choices_of_people_are_counted_and_their_share_is_of_the_checked(analysis, tmp_path):
    path = tmp_path / "checks.csv"
    assert count_choices("run", path, analysis)["n_questions"].sum() == 0
    checker = check_questions("run", path, analysis)
    for choice in ("answered", "answered", "partly", "not our subject"):
        press(checker, act="choose", choice=choice, note="")
    table = count_choices("run", path, analysis).set_index("choice")
    assert list(table["n_questions"]) == [2, 1, 0, 1, 46]
    assert list(table["share"].iloc[:4]) == [0.5, 0.25, 0, 0.25]


def test_a_file_of_another_site_is_named_as_one_above_the_questions(analysis, tmp_path, capsys):
    path = tmp_path / "checks.csv"
    draw_sample(analysis, path, 20)
    other = replace(
        analysis,
        queries=analysis.queries.assign(
            query_id=[f"x{name}" for name in analysis.queries["query_id"]],
            text=[f"other {number}" for number in range(len(analysis.queries))],
        ),
    )
    check_questions("run", path, other)
    assert "20 of 20 questions are not in this log" in capsys.readouterr().out
