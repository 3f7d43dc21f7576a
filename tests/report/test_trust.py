"""What readers see of the self-test, of the level of coverage and of checks."""

from dataclasses import replace

import lxml.html
import openpyxl
import pandas as pd
import pytest

from coverage_kit.analysis import About
from coverage_kit.headline import summarize
from coverage_kit.report.engine_names import with_engine_names
from coverage_kit.report.gap_lists import list_gaps
from coverage_kit.report.level import describe_answered, describe_estimate, describe_level
from coverage_kit.report.page import render_page
from coverage_kit.report.page_data.overview import _list_tiles, describe_rates_note
from coverage_kit.report.page_data.trend import list_own_rates
from coverage_kit.report.run_summary import describe_run
from coverage_kit.report.trust import (
    RELIABLE,
    describe_self_test,
    is_coverage_reliable,
    predicted_under,
    rate_trust,
)
from coverage_kit.report.wording import percent
from coverage_kit.report.workbook import write_workbook
from coverage_kit.tables import QUESTION_CHECKS

TEST = {
    "auc": 0.62,
    "low": 0.57,
    "high": 0.66,
    "ece": 0.05,
    "n_queries": 300,
    "n_hidden": 90,
    "auc_pages": 0.68,
    "auc_gaps": 0.64,
    "certainty": 0.87,
}
WIDE = {"value": 0.68, "low": 0.5, "high": 0.853}
CHECK = {
    "n_checks": 4,
    "share": 0.38,
    "low": 0.3,
    "high": 0.46,
    "alone_share": 0.4,
    "alone_low": 0.28,
    "alone_high": 0.49,
    "is_combined": True,
    "correlation": 0.5,
    "auc": 0.8,
    "auc_low": 0.68,
    "auc_high": 0.9,
    "auc_gaps": 0.84,
}
# What a person chose of four questions.
CHOICES = ("answered", "partly", "partly", "not our subject")


def checks(choices=CHOICES, checked_by="person"):
    return [
        {
            "query_id": f"q{n}",
            "text": f"question {n}",
            "choice": choice,
            "checked_by": checked_by,
            "stratum": "1",
            "probability": 0.5,
            "draw": 1,
        }
        for n, choice in enumerate(choices)
    ]


def with_level(analysis, rows=(), **facts):
    about = replace(analysis.about, self_test=TEST, covered=WIDE, **facts)
    return replace(analysis, about=about, question_checks=QUESTION_CHECKS.table(list(rows)))


@pytest.mark.parametrize(
    ("self_test", "is_reliable"),
    [
        ({"auc": 0.55, "auc_gaps": 0.60}, True),
        ({"auc": 0.90, "auc_gaps": 0.59}, False),
        ({"auc": 0.69, "auc_gaps": float("nan")}, False),
        ({"auc": 0.70, "auc_gaps": None}, True),
        ({"auc": 0.69}, False),
        (None, False),
    ],
)
def test_reliability_goes_by_the_figure_per_gap_where_there_is_one(self_test, is_reliable):
    about = About(self_test=self_test)
    assert is_coverage_reliable(about) is is_reliable
    assert ("cannot detect gaps well" in describe_self_test(about)) is not is_reliable


def test_predictions_carry_the_figure_per_gap():
    about = About(encoder="minilm", self_test=TEST)
    assert predicted_under(about) == "predicted under model minilm, self-test AUC per gap 0.64"


def test_both_figures_are_described_with_their_bias_and_what_they_count():
    text = describe_self_test(About(self_test=TEST))
    assert "AUC 0.62 (90% interval 0.57 to 0.66) per question" in text
    assert "and AUC 0.64 per gap" in text
    assert "Both figures are biased low: real figures are mostly higher." in text
    assert "two independent searches, by meaning and by words, agree (87%)" in text
    assert "biased" not in describe_self_test(About(self_test={**TEST, "certainty": 1.0}))


