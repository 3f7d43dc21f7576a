"""Citation prediction on a tiny generated set: six sites on six topics, each cited for the questions on its own topic."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import __main__ as command
from benchmarks.citation_sets import cited_urls, read_citation_set, site_of
from benchmarks.citations import MIN_CITED, Trial, measure_citations
from coverage_kit.errors import SchemaError
from tests.encoder import WordEncoder

TOPICS = ["brake", "tyre", "battery", "saddle", "helmet", "light"]
WORDS = ["wear", "price", "size", "repair", "winter", "noise", "choice", "clean", "age", "weight"]


def site(topic):
    return f"{topic}.example.org"


@pytest.fixture
def tables():
    """Ten questions a topic, two answers each: one cites the topic's site, the other a site without passages too."""
    passages = [
        {
            "section_id": f"{topic}-{word}",
            "url": f"https://www.{site(topic)}/{word}",
            "title": topic,
            "text": f"{topic} {word} help",
        }
        for topic in TOPICS
        for word in WORDS[:6]
    ]
    queries = [
        {"query_id": f"{topic}-{word}", "text": f"which {topic} {word}"}
        for topic in TOPICS
        for word in WORDS
    ]
    answers = [
        {"query_id": row["query_id"], "engine": engine, "citations": cited}
        for row in queries
        for topic, word in [row["query_id"].split("-")]
        for engine, cited in (
            ("a", [f"http://{site(topic)}/{word}"]),
            ("b", [f"https://{site(topic)}/", "https://else.org/x"]),
        )
    ]
    return {
        name: pd.DataFrame(rows)
        for name, rows in zip(
            ("passages", "queries", "responses"), (passages, queries, answers), strict=True
        )
    }


@pytest.fixture
def write(tmp_path):
    def write_set(tables, name="set"):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for table, rows in tables.items():
            rows.to_parquet(folder / f"{table}.parquet")
        return folder

    return write_set


@pytest.fixture
def run(tmp_path, capsys):
    def run_command(*folders):
        out = tmp_path / "figures.json"
        sets = [part for folder in folders for part in ("--set", str(folder))]
        arguments = [
            "citations",
            *sets,
            "--json",
            str(out),
            "--cache",
            str(tmp_path / "vectors.sqlite"),
        ]
        status = command.main(arguments, WordEncoder())
        return status, json.loads(out.read_text(encoding="utf-8")), capsys.readouterr()

    return run_command


def read(folder):
    return read_citation_set(folder, WordEncoder())


def shuffled(tables, seed=0):
    order = np.random.default_rng(seed).permutation(len(tables["queries"]))
    other = dict(
        zip(
            tables["queries"]["query_id"],
            tables["queries"]["query_id"].to_numpy()[order],
            strict=True,
        )
    )
    return tables | {
        "responses": tables["responses"].assign(query_id=tables["responses"]["query_id"].map(other))
    }


def test_the_command_writes_figures_of_every_scorer_in_the_common_form(tables, write, run):
    status, report, said = run(write(tables))
    assert status == 0
    assert set(report) == {"set", "set/unseen"}
    scorers = {
        "coverage_kit",
        "coverage_kit_content",
        "record",
        "best_cosine",
        "margin",
        "bm25",
        "random",
    }
    assert {frozenset(task) for task in report.values()} == {frozenset(scorers)}
    for task in report.values():
        for metrics in task.values():
            figure = metrics["within_site_auc"]
            assert set(figure) == {"value", "low", "high"}
            assert 0 <= figure["low"] <= figure["high"] <= 1
    ours, cosine = (
        report["set"][name]["within_site_auc"]["value"] for name in ("coverage_kit", "best_cosine")
    )
    assert ours > 0.95
    assert cosine > 0.9
    assert report["set"]["coverage_kit"]["n_sites"]["value"] == 6
    assert report["set"]["coverage_kit"]["over_best_cosine"]["value"] == pytest.approx(
        ours - cosine
    )
    assert "set/unseen: AUC" in said.out


def test_outcomes_that_were_permuted_leave_every_scorer_at_a_half(tables, write):
    figures = [measure_citations([read(write(shuffled(tables, seed)))])["set"] for seed in range(3)]
    for name in ("coverage_kit", "coverage_kit_content", "best_cosine", "record"):
        assert np.mean(
            [figure[name]["within_site_auc"]["value"] for figure in figures]
        ) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("has_record", [True, False])
