"""The loop on the sample: finish the first ten edits, apply them to a copy, run again and compare.

The comparison is between the predicted and the realised gains.
"""

import re

import pandas as pd
import pytest

from coverage_kit.pipeline.analyze import analyze
from coverage_kit.pipeline.published import find_published
from coverage_kit.report.edit_selection import list_changes, pick_edits
from coverage_kit.report.site_copy import write_site_copy
from coverage_kit.settings import read_settings
from coverage_kit.tasks.predictions import calibrate_predictions, compare_predictions
from tests.world import DATA, write_project

HEADING_SLOT = re.compile(r"\[WORDS NEEDED: a heading for “(?P<question>[^”]*)”\]")
SLOT = re.compile(r"\[(?:FACT|SOURCE|WORDS) NEEDED:[^\[\]]*\]")


def finish(changes, facts):
    """Return changes as an editor publishes them: checked facts are where slots were."""
    checked = facts[facts["text"].notna()].groupby("edit_id")["text"].agg(list).to_dict()
    texts = []
    for row in changes.to_dict("records"):
        after = row["after"]
        if isinstance(after, str) and SLOT.search(after):
            words = iter(checked.get(row["edit_id"], []))
            after = HEADING_SLOT.sub(r"\g<question>", after)
            after = SLOT.sub(lambda slot: next(words, ""), after)  # noqa: B023 (used at once)
            after = "\n\n".join([after, *words])
        texts.append(after)
    return changes.assign(after=pd.Series(texts, index=changes.index, dtype="str"))


@pytest.fixture(scope="module")
def comparison(sample_analysis, sample_project, tmp_path_factory):
    folder = tmp_path_factory.mktemp("loop")
    changes = finish(
        list_changes(sample_analysis, pick_edits(sample_analysis, top=10)), sample_analysis.facts
    )
    results = write_site_copy(
        DATA / "larkmoor",
        sample_analysis.pages,
        sample_analysis.passages,
        changes,
        folder / "larkmoor",
    )
    assert (results["status"] == "applied").all()
    settings = read_settings(write_project(folder, folder / "larkmoor"))
    second_analysis = analyze(
        settings.model_copy(update={"cache": str(sample_project.parent / "cache")})
    )
    own_passages = [
        run.passages[run.passages["site"] == run.about.own_site]
        for run in (sample_analysis, second_analysis)
    ]
    published = find_published(sample_analysis.changes, *own_passages)
    return (
        changes,
        published,
        compare_predictions(sample_analysis, second_analysis, published, ("before", "after")),
    )


def test_the_edits_that_were_made_are_found_on_the_pages(comparison):
    changes, published, _ = comparison
    applied = set(changes["edit_id"])
    detected = set(published.loc[published["is_published"], "edit_id"])
    assert len(applied & detected) >= 9
    assert len(detected - applied) <= 2


def test_most_realised_gains_lie_in_their_stated_intervals(comparison):
    calibration = calibrate_predictions(comparison[2].predictions)
    assert calibration.n >= 9
    assert calibration.share_of_within >= 0.8
    assert 0.6 < calibration.ratio < 1.4
    assert calibration.spearman > 0.5
