import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from coverage_kit.measure.before_after import Treatment, _read_verdict, measure_change
from coverage_kit.tables import ANSWERS, CITATIONS, MENTIONS

SITE = "own.example"
AT = pd.Timestamp("2025-03-10", tz="UTC")


def ask(query, before, after, **fields):
    """Return answers to a query, a day apart, before and after the change.

    '1' cites the site, '0' does not.
    """
    hits = [(-len(before) + n, hit) for n, hit in enumerate(before)] + list(enumerate(after))
    defaults = {"engine": "e", "surface": "api", "text": "words", "has_searched": True} | fields
    return [
        {"query_id": query, "asked_at": AT + pd.Timedelta(days=day), "hit": hit == "1"} | defaults
        for day, hit in hits
    ]


def tables(*queries, kind="cited"):
    rows = [
        {"answer_id": f"a{n}"} | row
        for n, row in enumerate(row for rows in queries for row in rows)
    ]
    answers = ANSWERS.table(rows).drop(columns="hit") if rows else ANSWERS.empty()
    cited = [
        {
            "answer_id": row["answer_id"],
            "position": n,
            "url": f"{site}/p",
            "site": site,
            "kind": kind,
        }
        for row in rows
        for n, site in enumerate(("third.example", SITE))
        if site != SITE or row["hit"]
    ]
    return answers, CITATIONS.table(cited), MENTIONS.empty()


def treat(clusters, *treated, **fields):
    """A treatment of these clusters: 'a: q1 q2, b: q3' names clusters and their queries."""
    memberships = (membership.split(":") for membership in clusters.split(","))
    by_query = {
        query: cluster.strip() for cluster, queries in memberships for query in queries.split()
    }
    return Treatment(
        **{"site": SITE, "brand": "", "clusters": by_query, "treated": treated, "changed_at": AT}
        | fields
    )


def measure(queries, treatment, **fields):
    return measure_change(*tables(*queries, **fields), treatment).set_index("group")


def on_engines(queries, *names):
    return [[row | {"engine": name} for row in rows] for name in names for rows in queries]


def many(n_treated, n_clusters, move, drift=0, n_prompts=8, n_answers=10):
    """Return clusters of queries that half of the answers before cite.

    In `move` more of the answers after the treated are cited, and in `drift` more all are.
    """
    queries, clusters = [], {}
    for cluster in range(n_clusters):
        for prompt in range(n_prompts):
            query = f"q{cluster}-{prompt}"
            hits = n_answers // 2 + (prompt + cluster) % 3 - 1
            moved = hits + drift + (move if cluster < n_treated else 0) + (prompt * cluster) % 2
            queries.append(ask(query, *("1" * n + "0" * (n_answers - n) for n in (hits, moved))))
            clusters[query] = f"c{cluster}"
    return queries, Treatment(SITE, "", clusters, {f"c{n}" for n in range(n_treated)}, AT)


def test_rates_differences_and_effect_by_hand():
    queries = [
        ask("q1", "10", "11"),
        ask("q2", "0000", "1"),
        ask("q3", "1", "10"),
        ask("q4", "1", "11"),
    ]
    verdicts = measure(queries, treat("a: q1 q2, b: q3 q4", "a"))
    row = verdicts.loc["a"]
    assert (row["before"], row["after"], row["difference"]) == (
        0.25,
        1.0,
        0.75,
    )  # q2 weighs as much as q1
    assert (row["drift"], row["effect"]) == (-0.25, 1.0)
    assert (row["n_prompts"], row["n_before"], row["n_after"]) == (2, 6, 3)
    untreated = verdicts.loc["untreated"]
    assert (untreated["before"], untreated["after"], untreated["effect"]) == (1.0, 0.75, -0.25)
    assert math.isnan(untreated["drift"])
    assert verdicts["is_treated"].to_dict() == {"treated": True, "untreated": False, "a": True}


def test_only_queries_answered_both_before_and_after_are_compared():
    queries = [
        ask("q1", "0", "1"),
        ask("q2", "1111", ""),
        ask("q3", "", "1111"),
        ask("q4", "0", "0"),
    ]
    row = measure(queries, treat("a: q1 q2 q3, b: q4", "a")).loc["a"]
    assert (row["n_prompts"], row["before"], row["after"]) == (1, 0.0, 1.0)


def test_a_query_asked_before_on_one_engine_and_after_on_another_is_not_compared():
    queries = [
        ask("q1", "1", ""),
        ask("q1", "", "1", engine="f"),
        ask("q1", "0", "", surface="scrape"),
    ]
    verdicts = measure_change(*tables(*queries), treat("a: q1", "a"))
    assert set(zip(verdicts["engine"], verdicts["surface"], strict=True)) == {
        ("e", "api"),
        ("f", "api"),
        ("e", "scrape"),
    }
    assert (verdicts["n_prompts"] == 0).all()


