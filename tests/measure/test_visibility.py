from math import exp

import numpy as np
import pandas as pd
import pytest

from coverage_kit.errors import SettingsError
from coverage_kit.measure.visibility import TrackedBrands, measure_visibility
from coverage_kit.tables import ANSWERS, CITATIONS, MENTIONS, SPANS, VISIBILITY
from coverage_kit.vocabulary import MEASURES

TEXT = "Ours is a good bike. Theirs costs less. Nobody knows more."
BRANDS = {"Ours": "ours", "Theirs": "theirs"}


def answer(number, query, **fields):
    row = {
        "answer_id": f"a{number}",
        "query_id": query,
        "engine": "e",
        "surface": "api",
        "text": TEXT,
        "has_searched": True,
    }
    return row | fields


def cites(number, *sites, kind="cited"):
    """Return rows of citations, each of a page of its own."""
    start = 0 if kind == "cited" else 50
    return [
        {
            "answer_id": f"a{number}",
            "position": start + n,
            "url": f"https://{site}/{kind}/{n}",
            "site": site,
            "kind": kind,
        }
        for n, site in enumerate(sites)
    ]


def names(number, *brands):
    return [
        {"answer_id": f"a{number}", "brand": brand, "position": n, "n_words": 4}
        for n, brand in enumerate(brands)
    ]


def measure(answers, citations=(), mentions=(), spans=(), **panel):
    tables = (
        ANSWERS.table(answers),
        CITATIONS.table(list(citations)),
        SPANS.table(list(spans)),
        MENTIONS.table(list(mentions)),
    )
    return measure_visibility(*tables, TrackedBrands(**{"brand_sites": BRANDS, **panel}))


