import json
import re
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks import __main__ as command
from benchmarks.gaps import (
    SCORERS,
    auc,
    average_precision,
    baseline_evidence,
    group_auc,
    main_tasks,
    measure_gaps,
    missed_floors,
)
from benchmarks.sets import data_folder, has_natural_gaps, natural_trial, planted_trial, read_set
from coverage_kit.embed.encoders import SentenceTransformerEncoder
from coverage_kit.errors import SchemaError
from tests.encoder import WordEncoder

EVERYONE = np.ones((1, 4))
N_PAGES, N_UNDOCUMENTED = 12, 6


def made_up() -> dict[str, pd.DataFrame]:
    """A site of twelve pages, three sections each, with two questions a section, and 24 others.

    The 24 questions are on subjects that the site leaves out.
    """
    subjects = [
        (page, section)
        for page in range(N_PAGES + N_UNDOCUMENTED)
        for section in range(3 if page < N_PAGES else 2)
    ]
    words = {
        key: f"subject{key[0]} part{key[0]}x{key[1]} detail{key[0]}x{key[1]}" for key in subjects
    }
    passages = [
        {
            "doc_id": f"page{page}",
            "section_id": f"page{page}#{section}",
            "title": f"subject{page}",
            "heading_path": f"subject{page} > part{page}x{section}",
            "text": f"{words[page, section]} is told here, number {section}",
        }
        for page, section in subjects
        if page < N_PAGES
    ]
    queries = [
        {
            "query_id": f"q{page}-{section}-{style}",
            "text": f"{opening} part{page}x{section} {ending} subject{page}",
            "topic": f"topic{page}",
            "answerable": page < N_PAGES,
            "words": words[page, section],
            "doc_id": f"page{page}",
            "section_id": f"page{page}#{section}",
        }
        for page, section in subjects
        for style, (opening, ending) in enumerate(
            (("how do I use", "on my"), ("what is", "of the"))
        )
    ]
    query_table = pd.DataFrame(queries)
    qrels = query_table.loc[query_table["answerable"], ["query_id", "doc_id", "section_id"]].assign(
        relevance=1
    )
    responses = query_table[["query_id"]].assign(
        engine="made-up", response_text="One should know that " + query_table["words"] + " matters."
    )
    return {
        "passages": pd.DataFrame(passages),
        "queries": query_table[["query_id", "text", "topic", "answerable"]],
        "qrels": qrels,
        "responses": responses,
    }


def write(folder: Path, tables: dict[str, pd.DataFrame]) -> Path:
    folder.mkdir()
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet")
    return folder


@pytest.fixture
def tables():
    return made_up()


@pytest.fixture
def run(tmp_path, capsys):
    """The command with a made-up encoder and a seed: exit status, figures, and output."""

    def run(*arguments):
        path = tmp_path / "figures.json"
        options = [
            "--seeds",
            "1",
            "--share",
            "0.25",
            "--json",
            str(path),
            "--cache",
            str(tmp_path / "vectors.sqlite"),
        ]
        status = command.main(["gaps", *options, *map(str, arguments)], WordEncoder())
        return status, json.loads(path.read_text()), capsys.readouterr()

    return run


def test_auc_and_average_precision_by_hand():
    evidence, is_gap = np.array([0.1, 0.35, 0.4, 0.8]), np.array([True, False, True, False])
    assert auc(evidence, is_gap, EVERYONE) == pytest.approx([3 / 4])
    assert average_precision(evidence, is_gap, EVERYONE) == pytest.approx([(1 + 2 / 3) / 2])


def test_a_tie_counts_half():
    assert auc(np.full(4, 0.5), np.array([True, False, True, False]), EVERYONE) == pytest.approx(
        [0.5]
    )


def test_auc_is_not_defined_where_a_resample_holds_no_gap():
    weights = np.array([[0.0, 2.0, 1.0, 1.0]])
    assert np.isnan(auc(np.arange(4.0), np.array([True, False, False, False]), weights)).all()


