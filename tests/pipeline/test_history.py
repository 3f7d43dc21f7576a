from dataclasses import replace

import pytest

from coverage_kit.llm.costs import open_ledger
from coverage_kit.pipeline import history
from coverage_kit.pipeline.history import add_costs, finish_run, list_figures, list_questions
from coverage_kit.settings import make_settings
from coverage_kit.usage import Spent


@pytest.fixture
def run(sample_analysis, tmp_path):
    """The sample's analysis, of a project with a cache of its own."""
    settings = {**sample_analysis.about.settings, "cache": str(tmp_path / "cache")}
    return replace(sample_analysis, about=replace(sample_analysis.about, settings=settings))


def better(run, by=0.1):
    """Return the run with a slightly higher coverage of each query."""
    return replace(
        run, coverage=run.coverage.assign(coverage=(run.coverage["coverage"] + by).clip(upper=1.0))
    )


def test_the_history_of_the_first_run_is_that_run_and_no_previous_run(run):
    finished = finish_run(run)
    assert finished.previous.empty
    assert set(finished.history["run"]) == {1}
    values = finished.history.set_index(["measure", "part"])["value"]
    queries = run.queries.merge(run.coverage, on="query_id")
    assert values["coverage", "all"] == pytest.approx(
        (queries["coverage"] * queries["demand"]).sum() / queries["demand"].sum()
    )
    rates = run.visibility[
        (run.visibility["split_by"] == "all") & (run.visibility["site"] == "larkmoor.example")
    ]
    own_rates = (
        rates.loc[rates["measure"] == "citation_rate", "value"].dropna().sort_values().tolist()
    )
    assert own_rates
    assert sorted(
        finished.history.loc[finished.history["measure"] == "citation_rate", "value"]
    ) == pytest.approx(own_rates)


def test_a_run_with_the_same_figures_is_not_a_new_run(run):
    first = finish_run(run)
    again = finish_run(run)
    assert again.history.equals(first.history)
    assert again.previous.empty
    assert first.about.same_as is None
    assert again.about.same_as == first.history["at"].iloc[0].isoformat()


def test_a_later_run_holds_the_coverage_of_the_run_before_it(run):
    finish_run(run)
    finish_run(better(run))
    third = finish_run(better(run, 0.2))
    assert sorted(set(third.history["run"])) == [1, 2, 3]
    coverage = third.previous.set_index("query_id")["coverage"]
    assert coverage.to_dict() == pytest.approx(
        better(run).coverage.set_index("query_id")["coverage"].to_dict()
    )
    assert finish_run(better(run, 0.2)).previous.equals(third.previous)


def test_a_run_that_returns_to_earlier_figures_is_a_new_run(run):
    finish_run(run)
    finish_run(better(run))
    assert sorted(set(finish_run(run).history["run"])) == [1, 2, 3]


@pytest.mark.parametrize("other", [{"encoder": "another@1"}, {"own_site": "other.example"}])
def test_another_encoder_or_site_is_another_series(run, other):
    finish_run(run)
    finished = finish_run(replace(better(run), about=replace(run.about, **other)))
    assert set(finished.history["run"]) == {1}
    assert finished.previous.empty


def test_other_match_settings_are_another_series(run):
    finish_run(run)
    match = {**run.about.settings["match"], "unanswered_share": 0.5}
    other_match = replace(run.about, settings={**run.about.settings, "match": match})
    assert finish_run(replace(better(run), about=other_match)).previous.empty


def test_a_changed_copy_is_another_series(run, tmp_path):
    finish_run(run)
    site = {**run.about.settings["site"], "source": str(tmp_path / "copy")}
    copy = replace(
        better(run), about=replace(run.about, settings={**run.about.settings, "site": site})
    )
    assert finish_run(copy).previous.empty


def test_a_history_that_cannot_be_read_is_set_aside_and_starts_again(run, tmp_path, caplog):
    finish_run(run)
    (file,) = tmp_path.rglob("*.runs.parquet")
    file.write_bytes(b"torn")
    finished = finish_run(better(run))
    assert set(finished.history["run"]) == {1}
    assert "history: cannot be read" in caplog.text
    assert len(list(tmp_path.rglob("*.unreadable-*"))) == 8
    later = finish_run(better(run, 0.2))
    assert set(later.history["run"]) == {1, 2}


def test_questions_are_remembered_with_the_name_of_their_gap(run):
    questions = list_questions(run)
    assert len(questions) == len(run.queries)
    gap = run.gaps.iloc[0]
    members = run.clusters.loc[run.clusters["cluster_id"] == gap["cluster_id"], "query_id"]
    assert set(questions.loc[questions["query_id"].isin(members), "label"]) == {gap["label"]}


def test_a_run_without_answers_has_figures_of_coverage_alone(run):
    bare = replace(run, visibility=run.visibility.head(0))
    figures = list_figures(bare, 1, history.datetime.now(history.UTC))
    assert set(figures["measure"]) == {"coverage", "severe_gaps", "planned_minutes", "planned_gain"}


def test_costs_are_those_of_the_projects_ledger(run):
    assert add_costs(run).costs.empty
    open_ledger(make_settings(run.about.settings, where="test")).add(
        "runs/a", "judge", "model-x", Spent(n_calls=3)
    )
    assert add_costs(run).costs["n_calls"].tolist() == [3]
    assert finish_run(run).costs["model"].tolist() == ["model-x"]
