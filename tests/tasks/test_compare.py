"""coverage-kit compare: two finished runs, made by hand, and what is said of them."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from coverage_kit.analysis import save_analysis
from coverage_kit.commands import app
from coverage_kit.rank.track import read_track
from coverage_kit.tables import PREDICTIONS
from tests.two_runs import (
    COLD,
    HEADING,
    PAGE,
    SITE,
    STORE,
    make_changes,
    make_edits,
    make_effects,
    make_passages,
    make_run,
)

ASKED = [
    ("q0", "far in winter", 10.0, "c0", 0.1),
    ("q1", "range in the cold", 30.0, "c0", 0.2),
    ("q2", "price", 5.0, "c1", 0.5),
]


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def first():
    changes = make_changes(
        ("e0", "insert_section", PAGE, "Range", None, f"## {HEADING}\n\n{COLD}"),
        ("e1", "insert_section", PAGE, "Range", None, f"## {HEADING}\n\n{COLD}\n\n{STORE}"),
        (
            "e2",
            "add_page",
            "ours.example/winter",
            "Winter",
            None,
            f"# Winter\n\n## Frost\n\n{COLD}\n\n## Storage\n\n{STORE}",
        ),
    )
    effects = make_effects(
        ("e0", "q1", 0.2, 0.5, False), ("e0", "q0", 0.1, 0.6, True), ("e1", "q1", 0.2, 0.7, False)
    )
    edits = make_edits(("e0", "c0", 12.0, 9.0, 14.0), ("e1", "c0", 20.0, 15.0, 25.0))
    return make_run(ASKED, changes=changes, effects=effects, edits=edits)


@pytest.fixture
def second():
    queries = [
        (f"x-{row[0]}", row[1].title(), row[2], row[3], row[4] + (0.25 if row[3] == "c0" else 0.0))
        for row in ASKED
    ]
    return make_run(queries, passages=make_passages(*SITE, (PAGE, f"Range > {HEADING}", COLD)))


def call(monkeypatch, capsys, first, second, *options):
    """Return exit status and what was written."""
    save_analysis(first, "first")
    save_analysis(second, "second")
    monkeypatch.setattr(
        sys, "argv", ["coverage-kit", "compare", "first", "second", *map(str, options)]
    )
    status = 0
    try:
        app.main()
    except SystemExit as stop:
        status = stop.code or 0
    written = capsys.readouterr()
    return status, written.err + written.out


def test_the_comparison_is_printed_written_and_remembered(
    monkeypatch, capsys, tmp_path, first, second
):
    status, output = call(monkeypatch, capsys, first, second)
    assert status == 0, output
    assert re.search(
        r"^e0 .* 12\.0 \[9\.0, 14\.0\] +10\.0 +yes ", output, re.M
    )  # 40 asked: .3 predicted, .25 found, no drift
    assert "e1" not in output  # the full variant was not published
    assert "Predicted under model words, self-test AUC 0.80" in output
    assert "1 of 1 are within" in output
    table = pd.read_parquet(tmp_path / "second/predictions.parquet")
    PREDICTIONS.check(table, "file")
    assert table[["edit_id", "realised"]].to_numpy().tolist() == [["e0", pytest.approx(10.0)]]
    page = (tmp_path / "second/comparison.md").read_text(encoding="utf-8")
    assert page.startswith("# Predicted and measured gains between first and second")
    assert (
        "| e0 | Add a question and its answer | ours.example/range "
        "| 12.0 \\[9.0, 14.0\\] | 10.0 | yes |" in page
    )
    track = read_track("cache/predictions.parquet", "ours.example", "words")
    assert (track.n, track.ratio) == (1, pytest.approx((5 + 10 / 12) / 6))


def test_a_comparison_made_again_is_remembered_once(monkeypatch, capsys, first, second):
    call(monkeypatch, capsys, first, second)
    status, _ = call(monkeypatch, capsys, first, second, "--published", "e1")
    assert status == 0
    record = pd.read_parquet("cache/predictions.parquet")
    assert record["edit_id"].tolist() == ["e1"]


def test_named_edits_and_another_record(monkeypatch, capsys, tmp_path, first, second):
    file = tmp_path / "elsewhere/record.parquet"
    status, output = call(
        monkeypatch,
        capsys,
        first,
        second,
        "--published",
        "e0",
        "--published",
        "e1",
        "--record",
        file,
    )
    assert status == 0, output
    assert sorted(pd.read_parquet(file)["edit_id"]) == ["e0", "e1"]
    assert not (tmp_path / "cache").exists()
    status, output = call(monkeypatch, capsys, first, second, "--published", "e7")
    assert status == 2
    assert "such as e0, e1, e2; found e7" in output


def about(run, **values):
    return replace(run, about=replace(run.about, **values))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda run: about(run, own_site="theirs.example"),
            "a run with site 'ours.example'; found 'theirs.example'",
        ),
        (lambda run: about(run, encoder="other"), "a run with encoder 'words'; found 'other'"),
        (lambda run: replace(run, passages=make_passages(*SITE)), "found none of 3"),
        (
            lambda run: replace(
                run,
                passages=make_passages(
                    *SITE, (PAGE, "Range > More", "Keep the cell warm, expect frost.")
                ),
            ),
            "nearest is e0 on ours.example/range: 3 of ",
        ),
        (
            lambda run: replace(
                run,
                passages=make_passages(
                    *SITE, ("theirs.example/winter", HEADING, f"{COLD} {STORE}")
                ),
            ),
            "found none of 3",
        ),
        (
            lambda run: replace(run, queries=run.queries.assign(text=["a", "b", "c"])),
            "none asked again",
        ),
    ],
    ids=["site", "encoder", "nothing", "little", "theirs", "queries"],
)
def test_runs_that_cannot_be_compared_are_reported_on_one_line(
    monkeypatch, capsys, tmp_path, first, second, spoil, message
):
    status, output = call(monkeypatch, capsys, first, spoil(second))
    assert status == 2, output
    assert output.startswith("coverage-kit: second: ")
    assert message in output
    assert len(output.strip().splitlines()) == 1
    assert not (tmp_path / "second/predictions.parquet").exists()
    assert not (tmp_path / "cache").exists()


def test_text_of_pages_is_data_in_the_report(monkeypatch, capsys, first, second):
    hostile = "ours.example/<b>|x|`![a](javascript:b)"
    changes = first.changes.assign(page_id=hostile)
    passages = second.passages.assign(
        page_id=hostile, passage_id=[f"h{n}" for n in range(len(second.passages))]
    )
    before = first.passages.assign(
        page_id=hostile, passage_id=[f"h{n}" for n in range(len(first.passages))]
    )
    status, output = call(
        monkeypatch,
        capsys,
        replace(first, changes=changes, passages=before),
        replace(second, passages=passages),
    )
    assert status == 0, output
    lines = Path("second/comparison.md").read_text(encoding="utf-8").splitlines()
    row = next(line for line in lines if line.startswith("| e0"))
    assert "<b>" not in row.replace("\\<", "")
    assert row.replace("\\|", "").count("|") == 8
