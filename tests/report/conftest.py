"""Analyses for tests of reports, of a bicycle shop whose texts are hostile.

One is large, one is empty, and one is small enough to check figures by hand.
"""

from dataclasses import replace

import lxml.html
import numpy as np
import openpyxl
import pandas as pd
import pytest

from coverage_kit import tables
from coverage_kit.analysis import About, Analysis
from coverage_kit.report.page import render_page
from coverage_kit.report.workbook import write_workbook

HOSTILE = (
    '=HYPERLINK("http://x","y")',
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "+1 on cargo bikes",
    "@x asks",
    "-2+3",
    "tab\there and bell \x07 null \x00 and \x1b[31m",
    "word " * 8_000,
    '"><img src=x onerror=alert(3)>',
    "javascript:alert(4)",
    "{{ 7 * 7 }} {% raw %} %{customdata}",
    "<a href='https://evil.example/'>click</a> $\\href{https://evil.example}{x}$",
)
TOPICS = ("range", "battery", "child seat", "lease", "theft", "winter", "weather", "rain cover")
CAUSES = (
    "missing",
    "mis-worded",
    "not retrieved",
    "retrieved but not cited",
    "cited but not mentioned",
    "unwinnable",
    "out of scope",
    "covered",
)
# The lists of the topics, by their causes, and what is likely of them.
LISTINGS = ("to close",) * 2 + ("unseen",) * 3 + ("out of reach",) * 2 + ("covered",)
LIKELIHOODS = ("likely", "possible", *("unlikely",) * 6)
STATUSES = ("new", "open", "shrinking", None, "reopened", None, None, "closed")
THEMES = ("<b>Rides</b> & range", "Care")
SITES = ("shop.example", "rival.example", "other.example")
ENGINE = "<i>chatgpt</i>"
OPERATIONS = ("reword_heading", "add_question_and_answer", "extend_passage", "add_page")
ACTIONS = ("replace_heading", "insert_section", "replace_passage", "add_page")
AFTER = (
    "## How far?\n\n> [EXTRACT TO CHECK] “55 km”\n\n"
    "[FACT NEEDED: range] [x](javascript:f())\n<img src=x onerror=f()>"
)
ABOUT = About(
    own_site="shop.example",
    brand="Shop",
    settings={
        "site": {"source": "data/site", "brand": ["Shop"]},
        "match": {"encoder": "minilm", "calibration_rounds": 12},
        "rank": {"budget_minutes": 100.0},
        "before_after": {"changed_at": "2026-10-05"},
    },
    versions={"coverage_kit": "0.1.0", "python": "3.11.7"},
    self_test={
        "auc": 0.81,
        "low": 0.76,
        "high": 0.86,
        "ece": 0.04,
        "n_queries": 300,
        "n_hidden": 40,
    },
    clustering={
        "max_distance": 0.7,
        "weights": {"cited": 0.5},
        "n_clusters": 8,
        "n_themes": 3,
        "n_alone": 0,
        "stability": 0.9,
        "low_membership_share": 0.1,
    },
)


