"""A run after somebody checked questions: the level moves to what was read, and is surer."""

import pytest

from coverage_kit.analysis import load_analysis, save_analysis
from coverage_kit.tasks.sample import draw_sample, save_choices
from tests.reliability.small_run import SUBJECTS, run_small, sample_pages, write_log, write_pages

ASKED, ANSWERED = SUBJECTS[:4], SUBJECTS[:2]
ASPECTS = ("price", "repair", "noise", "winter", "weight")
STARTS = ("what about", "why the", "how is", "explain", "is there")


def read_truth(text):
    return "answered" if any(subject in text for subject in ANSWERED) else "not answered"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run, and the next one after 50 of 100 questions were checked; half have no answer."""
    folder = tmp_path_factory.mktemp("checked")
    site = write_pages(folder / "site", sample_pages(len(ANSWERED)))
    texts = [f"{start} {a} of {s}" for start in STARTS for s in ASKED for a in ASPECTS]
    records = [{"query": text, "engine": "e", "answer": text, "citations": []} for text in texts]
    log = write_log(folder / "log.jsonl", records)
    sections = {
        "checks": {"path": str(folder / "checks.csv")},
        "match": {"calibration_rounds": 4, "bootstraps": 20},
        "rank": {"edits_per_gap": 1},
    }
    first = run_small(site, [log], folder / "run", **sections)
    table = draw_sample(first, folder / "checks.csv", 50).table
    chosen = {row["query_id"]: read_truth(row["text"]) for row in table.to_dict("records")}
    save_choices(folder / "checks.csv", chosen)
    second = run_small(site, [log], folder / "run", **sections)
    save_analysis(second, folder / "run")
    return first, load_analysis(folder / "run"), chosen


def test_the_share_of_checks_and_the_headline_hold_the_truth(runs):
    _, second, chosen = runs
    checked = second.about.question_check
    assert checked["n_checks"] == len(chosen) == 50
    assert checked["is_combined"] is True
    assert checked["low"] <= 0.5 <= checked["high"]
    assert second.about.covered["low"] <= 0.5 <= second.about.covered["high"]


def test_covered_moves_to_the_checks_with_a_narrower_interval(runs):
    first, second, _ = runs
    before, after = first.about.covered, second.about.covered
    assert abs(after["value"] - 0.5) < abs(before["value"] - 0.5)
    assert after["high"] - after["low"] < before["high"] - before["low"]
    share = second.about.question_check["share"]
    assert after["value"] == pytest.approx(1 - share, abs=0.005)


def test_checked_questions_have_the_coverage_that_was_read(runs):
    _, second, chosen = runs
    coverage = second.coverage.set_index("query_id")["coverage"]
    for query_id, choice in chosen.items():
        assert coverage[query_id] == pytest.approx(float(choice == "answered"))
