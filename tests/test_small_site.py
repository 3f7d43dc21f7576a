"""A small site with half of its questions unanswered: the list holds them, whatever is assumed."""

import pytest

from coverage_kit.pipeline.analyze import analyze
from coverage_kit.settings import make_settings
from coverage_kit.vocabulary import TO_CLOSE
from tests.sites.climbing_hall import list_questions, write_climbing_hall


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("climbing")
    site, log = write_climbing_hall(folder)
    return {
        "out": str(folder / "run"),
        "cache": str(folder / "cache"),
        "site": {"source": str(site), "base_url": "https://gritstone.example"},
        "log": {"files": [str(log)]},
    }


@pytest.fixture(scope="module", params=[0.0, 0.05, 0.3, 0.5, 0.8])
def listed(request, project):
    """The share of each topic's questions that are in the list of gaps to close."""
    match = {"unanswered_share": request.param}
    analysis = analyze(make_settings({**project, "match": match}, where="the test"))
    frame = analysis.queries.merge(analysis.clusters, on="query_id").merge(
        analysis.gaps[["cluster_id", "listing"]], on="cluster_id"
    )
    frame = frame.merge(list_questions(), left_on="text", right_on="query")
    frame["is_listed"] = frame["listing"] == TO_CLOSE
    return frame.groupby(["is_answered", "topic"])["is_listed"].mean()


def test_the_list_holds_what_is_unanswered(listed):
    unanswered = listed[False]
    assert len(unanswered) == 10
    assert (unanswered >= 0.5).sum() >= 8, unanswered.sort_values()


def test_the_list_holds_little_that_is_answered(listed):
    answered = listed[True]
    assert len(answered) == 10
    assert (answered >= 0.5).sum() <= 2, answered.sort_values()