def test_engines_and_surfaces_are_never_pooled():
    queries = [
        ask("q1", "0", "1"),
        ask("q1", "1", "0", surface=None),
        ask("q1", "1", "1", engine="f"),
    ]
    verdicts = measure_change(*tables(*queries), treat("a: q1", "a"))
    verdicts = verdicts[verdicts["group"] == "a"].set_index(["engine", "surface"])["difference"]
    assert verdicts.to_dict() == {("e", "api"): 1, ("e", "unknown"): -1, ("f", "api"): 0}


def test_an_answer_at_the_time_of_the_change_is_after_and_the_windows_end():
    queries = [ask("q1", "1", "0"), ask("q1", "0" * 3, "1" * 3)]
    row = measure(queries, treat("a: q1", "a", window_days=2)).loc["a"]
    assert (row["n_before"], row["n_after"]) == (3, 3)
    queries = [ask("q1", "1", "")]
    verdicts = measure(queries, treat("a: q1", "a", changed_at=AT - pd.Timedelta(days=1)))
    assert "none before the change" in verdicts.loc["a", "reason"]


@pytest.mark.parametrize(
    "changed_at",
    [
        dt.date(2025, 3, 10),
        dt.datetime(2025, 3, 10),
        dt.datetime(2025, 3, 10, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))),
    ],
)
def test_a_day_or_a_time_without_zone_is_utc(changed_at):
    assert treat("a: q1", changed_at=changed_at).at == AT


def test_branded_queries_and_queries_without_a_cluster_are_left_out():
    queries = [ask("q1", "0", "0"), ask("brand", "0", "1"), ask("q9", "0", "1")]
    row = measure(queries, treat("a: q1 brand", "a", branded={"brand"})).loc["a"]
    assert (row["n_prompts"], row["difference"]) == (1, 0)


def test_a_cluster_is_treated_where_half_of_its_queries_are():
    queries = treat("a: q1 q2, b: q3 q4 q5, c: q6", "q1", "q3").find_queries().set_index("query_id")
    assert queries["is_treated"].to_dict() == {
        "q1": True,
        "q2": True,
        "q4": False,
        "q5": False,
        "q6": False,
    }
    assert "q3" not in queries.index  # its page was changed: it is no control


def test_retrieved_pages_are_no_citations():
    verdicts = measure([ask("q1", "0", "1")], treat("a: q1", "a"), kind="retrieved")
    assert verdicts.loc["a", "after"] == 0


def test_answers_without_a_time_do_not_count():
    answers, citations, mentions = tables(ask("q1", "00", "11"))
    answers.loc[0, "asked_at"] = pd.NaT
    row = (
        measure_change(answers, citations, mentions, treat("a: q1", "a"))
        .set_index("group")
        .loc["a"]
    )
    assert (row["n_before"], row["n_after"]) == (1, 2)


def test_mentions_are_counted_where_words_or_mentions_are_logged():
    answers, citations, _ = tables(ask("q1", "000", "000"))
    answers["text"] = [" \n", "words", "", "words", "", "words"]
    mention_rows = [{"answer_id": name, "brand": "Own", "position": 0} for name in ("a2", "a3")]
    other = [{"answer_id": "a4", "brand": "Other", "position": 0}]
    verdicts = measure_change(
        answers, citations, MENTIONS.table(mention_rows + other), treat("a: q1", "a", brand="Own")
    )
    row = verdicts[verdicts["measure"] == "mention_rate"].set_index("group").loc["a"]
    assert (row["n_before"], row["before"]) == (2, 1 / 2)
    assert (row["n_after"], row["after"]) == (3, pytest.approx(1 / 3))


def test_without_an_untreated_cluster_it_may_be_the_engine():
    queries, treatment = many(8, 8, 4)
    verdicts = measure(queries, treatment)
    assert verdicts.loc["treated", "effect"] == verdicts.loc["treated", "difference"] > 0.3
    assert (verdicts["verdict"] == "no clear change").all()
    assert verdicts["p"].isna().all()
    assert (
        "no untreated cluster shows whether the engine moved" in verdicts.loc["treated", "reason"]
    )


def test_what_moves_with_the_engine_is_no_change_of_ours():
    verdicts = measure(*many(6, 12, 0, drift=4))
    assert (verdicts[verdicts["is_treated"]]["verdict"] == "no clear change").all()
    assert verdicts.loc["untreated", "verdict"] == "up"
    assert "without any change of ours" in verdicts.loc["untreated", "reason"]


