import pandas as pd
import pytest

from coverage_kit.pipeline.fetches import (
    RunFetches,
    collect_fetches,
    find_changed_pages,
    leave_out_unseen,
    measure_effects,
)
from coverage_kit.settings import make_settings
from coverage_kit.tables import ANSWERS, FETCH_FILES, FETCHES, PAGES, SESSIONS
from tests.collect.access_log_samples import VISITS, Visit, combined, write_lists

CHANGED = pd.Timestamp("2026-10-05", tz="UTC")


def settings(**sections):
    return make_settings(
        {"site": {"source": "site", "base_url": "https://www.shop.example"}} | sections
    )


def pages(*paths):
    rows = [
        {"page_id": f"shop.example{path}", "site": "shop.example", "url": path, "status": status}
        for path, status in paths
    ]
    return PAGES.table(rows)


OWN = pages(
    ("/guides/chains", "ok"),
    ("/guides/old-chains", "duplicate of https://www.shop.example/guides/chains"),
)


def test_without_access_logs_nothing_is_read():
    found = collect_fetches(settings(), OWN)
    assert found.fetches.empty
    assert found.files.empty


def test_a_copy_of_a_page_counts_as_the_page(tmp_path):
    path = tmp_path / "access.log"
    copy = Visit("GPTBot", "192.0.2.3", "verified", "/guides/old-chains/?utm_source=x")
    path.write_text(f"{combined(VISITS[0])}\n{combined(copy)}\n")
    lists = write_lists(tmp_path / "lists")
    found = collect_fetches(settings(fetches={"files": [str(path)], "bot_ranges": [lists]}), OWN)
    assert found.fetches["page_id"].to_list() == ["shop.example/guides/chains"]
    assert found.fetches["n_fetches"].to_list() == [2]


def fetched(assistant, bot, page, day):
    return {
        "bot": bot,
        "assistant": assistant,
        "purpose": "live",
        "verdict": "verified",
        "reason": "in the published ranges",
        "page_id": f"shop.example{page}",
        "kind": "page",
        "status": 200,
        "day": pd.Timestamp(day, tz="UTC"),
        "n_fetches": 1,
    }


def run_fetches(*rows):
    files = FETCH_FILES.table(
        [
            {"file": "a.log", "format": "combined", "n_lines": 9, "n_fetches": 9}
            | {"n_other": 0, "n_rejects": 0}
        ]
    )
    return RunFetches(FETCHES.table(list(rows)), files)


def answered(*rows):
    return ANSWERS.table(
        [
            {"answer_id": f"a{number}", "query_id": "q", "engine": engine, "surface": "api"}
            | {"text": "", "demand": 1.0, "asked_at": pd.Timestamp(at, tz="UTC")}
            for number, (engine, at) in enumerate(rows)
        ]
    )


CHANGE = {"before_after": {"changed_at": "2026-10-05", "pages": ["shop.example/guides/*"]}}


def test_answers_between_a_change_and_its_first_fetch_are_neither_before_nor_after():
    found = run_fetches(
        fetched("ChatGPT", "ChatGPT-User", "/guides/chains", "2026-10-09"),
        fetched("Claude", "Claude-User", "/other", "2026-10-06"),
    )
    answers = answered(
        ("chatgpt", "2026-10-04 12:00"),
        ("chatgpt", "2026-10-08 12:00"),
        ("chatgpt", "2026-10-09 12:00"),
        ("claude", "2026-10-04 12:00"),
        ("claude", "2026-10-20 12:00"),
        ("perplexity", "2026-10-06 12:00"),
    )
    kept, seen = leave_out_unseen(answers, found, settings(**CHANGE), OWN.head(1))
    assert kept["answer_id"].to_list() == ["a0", "a2", "a3", "a5"]
    assert seen == {"chatgpt": pd.Timestamp("2026-10-09", tz="UTC"), "claude": None}


def test_without_access_logs_all_answers_stay():
    answers = answered(("chatgpt", "2026-10-06 12:00"))
    kept, seen = leave_out_unseen(answers, RunFetches(), settings(**CHANGE), OWN)
    assert len(kept) == 1
    assert seen == {}


@pytest.mark.parametrize(
    ("pattern", "n"),
    [
        ("https://www.shop.example/guides/chains/", 1),
        ("shop.example/guides/*", 2),
        ("shop.example/x", 0),
    ],
)
def test_changed_pages_are_those_that_fit_the_patterns(pattern, n):
    assert len(find_changed_pages((pattern,), OWN)) == n


def test_visits_of_assistants_are_compared_by_page_too():
    sessions = SESSIONS.table(
        [
            {"file": "ga.csv", "line": offset * 10 + page, "source": "chatgpt.com"}
            | {"landing_page": f"/p{page}?utm=1", "n_sessions": 9.0 if page or offset < 0 else 30.0}
            | {"day": CHANGED + pd.Timedelta(days=offset)}
            for page in range(8)
            for offset in range(-20, 20)
        ]
    )
    own = pages(*[(f"/p{page}", "ok") for page in range(8)])
    change = {"before_after": {"changed_at": "2026-10-05", "pages": ["shop.example/p0"]}}
    row = measure_effects(
        settings(**change), run_fetches(), own, sessions, "https://www.shop.example/"
    ).iloc[0]
    assert row["measure"] == "visits"
    assert (row["before"], row["after"]) == (9.0, 30.0)
    assert row["effect"] == pytest.approx(30 / 9 - 1, rel=0.02)
