"""Relevance: whether passages answer what is asked, directly and in the words of those who ask.

These checks use the log's coverage.
"""

import re
from collections import Counter
from functools import lru_cache
from typing import Any, NamedTuple

from coverage_kit.measure.pillars.check import (
    Check,
    Checked,
    Fault,
    NotAssessed,
    Outcome,
    quote,
)
from coverage_kit.measure.pillars.site import PageSection, PageView, SiteView
from coverage_kit.tables.asked import most_asked_first
from coverage_kit.text.sentences import split_sentences

# Questions that a finding quotes (assumed: more are not read).
_MAX_QUOTED = 3
# A group is passed over on a page where at least this share of its questions ends (assumed).
_MIN_PAGE_SHARE = 0.5
# The site is seldom cited up to this share of a group's answers (assumed).
_MAX_CITATION_RATE = 0.1
# Smaller groups say little (assumed).
_MIN_QUERIES = 4
# With fewer words, a log does not show which words people use (assumed).
_MIN_LOG_WORDS = 10_000
# A run is judged by at least so many longer words, so that a fifth is more than two (assumed).
_MIN_LONG_WORDS = 12
# Shorter words are hardly ever jargon (assumed).
_MIN_LETTERS = 5
# The share of unfamiliar words from which on a run fails (assumed).
_MIN_UNFAMILIAR = 0.2
# Flesch (1948) calls text under 50 difficult.
_MAX_EASE = 50.0
# A passage where so many covered questions end is understood as it is (assumed).
_MIN_SERVED = 3
# A word, with an apostrophe within it: "don't".
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")


def check_wording(page: PageView, site: SiteView) -> Outcome:
    """Return whether those whose questions the page's passages answer find them.

    It fails where the cause of a group of questions is 'mis-worded' here.
    """
    if not site.has_log:
        return NotAssessed("no log of questions")
    questions = site.cached(_questions_by_page).get(page.page_id, {})
    if not questions:
        return None
    faults: list[Fault] = []
    reworded: set[str] = set()
    for row in site.cached(_misworded).get(page.page_id, []):
        path = page.by_passage[_answering_passage(row)][0]
        heading = (
            page.heading_of(path) if path not in reworded else None
        )  # a heading holds one question
        fault = _misworded_fault(
            row,
            path,
            heading,
            site.cached(_texts_by_cluster).get(str(row["cluster_id"]), []),
        )
        reworded |= {path} if fault.is_of_heading else set()
        faults.append(fault)
    return Checked(len(questions), tuple(faults))


def _misworded_fault(
    row: dict[Any, Any], path: str, heading: str | None, questions: list[str]
) -> Fault:
    quoted = "; ".join(f"“{quote(question, 90)}”" for question in questions[:_MAX_QUOTED])
    fault = Fault(
        place=path,
        evidence=f"asked {row['demand']:.0f} times: {quoted}".removesuffix(": "),
        reason=f"It answers in other words than people ask in: {row['reason']}.",
        remedy="Put the question into the heading, and the answer into its first sentence, in the "
        "words of those who ask.",
        n_words=12,
        passage_id=_answering_passage(row),
    )
    if heading is None or not questions:
        return fault
    return fault._replace(before=heading, after=questions[0], is_of_heading=True)


def _misworded(site: SiteView) -> dict[str, list[dict[Any, Any]]]:
    """Return by page the gaps whose questions use other words than the page, in the gaps' order."""
    pages = site.cached(_pages_of_passages)
    by_page: dict[str, list[dict[Any, Any]]] = {}
    for row in site.tables.gaps.to_dict("records"):
        name = pages.get(_answering_passage(row))
        if row["cause"] == "mis-worded" and name is not None:
            by_page.setdefault(name, []).append(row)
    return by_page


def _answering_passage(row: dict[Any, Any]) -> str:
    """Return the passage that says what the answers say; where that is not known, the nearest."""
    answering = row.get("answer_passage_id")
    return str(answering if isinstance(answering, str) else row["own_passage_id"])


def check_completeness(page: PageView, site: SiteView) -> Outcome:
    """Return whether the page is cited for what it covers.

    It fails where a group of questions ends on the page, and is answered from other sites.
    """
    if not site.has_log:
        return NotAssessed("no log of questions")
    questions = site.cached(_questions_by_page).get(page.page_id, {})
    if not questions:
        return None
    gaps = site.cached(_passed_over)
    own = sorted((gaps[name][0], name) for name in questions if name in gaps)
    faults = [
        _passed_over_fault(gaps[name][1], page, questions[name], site)
        for _, name in own
        if _ends_on_page(gaps[name][1], questions[name])
    ]
    return Checked(len(questions), tuple(faults))


