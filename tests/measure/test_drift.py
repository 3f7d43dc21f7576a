import math

import pandas as pd
import pytest

from coverage_kit.measure.before_after import Treatment
from coverage_kit.measure.drift import measure_drift
from coverage_kit.tables import ANSWERS, CITATIONS

SITE = "own"
AT = pd.Timestamp("2025-03-10", tz="UTC")


def ask(query, before, after, **fields):
    """Return answers to a query, a day apart.

    Each is given by the sites that it cites, a letter each; '-' where it did not search.
    """
    days = [(-len(before) + n, sites) for n, sites in enumerate(before)] + list(enumerate(after))
    defaults = {"engine": "e", "surface": "api", "model": "m1", "text": ""} | fields
    return [
        {
            "query_id": query,
            "asked_at": AT + pd.Timedelta(days=day),
            "has_searched": sites != "-",
            "sites": sites.strip("-"),
        }
        | defaults
        for day, sites in days
    ]


def measure(queries, clusters=None, treated=("t",), kind="cited"):
    rows = [
        {"answer_id": f"a{n}"} | row
        for n, row in enumerate(row for rows in queries for row in rows)
    ]
    cited = [
        {
            "answer_id": row["answer_id"],
            "position": n,
            "url": f"{site}/p",
            "site": SITE if site == "o" else site,
            "kind": kind,
        }
        for row in rows
        for n, site in enumerate(row["sites"])
    ]
    answers = ANSWERS.table(rows).drop(columns="sites") if rows else ANSWERS.empty()
    clusters = clusters or {
        row["query_id"]: "t" if row["query_id"].startswith("t") else "u" for row in rows
    }
    return measure_drift(
        answers, CITATIONS.table(cited), Treatment(SITE, "", clusters, treated, AT)
    )


def rows_of(*queries, **fields):
    return measure(queries, **fields).set_index("sign")


def test_signs_by_hand_each_query_weighing_the_same():
    drifts = rows_of(ask("q1", ["oa", "a"], ["oo", "o"]), ask("q2", ["-", "-", "-", "-"], ["ab"]))
    values = drifts[["before", "after"]]
    assert values.loc["own_citation_rate"].tolist() == [0.25, 0.5]
    assert values.loc["searched_rate"].tolist() == [0.5, 1.0]
    assert values.loc["citations_per_answer"].tolist() == [0.75, 1.75]
    assert drifts["n_prompts"].to_dict()["own_citation_rate"] == 2


def test_new_sites_are_compared_with_the_earlier_half_of_the_time_before():
    drifts = rows_of(ask("q1", ["ab", "a", "ac", "cd"], ["abxy", "xx"])).loc["share_of_new_sites"]
    assert drifts["before"] == pytest.approx(3 / 4)  # of a, c, c, d, the earlier half has a
    assert drifts["after"] == pytest.approx(4 / 6)


def test_sites_are_new_to_the_query_on_its_engine_not_to_the_log():
    queries = [
        ask("q1", ["a", "a"], ["b"]),
        ask("q2", ["b", "b"], ["b"]),
        ask("q1", ["b", "b"], ["b"], engine="f"),
    ]
    drifts = measure(queries).set_index(["engine", "sign"])
    assert drifts.loc[("e", "share_of_new_sites"), "after"] == 0.5
    assert drifts.loc[("f", "share_of_new_sites"), "after"] == 0


def test_queries_whose_halves_cite_nothing_or_are_one_answer_say_nothing_of_new_sites():
    queries = [
        ask("q1", ["a"], ["b"]),
        ask("q2", ["", "a"], ["b"]),
        ask("q3", ["a", "a"], [""]),
        ask("q4", ["a", "a"], ["a"]),
    ]
    drifts = rows_of(*queries)
    assert drifts.loc["share_of_new_sites", "n_prompts"] == 1
    assert drifts.loc["own_citation_rate", "n_prompts"] == 4


def test_interval_and_p_by_hand():
    drifts = rows_of(
        *(ask(f"q{n}", [""], [sites]) for n, sites in enumerate(("a", "ab", "abc")))
    ).loc["citations_per_answer"]
    half = 4.302653 * 1 / math.sqrt(3)  # t of 2 degrees of freedom
    assert (drifts["low"], drifts["high"]) == pytest.approx((2 - half, 2 + half))
    assert drifts["p"] == 2 / 8


def test_treated_queries_say_nothing_of_drift():
    drifts = rows_of(ask("t1", ["", ""], ["o", "o"]), ask("q1", ["", ""], ["", ""]))
    assert drifts.loc["own_citation_rate", ["before", "after"]].tolist() == [0, 0]


def test_an_engine_that_stops_citing_has_changed_and_one_that_varies_has_not():
    gone = rows_of(*(ask(f"q{n}", ["oa", "oa"], ["a", "a"]) for n in range(12)))
    assert gone.loc["own_citation_rate", "verdict"] == "down"
    assert gone.loc["searched_rate", "verdict"] == "no clear change"
    assert "where nothing of ours was changed" in gone.loc["own_citation_rate", "reason"]
    defaults = rows_of(*(ask(f"q{n}", ["oa", "a"], ["a", "oa"]) for n in range(12)))
    assert (defaults["verdict"].drop("model") == "no clear change").all()


def test_p_is_corrected_within_an_engine():
    """Six queries that all fall give p = 2/64.

    Alone that would be a verdict, among the engine's other signs it is not.
    """
    drifts = rows_of(*(ask(f"q{n}", ["oa", "oa"], ["aa", "aa"]) for n in range(6)))
    assert drifts.loc["own_citation_rate", "p"] == 2 / 64
    assert drifts.loc["own_citation_rate", "verdict"] == "no clear change"


def test_models_are_compared_by_name():
    assert rows_of(ask("q1", ["a"], ["a"])).loc["model", "verdict"] == "the same"
    changed = rows_of(ask("q1", ["a"], ["a"]), ask("q1", [], ["a"], model="m2")).loc["model"]
    assert changed["verdict"] == "changed"
    assert changed["reason"] == "changed: m1 before, m1, m2 after"
    unknown = rows_of(ask("q1", ["a"], ["a"], model=None)).loc["model"]
    assert unknown["verdict"] == "no clear change"
    assert "no model logged before" in unknown["reason"]


def test_engines_and_surfaces_are_never_pooled():
    drifts = measure(
        [
            ask("q1", ["o"], ["a"]),
            ask("q1", ["a"], ["o"], surface=None),
            ask("q1", ["a"], [], engine="f"),
        ]
    )
    drifts = drifts[drifts["sign"] == "own_citation_rate"].set_index(["engine", "surface"])
    assert drifts["after"].dropna().to_dict() == {("e", "api"): 0, ("e", "unknown"): 1}
    assert drifts.loc[("f", "api"), "n_prompts"] == 0


def test_without_untreated_queries_or_answers_rows_have_a_reason_and_no_values():
    drifts = rows_of(ask("t1", ["o"], ["a"])).drop("model")
    assert drifts[["before", "after", "low", "p"]].isna().all(axis=None)
    assert drifts["reason"].str.contains("no question on unchanged pages").all()
    assert rows_of().empty


def test_retrieved_pages_are_no_citations():
    assert (
        rows_of(ask("q1", ["o"], ["o"]), kind="retrieved").loc["citations_per_answer", "after"] == 0
    )