def test_weights_count_like_repeated_queries():
    rng = np.random.default_rng(0)
    evidence, is_gap = rng.integers(12, size=80) / 10, rng.random(80) < 0.3
    weights = rng.integers(3, size=(5, 80))
    for row, area, precision in zip(
        weights,
        auc(evidence, is_gap, weights),
        average_precision(evidence, is_gap, weights),
        strict=True,
    ):
        truth, score = np.repeat(is_gap, row), -np.repeat(evidence, row)
        assert area == pytest.approx(roc_auc_score(truth, score))
        assert precision == pytest.approx(average_precision_score(truth, score))


def test_group_auc_compares_the_mean_evidence_of_groups_in_which_most_are_gaps():
    evidence = np.array([0.2, 0.4, 0.5, 0.1, 0.9, 0.0])
    is_gap = np.array([True, True, False, False, False, True])
    groups = np.array([0, 0, 1, 2, 2, -1])  # means .3 (gap), .5, .5: both others lie above
    assert group_auc(evidence, is_gap, np.ones((1, 6)), groups, by_size=True) == pytest.approx([1])
    evidence[2] = (
        0.25  # group 1 falls below the gap, and holds one of three queries that are covered
    )
    assert group_auc(evidence, is_gap, np.ones((1, 6)), groups, by_size=True) == pytest.approx(
        [2 / 3]
    )
    assert group_auc(evidence, is_gap, np.ones((1, 6)), groups, by_size=False) == pytest.approx(
        [1 / 2]
    )


def test_baselines_start_from_the_encoders_own_cosines(tmp_path, tables):
    trial = natural_trial(read_set(write(tmp_path / "set", tables), WordEncoder()))
    cosines = np.sort(trial.query_vectors.vectors @ trial.passage_vectors.vectors.T, axis=1)[
        :, ::-1
    ]
    evidence = baseline_evidence(trial, 0)
    assert evidence["best_cosine"] == pytest.approx(cosines[:, 0], abs=1e-5)
    assert evidence["knn_10"] == pytest.approx(cosines[:, :10].mean(axis=1), abs=1e-5)
    assert evidence["nqc"] == pytest.approx(cosines[:, :50].std(axis=1), abs=1e-5)
    assert evidence["margin"] == pytest.approx(cosines[:, 0] - cosines[:, 1], abs=1e-5)
    assert evidence["bm25"][trial.is_gap].max() < evidence["bm25"][~trial.is_gap].min()


def test_a_query_is_a_planted_gap_when_nothing_judged_to_answer_it_is_left(tmp_path, tables):
    spare = {"query_id": "q0-0-0", "doc_id": "page7", "section_id": "page7#1", "relevance": 1}
    tables["qrels"] = pd.concat([tables["qrels"], pd.DataFrame([spare])])
    bench = read_set(write(tmp_path / "set", tables), WordEncoder())
    for seed in range(10):
        trial = planted_trial(bench, "page_id", 0.25, seed)
        left = set(trial.passages["page_id"])
        expected = [
            f"page{query_id[1:].split('-')[0]}" not in left
            and not (query_id == "q0-0-0" and "page7" in left)
            for query_id in trial.queries["query_id"]
        ]
        assert len(left) == 9
        assert trial.is_gap.tolist() == expected


def test_a_judgement_of_no_relevance_answers_nothing(tmp_path, tables):
    tables["qrels"]["relevance"] = (tables["qrels"]["query_id"] != "q0-0-0").astype(int)
    trial = planted_trial(
        read_set(write(tmp_path / "set", tables), WordEncoder()), "page_id", 0.25, 0
    )
    assert "q0-0-0" not in set(trial.queries["query_id"])
    assert "q0-0-1" in set(trial.queries["query_id"])