def pick(table, measure, site="ours", **where):
    """Return the one row of a measure of a site."""
    chosen = table[(table["measure"] == measure) & (table["site"] == site)]
    for name, value in ({"split_by": "all"} | where).items():
        chosen = chosen[chosen[name] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


@pytest.fixture
def table():
    """Return four answers to two prompts.

    Ours is cited by a0 and twice by a2, and retrieved by a1 and a2; a3 cites nobody.
    """
    citations = (
        cites(0, "ours", "theirs")
        + cites(1, "ours", "theirs", kind="retrieved")
        + cites(2, "ours", "ours", "else")
    )
    citations += cites(2, "ours", kind="retrieved")
    mentions = names(0, "Ours", "Theirs") + names(1, "Ours", "Nobody tracked")
    spans = [
        {"answer_id": "a0", "position": 0, "start": 0, "end": 20},
        {"answer_id": "a0", "position": 1, "start": 21, "end": 39},
    ]
    return measure([answer(n, f"q{n % 2}") for n in range(4)], citations, mentions, spans)


def test_every_measure_by_hand(table):
    figures = {
        name: tuple(pick(table, name)[["numerator", "denominator", "n_prompts", "n_answers"]])
        for name in MEASURES
    }
    words = 5 + 3 * exp(-1 / 3)
    assert figures == {
        "citation_rate": (2, 4, 2, 4),  # a0 and a2; a3, which cites nobody, counts below
        "citation_share": (3, 5, 1, 2),
        "mention_rate": (2, 4, 2, 4),
        "share_of_voice": (2, 3, 2, 2),
        "position_adjusted_word_count": (5, pytest.approx(words), 1, 1),
        "retrieved_not_cited_rate": (
            1,
            2,
            2,
            2,
        ),  # a1 of a1 and a2; a0 and a3 log no retrieved page
    }
    assert pick(table, "position_adjusted_word_count", "theirs")["value"] == pytest.approx(
        3 * exp(-1 / 3) / words
    )
    assert pick(table, "citation_share", "theirs")["value"] == pytest.approx(1 / 5)


def test_one_row_for_each_measure_of_each_tracked_site_in_order(table):
    rows = list(zip(table["measure"], table["site"], strict=True))
    assert rows == [(measure, site) for measure in MEASURES for site in ("ours", "theirs")]
    assert table.columns.tolist() == VISIBILITY.names


def test_the_interval_draws_from_prompts():
    log = [
        answer(n, f"q{n % 30}") for n in range(90)
    ]  # three answers to each prompt, alike within a prompt
    row = pick(
        measure(log, [row for n in range(90) if n % 30 < 6 for row in cites(n, "ours")]),
        "citation_rate",
    )
    once = pick(
        measure(log[:30], [row for n in range(6) for row in cites(n, "ours")]), "citation_rate"
    )
    assert (row["n_prompts"], row["n_answers"], row["value"]) == (30, 90, 0.2)
    assert (row["low"], row["high"]) == pytest.approx((once["low"], once["high"]))


def test_a_page_cited_twice_by_an_answer_is_one_citation():
    twice = [row | {"url": "https://ours/same"} for row in cites(0, "ours", "ours")] + cites(
        0, "theirs"
    )
    twice[-1]["position"] = 9
    assert pick(measure([answer(0, "q")], twice), "citation_share")["value"] == 0.5


def test_engines_and_surfaces_are_never_pooled():
    log = [
        answer(0, "q"),
        answer(1, "q", surface=None),
        answer(2, "q", engine="f"),
        answer(3, "q", surface=""),
    ]
    table = measure(log, cites(0, "else") + cites(1, "ours") + cites(2, "else"))
    rates = table[(table["measure"] == "citation_rate") & (table["site"] == "ours")]
    figures = rates[["engine", "surface", "value", "n_answers"]].to_numpy().tolist()
    assert figures == [["e", "api", 0, 1], ["e", "unknown", 0.5, 2], ["f", "api", 0, 1]]


def test_branded_prompts_count_only_by_themselves():
    log = [answer(0, "q", market="GB"), answer(1, "our prices", market="GB", asked_at="2026-01-06")]
    table = measure(
        log, cites(1, "ours"), branded=["our prices"], clusters={"q": "c", "our prices": "c"}
    )
    rates = table[(table["measure"] == "citation_rate") & (table["site"] == "ours")].set_index(
        ["split_by", "segment"]
    )["value"]
    assert rates.to_dict() == {
        ("all", "all"): 0,
        ("branded", "branded"): 1,
        ("cluster", "c"): 0,
        ("market", "GB"): 0,
    }


def test_clusters_and_markets_part_the_answers():
    log = [
        answer(0, "q0", market="GB"),
        answer(1, "q1", market="US"),
        answer(2, "q2"),
        answer(3, "q1", market=""),
    ]
    table = measure(log, cites(1, "ours"), clusters={"q0": "c0", "q1": "c1"})
    rates = table[(table["measure"] == "citation_rate") & (table["site"] == "ours")].set_index(
        ["split_by", "segment"]
    )
    assert rates["value"].to_dict() == {
        ("all", "all"): 0.25,
        ("cluster", "c0"): 0,
        ("cluster", "c1"): 0.5,
        ("market", "GB"): 0,
        ("market", "US"): 1,
    }
    assert rates.loc[("cluster", "c1"), "n_answers"] == 2


def test_weeks_are_named_by_their_monday_in_utc():
    days = (
        "2025-12-29T00:00Z",
        "2026-01-04T23:59Z",
        "2026-01-05T01:00+02:00",
        "2026-01-05T00:00Z",
        None,
    )
    table = measure(
        [answer(n, f"q{n}", asked_at=day) for n, day in enumerate(days)],
        cites(0, "ours"),
        split_by=("week",),
    )
    weeks = table[(table["measure"] == "citation_rate") & (table["site"] == "ours")].set_index(
        "segment"
    )["n_answers"]
    assert weeks.to_dict() == {"2025-12-29": 3, "2026-01-05": 1}


def test_an_answer_without_words_cannot_mention_anybody_unless_the_log_says_so():
    log = [answer(0, "q0"), answer(1, "q1", text=" "), answer(2, "q2", text="")]
    table = measure(log, mentions=names(2, "Theirs"))
    row = pick(table, "mention_rate", "theirs")
    assert (row["numerator"], row["denominator"]) == (1, 2)


def test_two_names_of_one_site_are_one():
    table = measure(
        [answer(0, "q")],
        mentions=names(0, "Ours", "Our Bikes", "Theirs"),
        brand_sites=BRANDS | {"Our Bikes": "ours"},
    )
    assert pick(table, "share_of_voice")["value"] == 0.5
    assert pick(table, "mention_rate")["numerator"] == 1


def test_what_is_not_known_is_missing_not_nought():
    table = measure([answer(n, f"q{n}") for n in range(30)])
    for name in (
        "citation_rate",
        "citation_share",
        "share_of_voice",
        "position_adjusted_word_count",
        "retrieved_not_cited_rate",
    ):
        row = pick(table, name)
        assert pd.isna(row["value"])
        assert pd.isna(row["low"])
        assert (row["n_prompts"], row["is_low_n"]) == (0, True)
    # where answers cite somebody, those that cite nobody count
    row = pick(measure([answer(n, f"q{n}") for n in range(30)], cites(0, "else")), "citation_rate")
    assert (row["value"], row["low"], row["is_low_n"]) == (0, 0, False)
    assert 0 < row["high"] < 0.2


def test_of_an_engine_without_logged_citations_no_rate_is_known():
    log = [answer(n, f"q{n}", engine="ef"[n % 2]) for n in range(8)]
    table = measure(log, cites(0, "ours"))
    rates = table[(table["measure"] == "citation_rate") & (table["site"] == "ours")]
    assert rates.set_index("engine")["value"].dropna().to_dict() == {"e": 0.25}


def test_few_prompts_and_few_events_are_marked():
    log = [answer(n, f"q{n}") for n in range(30)]
    cited = [row for n in range(6) for row in cites(n, "ours")] + cites(29, "theirs")
    table = measure(log, cited)
    marks = [pick(table, "citation_rate", site)["is_low_n"] for site in ("ours", "theirs")]
    assert marks == [False, True]
    assert pick(measure(log, cited, min_prompts=31), "citation_rate")["is_low_n"]


def test_citations_of_answers_that_failed_count_nowhere():
    table = measure([answer(0, "q0")], cites(0, "theirs") + cites(7, "ours"), names(7, "Ours"))
    assert pick(table, "citation_rate")["value"] == 0
    assert pick(table, "citation_share")["denominator"] == 1
    assert pick(table, "share_of_voice")["denominator"] == 0


def test_rows_do_not_depend_on_the_order_of_the_log():
    log = [answer(n, f"q{n % 7}", engine=f"e{n % 2}") for n in range(40)]
    cited = [row for n in range(0, 40, 3) for row in cites(n, "ours", "theirs")]
    pd.testing.assert_frame_equal(measure(log, cited), measure(log[::-1], cited[::-1]))


def test_an_empty_log_and_no_brands_give_no_rows():
    assert measure([]).equals(VISIBILITY.empty())
    assert measure([answer(0, "q")], brand_sites={}).equals(VISIBILITY.empty())


def test_an_unknown_part_is_an_error():
    with pytest.raises(SettingsError, match="'month'"):
        TrackedBrands(BRANDS, split_by=("month",))


def test_numbers_of_any_index_are_read_by_place():
    frame = ANSWERS.table([answer(0, "q0"), answer(1, "q1")]).set_index(np.array([5, 5]))
    cited = CITATIONS.table(cites(1, "ours"))
    table = measure_visibility(
        frame, cited, SPANS.empty(), MENTIONS.empty(), TrackedBrands(BRANDS, clusters={"q1": "c"})
    )
    assert pick(table, "citation_rate", split_by="cluster")["value"] == 1


@pytest.mark.parametrize(("n_repeats", "is_low"), [(1, False), (9, False), (10, True)])
def test_figures_that_rest_on_a_few_prompts_with_most_answers_are_marked(n_repeats, is_low):
    """Two of 50 prompts are repeated.

    The effective number is 66^2 / 210 = 20.7 prompts at nine repeats, and 68^2 / 248 = 18.6 at
    ten.
    """
    log = [answer(f"{n}-{r}", f"q{n}") for n in range(50) for r in range(n_repeats if n < 2 else 1)]
    row = pick(measure(log, cites("0-0", "else")), "citation_rate")
    assert (row["n_prompts"], row["is_low_n"]) == (50, is_low)
