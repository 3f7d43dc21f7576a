import hypothesis
import pandas as pd
import pytest

from coverage_kit.match.model import SiteModel
from coverage_kit.pipeline import coverage
from coverage_kit.pipeline.analyze import analyze
from coverage_kit.settings import read_settings
from coverage_kit.tables import PASSAGES, QUERIES
from tests.encoder import WordEncoder
from tests.world import write_project

# No deadline: the time that an example takes depends on how busy the machine is.
hypothesis.settings.register_profile("busy", deadline=None)
hypothesis.settings.load_profile("busy")

TOPICS = {
    "brakes": ["brake pads wear", "hydraulic brakes squeal", "brake lever bleed", "brake disc rub"],
    "tyres": ["tyre pressure load", "puncture tyre repair", "tyre tread wear", "tube valve tyre"],
    "battery": [
        "battery charge hours",
        "battery winter range",
        "battery lifespan cycles",
        "battery storage charge",
    ],
    "delivery": [
        "delivery van days",
        "delivery cost island",
        "delivery assembly box",
        "delivery slot choose",
    ],
}


@pytest.fixture(scope="session")
def sample_project(tmp_path_factory):
    """Path of the sample project's coverage.toml, in a folder of this session."""
    return write_project(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def sample_run(sample_project):
    """The analysis of the sample, run once, and the model with which its edits were simulated."""
    models = []

    def keep_model(*arguments, **keywords):
        models.append(SiteModel(*arguments, **keywords))
        return models[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coverage, "SiteModel", keep_model)
        return analyze(read_settings(sample_project)), models[-1]


@pytest.fixture(scope="session")
def sample_analysis(sample_run):
    """The analysis of the sample; every test of the session uses the same."""
    return sample_run[0]


@pytest.fixture(scope="session")
def sample_model(sample_run):
    """The fitted model of the sample, which predicts coverage after passages change."""
    return sample_run[1]


@pytest.fixture
def encoder():
    return WordEncoder()


@pytest.fixture
def passages():
    """Two sites: `ours` has brakes, tyres and battery; `theirs` has all four topics."""
    rows = []
    for site, topics in (("ours", ["brakes", "tyres", "battery"]), ("theirs", list(TOPICS))):
        for topic in topics:
            for position, words in enumerate(TOPICS[topic]):
                page = f"{site}/{topic}"
                rows.append(
                    {
                        "passage_id": f"{page}#{position}",
                        "page_id": page,
                        "site": site,
                        "position": position,
                        "heading_path": f"{topic} > {words}",
                        "text": f"{words} of a {topic} explained by {site}",
                        "n_words": 8,
                    }
                )
    return PASSAGES.table(rows)


@pytest.fixture
def queries():
    """Three queries on each subject; those on delivery are gaps of the site `ours`."""
    rows = []
    for topic, subjects in TOPICS.items():
        for number, words in enumerate(subjects):
            for style, text in enumerate(
                (f"how about {words}", f"{words} please", f"my {topic}: {words}?")
            ):
                query_id = f"q-{topic}-{number}-{style}"
                rows.append({"query_id": query_id, "text": text, "demand": 1.0 + style})
    return QUERIES.table(rows)


@pytest.fixture
def is_gap(queries) -> pd.Series:
    return queries["query_id"].str.contains("delivery")