def test_figures_have_a_value_and_an_interval_for_every_task_scorer_and_metric(
    tmp_path, tables, run
):
    status, report, output = run("--set", write(tmp_path / "made-up", tables), "--share", "0.5")
    ranks = {"query_auc", "query_ap", "topic_auc"}
    assert status == 0
    assert set(report) == {"made-up", "made-up/natural"} | {
        f"made-up/{unit}{share}" for unit in ("pages", "sections") for share in ("", " 25%", " 50%")
    }
    for task, scorers in report.items():
        # the page that answered a question is only known of what was removed
        planted = set() if task in ("made-up", "made-up/natural") else {"page_auc"}
        of_ours = {"ece", "brier", "self_test_auc", "self_test_gaps"}
        assert tuple(scorers) == SCORERS
        # clusters have a figure only where some are gaps and some are not
        of_clusters = {"cluster_auc"}
        assert set(scorers["coverage_kit"]) - of_clusters == ranks | planted | of_ours
        assert set(scorers["bm25"]) - of_clusters == ranks | planted
        for figure in (figure for metrics in scorers.values() for figure in metrics.values()):
            assert set(figure) == {"value", "low", "high"}
            assert 0 <= figure["low"] <= figure["high"] <= 1
    assert report["made-up"] == report["made-up/natural"]
    assert report["made-up"]["random"]["gap_share"]["value"] == pytest.approx(0.25)
    halves = [
        report[f"made-up/pages {share}"]["bm25"]["query_auc"]["value"] for share in ("25%", "50%")
    ]
    assert report["made-up/pages"]["bm25"]["query_auc"]["value"] == pytest.approx(
        np.mean(halves), abs=1e-3
    )
    assert "made-up/pages 25%" in output.out


def test_figures_do_not_change_from_run_to_run(tmp_path, tables):
    tables["queries"] = tables["queries"][:72:9]
    bench = read_set(write(tmp_path / "set", tables), WordEncoder())
    assert measure_gaps(bench, (0.25,), 1) == measure_gaps(bench, (0.25,), 1)


def without(tables, name, *columns):
    tables[name] = tables[name].drop(columns=list(columns))


def number_of(query_id):
    return zlib.crc32(query_id.encode())


ODD_SETS = {
    "no title, heading or topic": lambda t: (
        without(t, "passages", "title", "heading_path"),
        without(t, "queries", "topic"),
    ),
    "no answerable": lambda t: without(t, "queries", "answerable"),
    "judged by page alone": lambda t: without(t, "qrels", "section_id", "relevance"),
    "judged by section alone": lambda t: without(t, "qrels", "doc_id"),
    "pages of one passage": lambda t: (
        without(t, "passages", "doc_id"),
        without(t, "qrels", "doc_id"),
    ),
    "passages without ids": lambda t: (
        without(t, "passages", "section_id"),
        without(t, "qrels", "section_id"),
    ),
    "judgements of what is not there": lambda t: t["qrels"].loc.__setitem__(
        (0, "section_id"), "page99#0"
    ),
    "some judged by page": lambda t: t["qrels"].loc.__setitem__((slice(0, 9), "section_id"), None),
    "repeated ids": lambda t: t.update(
        passages=pd.concat([t["passages"], t["passages"][:4]]),
        queries=pd.concat([t["queries"], t["queries"][:4]]),
    ),
    "empty and missing texts": lambda t: (
        t["passages"].loc.__setitem__((0, "text"), " "),
        t["passages"].loc.__setitem__((1, "text"), None),
        t["queries"].loc.__setitem__((0, "text"), ""),
        t["queries"].loc.__setitem__((slice(0, 9), "topic"), None),
    ),
    "numbers as ids": lambda t: t.update(
        {
            name: t[name].assign(query_id=t[name]["query_id"].map(number_of))
            for name in ("queries", "qrels")
        }
    ),
    "flags as words": lambda t: t["queries"].__setitem__(
        "answerable", t["queries"]["answerable"].map({True: "yes", False: "No"})
    ),
    "no judgement": lambda t: t.pop("qrels"),
}


@pytest.mark.parametrize("oddity", ODD_SETS)
def test_a_set_need_not_be_complete(oddity, tmp_path, tables):
    ODD_SETS[oddity](tables)
    bench = read_set(write(tmp_path / "odd", tables), WordEncoder())
    assert has_natural_gaps(bench.queries) == (oddity != "no answerable")
    assert bench.qrels["passage_id"].notna().any() == (
        oddity not in ("judged by page alone", "passages without ids", "no judgement")
    )
    natural, planted = natural_trial(bench), planted_trial(bench, "page_id", 0.4, 0)
    assert natural.is_gap.sum() == (0 if oddity == "no answerable" else 24)
    assert (planted is None) == (oddity == "no judgement")
    if planted:
        texts = dict(zip(bench.passages["page_id"], bench.passages["text"], strict=True))
        gone = [texts[page] for page in sorted(set(texts) - set(planted.passages["page_id"]))]
        topics = {re.search(r"subject\d+", text).group() for text in gone}
        expected = [text.split()[-1] in topics for text in planted.queries["text"]]
        if oddity != "pages of one passage":
            assert planted.is_gap.tolist() == expected