@pytest.mark.parametrize(("move", "verdict"), [(4, "up"), (-4, "down")])
def test_a_large_move_of_the_treated_is_detected(move, verdict):
    verdicts = measure(*many(6, 12, move))
    assert (verdicts[verdicts["is_treated"]]["verdict"] == verdict).all()
    row = verdicts.loc["treated"]
    assert row["effect"] == pytest.approx(move / 10, abs=0.06)
    assert row["low"] < row["effect"] < row["high"]
    assert row["reason"].startswith(f"{verdict}: 48 prompts moved by")


def test_all_treated_are_corrected_over_engines_and_measures_and_so_are_the_untreated():
    queries, treatment = many(6, 12, 1)
    still = [ask("q0-0", "0", "0", engine="g"), ask("q11-0", "0", "0", engine="g")]
    verdicts = measure_change(
        *tables(*on_engines(queries, "e", "f"), *still), replace(treatment, brand="Own")
    )
    for group in ("treated", "untreated"):
        rows = verdicts[
            (verdicts["group"] == group) & (verdicts["measure"] == "citation_rate")
        ].set_index("engine")
        assert rows["p_holm"][["e", "f"]].to_list() == pytest.approx(
            np.minimum(2 * rows["p"][["e", "f"]], 1)
        )
    mention_rows = verdicts[
        (verdicts["measure"] == "mention_rate")
        & (verdicts["group"] == "treated")
        & (verdicts["engine"] != "g")
    ]
    assert (
        mention_rows["p_holm"] == 1
    ).all()  # never named: no test, so nothing is corrected for it
    one = measure(queries, treatment).loc["treated"]
    first_row = verdicts[(verdicts["group"] == "treated") & (verdicts["engine"] == "e")].iloc[0]
    assert (first_row["p"], first_row["smallest_effect"] > one["smallest_effect"]) == (
        one["p"],
        True,
    )


def test_the_reason_gives_p_before_and_after_its_correction():
    queries, treatment = many(6, 12, 4)
    verdicts = measure_change(*tables(*on_engines(queries, "e", "f")), treatment)
    row = verdicts[verdicts["group"] == "treated"].iloc[0]
    assert f"(p {row['p']:.3f}, {2 * row['p']:.3f} after Holm over 2 comparisons)" in row["reason"]
    row = {
        "n_prompts": 9,
        "is_treated": True,
        "effect": 0.1,
        "drift": 0.0,
        "noise_floor": 0.0,
        "p": 0.035,
        "p_holm": 0.07,
    }
    assert _read_verdict(row, 2) == {
        "verdict": "no clear change",
        "reason": "no clear change: 9 prompts moved by +10 points beyond the drift of +0 points"
        " (p 0.035, 0.070 after Holm over 2 comparisons)",
    }


def test_clusters_are_corrected_for_each_other_and_all_together_on_one_measure_for_nothing():
    verdicts = measure(*many(3, 12, 2))
    assert verdicts.loc["treated", "p_holm"] == verdicts.loc["treated", "p"]
    by_size = verdicts.loc[["c0", "c1", "c2"]].sort_values("p")
    expected = np.minimum(np.maximum.accumulate(by_size["p"].to_numpy() * [3, 2, 1]), 1)
    assert by_size["p_holm"].to_numpy() == pytest.approx(expected)


def test_no_clear_change_says_what_could_have_been_shown():
    verdicts = measure(*many(6, 12, 0))
    row = verdicts.loc["treated"]
    assert row["verdict"] == "no clear change"
    points = f"{100 * row['smallest_effect']:.0f} points or more"
    assert (
        row["reason"] == f"no clear change: with 48 prompts, only a change of {points} would show"
    )
    assert verdicts.loc["c0", "smallest_effect"] > row["smallest_effect"] > 0


def test_the_floor_is_computed_from_the_time_before_alone():
    queries = [ask("q1", "0011", "11"), ask("q2", "0000", "00")]
    assert measure(queries, treat("a: q1, b: q2", "a")).loc["a", "noise_floor"] == 1.0


def test_few_prompts_and_few_clusters_give_rows_with_a_reason():
    verdicts = measure([ask("q1", "0", "1"), ask("q2", "0", "0")], treat("a: q1, b: q2", "a"))
    assert verdicts["reason"].str.contains("too few clusters").all()
    assert verdicts["p"].isna().all()
    three = [ask(f"q{n}", "00", "11" if n < 3 else "01") for n in range(12)]
    verdicts = measure(three, treat("a: q0 q1 q2, b: q3 q4 q5, c: q6 q7 q8, d: q9 q10 q11", "a"))
    assert (
        verdicts.loc["a", "reason"]
        == "no clear change: 3 prompts, beside as many clusters, could not have shown a move "
        "of any size"
    )


