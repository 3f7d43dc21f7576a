import pytest

from coverage_kit.errors import EncoderError
from coverage_kit.pipeline import grouping
from coverage_kit.pipeline.analyze import analyze
from coverage_kit.report.run_summary import describe_run
from coverage_kit.settings import make_settings
from tests.encoder import WordEncoder

SUBJECTS = [
    "brake pads",
    "tyre tread",
    "battery range",
    "delivery slots",
    "saddle height",
    "chain wear",
    "light beams",
]


@pytest.fixture
def project(tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    for number, subject in enumerate(SUBJECTS[:5]):
        (site / f"p{number}.md").write_text(
            f"# Page {number}\n\n## All on {subject}\n\nThe {subject} of every model are fine."
        )
    queries = [
        f"are the {subject} of model {n} {word}"
        for n in range(9)
        for subject in SUBJECTS
        for word in ("fine", "ok")
    ]
    rows = [f"{query},{1 + (number % 3)}" for number, query in enumerate(queries)]
    (tmp_path / "log.csv").write_text("query,demand\n" + "\n".join(rows))
    values = {
        "site": {"source": str(site)},
        "log": {"files": [str(tmp_path / "log.csv")]},
        "cache": str(tmp_path / "cache"),
    }
    return make_settings(
        values | {"match": {"calibration_rounds": 4, "bootstraps": 20, "max_queries": 100}}
    )


def with_max_queries(settings, n):
    return settings.model_copy(
        update={"match": settings.match.model_copy(update={"max_queries": n})}
    )


def test_near_duplicates_are_grouped_when_queries_are_too_many_and_none_is_lost(project, tmp_path):
    analysis = analyze(project, WordEncoder())
    groups, queries = analysis.groups, analysis.queries
    assert len(groups) == analysis.about.n_queries_read == 126
    assert len(queries) <= 100
    assert set(groups["group_id"]) == set(queries["query_id"])
    assert queries["demand"].sum() == groups["demand"].sum() == 42 * (1 + 2 + 3)
    assert set(analysis.coverage["query_id"]) == set(queries["query_id"])
    sums = groups.groupby("group_id")["demand"].sum()
    assert queries.set_index("query_id")["demand"].to_dict() == sums.to_dict()
    assert f"126 distinct queries in {len(queries)} groups" in describe_run(analysis, tmp_path)


def test_few_queries_stay_as_they_are(project):
    analysis = analyze(with_max_queries(project, 126), WordEncoder())
    assert analysis.groups.empty
    assert len(analysis.queries) == 126


def test_without_static_vectors_the_encoder_makes_the_groups_and_the_log_says_so(
    project, monkeypatch, caplog
):
    def missing(model):
        raise EncoderError(
            "static vectors",
            "the library model2vec",
            "no such library",
            'pip install "coverage_kit[large]"',
        )

    monkeypatch.setattr(grouping, "StaticEncoder", missing)
    monkeypatch.setattr("coverage_kit.parallel.work_plan.open_encoder", lambda match: WordEncoder())
    assert len(analyze(with_max_queries(project, 62)).queries) <= 62
    assert "coverage_kit[large]" in caplog.text


def test_static_vectors_are_not_distilled_to_save_a_few_queries(project, monkeypatch):
    monkeypatch.setattr(grouping, "StaticEncoder", lambda model: pytest.fail("distilled"))
    monkeypatch.setattr("coverage_kit.parallel.work_plan.open_encoder", lambda match: WordEncoder())
    assert len(analyze(with_max_queries(project, 63)).queries) <= 63