def test_a_set_odd_in_many_ways_is_measured(tmp_path, tables):
    for oddity in (
        "no title, heading or topic",
        "judged by page alone",
        "repeated ids",
        "numbers as ids",
    ):
        ODD_SETS[oddity](tables)
    report = measure_gaps(read_set(write(tmp_path / "odd", tables), WordEncoder()), (0.4,), 1)
    assert set(report) == {"odd", "odd/natural", "odd/pages", "odd/pages 40%"}
    assert "topic_auc" not in report["odd"]["coverage_kit"]


def test_a_set_of_a_few_queries_is_measured_without_a_self_test(tmp_path, tables):
    tables["queries"] = tables["queries"][:72:9]
    report = measure_gaps(read_set(write(tmp_path / "few", tables), WordEncoder()), (0.4,), 1)
    assert "few/natural" not in report
    assert 0 <= report["few/pages"]["coverage_kit"]["query_auc"]["value"] <= 1
    assert "self_test_auc" not in report["few/pages"]["coverage_kit"]


def test_a_set_too_small_for_any_planted_gap_says_so(tmp_path, tables):
    tables["queries"] = tables["queries"][:2]  # both asked of one section
    with pytest.raises(SchemaError, match="few: queries that lose their answer"):
        measure_gaps(read_set(write(tmp_path / "few", tables), WordEncoder()), (0.4,), 1)


UNUSABLE = {
    "passages.parquet: a Parquet table; found no such file": lambda t: t.pop("passages"),
    "queries.parquet: a Parquet table; found no such file": lambda t: t.pop("queries"),
    "passages.parquet: rows with columns text, section_id or doc_id": lambda t: without(
        t, "passages", "text"
    ),
    "qrels.parquet: rows with columns query_id, section_id or doc_id": lambda t: without(
        t, "qrels", "doc_id", "section_id"
    ),
    "found 0 rows": lambda t: t.update(queries=t["queries"][:0]),
    "two pages with text and ids; found 1": lambda t: t.update(passages=t["passages"][:3]),
    "two queries with text and ids; found 0": lambda t: t["queries"].__setitem__("text", ""),
    "rows repeat one. Make ids unique": lambda t: t["passages"].__setitem__("section_id", "s1"),
    "0 of 72 queries not answerable": lambda t: (
        t.pop("qrels"),
        t.update(queries=t["queries"][:72]),
    ),
    "Check that ids agree": lambda t: t.update(
        qrels=t["qrels"].assign(query_id="x"), queries=t["queries"][:72]
    ),
}


@pytest.mark.parametrize("trouble", UNUSABLE)
def test_a_set_that_cannot_be_used_is_named_with_its_trouble_before_anything_is_embedded(
    trouble, tmp_path, tables, encoder
):
    UNUSABLE[trouble](tables)
    with pytest.raises(SchemaError, match=re.escape(trouble)) as raised:
        read_set(write(tmp_path / "bad", tables), encoder)
    assert raised.value.where.startswith(str(tmp_path / "bad"))
    assert encoder.n_encoded == 0


def test_other_sets_are_measured_beside_one_that_cannot_be_used(tmp_path, tables, run):
    good = write(tmp_path / "good", {**tables, "queries": tables["queries"][:72:9]})
    bad = write(
        tmp_path / "bad", {name: table for name, table in tables.items() if name != "passages"}
    )
    status, report, output = run("--set", bad, "--set", good)
    assert status == 1
    assert "bad/passages.parquet: a Parquet table; found no such file" in output.err
    assert {"good", "good/pages"} <= set(report)


def test_a_file_that_is_not_parquet_is_named(tmp_path, tables):
    (write(tmp_path / "set", tables) / "qrels.parquet").write_text("query_id,doc_id\n")
    with pytest.raises(SchemaError, match=r"qrels\.parquet: a Parquet table; found"):
        read_set(tmp_path / "set", WordEncoder())


