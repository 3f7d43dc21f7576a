"""The audit on the sample site finds every planted fault and raises few false alarms."""

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
# Largest share of false alarms among sound pages and checks (assumed).
MAX_FALSE_SHARE = 0.05


@pytest.fixture(scope="module")
def faults():
    table = pd.read_csv(DATA / "truth/faults.csv")
    return table.assign(page_id=[page_id(f"https://www.{OWN}/{page}") for page in table["page"]])


@pytest.fixture(scope="module")
def audited(sample_analysis):
    pages = sample_analysis.pages[sample_analysis.pages["site"] == OWN]
    statements = collect_statements(pages, sample_analysis.answers, ("Larkmoor",))
    table_names = (
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
        **{name: getattr(sample_analysis, name) for name in table_names},
    )
    return audit_pages(site)


def test_every_planted_fault_is_found_where_it_was_planted(audited, faults):
    _, findings = audited
    is_found = [
        (
            (findings["page_id"] == row["page_id"])
            & (findings["check"] == row["check"])
            & findings["place"].str.endswith(row["place"])
        ).any()
        for row in faults.to_dict("records")
    ]
    assert len(faults) >= 25
    missed = faults.loc[[not is_fault_found for is_fault_found in is_found]]
    assert missed.empty, missed[["page", "check", "place"]].to_dict("records")


def test_sound_pages_are_left_alone(audited, faults):
    """At most 5% of the checks that should pass, and of pages without a fault, raise an alarm."""
    audits, _ = audited
    assessed = audits[audits["outcome"].isin(["passed", "failed"])]
    faulty = set(zip(faults["page_id"], faults["check"], strict=True))
    pairs = zip(assessed["page_id"], assessed["check"], strict=True)
    sound = assessed[[pair not in faulty for pair in pairs]]
    pages = (
        sound[~sound["page_id"].isin(faults["page_id"])]
        .groupby("page_id")["outcome"]
        .agg(lambda outcomes: "failed" in set(outcomes))
    )
    assert len(sound) > 800
    assert len(pages) >= 20
    assert (sound["outcome"] == "failed").mean() <= MAX_FALSE_SHARE
    assert pages.mean() <= MAX_FALSE_SHARE


def test_every_check_has_a_planted_fault_except_those_that_the_sample_cannot_fail(faults):
    without_fault = {check.name for check in CHECKS} - set(faults["check"])
    assert without_fault == {
        "asked_words",
        "main_heading",
        "section_length",
        "organisation",
        "third_parties",
        "shown_dates",
    }


def test_every_check_has_a_reading_of_what_it_shows_on_the_log(audited, sample_analysis):
    audits, _ = audited
    log = CitedLog(
        sample_analysis.answers, sample_analysis.citations, sample_analysis.coverage, page_id
    )
    checks = measure_checks(audits, log).set_index("check")
    assert list(checks.index) == [check.name for check in CHECKS]
    assert checks.loc["stale_years", "reading"].startswith("too few pages to tell")
    assert checks.loc["dated_pages", "reading"].startswith("shows nothing on this log")
    assert checks.loc["dated_pages", "low"] < 0 < checks.loc["dated_pages", "high"]