def _passed_over(site: SiteView) -> dict[str, tuple[int, dict[Any, Any]]]:
    """Return by cluster the gaps of many questions whose answers seldom cite the site.

    Each has its position in the table.
    """
    gaps = enumerate(site.tables.gaps.to_dict("records"))
    return {
        str(row["cluster_id"]): (position, row) for position, row in gaps if _is_passed_over(row)
    }


def _is_passed_over(row: dict[Any, Any]) -> bool:
    is_seldom_cited = (
        row["cause"] == "retrieved but not cited" and row["citation_rate"] <= _MAX_CITATION_RATE
    )
    return bool(
        is_seldom_cited
        and row["n_queries"] >= _MIN_QUERIES
        and isinstance(row["own_passage_id"], str)
    )


def _ends_on_page(row: dict[Any, Any], questions: "list[_PageQuestion]") -> bool:
    return len(questions) >= _MIN_PAGE_SHARE * int(row["n_queries"])


def _passed_over_fault(
    row: dict[Any, Any],
    page: PageView,
    questions: "list[_PageQuestion]",
    site: SiteView,
) -> Fault:
    missing_claims = (
        str(row["unsupported_claims"]).split("\n")
        if isinstance(row["unsupported_claims"], str)
        else []
    )
    quotable = [
        question.text for question in questions if question.query_id not in site.tables.holdout
    ]
    quoted = "; ".join(f"“{quote(question, 90)}”" for question in quotable[:_MAX_QUOTED])
    from_others = (
        f" Answers say, from others: “{quote(missing_claims[0])}”." if missing_claims else ""
    )
    counts = Counter(question.passage_id for question in questions)
    passage_id = min(counts, key=lambda name: (-counts[name], name))
    evidence = (
        f"{len(questions)} questions end here, and {row['citation_rate']:.0%} of their answers "
        f"cite the site: {quoted}"
    )
    reason = f"Engines find the page for them and cite others.{from_others}"
    remedy = "Answer them in the first sentence, and say with sources what others are cited for."
    path = page.by_passage[passage_id][0]
    n_claims = max(1, len(missing_claims))
    return Fault(
        place=path,
        evidence=evidence.removesuffix(": "),
        reason=reason,
        remedy=remedy,
        n_words=40,
        n_claims=n_claims,
        passage_id=passage_id,
    )


class _PageQuestion(NamedTuple):
    """A question whose nearest passage of the site is on a page."""

    query_id: str
    text: str
    passage_id: str


def _questions_by_page(site: SiteView) -> dict[str, dict[str, list[_PageQuestion]]]:
    """Return by page, and by cluster, the questions whose nearest passage is there.

    The most frequent questions come first.
    """
    tables = site.tables
    pages = site.cached(_pages_of_passages)
    queries = tables.coverage.merge(
        tables.queries[["query_id", "text", "demand", "demand_kind"]], on="query_id"
    )
    queries = queries.merge(tables.clusters[["query_id", "cluster_id"]], on="query_id")
    queries = most_asked_first(queries, "query_id")
    by_page: dict[str, dict[str, list[_PageQuestion]]] = {}
    for query, text, passage, cluster in queries[
        ["query_id", "text", "own_passage_id", "cluster_id"]
    ].itertuples(index=False):
        if passage in pages:
            by_page.setdefault(pages[passage], {}).setdefault(str(cluster), []).append(
                _PageQuestion(query, text, passage)
            )
    return by_page


def _pages_of_passages(site: SiteView) -> dict[str, str]:
    """Return by passage the page that it is on."""
    return {name: page.page_id for page in site.pages for name in page.by_passage}


def _texts_by_cluster(site: SiteView) -> dict[str, list[str]]:
    """Return by cluster the questions' texts, the most frequent first.

    Questions that are held out are not among them.
    """
    queries = site.tables.clusters[["query_id", "cluster_id"]].merge(
        site.tables.queries[["query_id", "text", "demand"]]
    )
    queries = queries[~queries["query_id"].isin(site.tables.holdout)].sort_values(
        ["demand", "query_id"], ascending=[False, True]
    )
    return {
        str(name): [str(text) for text in texts]
        for name, texts in queries.groupby("cluster_id")["text"]
    }


def check_plain_words(page: PageView, site: SiteView) -> Outcome:
    """Return whether passages are in the language of those who ask.

    A run of sentences fails when a fifth of its longer words are in no question, no logged answer
    and on no other page, and its reading ease is under 50. It does not fail where several questions
    that the site covers end in its passage.
    """
    words = site.cached(_count_words)
    if words is None:
        return NotAssessed("the log has too few words to know the language of those who ask")
    served = site.cached(_served)
    faults = []
    n_examined = 0
    for section in page.sections:
        runs = find_runs(section)
        n_examined += bool(runs)
        # The run with most unfamiliar words stands for the section.
        run = max(runs, key=lambda run: len(_unfamiliar(run, words)), default="")
        unfamiliar = _unfamiliar(run, words) if run else []
        if not unfamiliar:
            continue
        opening = split_sentences(run)[0]
        passage_id = page.passage_of(opening, section.path)
        if served[passage_id or ""] >= _MIN_SERVED:
            continue
        listed = ", ".join(dict.fromkeys(unfamiliar[:6]))
        faults.append(
            Fault(
                place=section.path,
                evidence=f"“{quote(run, 200)}”",
                reason=f"Nobody in the log says {listed}, in questions or in answers, and the "
                "sentences are hard to read.",
                remedy="Say it as those who ask would, and name the thing in the heading by the "
                "word they use.",
                before=opening,
                n_words=len(run.split()),
                passage_id=passage_id,
            )
        )
    return Checked(n_examined, tuple(faults)) if n_examined else None


