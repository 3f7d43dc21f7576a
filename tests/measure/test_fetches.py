import numpy as np
import pandas as pd
import pytest

from coverage_kit.measure.fetches import (
    OwnPages,
    assistant_of,
    find_absent_pages,
    find_fetched,
    find_refetch,
    rate_unfetched,
)
from coverage_kit.measure.page_effects import PageChangeWindow, measure_page_effects
from coverage_kit.tables import ANSWERS, CITATIONS, FETCHES, PAGES

DAY = pd.Timestamp("2026-10-05", tz="UTC")


def fetch(page, **changes):
    row = {
        "bot": "ChatGPT-User",
        "assistant": "ChatGPT",
        "purpose": "live",
        "verdict": "verified",
        "reason": "in the published ranges",
        "page_id": f"shop.example{page}",
        "kind": "page",
        "status": 200,
        "day": DAY,
        "n_fetches": 1,
    }
    return row | changes


def own(*pages):
    rows = [
        {"page_id": f"shop.example{page}", "site": "shop.example", "url": page, "status": "ok"}
        | {"title": title}
        for page, title in pages
    ]
    return OwnPages(PAGES.table(rows), {"shop.example"})


PAGES_OF_SITE = own(("/guides/dog-box", "A box for your dog"), ("/guides/locks", "Locks"))


def test_absent_pages_are_those_that_people_waited_for_with_the_likeliest_page():
    fetches = FETCHES.table(
        [
            fetch("/guides/dogs", status=404, n_fetches=3),
            fetch("/guides/dogs", status=404, assistant="Claude", bot="Claude-User", n_fetches=5)
            | {"verdict": "unverifiable", "day": DAY + pd.Timedelta(days=2)},
            fetch("/rental-prices", status=410),
            # none of these is demand: there, for the index, forged, a file, of another host
            fetch("/guides/locks", status=404, n_fetches=9),
            fetch("/index-only", status=404, purpose="index", bot="OAI-SearchBot"),
            fetch("/forged", status=404, verdict="spoofed"),
            fetch("/app.js", status=404, kind="file"),
            fetch("", page_id="other.example/x", status=404),
        ]
    )
    absent = find_absent_pages(fetches, PAGES_OF_SITE)
    assert absent["page_id"].to_list() == ["shop.example/guides/dogs", "shop.example/rental-prices"]
    first, second = absent.to_dict("records")
    assert (first["n_fetches"], first["n_verified"]) == (8, 3)
    assert first["assistants"] == "Claude, ChatGPT"
    assert first["last_day"] == DAY + pd.Timedelta(days=2)
    assert first["nearest_page_id"] == "shop.example/guides/dog-box"
    assert pd.isna(second["nearest_page_id"])
    assert second["what_to_do"].startswith("Write the page")


def visible(assistant, bot):
    """Return fetches of five pages over 20 days: the log shows this assistant."""
    return [
        fetch(f"/p{number}", assistant=assistant, bot=bot, purpose="index")
        | {"day": DAY + pd.Timedelta(days=5 * number)}
        for number in range(5)
    ]


def test_what_an_assistant_did_not_fetch_counts_only_where_the_log_shows_it():
    rows = [*visible("ChatGPT", "OAI-SearchBot"), *visible("Claude", "Claude-SearchBot")[:3]]
    training = [row | {"assistant": "Meta AI", "purpose": "training"} for row in rows[:5]]
    fetched = find_fetched(FETCHES.table([*rows, *training]))
    assert set(fetched) == {"ChatGPT"}
    assert "shop.example/p4" in fetched["ChatGPT"]


def test_a_page_is_unfetched_by_the_share_of_answers_that_cite_only_others():
    answers = ANSWERS.table(
        [
            {"answer_id": f"a{n}", "query_id": query, "engine": engine, "surface": "api"}
            | {"text": "", "demand": 1.0}
            for n, (query, engine) in enumerate(
                [("q1", "chatgpt"), ("q1", "chatgpt"), ("q1", "claude"), ("q2", "chatgpt")]
            )
        ]
    )
    sites = ["rival.example", "shop.example", "rival.example", "rival.example"]
    citations = CITATIONS.table(
        [
            {"answer_id": f"a{n}", "position": 1, "url": f"https://{site}/", "site": site}
            | {"kind": "cited"}
            for n, site in enumerate(sites)
        ]
    )
    page_of = pd.Series({"q1": "shop.example/dogs", "q2": "shop.example/p1"})
    fetched = {"ChatGPT": {"shop.example/p1"}}
    shares = rate_unfetched(answers, citations, page_of, fetched, "shop.example")
    # the second answer cites the site, and of Claude the logs show nothing
    assert shares.to_dict() == {"q1": 1.0, "q2": 0.0}


def test_after_begins_when_most_changed_pages_were_fetched_again():
    changed = {"shop.example/a", "shop.example/b", "shop.example/c"}
    rows = [
        fetch("/a", day=DAY - pd.Timedelta(days=1)),
        fetch("/a", day=DAY + pd.Timedelta(days=2)),
        fetch("/b", day=DAY + pd.Timedelta(days=6)),
        fetch("/z", assistant="Claude", bot="Claude-User"),
        fetch("/a", assistant="Perplexity", bot="PerplexityBot", verdict="spoofed"),
    ]
    days = find_refetch(FETCHES.table(rows), changed, DAY)
    assert days == {"ChatGPT": DAY + pd.Timedelta(days=6), "Claude": None}


@pytest.mark.parametrize(
    ("engine", "assistant"),
    [
        ("chatgpt", "ChatGPT"),
        ("gpt-5", "ChatGPT"),
        ("google ai mode", "Gemini"),
        ("ai_overview", "Gemini"),
        ("sonar-pro", "Perplexity"),
        ("grok", ""),
    ],
)
def test_an_engine_has_the_robots_of_its_maker(engine, assistant):
    assert assistant_of(engine) == assistant


def simulate(lift, seed=0, n_pages=30, n_changed=6):
    """Return fetches of 12 weeks whose changed pages grow by `lift` from DAY on."""
    draw = np.random.default_rng(seed)
    rows = []
    for page in range(n_pages):
        rate = draw.uniform(1, 4)
        for offset in range(-56, 28):
            is_lifted = offset >= 0 and page < n_changed
            n = draw.poisson(rate * (1.3 if offset >= 0 else 1) * (lift if is_lifted else 1))
            if n:
                day = DAY + pd.Timedelta(days=offset)
                rows.append(fetch(f"/p{page}", day=day, n_fetches=int(n)))
    pages = {f"shop.example/p{page}" for page in range(n_changed)}
    window = PageChangeWindow(pages, DAY, 28)
    return measure_page_effects(FETCHES.table(rows), pd.DataFrame(), window)


def test_a_planted_lift_of_fetches_is_found_beyond_the_growth_of_all():
    row = simulate(1.8).iloc[0]
    assert row["verdict"] == "up"
    assert row["effect"] == pytest.approx(0.8, abs=0.25)
    assert row["low"] > 0
    assert row["placebo_share"] == 0
    assert row["n_placebos"] > 0


def test_growth_of_all_pages_alone_is_no_effect():
    found = pd.concat([simulate(1.0, seed) for seed in range(20)])
    assert (found["verdict"] != "no clear change").sum() <= 2


def test_without_untouched_pages_there_is_no_verdict():
    row = simulate(1.8, n_pages=8).iloc[0]
    assert row["verdict"] == ""
    assert pd.isna(row["p"])
    assert "too few" in row["reading"]