def test_what_answers_say_is_evidence_only_when_asked_for(tmp_path, tables):
    tables["queries"]["text"] = [
        f"please help with this, case {number}" for number in range(len(tables["queries"]))
    ]
    folder = write(tmp_path / "set", tables)
    with_answers = natural_trial(read_set(folder, WordEncoder(), with_answers=True))
    support = with_answers.scorer.features()[:, with_answers.scorer.names.index("answer_support")]
    assert auc(support, with_answers.is_gap, np.ones((1, 96))) > 0.95
    assert "answer_support" not in natural_trial(read_set(folder, WordEncoder())).scorer.names


def test_the_command_says_whether_answers_count(tmp_path, tables, run):
    tables["queries"] = tables["queries"][:72:3]
    folder = write(tmp_path / "set", tables)
    status, report, output = run("--set", folder, "--answers")
    assert status == 0
    assert "answers count as evidence; their citations do not" in output.err
    _, silent, output = run("--set", folder)
    assert "answers count" not in output.err
    assert report["set"]["coverage_kit"] != silent["set"]["coverage_kit"]
    # answers take part in clustering, and so in the figure of clusters
    for figures in (report, silent):
        figures["set"]["best_cosine"].pop("cluster_auc", None)
    assert report["set"]["best_cosine"] == silent["set"]["best_cosine"]
    (folder / "responses.parquet").unlink()
    assert "no responses.parquet, so no answers" in run("--set", folder, "--answers")[2].err


def test_a_set_stands_for_itself_by_natural_gaps_only_where_they_are_a_tenth_of_its_queries():
    def share(value):
        return {"random": {"gap_share": {"value": value}}}

    tasks = {
        task: share(0.2)
        for task in ("many/pages", "many/pages 5%", "many", "few/pages", "few/sections", "few")
    }
    report = tasks | {"many/natural": share(0.1), "few/natural": share(0.09)}
    assert main_tasks(report) == ["many/natural", "few/pages", "few/sections"]


def test_a_figure_below_its_floor_fails_the_check(tmp_path, tables, run, monkeypatch):
    tables["queries"] = tables["queries"][:72:9]
    folder = write(tmp_path / "set", tables)
    floors = tmp_path / "floors.json"
    monkeypatch.setattr(command, "FLOORS", floors)
    floors.write_text(
        json.dumps(
            {"set/pages": {"query_auc": 0, "over_best_cosine": -1, "ece": 1}, "other": {"ece": 0}}
        )
    )
    assert run("--set", folder, "--check")[0] == 0
    floors.write_text(
        json.dumps({"set/pages": {"query_auc": 1.1, "over_best_cosine": 1, "ece": -1}})
    )
    status, report, output = run("--set", folder, "--check")
    assert status == 1
    assert "set/pages: query_auc is" in output.err
    assert len(missed_floors(report, json.loads(floors.read_text()))) == 3
    assert run("--set", folder)[0] == 0


def test_coverage_separates_planted_gaps_better_than_the_best_cosine_on_a_part_of_a_public_set(
    tmp_path,
):
    """Every eighth page, and of each section the first forty words, so that a minute is enough."""
    folder = data_folder() / "doc2dial_val"
    if not folder.is_dir():
        pytest.skip(f"no public set at {folder}: set COVERAGE_KIT_BENCH_DATA")
    passages, queries, qrels = (
        pd.read_parquet(folder / f"{name}.parquet") for name in ("passages", "queries", "qrels")
    )
    pages = sorted(passages["doc_id"].unique())[::8]
    qrels = qrels[qrels["doc_id"].isin(pages)]
    short = passages["text"].str.split().str[:40].str.join(" ")
    tables = {
        "passages": passages.assign(text=short)[passages["doc_id"].isin(pages)],
        "queries": queries[queries["query_id"].isin(qrels["query_id"])],
        "qrels": qrels[["query_id", "doc_id"]],
    }
    report = measure_gaps(
        read_set(write(tmp_path / "gate", tables), SentenceTransformerEncoder()), (0.25,), 3
    )
    assert (
        missed_floors(
            {"gate": report["gate/pages"]}, json.loads(command.FLOORS.read_text(encoding="utf-8"))
        )
        == []
    )