def query_text(number: int) -> str:
    """Return a query's text; every third one is hostile."""
    topic = TOPICS[number // 5 % len(TOPICS)]
    if number % 3 == 0 and number // 3 < len(HOSTILE):
        return HOSTILE[number // 3]
    return f"how does {topic} matter for cargo bikes, question {number}"


def make_pages() -> pd.DataFrame:
    rows = [
        {
            "page_id": f"{site}/p{n}",
            "site": site,
            "url": f"https://{site}/p{n}" if n else "javascript:alert(5)",
            "status": "ok" if n < 4 else "too short",
            "title": HOSTILE[n] if site == SITES[0] else f"Page {n}",
            "text": "text",
            "fetched_at": "2026-05-01T10:00:00Z",
            "modified_at": "2026-04-01T10:00:00+02:00" if n else None,
        }
        for site in SITES
        for n in range(5)
    ]
    return tables.PAGES.table(rows)


def make_passages() -> pd.DataFrame:
    rows = [
        {
            "passage_id": f"{site}/p{n // 5}#{n % 5}",
            "page_id": f"{site}/p{n // 5}",
            "site": site,
            "position": n % 5,
            "heading_path": f"Guide > {TOPICS[n % 8]}" if n else "<script>alert(6)</script>",
            "text": HOSTILE[n % len(HOSTILE)] + " some words about it",
            "n_words": 30 + n,
        }
        for site in SITES
        for n in range(20)
    ]
    return tables.PASSAGES.table(rows)


def make_gaps(n_queries: int) -> pd.DataFrame:
    rows = [
        {
            "cluster_id": f"c{k}",
            "label": f"{TOPICS[k]}, bike" if k else "<script>alert(7)</script>, =1+1",
            "gap_id": f"g{k}",
            "theme_id": f"t{k % 2}",
            "n_queries": len(range(k, n_queries, 8)),
            "n_open": max(0, len(range(k, n_queries, 8)) - k),
            "open_demand": 7.0,
            "listing": LISTINGS[k],
            "likelihood": LIKELIHOODS[k],
            "status": STATUSES[k],
            "status_reason": "5 of 9 questions then" if STATUSES[k] == "shrinking" else None,
            "demand": float(7 * (k + 1) ** 2),
            "severity": 0.9 - 0.1 * k,
            "low": 0.8 - 0.1 * k,
            "high": 0.95 - 0.1 * k,
            "cause": CAUSES[k],
            "reason": "coverage 10%; nearest own passage at cosine 0.41",
            "citation_rate": 0.1 * k if k % 2 else None,
            "medoid_query_id": f"q{k}",
            "own_passage_id": f"{SITES[0]}/p{k % 4}#{k % 5}",
            "best_other_passage_id": f"{SITES[1]}/p{k % 4}#{k % 5}" if k else None,
            "is_closable": k not in (5, 6),
            "plan": ("planned", "too <b>dear</b>", *(None,) * 6)[k],
            "rank": k + 1,
        }
        for k in range(8)
    ]
    return tables.GAPS.table(rows)


def make_themes(n_queries: int) -> pd.DataFrame:
    rows = [
        {
            "theme_id": f"t{n}",
            "label": label,
            "n_clusters": 4,
            "n_gaps": 1,
            "n_queries": len(range(n, n_queries, 2)),
            "demand": 100.0 - n,
        }
        for n, label in enumerate(THEMES)
    ]
    return tables.THEMES.table(rows)


def make_edits() -> pd.DataFrame:
    rows = [
        {
            "edit_id": f"e{n}",
            "cluster_id": f"c{n % 5}",
            "operation": OPERATIONS[n % 4],
            "page_id": f"{SITES[0]}/p{n % 4}" if n % 4 != 3 else f"{SITES[0]}/new-{n}",
            "heading_path": "Guide > range",
            "title": HOSTILE[n] if n % 3 == 2 else None,
            "words_before": HOSTILE[n % 4] if n % 4 == 1 else None,
            "words_after": HOSTILE[(n + 1) % 4] if n % 4 == 1 else None,
            "opening": "<b>Yes</b>: it goes [FACT NEEDED: range]" if n == 1 else None,
            "links_from": f"{SITES[0]}/p1\n{SITES[0]}/<i>gone</i>" if n % 4 == 3 else None,
            "home_probability": 0.75 if n % 2 else None,
            "part": "1 of 2" if n == 1 else None,
            "brief": f"=1+{n}\nAnswer:\n- How far? [FACT NEEDED: range]\n"
            "<img src=x onerror=alert(8)>",
            "before": "@before" if n % 2 else None,
            "after": AFTER,
            "n_words": 20 + n,
            "cost_minutes": 10.0 + n,
            "gain": 20.0 - n,
            "low": 10.0 - n,
            "high": 30.0 - n,
            "harm": 0.5 * n,
            "marginal_gain": 20.0 - n if n < 10 else 0.0,
            "is_chosen": n < 7,
            "in_next_hour": n < 5,
            "rank": n + 1,
        }
        for n in range(12)
    ]
    none = {
        "operation": "no_edit",
        "cluster_id": "c5",
        "page_id": "",
        "brief": "Answers cite <b>third parties</b> only.",
    }
    zeros = dict.fromkeys(
        ("cost_minutes", "n_words", "gain", "low", "high", "harm", "marginal_gain"), 0
    )
    rows.append(
        {
            **zeros,
            **none,
            "edit_id": "e12",
            "heading_path": "",
            "is_chosen": False,
            "in_next_hour": False,
            "rank": 13,
        }
    )
    return tables.EDITS.table(rows)


def make_changes() -> pd.DataFrame:
    """Return one change an edit, and a second change of the first edit, all with hostile words."""
    rows = [
        {
            "edit_id": f"e{n}",
            "position": 0,
            "action": ACTIONS[n % 4],
            "page_id": f"{SITES[0]}/p{n % 4}" if n % 4 != 3 else f"{SITES[0]}/new-{n}",
            "passage_id": f"{SITES[0]}/p{n % 4}#0" if n % 4 != 3 else None,
            "heading_path": "Guide > range" if n else "<script>alert(12)</script>",
            "before": HOSTILE[n] if n % 4 in {0, 2} else None,
            "after": AFTER,
        }
        for n in range(12)
    ]
    second = {
        **rows[0],
        "position": 1,
        "action": "replace_passage",
        "before": "It goes 55 km.",
        "after": "It goes 55 to 90 km.",
    }
    return tables.CHANGES.table([*rows, second])


def make_facts() -> pd.DataFrame:
    """Return for the second edit a fact, a known fact, a rival's fact and a slot; hostile words."""
    rows = [
        {
            "text": "<script>alert(15)</script> It goes 55 km.",
            "n_answers": 3,
            "n_answers_of_edit": 4,
            "source": f"https://{SITES[1]}/p1",
        },
        {
            "text": "=1+1 is known",
            "n_answers": 1,
            "n_answers_of_edit": 4,
            "source": "javascript:alert(16)",
            "is_known": True,
            "passage_id": f"{SITES[0]}/p1#0",
            "own_words": "<i>We</i> say [so](javascript:alert(17)).",
        },
        {
            "text": "A charger costs £48.",
            "n_answers": 2,
            "n_answers_of_edit": 4,
            "slot": "the price of <b>your</b> charger",
        },
        {"n_answers": 0, "n_answers_of_edit": 4, "slot": "weight, in kg"},
    ]
    return tables.FACTS.table(
        [{"edit_id": "e1", "position": n, "is_known": False, **row} for n, row in enumerate(rows)]
    )


def make_frontier(edits: pd.DataFrame) -> pd.DataFrame:
    columns = edits[["rank", "edit_id", "cost_minutes", "gain", "low", "high"]].head(10).copy()
    summed = columns[["cost_minutes", "gain", "low", "high"]].cumsum()
    return columns.assign(**{name: summed[name] for name in summed})


def make_visibility() -> pd.DataFrame:
    """Return three sites on an engine by API and by scraping, and on a hostile engine of low n."""
    series = [("perplexity", "api", 0.0), ("perplexity", "scrape", 0.2), (ENGINE, "unknown", 0.4)]
    segments = [
        ("all", "all"),
        ("branded", "branded"),
        ("week", "2026-09-28"),
        ("week", "2026-10-05"),
        ("market", HOSTILE[0]),
    ]
    segments += [("cluster", f"c{k}") for k in range(3)]
    rows = [
        {
            "measure": measure,
            "site": site,
            "engine": engine,
            "surface": surface,
            "split_by": split_by,
            "segment": segment,
            "value": 0.1 * (n + 1) + extra,
            "low": 0.05 + 0.1 * n + extra,
            "high": 0.2 + 0.1 * n + extra,
            "numerator": round(40 * (0.1 * (n + 1) + extra)),
            "denominator": 40.0,
            "n_prompts": 20,
            "n_answers": 40,
            "is_low_n": engine == ENGINE,
        }
        for measure in ("citation_rate", "mention_rate")
        for engine, surface, extra in series
        for split_by, segment in segments
        for n, site in enumerate(SITES)
    ]
    none = {
        **rows[0],
        "measure": "position_adjusted_word_count",
        "value": None,
        "low": None,
        "high": None,
        "denominator": 0.0,
    }
    return tables.VISIBILITY.table([*rows, none])


def make_holders() -> pd.DataFrame:
    """Return two gaps: 10 citations of c0, which is not winnable, and 4 of c1."""
    counts = {
        "c0": {"own": 1, "competitor": 2, "third-party": 7, "community": 0},
        "c1": {"own": 3, "competitor": 1},
    }
    rows = [
        {
            "cluster_id": cluster,
            "holder": holder,
            "n_citations": n,
            "citation_share": n / sum(holders.values()),
            "low": 0.0,
            "high": 0.9,
            "top_site": HOSTILE[8] if n else None,
            "n_answers": 9,
            "n_prompts": 4,
            "is_contested": cluster != "c0",
            "reason": "<b>third parties</b> hold 7 of 10 citations",
        }
        for cluster, holders in counts.items()
        for holder, n in holders.items()
    ]
    return tables.HOLDERS.table(rows)


def make_verdicts() -> pd.DataFrame:
    """Return verdicts: up on one engine, down on another without a change, two unclear."""
    verdicts = [
        ("treated", "perplexity", 0.25, "up"),
        ("untreated", "perplexity", 0.04, "no clear change"),
    ]
    verdicts += [("untreated", ENGINE, -0.09, "down"), ("c0", "perplexity", 0.2, "no clear change")]
    verdicts += [("c1", "perplexity", None, "no clear change")]
    rows = [
        {
            "measure": "citation_rate",
            "site": SITES[0],
            "engine": engine,
            "surface": "api",
            "group": group,
            "is_treated": group != "untreated",
            "n_prompts": 15,
            "n_before": 60,
            "n_after": 59,
            "before": 0.2,
            "after": None if effect is None else 0.2 + effect,
            "difference": effect,
            "effect": effect,
            "p": 0.03,
            "drift": 0.04 if group == "treated" else None,
            "p_holm": 0.035,
            "noise_floor": 0.16,
            "smallest_effect": 0.3,
            "low": None if effect is None else effect - 0.2,
            "high": None if effect is None else effect + 0.1,
            "verdict": verdict,
            "reason": f"{verdict}: <script>alert(13)</script> 15 prompts moved",
        }
        for group, engine, effect, verdict in verdicts
    ]
    return tables.VERDICTS.table(rows)


def make_drifts() -> pd.DataFrame:
    drift = {
        "engine": "perplexity",
        "surface": "api",
        "before": 0.9,
        "after": 0.8,
        "low": -0.2,
        "high": 0.0,
        "p": 0.01,
    }
    rows = [
        {
            **drift,
            "sign": "searched_rate",
            "n_prompts": 74,
            "verdict": "down",
            "reason": "down: from 0.90 to 0.80",
        },
        {
            **drift,
            "sign": "citations_per_answer",
            "n_prompts": 74,
            "verdict": "no clear change",
            "reason": "no clear change",
        },
        {
            **drift,
            "engine": ENGINE,
            "sign": "model",
            "n_prompts": 74,
            "verdict": "changed",
            "reason": "changed: <i>a</i>, =b",
        },
    ]
    return tables.DRIFTS.table(rows)


def make_referrals() -> pd.DataFrame:
    """Return 12 visits to p1 from two assistants, 5 to the home page, and 2 to no page."""
    visits = [
        ("ChatGPT", "shop.example/p1", 8.0),
        ("=Claude", "shop.example/p1", 4.0),
        ("ChatGPT", "shop.example/", 5.0),
    ]
    visits += [("<i>x</i>", "javascript:alert(14)", 2.0)]
    rows = [
        {
            "assistant": name,
            "page_id": page,
            "n_sessions": n,
            "n_engaged": n - 1,
            "share_of_sessions": n / 100,
            "first_at": "2026-09-01",
            "last_at": "2026-10-01",
            "n_citations": 3,
            "n_edits": 1,
            "cluster_id": "c0" if page.endswith("p1") else None,
        }
        for name, page, n in visits
    ]
    return tables.REFERRALS.table(rows)


def make_fetches() -> pd.DataFrame:
    """Return fetches of two pages by three robots, one spoofed, a probe and an absent page."""
    page = {"kind": "page", "verdict": "verified", "reason": "in the published ranges"}
    robots = {
        "ChatGPT-User": ("ChatGPT", "live"),
        "OAI-SearchBot": ("ChatGPT", "index"),
        "<b>bot</b>": ("=Claude", "training"),
    }
    rows = [
        {
            **page,
            "bot": bot,
            "assistant": assistant,
            "purpose": purpose,
            "page_id": f"{SITES[0]}/p{n}",
            "status": 200,
            "day": f"2026-10-0{n + 1}",
            "n_fetches": 5 + n,
        }
        for bot, (assistant, purpose) in robots.items()
        for n in range(2 if purpose == "live" else 1)
    ]
    rows += [
        {**rows[0], "page_id": f"{SITES[0]}/<i>gone</i>", "status": 404, "n_fetches": 4},
        {**rows[0], "verdict": "spoofed", "reason": "outside", "n_fetches": 9},
        {**rows[0], "verdict": "spoofed", "reason": "outside", "n_fetches": 2}
        | {"page_id": "(probes)", "kind": "probe", "status": 404},
    ]
    return tables.FETCHES.table(rows)


def make_fetch_files() -> pd.DataFrame:
    counts = {"n_lines": 100, "n_fetches": 36, "n_other": 61, "n_rejects": 3}
    days = {"first_day": "2026-10-01", "last_day": "2026-10-02"}
    return tables.FETCH_FILES.table(
        [{"file": "<i>access</i>.log", "format": "combined", **counts, **days}]
    )


def make_absent_pages() -> pd.DataFrame:
    rows = [
        {
            "page_id": f"{SITES[0]}/<i>gone</i>{n}",
            "n_fetches": 4 - n,
            "n_verified": 3 - n,
            "assistants": "ChatGPT, =Claude",
            "first_day": "2026-10-01",
            "last_day": "2026-10-02",
            "nearest_page_id": f"{SITES[0]}/p1" if n else None,
            "what_to_do": "Write it.",
        }
        for n in range(2)
    ]
    return tables.ABSENT_PAGES.table(rows)


def make_page_effects() -> pd.DataFrame:
    row = {
        "measure": "live fetches",
        "assistant": "all",
        "n_changed": 2,
        "n_untouched": 9,
        "before": 1.5,
        "after": 3.0,
        "effect": 0.9,
        "low": 0.2,
        "high": 1.8,
        "p": 0.01,
        "placebo_share": 0.0,
        "n_placebos": 9,
        "verdict": "up",
        "reading": "90% more than the untouched pages",
    }
    lacking = dict.fromkeys(("effect", "low", "high", "p", "placebo_share"))
    few = {
        **row,
        **lacking,
        "measure": "visits",
        "verdict": "",
        "reading": "too few",
        "n_placebos": 0,
    }
    return tables.PAGE_EFFECTS.table([row, few])


def make_associations() -> pd.DataFrame:
    pair = {"signal": HOSTILE[1], "demand": "=branded", "n_weeks": 20, "low": 0.5, "high": 0.9}
    rows = [
        {
            **pair,
            "lag_weeks": 0,
            "correlation": 0.8,
            "p": 0.01,
            "reading": "association, no cause: <b>demand</b> rises",
        },
        {
            **pair,
            "lag_weeks": 1,
            "correlation": -0.1,
            "p": 0.7,
            "reading": "no association beyond chance",
        },
        {
            **pair,
            "signal": "mentions",
            "lag_weeks": 0,
            "low": None,
            "high": None,
            "reading": "too few weeks: 7 of at least 8",
        },
    ]
    return tables.ASSOCIATIONS.table(rows)


def make_brand() -> dict[str, pd.DataFrame]:
    statement = {"property": "founded", "value": "=1999", "compared_as": "1999"}
    statements = [
        {**statement, "source": "page", "place": "shop.example/p1"},
        {**statement, "source": "structured data", "place": "shop.example/p1"},
        {**statement, "source": "answer", "place": "a0"},
    ]
    odd = {
        **statement,
        "kind": "conflicting fact",
        "n_pages": 1,
        "n_answers": 2,
        "example": "shop.example/p1",
    }
    odd |= {"other_value": HOSTILE[2], "what_to_do": "Correct <b>one</b>."}
    return {
        "statements": tables.STATEMENTS.table(statements),
        "disagreements": tables.DISAGREEMENTS.table([odd]),
    }


def make_logs() -> dict[str, pd.DataFrame]:
    """Return two sources, and the rejects of one source and of another file."""
    source = {"format": "mapped columns", "fields": "query = {{ 7 * 7 }}", "note": "@note"}
    sources = [
        {**source, "file": "=log.csv", "n_records": 30},
        {**source, "file": "b.jsonl", "n_records": 5},
    ]
    reasons = [
        ("=log.csv", 1, "no <b>query</b>"),
        ("=log.csv", 2, "no <b>query</b>"),
        ("=log.csv", 3, "no answer"),
    ]
    reasons += [("visits.csv", 9, "a grand total")]
    rejects = [{"file": file, "line": line, "reason": reason} for file, line, reason in reasons]
    sessions = [
        {"file": "visits.csv", "line": n, "source": "x", "n_sessions": 95.0} for n in range(2)
    ]
    demand = [{"file": "search.csv", "line": 1, "query": HOSTILE[0], "n_impressions": 3.0}]
    return {
        "sources": tables.SOURCES.table(sources),
        "rejects": tables.REJECTS.table(rejects),
        "sessions": tables.SESSIONS.table(sessions),
        "search_demand": tables.SEARCH_DEMAND.table(demand),
    }


def make_checks() -> pd.DataFrame:
    """Return four checks, two of which have a difference."""
    check = {
        "title": "<b>Headings</b>",
        "n_pages": 4,
        "n_failed": 1,
        "n_not_assessed": 0,
        "cited_passed": 0.5,
        "cited_failed": 0.3,
    }
    nothing = dict.fromkeys(("cited_passed", "cited_failed", "difference", "low", "high"))
    checks = [
        {
            **check,
            "pillar": "clarity",
            "check": "headings",
            "weight": "weak",
            "difference": -0.2,
            "low": -0.5,
            "high": 0.1,
            "reading": "shows nothing on this log",
        },
        {
            **check,
            "pillar": "relevance",
            "check": "wording",
            "weight": "strong",
            "title": "Words",
            "difference": -0.3,
            "low": -0.4,
            "high": -0.1,
            "reading": "=cited less",
        },
        {
            **check,
            **nothing,
            "pillar": "authority",
            "check": "author",
            "weight": "weak",
            "title": "Author",
            "n_failed": 0,
            "reading": "too few pages to tell",
        },
        {
            **check,
            **nothing,
            "pillar": "freshness",
            "check": "years",
            "weight": "moderate",
            "title": "Years",
            "n_not_assessed": 1,
            "reading": "too few pages to tell",
        },
    ]
    return tables.CHECKS.table(checks)


def make_findings() -> pd.DataFrame:
    """Return three findings on two pages."""
    finding = {
        "page_id": "shop.example/p1",
        "passage_id": None,
        "reason": "<i>Why</i>.",
        "remedy": "Do {{ 7 * 7 }}.",
        "before": None,
        "after": None,
        "n_words": 3,
        "n_claims": 0,
        "cost_minutes": 3.1,
    }
    findings = [
        {
            **finding,
            "finding_id": "f0",
            "pillar": "clarity",
            "check": "headings",
            "place": "whole page",
            "evidence": HOSTILE[0],
        },
        {
            **finding,
            "finding_id": "f1",
            "pillar": "relevance",
            "check": "wording",
            "place": HOSTILE[1],
            "evidence": "x",
        },
        {
            **finding,
            "finding_id": "f2",
            "pillar": "freshness",
            "check": "years",
            "place": "Prices",
            "evidence": "2021",
            "page_id": "shop.example/p0",
            "n_claims": 1,
            "cost_minutes": 13.0,
        },
    ]
    return tables.FINDINGS.table(findings)


def make_audits() -> pd.DataFrame:
    """Return a check of two pages, one of which fails."""
    audits = [
        {
            "page_id": f"shop.example/p{n}",
            "pillar": "clarity",
            "check": "headings",
            "outcome": "failed" if n else "passed",
            "n_examined": 1,
            "n_failed": n,
        }
        for n in range(2)
    ]
    return tables.AUDITS.table(audits)


def make_claims() -> pd.DataFrame:
    """Return five claims about the brand, of which three are wrong."""
    claim = {
        "answer_id": "a0",
        "query_id": "q0",
        "engine": ENGINE,
        "surface": "api",
        "judge": "plain",
        "passage_id": "shop.example/p1#0",
        "own_words": "It costs <b>£5</b>.",
        "reason": "tells £9, the site £5",
        "asked_at": pd.Timestamp("2026-10-01", tz="UTC"),
    }
    verdicts = [
        ("contradicted", HOSTILE[2], "a0"),
        ("contradicted", HOSTILE[2], "a1"),
        ("unsupported", "=It won a prize.", "a2"),
        ("supported", "It is a bike.", "a3"),
        ("not assessed", "It is nice.", "a4"),
    ]
    claims = [
        {**claim, "claim_id": f"k{n}", "verdict": verdict, "text": text, "answer_id": answer_id}
        for n, (verdict, text, answer_id) in enumerate(verdicts)
    ]
    return tables.BRAND_CLAIMS.table(claims)


def make_claim_rates() -> pd.DataFrame:
    """Return the rates of contradicted claims in both halves of the log."""
    rate = {
        "engine": ENGINE,
        "surface": "api",
        "split_by": "half",
        "verdict": "contradicted",
        "n_claims": 9,
        "n_prompts": 5,
    }
    rates = [
        {**rate, "segment": "first", "value": 0.1, "low": 0.02, "high": 0.2, "reading": ""},
        {
            **rate,
            "segment": "second",
            "value": 0.6,
            "low": 0.4,
            "high": 0.8,
            "reading": "more than before: 10%, then 60%",
        },
    ]
    return tables.CLAIM_RATES.table(rates)


def make_reliability() -> pd.DataFrame:
    """Return two measures of a judge, of which one misses its pass mark."""
    measure = {
        "judge": "<i>m</i>",
        "rubric": "answers-query@1",
        "low": 0.5,
        "high": 0.9,
        "pass_mark": 0.8,
        "n_items": 30,
    }
    reliability = [
        {
            **measure,
            "measure": "test-retest",
            "value": 0.9,
            "is_passed": True,
            "reading": "repeats <b>agree</b>",
        },
        {
            **measure,
            "measure": "krippendorff_alpha",
            "value": 0.6,
            "is_passed": False,
            "reading": "=too low",
        },
    ]
    return tables.RELIABILITY.table(reliability)


def make_judgements() -> pd.DataFrame:
    """Return two repeats of a grade."""
    grade = {
        "judge": "<i>m</i>",
        "rubric": "answers-query@1",
        "item_id": "q0",
        "is_swapped": False,
        "is_weighted": True,
    }
    judgements = [
        {
            **grade,
            "repeat": n,
            "grade": 4.1,
            "n_samples": 1,
            "n_input_tokens": 9,
            "n_output_tokens": 1,
        }
        for n in (0, 1)
    ]
    return tables.JUDGEMENTS.table(judgements)


def make_audit() -> dict[str, pd.DataFrame]:
    """Return the tables of the audit, of claims about the brand and of a judge, by name."""
    return {
        "checks": make_checks(),
        "findings": make_findings(),
        "audits": make_audits(),
        "brand_claims": make_claims(),
        "claim_rates": make_claim_rates(),
        "reliability": make_reliability(),
        "judgements": make_judgements(),
    }


def make_competitors() -> pd.DataFrame:
    row = {
        "n_answers": 9,
        "n_prompts": 5,
        "citation_share": 0.2,
        "share_of_overlap": None,
        "named_rate": 0.1,
    }
    sites = [(SITES[1], "tracked"), (HOSTILE[3], "competitor"), (HOSTILE[8], "third-party")]
    rows = [
        {**row, "site": site, "kind": kind, "rank": rank}
        for rank, (site, kind) in enumerate(sites, 1)
    ]
    return tables.COMPETITORS.table(rows)


def make_matches(query_ids: list[str]) -> pd.DataFrame:
    """Return the two nearest passages of each site for each query."""
    rows = [
        {
            "query_id": query_id,
            "passage_id": f"{site}/p{(n + rank) % 4}#{n % 5}",
            "site": site,
            "rank": rank,
            "similarity": round(0.8 - rank / 10 - 0.1 * (SITES.index(site) ^ n % 4), 3),
        }
        for n, query_id in enumerate(query_ids)
        for site in SITES
        for rank in (1, 2)
    ]
    return tables.MATCHES.table(rows)


def make_question_checks() -> pd.DataFrame:
    """Return six questions that a person is to check, four of them checked, and a model's check."""
    choices = ("answered", "partly", "not answered", "answered", None, None)
    rows = [
        {
            "query_id": f"q{n}",
            "text": query_text(n),
            "choice": choice,
            "checked_by": "person",
            "stratum": "0.10-0.30",
            "probability": 0.25,
            "draw": 1 + n // 4,
            "note": "=1+1" if n == 0 else "",
        }
        for n, choice in enumerate(choices)
    ]
    model = {**rows[1], "checked_by": "model-x", "choice": "answered", "note": ""}
    return tables.QUESTION_CHECKS.table([*rows, model])


def make_answers(query_ids: list[str]) -> dict[str, pd.DataFrame]:
    """Return an answer to every other query, each with a citation of a site and of no page."""
    answers = [
        {
            "answer_id": f"a{n}",
            "query_id": query_id,
            "engine": "perplexity",
            "text": f"<b>Answer</b> {n} [1] " + HOSTILE[n % 7],
            "has_searched": True,
        }
        for n, query_id in enumerate(query_ids[::2])
    ]
    citations = [
        {"answer_id": f"a{n}", "position": position, "url": url, "site": site, "kind": "cited"}
        for n in range(len(answers))
        for position, (url, site) in enumerate(
            [(f"https://{SITES[n % 3]}/p1", SITES[n % 3]), ("javascript:alert(9)", "evil")]
        )
    ]
    return {
        "answers": tables.ANSWERS.table(answers),
        "citations": tables.CITATIONS.table(citations),
    }


def make_effects(query_ids: list[str]) -> pd.DataFrame:
    """Return three effects of each edit, which add up to its gain; the first two rise.

    The query of the second is the one that the edit is drafted from. The third falls by the edit's
    harm, which counts twice.
    """
    rows = [
        {
            "edit_id": f"e{n}",
            "query_id": query_ids[(n + k) % len(query_ids)],
            "coverage_before": 0.2,
            "coverage_after": (0.6, 0.5, 0.1)[k],
            "gain": (0.6 * (20 - n) + n, 0.4 * (20 - n), -float(n))[k],
            "is_drafted_from": k == 1,
        }
        for n in range(12)
        for k in range(min(3, len(query_ids)))
    ]
    return tables.EFFECTS.table(rows)


def make_coverage(query_ids: list[str], rng: np.random.Generator) -> pd.DataFrame:
    coverage = np.round(rng.uniform(0.02, 0.98, len(query_ids)), 3)
    rows = [
        {
            "query_id": query_id,
            "coverage": coverage[n],
            "low": max(0, coverage[n] - 0.1),
            "high": min(1, coverage[n] + 0.1),
            "own_passage_id": f"{SITES[0]}/p{n % 4}#{n % 5}",
            "best_other_passage_id": f"{SITES[1]}/p{n % 4}#{n % 5}",
            "cause": CAUSES[n % 8],
        }
        for n, query_id in enumerate(query_ids)
    ]
    return tables.COVERAGE.table(rows)


def make_points(
    query_ids: list[str], passages: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    query_points = [
        {
            "point_id": query_id,
            "kind": "query",
            "x": n % 8 + rng.uniform(),
            "y": n % 3 + rng.uniform(),
        }
        for n, query_id in enumerate(query_ids)
    ]
    passage_points = [
        {
            "point_id": row.passage_id,
            "kind": "own passage" if row.site == SITES[0] else "other passage",
            "x": rng.uniform(0, 8),
            "y": rng.uniform(0, 3),
        }
        for row in passages.itertuples()
    ]
    return tables.POINTS.table([*query_points, *passage_points])


def make_analysis(n_queries: int = 40) -> Analysis:
    """Return an analysis of n_queries queries in eight clusters on three sites."""
    rng = np.random.default_rng(1)
    query_ids = [f"q{n}" for n in range(n_queries)]
    queries = [
        {"query_id": query_id, "text": query_text(n), "demand": float(1 + n % 9)}
        for n, query_id in enumerate(query_ids)
    ]
    clusters = [
        {
            "query_id": query_id,
            "cluster_id": f"c{n % 8}",
            "theme_id": f"t{n % 2}",
            "membership": 0.7,
        }
        for n, query_id in enumerate(query_ids)
    ]
    passages = make_passages()
    edits = make_edits()
    return Analysis(
        pages=make_pages(),
        passages=passages,
        queries=tables.QUERIES.table(queries),
        mentions=tables.MENTIONS.empty(),
        searches=tables.SEARCHES.empty(),
        failures=tables.FAILURES.empty(),
        matches=make_matches(query_ids),
        evidence=tables.EVIDENCE.empty(),
        coverage=make_coverage(query_ids, rng),
        clusters=tables.CLUSTERS.table(clusters),
        gaps=make_gaps(n_queries),
        themes=make_themes(n_queries),
        edits=edits,
        changes=make_changes(),
        facts=make_facts(),
        effects=make_effects(query_ids),
        frontier=make_frontier(edits),
        points=make_points(query_ids, passages, rng),
        visibility=make_visibility(),
        holders=make_holders(),
        competitors=make_competitors(),
        verdicts=make_verdicts(),
        drifts=make_drifts(),
        referrals=make_referrals(),
        fetches=make_fetches(),
        fetch_files=make_fetch_files(),
        absent_pages=make_absent_pages(),
        unread=make_unread(),
        page_effects=make_page_effects(),
        associations=make_associations(),
        **make_answers(query_ids),
        **make_brand(),
        **make_logs(),
        **make_audit(),
        question_checks=make_question_checks(),
        about=ABOUT,
    )


def make_unread():
    """Return files that were not read and addresses beyond a budget."""
    common = {"site": ABOUT.own_site, "source": "site"}
    return tables.UNREAD.table(
        [
            {
                **common,
                "kind": "file",
                "reason": "the ending .rst",
                "n_items": 12,
                "may_be_pages": True,
                "examples": f"site/{HOSTILE[0]}.rst",
                "cure": "Install the extra rst.",
            },
            {
                **common,
                "kind": "file",
                "reason": "a picture",
                "n_items": 40,
                "may_be_pages": False,
                "examples": "site/logo.png",
            },
        ]
    )


def make_second_run(analysis: Analysis) -> Analysis:
    """Return the analysis of a second run, a little better than the first, with paid models."""
    figures = [("coverage", "all", 0.4, 0.5, 0.05), ("severe_gaps", "all", 3, 2, None)]
    figures += [("planned_minutes", "all", 90, 91, None)]
    figures += [
        ("planned_gain", "all", 70, 60, 20),
        ("citation_rate", "perplexity (api)", 0.1, 0.3, 0.05),
    ]
    figures += [("citation_rate", "perplexity (scrape)", 0.25, 0.3, 0.05)]
    history = [
        {
            "run": run,
            "at": f"2026-{9 + run}-01T09:00:00Z",
            "measure": measure,
            "part": series,
            "value": value,
            "n": 40,
            "low": None if half is None else value - half,
            "high": None if half is None else value + half,
        }
        for measure, series, *values, half in figures
        for run, value in enumerate(values, 1)
    ]
    current = analysis.coverage.iloc[1:]
    previous = current.assign(
        text="<b>then</b>",
        label="then",
        coverage=(current["coverage"] - 0.1).clip(lower=0),
    )
    task = {
        "n_reused": 1,
        "n_input_tokens": 900,
        "n_output_tokens": 90,
        "n_searches": 2,
        "seconds": 8.0,
        "currency": "USD",
    }
    spent = [
        ("ask", "<i>m</i>", 10, 1.25),
        ("ask", "<i>m</i>", 20, 2.25),
        ("tune", "=minilm", 5, None),
    ]
    costs = [
        {
            **task,
            "at": f"2026-10-0{day}T00:00:00Z",
            "run": "r",
            "task": name,
            "model": model,
            "n_calls": n,
            "money": money,
        }
        for day, (name, model, n, money) in enumerate(spent, 1)
    ]
    return replace(
        analysis,
        history=tables.HISTORY.table(history),
        previous=tables.PREVIOUS.typed(previous)[tables.PREVIOUS.names].reset_index(drop=True),
        costs=tables.COSTS.table(costs),
    )


def make_empty() -> Analysis:
    """Return an analysis without a row in any table."""
    empty_tables = {
        schema.name: schema.empty()
        for schema in tables.SCHEMAS
        if schema.name in Analysis.__dataclass_fields__
    }
    return Analysis(**empty_tables, about=About(own_site="shop.example"))


def make_tiny() -> Analysis:
    """Return two queries of one gap: demand 3 at coverage .2 and demand 1 at coverage .6."""
    full = make_analysis(2)
    gap = full.gaps.head(1).assign(
        n_queries=2, n_open=1, demand=4.0, severity=0.7, low=0.5, high=0.8, label="range, hills"
    )
    coverage = full.coverage.assign(coverage=[0.2, 0.6], low=[0.1, 0.5], high=[0.3, 0.9])
    similarity = full.matches["query_id"].map({"q0": 0.4, "q1": 0.8}) + 0.1 * (
        full.matches["site"] == "rival.example"
    )
    return replace(
        full,
        queries=full.queries.assign(demand=[3.0, 1.0], text=["how far uphill", "range in hills"]),
        coverage=coverage,
        clusters=full.clusters.assign(cluster_id="c0"),
        gaps=gap,
        matches=full.matches.assign(similarity=similarity),
    )


@pytest.fixture(scope="session")
def analysis() -> Analysis:
    return make_analysis()


@pytest.fixture(scope="session")
def empty() -> Analysis:
    return make_empty()


@pytest.fixture(scope="session")
def tiny() -> Analysis:
    return make_tiny()


@pytest.fixture(scope="session")
def hostile() -> tuple[str, ...]:
    return HOSTILE


@pytest.fixture(scope="session")
def second_run(analysis) -> Analysis:
    return make_second_run(analysis)


@pytest.fixture(scope="session")
def large() -> Analysis:
    """Return an analysis of 5,000 queries."""
    return make_analysis(5_000)


@pytest.fixture(scope="session")
def book(analysis, tmp_path_factory):
    """The workbook of the made-up analysis, read again."""
    return openpyxl.load_workbook(
        write_workbook(analysis, tmp_path_factory.mktemp("book") / "gaps.xlsx")
    )


@pytest.fixture(scope="session")
def page(analysis):
    """The page of the made-up analysis, parsed."""
    return lxml.html.document_fromstring(render_page(analysis))