def test_rates_that_never_change_give_no_verdict():
    queries = [ask(f"q{n}", "00", "00") for n in range(40)]
    clusters = ", ".join(
        f"c{k}: " + " ".join(f"q{10 * k + n}" for n in range(10)) for k in range(4)
    )
    verdicts = measure(queries, treat(clusters, "c0", "c1"))
    assert (verdicts["effect"] == 0).all()
    assert (verdicts["p"] == 1).all()
    assert (verdicts["verdict"] == "no clear change").all()


def test_without_answers_after_every_group_has_a_row_that_says_so():
    verdicts = measure([ask("q1", "01", ""), ask("q2", "01", "")], treat("a: q1, b: q2", "a"))
    assert list(verdicts.index) == ["treated", "untreated", "a"]
    assert verdicts[["before", "after", "effect", "p", "smallest_effect"]].isna().all(axis=None)
    reason = (
        "no clear change: the log's answers are of 2025-03-08 to 2025-03-09: none after the change"
    )
    assert (verdicts["reason"] == reason).all()


@pytest.mark.parametrize(
    ("clusters", "treated", "group", "reason"),
    [
        ("a: q1 q2 q3", [], "treated", "no query's nearest page was changed"),
        ("a: q1 q2 q3", ["q1"], "treated", "in no cluster were half of the queries changed"),
        ("a: q1 q2 q3", ["a"], "untreated", "there is no cluster without a changed query"),
    ],
)
def test_a_group_without_any_query_says_why(clusters, treated, group, reason):
    verdicts = measure([ask("q1", "0", "1"), ask("q2", "0", "1")], treat(clusters, *treated))
    assert verdicts.loc[group, "reason"] == f"no clear change: {reason}"


def test_times_that_say_nothing_are_named():
    answers, *tables_of_log = tables(ask("q1", "", "11"))
    verdicts = measure_change(answers, *tables_of_log, treat("a: q1", "a"))
    assert (
        verdicts["reason"]
        .iloc[0]
        .endswith("answers are of 2025-03-10 to 2025-03-11: none before the change")
    )
    verdicts = measure_change(
        answers.assign(asked_at=ANSWERS.empty()["asked_at"]), *tables_of_log, treat("a: q1", "a")
    )
    assert verdicts["reason"].iloc[0] == "no clear change: no answer has a time"


def test_a_query_answered_on_one_side_only_has_its_own_reason():
    verdicts = measure([ask("q1", "0", "1"), ask("q2", "0", "")], treat("a: q1, b: q2", "b"))
    assert (
        verdicts.loc["b", "reason"]
        == "no clear change: within 28 days of the change, its questions were answered only "
        "before it"
    )


def test_a_log_without_answers_gives_no_rows_and_a_cluster_never_asked_a_row():
    assert measure_change(*tables(), treat("a: q1", "a")).empty
    assert measure([ask("q1", "0", "1")], treat("z: q9", "z")).loc["z", "n_prompts"] == 0
    verdicts = measure([ask("q1", "0", "1")], treat("a: q1, z: q9", "z"))
    assert (
        verdicts.loc["z", "reason"]
        == "no clear change: none of its questions was answered within 28 days of the change"
    )


def test_the_same_input_gives_the_same_verdicts_and_stays_as_it_was():
    queries, treatment = many(6, 12, 1)
    given = tables(*queries)
    copies = [table.copy() for table in given]
    first = measure_change(*given, treatment, seed=3)
    pd.testing.assert_frame_equal(first, measure_change(*given, treatment, seed=3))
    turned = given[0].iloc[::-1]
    pd.testing.assert_frame_equal(first, measure_change(turned, *given[1:], treatment, seed=3))
    for table, copy in zip(given, copies, strict=True):
        pd.testing.assert_frame_equal(table, copy)


def test_a_change_in_which_nothing_varies_has_no_interval():
    """No answer cites the site: that all moved by 0 does not say that others would."""
    queries = [ask(f"q{n}", "000", "000") for n in range(4)]
    rows = measure(queries, treat("a: q0, b: q1, c: q2, d: q3", "a"))
    assert rows.loc["treated", "effect"] == 0
    assert math.isnan(rows.loc["treated", "low"]) and math.isnan(rows.loc["treated", "high"])
