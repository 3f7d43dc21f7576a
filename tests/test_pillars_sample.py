"""The audit on the sample site: every planted fault is found at its place, and sound pages are left alone."""

import pandas as pd
import pytest

from coverage_kit.collect.outline import outline_pages
from coverage_kit.collect.statements import collect_statements
from coverage_kit.collect.urls import page_id
from coverage_kit.measure.consistency import find_disagreements
from coverage_kit.measure.pillars.audit import CHECKS, audit_pages
from coverage_kit.measure.pillars.check_associations import CitedLog, measure_checks
from coverage_kit.measure.pillars.site import SiteTables
from tests.world import DATA

OWN = "larkmoor.example"
MOST_FALSE = 0.05


@pytest.fixture(scope="module")
def faults():
    table = pd.read_csv(DATA / "truth/faults.csv")
    return table.assign(page_id=[page_id(f"https://www.{OWN}/{page}") for page in table["page"]])


@pytest.fixture(scope="module")
def audited(sample_analysis):
    pages = sample_analysis.pages[sample_analysis.pages["site"] == OWN]
    statements = collect_statements(pages, sample_analysis.answers, ("Larkmoor",))
    taken = (
        "passages",
        "gaps",
        "queries",
        "coverage",
        "clusters",
        "answers",
        "citations",
        "mentions",
    )
    site = SiteTables(
        OWN,
        sample_analysis.pages,
        outlines=outline_pages(pages),
        names=("Larkmoor",),
        this_year=2026,
        statements=statements,
        disagreements=find_disagreements(statements),
        **{name: getattr(sample_analysis, name) for name in taken},
    )
    return audit_pages(site)


def test_every_planted_fault_is_found_at_its_place(audited, faults):
    _, findings = audited
    found = [
        (
            (findings["page_id"] == row["page_id"])
            & (findings["check"] == row["check"])
            & findings["place"].str.endswith(row["place"])
        ).any()
        for row in faults.to_dict("records")
    ]
    assert len(faults) >= 25
    assert all(found), faults.loc[[not one for one in found], ["page", "check", "place"]].to_dict(
        "records"
    )


def test_sound_pages_are_left_alone(audited, faults):
    """Of pairs of a page and a check that holds no fault, and of pages without any fault, at most 5% raise an alarm."""
    audits, _ = audited
    told = audits[audits["outcome"].isin(["passed", "failed"])]
    faulty = set(zip(faults["page_id"], faults["check"], strict=True))
    sound = told[[pair not in faulty for pair in zip(told["page_id"], told["check"], strict=True)]]
    pages = (
        sound[~sound["page_id"].isin(faults["page_id"])]
        .groupby("page_id")["outcome"]
        .agg(lambda outcomes: "failed" in set(outcomes))
    )
    assert len(sound) > 800
    assert len(pages) >= 20
    assert (sound["outcome"] == "failed").mean() <= MOST_FALSE
    assert pages.mean() <= MOST_FALSE


def test_every_check_but_those_of_goods_that_the_sample_lacks_has_a_fault_planted(faults):
    without = {check.name for check in CHECKS} - set(faults["check"])
    assert without == {
        "asked_words",
        "main_heading",
        "section_length",
        "organisation",
        "third_parties",
        "shown_dates",
    }


def test_what_each_check_shows_on_the_log_is_told_for_all_of_them(audited, sample_analysis):
    audits, _ = audited
    log = CitedLog(
        sample_analysis.answers, sample_analysis.citations, sample_analysis.coverage, page_id
    )
    checks = measure_checks(audits, log).set_index("check")
    assert list(checks.index) == [check.name for check in CHECKS]
    assert checks.loc["stale_years", "reading"].startswith("too few pages to tell")
    assert checks.loc["dated_pages", "reading"].startswith("shows nothing on this log")
    assert checks.loc["dated_pages", "low"] < 0 < checks.loc["dated_pages", "high"]
