"""The way of a person: run, dismiss a gap by command or in the workbook, run again."""

import openpyxl
import pytest

from coverage_kit.analysis import load_analysis
from coverage_kit.collect.dismissals import read_dismissals_file
from coverage_kit.errors import RunError, SettingsError
from coverage_kit.report.workbook.gap_choices import read_gap_sheet
from tests.commands.test_sample import call, first, project  # noqa: F401 (fixtures)


def dismissed(folder):
    gaps = load_analysis(folder / "run").gaps
    return gaps.loc[gaps["status"] == "dismissed", "gap_id"].tolist()


def choose(folder, gap_id, status):
    path = folder / "run/gaps.xlsx"
    sheet = read_gap_sheet(path)
    book = openpyxl.load_workbook(path)
    (gap,) = sheet[sheet["gap_id"] == gap_id].to_dict("records")
    page = book[gap["sheet"]]
    titles = [cell.value for cell in page[1]]
    page.cell(gap["row"], 1 + titles.index("status"), status)
    book.save(path)


def test_a_gap_is_dismissed_by_rank_and_put_back_by_id(project):  # noqa: F811
    gap = load_analysis(project / "run").gaps.sort_values("rank").iloc[0]
    output = call("dismiss", project / "run", 1, "--why", "not ours")
    assert f"{gap['gap_id']} (" in output
    assert "is dismissed" in output
    rows = read_dismissals_file(project / "dismissed.csv")
    assert rows[["gap_id", "label", "why"]].to_numpy().tolist() == [
        [gap["gap_id"], gap["label"], "not ours"]
    ]
    sheet = read_gap_sheet(project / "run/gaps.xlsx").set_index("gap_id")
    assert sheet.loc[gap["gap_id"], ["status", "status before"]].tolist() == ["dismissed"] * 2
    assert "was dismissed already" in call("dismiss", project / "run", gap["gap_id"])
    output = call("run", project / "coverage.toml")
    assert dismissed(project) == [gap["gap_id"]]
    assert "dismissed on 20" in output
    last = load_analysis(project / "run").gaps.iloc[-1]
    assert (last["gap_id"], last["listing"]) == (gap["gap_id"], "dismissed")
    output = call("dismiss", project / "run", gap["label"].upper(), "--undo")
    assert "is not dismissed any more" in output
    call("run", project / "coverage.toml")
    assert dismissed(project) == []
    assert load_analysis(project / "run").gaps.iloc[0]["gap_id"] == gap["gap_id"]


def test_a_choice_in_the_workbook_is_read_by_the_next_run_and_by_a_report(project):  # noqa: F811
    gap_id = load_analysis(project / "run").gaps["gap_id"].iloc[0]
    choose(project, gap_id, "dismissed")
    call("report", project / "run")
    assert read_dismissals_file(project / "dismissed.csv")["gap_id"].tolist() == [gap_id]
    sheet = read_gap_sheet(project / "run/gaps.xlsx").set_index("gap_id")
    assert sheet.loc[gap_id, ["status", "status before"]].tolist() == ["dismissed"] * 2
    call("run", project / "coverage.toml")
    assert dismissed(project) == [gap_id]
    choose(project, gap_id, "open")
    call("run", project / "coverage.toml")
    assert dismissed(project) == []


def test_a_command_against_a_new_choice_in_the_workbook_is_an_error(project):  # noqa: F811
    gap_id = load_analysis(project / "run").gaps["gap_id"].iloc[0]
    choose(project, gap_id, "dismissed")
    with pytest.raises(RunError, match="one choice for each gap"):
        call("dismiss", project / "run", gap_id, "--undo")
    assert "was dismissed already" in call("dismiss", project / "run", gap_id)


def test_a_gap_that_is_not_there_is_an_error_with_similar_names(project):  # noqa: F811
    gaps = load_analysis(project / "run").gaps
    label = str(gaps["label"].iloc[0])
    with pytest.raises(RunError, match=str(gaps["gap_id"].iloc[0])):
        call("dismiss", project / "run", label[:-2])
    with pytest.raises(RunError, match="lists all gaps of a run"):
        call("dismiss", project / "run", "g9999")
    with pytest.raises(SettingsError, match="Leave one out"):
        call("dismiss", project / "run", "1", "--undo", "--why", "x")
    assert not (project / "dismissed.csv").exists()
    assert "nothing to undo" in call("dismiss", project / "run", 1, "--undo")


def test_a_file_of_dismissals_that_cannot_be_read_stops_the_run_before_it_writes(project):  # noqa: F811
    (project / "dismissed.csv").write_text("gap,reason\ng0001,x\n")
    with pytest.raises(Exception, match=r"dismissed\.csv.*gap_id"):
        call("run", project / "coverage.toml")
    assert (project / "dismissed.csv").read_text() == "gap,reason\ng0001,x\n"
    assert len(load_analysis(project / "run").gaps)