def test_an_encoder_that_cannot_read_the_texts_is_a_sentence_with_its_cure(analysis, tmp_path):
    retrievers = {"meaning": 0.0, "words": 0.4, "agreement": 0.01, "low": -0.02}
    blind = with_level(analysis, retrievers=retrievers)
    assert "coverage rests on words alone. The cure is" in describe_self_test(blind.about)
    assert "cannot read these texts" in describe_run(blind, tmp_path)
    reading = with_level(analysis, retrievers={**retrievers, "meaning": 0.5})
    assert "cannot read" not in describe_run(reading, tmp_path)


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({}, "Not enough to tell"),
        ({"self_test": {**TEST, "auc_gaps": 0.5}}, "Not enough to tell"),
        ({"self_test": TEST, "covered": WIDE}, "Use with care"),
        ({"self_test": TEST, "covered": {**WIDE, "high": 0.79}}, "Reliable"),
        ({"self_test": TEST, "retrievers": {"meaning": 0.0}}, "Use with care"),
        ({"self_test": {"auc": 0.8}}, "Reliable"),
    ],
)
def test_the_verdict_follows_the_figure_per_gap_and_the_width_of_the_level(facts, word):
    assert rate_trust(About(**facts)).word == word


def test_without_checks_the_interval_comes_first_and_the_command_names_the_run(analysis):
    lines = describe_level(with_level(analysis), "runs/demo")
    assert lines == [
        "Your site answers 50 to 85% of what is asked (90% interval; estimate 68%). Check 40 "
        "questions (about 12 minutes) to know more: coverage-kit sample runs/demo"
    ]
    assert describe_level(with_level(analysis))[0].endswith("coverage-kit sample RUN")
    named = with_level(analysis, settings={"out": "runs/my shop"})
    assert describe_level(named)[0].endswith("coverage-kit sample 'runs/my shop'")


def test_drawn_questions_are_to_be_filled_in_not_drawn_again(analysis):
    line = describe_level(with_level(analysis, checks([None, None])))[0]
    assert "Check the 2 drawn questions (about 1 minute) to know more: fill in" in line
    assert "coverage-kit sample" not in line


def test_checks_say_the_share_its_intervals_and_that_coverage_was_set_to_it(analysis):
    rows = [*checks(), *checks(["answered"], "model-x")]
    text = "\n".join(describe_level(with_level(analysis, rows, question_check=CHECK)))
    assert text.startswith(
        "4 questions checked by people: 38% not answered (90% interval 30 to 46%; by the checks "
        "alone 28 to 49%). Coverage was set to the level that the checks show.\n"
        "People chose: 1 answered, 0 not answered; 2 partly (each counts as half); 1 not our "
        "subject (each counts as not answered). The share also uses the tool's own coverage"
    )
    assert "Your site answers 50 to 85% of what is asked (90% interval; estimate 68%).\n" in text
    assert "AUC 0.80 (90% interval 0.68 to 0.90), 0.84 per gap" in text
    assert text.endswith(
        "1 question checked by model-x: 1 answered, 0 partly, 0 not answered, 0 not our subject "
        "(draw 1); not used for the level."
    )
    assert "Check " not in text
    assert "Run again" not in text


def test_checks_that_are_not_combined_or_all_alike_say_so(analysis):
    check = {**CHECK, "is_combined": False, "auc": None, "auc_gaps": None}
    text = "\n".join(describe_level(with_level(analysis, checks(), question_check=check)))
    assert "(90% interval 30 to 46%). Coverage was set" in text
    assert "rests on the checks alone" in text
    assert "people found all of them answered, or none" in text


@pytest.mark.parametrize("check", [None, {**CHECK, "n_checks": 2}])
def test_checks_made_after_the_run_are_not_in_its_figures(analysis, check):
    text = "\n".join(describe_level(with_level(analysis, checks(), question_check=check)))
    assert "Not all checks are in these figures. Run again" in text
    assert "coverage-kit sample" not in text


def test_the_share_that_is_assumed_is_not_named_where_checks_set_the_level(analysis):
    assumed = with_level(analysis, unanswered_share=0.4)
    assert "set match.unanswered_share" in describe_self_test(assumed.about)
    checked = with_level(analysis, unanswered_share=0.4, question_check=CHECK)
    assert "unanswered_share" not in describe_self_test(checked.about)


def test_the_page_has_a_short_box_of_trust_with_the_figures_behind_it(analysis):
    page = lxml.html.document_fromstring(render_page(with_level(analysis)))
    (box,) = page.get_element_by_id("trust").xpath("div")
    assert box.get("class") == "box"
    shown = [paragraph.text_content() for paragraph in box.findall("p")]
    assert shown[0].startswith("Use with care.")
    assert shown[1].startswith("Your site answers 50 to 85% of what is asked")
    assert "AUC 0.64 per gap" in box.find("details").text_content()
    assert page.xpath("//*[@class='chip care']/text()") == ["Use with care"]
    tile = page.xpath("//div[@class='tile'][dt='Answered']")[0]
    assert tile.findall("dd")[0].text == "50% to 85%"
    assert "estimate 68%" in tile.text_content()