class _WordCounts(NamedTuple):
    """The log's words, and on how many pages of the site each word is."""

    log: frozenset[str]
    n_pages: Counter[str]


def _count_words(site: SiteView) -> _WordCounts | None:
    """Return the words of log and site; None where the log holds too few words to judge."""
    texts = [
        str(text)
        for text in (
            *site.tables.queries["text"],
            *site.tables.answers["text"].unique(),
        )
    ]
    if sum(len(text.split()) for text in texts) < _MIN_LOG_WORDS:
        return None
    return _WordCounts(
        frozenset(word for text in texts for word in _stems(text)),
        Counter(word for page in site.pages for word in _stems(page.text)),
    )


def _served(site: SiteView) -> Counter[str]:
    """Return how many questions that the site covers end in each passage."""
    coverage = site.tables.coverage
    return Counter(coverage.loc[coverage["coverage"] >= 0.5, "own_passage_id"].dropna())


def find_runs(section: PageSection) -> list[str]:
    """Return the runs of sentences that are judged by their words.

    A run starts at each sentence with longer words, and is the shortest with enough of them to
    judge.
    """
    runs = []
    for paragraph in section.paragraphs:
        sentences = split_sentences(paragraph.text) if paragraph.kind == "text" else []
        counts = [len(_long_words(sentence)) for sentence in sentences]
        n_words = end = 0
        # The window from `start` grows until it has enough longer words.
        for start, n_first in enumerate(counts):
            while n_words < _MIN_LONG_WORDS and end < len(counts):
                n_words += counts[end]
                end += 1
            if n_words < _MIN_LONG_WORDS:
                break
            if n_first:
                runs.append(" ".join(sentences[start:end]))
            n_words -= n_first
    return runs


def _unfamiliar(run: str, words: _WordCounts) -> list[str]:
    """Return the words of a hard run that are neither in the log nor on another page.

    The list is empty where they are few, or the run is easy to read.
    """
    long = _long_words(run)
    unknown = [
        word for word in long if _stem(word) not in words.log and words.n_pages[_stem(word)] <= 1
    ]
    return (
        unknown
        if len(unknown) >= _MIN_UNFAMILIAR * len(long) and _reading_ease(run) < _MAX_EASE
        else []
    )


def _long_words(text: str) -> list[str]:
    """Return the longer words of a text that are not names."""
    return [
        word for word in _WORD.findall(text) if len(word) >= _MIN_LETTERS and not word[0].isupper()
    ]


def _stems(text: str) -> set[str]:
    return {_stem(word) for word in _WORD.findall(text)}


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    plain = re.sub(r"['\u2019]s$", "", word.lower())
    return re.sub(r"(?:ies|ied|es|s|ed|ing|ly|y|e)$", "", plain) if len(plain) > 4 else plain


def _reading_ease(text: str) -> float:
    """Return the reading ease of English text, from 0 (hard) to 100 (easy) and beyond.

    The formula is that of Flesch (1948); names do not count as words with syllables.
    """
    words = [word for word in _WORD.findall(text) if not word[0].isupper()]
    n_sentences = max(1, len(split_sentences(text)))
    n_words = max(1, len(_WORD.findall(text)))
    syllables = [
        max(
            1,
            len(re.findall(r"[aeiouy]+", re.sub(r"(?<=[^aeiou])e$", "", word.lower()))),
        )
        for word in words
    ]
    return 206.835 - 1.015 * n_words / n_sentences - 84.6 * sum(syllables) / max(1, len(words))


# passed_over is found from citations, so it is not compared with them (is_from_citations).
CHECKS = (
    Check(
        name="asked_words",
        pillar="relevance",
        title="Passages are found by those whose questions they answer",
        weight="strong",
        look=check_wording,
    ),
    Check(
        name="passed_over",
        pillar="relevance",
        title="The page is cited for what it covers",
        weight="strong",
        look=check_completeness,
        is_from_citations=True,
    ),
    Check(
        name="plain_words",
        pillar="relevance",
        title="Passages are in the language of those who ask",
        weight="moderate",
        look=check_plain_words,
        languages=("en",),
    ),
)