def test_a_prediction_does_not_look_at_the_citations_of_its_query_nor_its_model_at_the_site(
    tables, write, has_record
):
    trial = Trial(read(write(tables)), is_seen=True, seed=0)
    row, column = 7, 2
    in_fold = trial.fold == trial.fold[row]
    cited, expected = trial.bench.n_cited, trial._predict(has_record)[row, column]

    def predicted():
        trial.bench.n_citations[:] = 1 + cited.sum(axis=1)
        trial.is_cited = trial.bench.is_cited[:, trial.sites]
        return trial._predict(has_record)[row, column]

    cited[in_fold] = np.random.default_rng(0).permutation(cited[in_fold])
    if not has_record:
        cited[:, trial.sites[column]] = np.random.default_rng(1).permutation(
            cited[:, trial.sites[column]]
        )
    assert predicted() == pytest.approx(expected, abs=1e-9)
    cited[~in_fold] = np.random.default_rng(0).permutation(cited[~in_fold])
    assert predicted() != pytest.approx(expected, abs=1e-3)


def test_unseen_hides_pages_that_a_folds_queries_brought_in(tables, write):
    bench = read(write(tables))
    is_brake = bench.queries["query_id"].str.startswith("brake-").to_numpy()
    assert set(bench.passages["site"][bench.brought_by(is_brake)]) == {site("brake")}
    assert bench.brought_by(is_brake).sum() == 6
    assert not bench.brought_by(~is_brake & False).any()


def test_several_sets_are_also_judged_by_each_other(tables, write, run):
    _, report, _ = run(write(tables), write(tables, "other"))
    assert report["other"]["coverage_kit_other_sets"]["within_site_auc"]["value"] > 0.9
    assert report["set"]["best_cosine"] == report["other"]["best_cosine"]


def test_the_same_set_gives_the_same_figures(tables, write):
    assert measure_citations([read(write(tables))]) == measure_citations([read(write(tables))])


def test_citations_are_read_however_they_are_written(tables, write):
    plain = read(write(tables))
    styles = [
        json.dumps,
        np.array,
        lambda urls: json.dumps([{"url": url, "title": "x"} for url in urls]),
    ]
    for number, style in enumerate(styles):
        answers = tables["responses"].assign(citations=tables["responses"]["citations"].map(style))
        again = read(write(tables | {"responses": answers}, f"style{number}"))
        assert np.array_equal(again.n_cited, plain.n_cited)
    assert (
        cited_urls(float("nan")) == cited_urls("[broken") == cited_urls(7) == cited_urls("") == []
    )
    assert site_of("") == site_of("localhost") == ""


def test_what_is_missing_is_left_out(tables, write):
    passages, answers = tables["passages"], tables["responses"].copy()
    passages = passages.assign(domain=[f"www.{site(name)}" for name in passages["title"]]).drop(
        columns="url"
    )
    passages.loc[0, "text"] = None
    answers.loc[0, "citations"] = None
    answers.loc[len(answers)] = {
        "query_id": "nobody",
        "engine": "a",
        "citations": ["https://brake.example.org"],
    }
    bench = read(write({"passages": passages, "queries": tables["queries"], "responses": answers}))
    assert len(bench.passages) == len(passages) - 1
    assert bench.n_cited.sum() == 2 * 60 - 1
    assert bench.n_citations.sum() == 3 * 60 - 1
    assert bench.n_answers.sum() == 120
    assert set(measure_citations([bench])) == {
        "set"
    }  # without URLs nobody knows which page was brought in by whom


@pytest.mark.parametrize(
    ("table", "change", "message"),
    [
        (
            "responses",
            lambda rows: rows.drop(columns="citations"),
            "responses.parquet: rows with columns query_id, citations",
        ),
        ("passages", lambda rows: rows.drop(columns="url"), "Add domain or url"),
        ("passages", lambda rows: rows.drop(columns="text"), "Add text"),
        ("queries", lambda rows: rows[:0], "0 rows"),
        ("queries", lambda rows: rows[:1], "two queries"),
        ("passages", lambda rows: rows[:6], "passages with text of two sites"),
        (
            "responses",
            lambda rows: rows.assign(citations=None),
            "answers that cite sites with passages",
        ),
    ],
)
def test_tables_that_cannot_be_used_say_where_and_what_to_do(tables, write, table, change, message):
    with pytest.raises(SchemaError, match=message):
        read(write(tables | {table: change(tables[table])}))


def test_a_set_that_cannot_be_used_fails_the_command_but_not_the_other_sets(tables, write, run):
    few = tables | {"queries": tables["queries"][::10]}
    missing = write(tables, "missing")
    (missing / "responses.parquet").unlink()
    status, report, said = run(write(few, "few"), missing, write(tables))
    assert status == 1
    assert set(report) == {"set", "set/unseen"}
    assert f"cited for {MIN_CITED} queries" in said.err
    assert "no such file" in said.err