def test_page_of_a_checked_run_says_what_set_the_level(analysis):
    run = with_level(analysis, checks(), question_check=CHECK)
    page = lxml.html.document_fromstring(render_page(run))
    tile = page.xpath("//div[@class='tile'][dt='Answered']")[0]
    assert "set by 4 checked questions" in tile.text_content()
    trust = page.get_element_by_id("trust")
    assert "38% not answered" in trust.xpath("div/p")[1].text_content()


def test_the_workbooks_summary_says_level_and_trust(analysis, tmp_path):
    run = with_level(analysis, checks(), question_check=CHECK)
    path = write_workbook(run, tmp_path / "gaps.xlsx")
    summary = openpyxl.load_workbook(path, read_only=True)["summary"]
    rows = [[cell for cell in row if cell] for row in summary.iter_rows(values_only=True)]
    figures = {row[0]: row[1:] for row in rows if row}
    assert figures["covered"][0] == "50 to 85%"
    assert figures["covered"][1].startswith("4 questions checked by people: 38% not answered")
    assert figures["covered: estimate"][0] == pytest.approx(0.68)
    assert any(str(name).startswith("How far to trust it: Use with care. ") for name in figures)


def test_the_terminal_says_the_level_before_the_self_test(analysis, tmp_path):
    lines = describe_run(with_level(analysis), tmp_path, is_verbose=True).splitlines()
    assert lines[1].startswith("Use with care. ")
    (level,) = [n for n, line in enumerate(lines) if line.startswith("Your site answers 50 to 85%")]
    assert lines[level].endswith(f"coverage-kit sample {tmp_path}")
    (test,) = [n for n, line in enumerate(lines) if line.startswith("Self-test: ")]
    assert test > level
    assert lines[test].startswith(
        "Self-test: AUC 0.62 [0.57, 0.66] per question, 0.64 per gap, calibration error 0.050."
    )
    assert "cannot detect gaps" not in "\n".join(lines)


def test_without_verbose_the_terminal_shows_no_statistics(analysis, tmp_path):
    summary = describe_run(with_level(analysis), tmp_path)
    for word in ("AUC", "calibration", "Citation model", "Peak memory", "texts embedded"):
        assert word not in summary
    assert summary.endswith("with --verbose.")


def test_tiles_of_rates_name_the_engines_between_which_they_lie(analysis):
    tiles = {tile["word"]: tile for tile in _list_tiles(analysis, summarize(analysis))}
    rates = sorted(
        (float(row["value"]), row["series"]) for row in list_own_rates(analysis, "citation_rate")
    )
    cited = tiles["Cited"]
    assert cited["figure"] == f"{percent(rates[0][0])} to {percent(rates[-1][0])}"
    assert f"{rates[0][1]} least, {rates[-1][1]} most" in cited["note"]
    assert cited["note"].endswith("; few prompts")


def test_the_overview_says_that_questions_which_name_the_brand_are_counted_separately(
    analysis, empty
):
    note = describe_rates_note(analysis)
    assert note.startswith(
        "How often answers cite or name you is counted for questions that do not"
    )
    assert describe_rates_note(empty) == ""


def test_a_wide_range_is_in_percent_and_questions_are_also_counted_one_by_one(analysis):
    wide = with_level(analysis)
    assert "answers between 50% and 85% of what" in describe_answered(wide.about, summarize(wide))
    n_open = int(list_gaps(wide)["n_open"].sum())
    assert f"counts them, {n_open} of " in describe_estimate(wide)[1]
    assert not any(line.startswith(RELIABLE) for line in describe_estimate(wide))


def test_an_engine_whose_surface_is_missing_keeps_its_makers_spelling():
    logged = pd.DataFrame({"engine": ["chatgpt"], "surface": [None]})
    rates = pd.DataFrame({"engine": ["chatgpt", "chatgpt"], "surface": ["unknown", None]})
    assert list(with_engine_names(rates, logged)["series"]) == ["ChatGPT", "ChatGPT"]
