"""The way of a person: run, draw questions, fill in the sheet or the file, run again."""

import shutil

import openpyxl
import pytest
from typer.testing import CliRunner

from coverage_kit.analysis import load_analysis
from coverage_kit.collect.question_checks import read_checks_file
from coverage_kit.commands.app import app
from coverage_kit.errors import SchemaError
from coverage_kit.report.workbook.check_sheet import CHECKS, read_check_sheet
from coverage_kit.tasks.sample import save_choices
from tests.world import write_small

STARTS = ("how do I", "where can I", "why should I", "when do I")
ENDS = ("bleed a brake", "open the lever", "push fluid", "find a dealer")


def call(*words):
    return CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False).output


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A project's folder after its first run."""
    folder = tmp_path_factory.mktemp("first") / "project"
    places = write_small(folder, [f"{start} {end}" for start in STARTS for end in ENDS], pages=3)
    (folder / "coverage.toml").write_text(
        f'out = "run"\ncache = "../cache"\n[site]\nsource = "{places["--site"]}"\n'
        f'[log]\nfiles = ["{places["--log"]}"]\n',
        encoding="utf-8",
    )
    call("run", folder / "coverage.toml")
    return folder


@pytest.fixture
def project(first):
    """The project as it was after its first run, in the same place."""
    backup = first.with_name("backup")
    if not backup.exists():
        shutil.copytree(first, backup)
    shutil.rmtree(first)
    shutil.copytree(backup, first)
    return first


def test_what_is_filled_in_is_read_by_the_next_run_and_survives_it(project):
    output = call("sample", project / "run", "--n", 6)
    assert f"Draw 1: 6 questions in {project / 'checks.csv'}." in output
    book = openpyxl.load_workbook(project / "run/gaps.xlsx")
    for row, choice in ((2, "answered"), (3, 2), (4, "Not answered")):
        book[CHECKS].cell(row, 2, choice)
    book.save(project / "run/gaps.xlsx")
    rows = read_checks_file(project / "checks.csv")
    save_choices(project / "checks.csv", {rows["query_id"].iloc[3]: "not our subject"})
    output = call("run", project / "coverage.toml")
    assert "4 questions checked by people:" in output
    assert "People chose: 1 answered, 1 not answered; 1 partly (each counts as half)" in output
    expected = ["answered", "partly", "not answered", "not our subject", "", ""]
    assert read_checks_file(project / "checks.csv")["choice"].tolist() == expected
    assert read_check_sheet(project / "run/gaps.xlsx")["choice"].tolist() == expected
    checks = load_analysis(project / "run").question_checks
    assert checks["choice"].fillna("").tolist() == expected


def test_a_rebuild_of_the_workbook_keeps_what_was_filled_in(project):
    call("sample", project / "run", "--n", 6)
    book = openpyxl.load_workbook(project / "run/gaps.xlsx")
    book[CHECKS].cell(2, 2, "partly")
    book.save(project / "from-editors.xlsx")
    call("report", project / "run", "--keep-status", project / "from-editors.xlsx")
    assert read_checks_file(project / "checks.csv")["choice"].iloc[0] == "partly"
    assert read_check_sheet(project / "run/gaps.xlsx")["choice"].iloc[0] == "partly"


def test_a_further_draw_and_a_repeated_one(project):
    call("sample", project / "run", "--n", 6)
    assert "Nothing drawn" in call("sample", project / "run", "--n", 6)
    assert "Draw 2: 5 questions" in call("sample", project / "run", "--n", 5, "--next")
    assert len(read_checks_file(project / "checks.csv")) == 11
    assert len(read_check_sheet(project / "run/gaps.xlsx")) == 11
    assert "Draw 3: 5 questions" in call("sample", project / "run", "--n", 50, "--next")
    assert "every question of the log" in call("sample", project / "run", "--next")


def test_another_file_leaves_the_run_alone_and_says_how_it_is_read(project):
    before = (project / "run/gaps.xlsx").read_bytes()
    output = call("sample", project / "run", "--out", project / "june.csv")
    assert "[checks] path" in output
    assert (project / "run/gaps.xlsx").read_bytes() == before
    assert not (project / "checks.csv").exists()


def test_a_wrong_choice_stops_the_next_run_with_its_row(project):
    call("sample", project / "run", "--n", 6)
    path = project / "checks.csv"
    rows = read_checks_file(path)
    text = path.read_text(encoding="utf-8-sig").replace(
        f"{rows['question'].iloc[1]},", f"{rows['question'].iloc[1]},perhaps", 1
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SchemaError, match=r"row 3: a choice of .*'perhaps'"):
        call("run", project / "coverage.toml")


def test_a_copy_with_edits_is_not_judged_by_checks_of_the_site(project):
    call("sample", project / "run", "--n", 6)
    call("apply", project / "run", "--to", project / "copy/site", "--top", 1)
    settings = next((project / "copy").glob("*.toml")).read_text(encoding="utf-8")
    assert "checks" not in settings
