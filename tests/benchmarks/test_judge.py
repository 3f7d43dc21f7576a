"""The benchmark of the judge: which claims it reads, and that its figures are those counted by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.judge import _decide, _kappa, make_similarity, measure_judge, read_claims, run_judge
from coverage_kit.measure.judge.rubrics import read_rubrics
from tests.encoder import WordEncoder

PAGE = "https://a.example/page"


def write_set(folder, n_queries=12):
    """A set in which claims told by their passage are Complete, and others are not; one is N/A, one cites no known page."""
    answers, passages, qrels = [], [], []
    for number in range(n_queries):
        url = f"{PAGE}{number}"
        claims = [
            {
                "claim": f"The Heron {number} carries {number + 2} heavy children uphill [1].",
                "support": "Complete",
            },
            {
                "claim": f"Rain spoils saddles of kind {number} quickly [1].",
                "support": "Incomplete",
            },
            {"claim": "Nobody knows [1].", "support": "N/A"},
            {"claim": "It stands elsewhere [2].", "support": "Complete"},
        ]
        text = (
            f"The Heron {number} carries {number + 2} heavy children uphill. It is built in Kendal."
        )
        answers.append(
            {
                "query_id": f"q{number}",
                "engine": "e",
                "claims_json": json.dumps(claims),
                "citations": [url, "https://b.example"],
            }
        )
        passages.append({"doc_id": url, "section_id": f"{url}#1", "text": text})
        qrels.append({"query_id": f"q{number}", "section_id": f"{url}#1"})
    for name, rows in {"responses": answers, "passages": passages, "qrels": qrels}.items():
        pd.DataFrame(rows).to_parquet(folder / f"{name}.parquet")
    return folder


def test_claims_are_those_that_people_judged_and_whose_passages_are_there(tmp_path):
    claims = read_claims(write_set(tmp_path, 2))
    assert [(one.item.item_id, one.label) for one in claims] == [
        ("q0-0", 1),
        ("q0-1", 0),
        ("q1-0", 1),
        ("q1-1", 0),
    ]
    assert claims[0].item.parts["source"].startswith("The Heron 0 carries 2")


def test_a_judge_that_agrees_with_people_has_an_auc_of_one_and_all_the_same_one_half(tmp_path):
    claims = read_claims(write_set(tmp_path))
    report = measure_judge(
        claims, make_similarity(WordEncoder(), claims), read_rubrics()["faithful-to-source"]
    )
    assert (report["n_claims"], report["n_queries"], report["share_supported"]) == (24, 12, 0.5)
    assert report["plain judge"]["auc"] == {"value": 1, "low": 1, "high": 1}
    assert report["plain judge"]["kappa"]["value"] == 1
    assert report["all the same"]["auc"]["value"] == 0.5
    assert report["verdicts"] == {"supported, people: 1": 12, "unsupported, people: 0": 12}


def test_what_was_found_is_kept_for_the_package(tmp_path, capsys):
    known = tmp_path / "benchmarked.toml"
    report = run_judge(write_set(tmp_path), WordEncoder(), known)
    assert report["plain judge"]["is_used"]
    assert 'judge = "plain@1"\n' in known.read_text(encoding="utf-8")
    assert "used: it meets every mark." in capsys.readouterr().out


def test_kappa_is_cohens():
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed .7, by chance .5 * .6 + .5 * .4 = .5
    decided = np.repeat([1.0, 1.0, 0.0, 0.0], [20, 5, 10, 15])
    labels = np.repeat([1.0, 0.0, 1.0, 0.0], [20, 5, 10, 15])
    assert _kappa(decided, labels) == pytest.approx(0.4)


def test_a_threshold_is_found_on_other_questions_than_it_is_used_on():
    rng = np.random.default_rng(0)
    labels, grades = rng.integers(0, 2, 400).astype(float), rng.random(400)
    queries = np.array([f"q{n // 4}" for n in range(400)])
    assert abs(_kappa(_decide(grades, labels, queries), labels)) < 0.15
