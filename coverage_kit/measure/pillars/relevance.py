"""Relevance: whether passages answer what is asked, directly and in the language of those who ask; told by coverage."""

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
from coverage_kit.text.sentences import split_sentences

_MOST_QUESTIONS = 3
_NEAR_SHARE = 0.5
_SELDOM_CITED = 0.1
_LEAST_QUERIES = 4
_LEAST_LOG_WORDS = 10_000
_LEAST_WORDS = 12
_LONG_LETTERS = 5
# Flesch (1948): under 50 is 'difficult'
_UNFAMILIAR = 0.2
_EASE = 50.0
_SERVED = 3
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")


def look_at_wording(page: PageView, site: SiteView) -> Outcome:
    """Whether the page's passages are found by those whose questions they answer: no group is 'mis-worded' here."""
    if not site.has_log:
        return NotAssessed("no log of questions")
    asked = site.once(_asked).get(page.page_id, {})
    if not asked:
        return None
    faults: list[Fault] = []
    reworded: set[str] = set()
    for row in site.once(_misworded).get(page.page_id, []):
        path = page.by_passage[str(row["own_passage_id"])][0]
        heading = (
            page.heading_of(path) if path not in reworded else None
        )  # a heading holds one question
        fault = _misworded_at(
            row,
            path,
            heading,
            site.once(_questions).get(str(row["cluster_id"]), []),
        )
        reworded |= {path} if fault.is_of_heading else set()
        faults.append(fault)
    return Checked(len(asked), tuple(faults))


def _misworded_at(
    row: dict[Any, Any], path: str, heading: str | None, questions: list[str]
) -> Fault:
    told = "; ".join(f"“{quote(one, 90)}”" for one in questions[:_MOST_QUESTIONS])
    fault = Fault(
        path,
        f"asked {row['demand']:.0f} times: {told}".removesuffix(": "),
        f"It answers in other words than people ask in: {row['reason']}.",
        "Put the question into the heading, and the answer into its first sentence, in the words of those who ask.",
        n_words=12,
        passage_id=str(row["own_passage_id"]),
    )
    if heading is None or not questions:
        return fault
    return fault._replace(before=heading, after=questions[0], is_of_heading=True)


def _misworded(site: SiteView) -> dict[str, list[dict[Any, Any]]]:
    """Return by page the gaps whose questions are in other words than the page's, in the gaps' order."""
    pages = site.once(_pages_of_passages)
    found: dict[str, list[dict[Any, Any]]] = {}
    for row in site.tables.gaps.to_dict("records"):
        name = pages.get(row["own_passage_id"])
        if row["cause"] == "mis-worded" and name is not None:
            found.setdefault(name, []).append(row)
    return found


def look_at_completeness(page: PageView, site: SiteView) -> Outcome:
    """Whether the page is cited for what it covers: no group of questions finds it and is answered from elsewhere."""
    if not site.has_log:
        return NotAssessed("no log of questions")
    asked = site.once(_asked).get(page.page_id, {})
    if not asked:
        return None
    gaps = site.once(_passed_over)
    own = sorted((gaps[name][0], name) for name in asked if name in gaps)
    faults = [
        _passed_over_at(gaps[name][1], page, asked[name], site)
        for _, name in own
        if _is_near(gaps[name][1], asked[name])
    ]
    return Checked(len(asked), tuple(faults))


def _passed_over(site: SiteView) -> dict[str, tuple[int, dict[Any, Any]]]:
    """Return by cluster the gaps of many questions whose answers seldom cite the site, each with its place in the table."""
    gaps = enumerate(site.tables.gaps.to_dict("records"))
    return {str(row["cluster_id"]): (at, row) for at, row in gaps if _is_passed_over(row)}


def _is_passed_over(row: dict[Any, Any]) -> bool:
    is_seldom_cited = (
        row["cause"] == "retrieved but not cited" and row["citation_rate"] <= _SELDOM_CITED
    )
    return bool(
        is_seldom_cited
        and row["n_queries"] >= _LEAST_QUERIES
        and isinstance(row["own_passage_id"], str)
    )


def _is_near(row: dict[Any, Any], near: "list[_PageQuestions]") -> bool:
    return len(near) >= _NEAR_SHARE * int(row["n_queries"])


def _passed_over_at(
    row: dict[Any, Any],
    page: PageView,
    near: "list[_PageQuestions]",
    site: SiteView,
) -> Fault:
    lacks = (
        str(row["unsupported_claims"]).split("\n")
        if isinstance(row["unsupported_claims"], str)
        else []
    )
    shown = [one.text for one in near if one.query_id not in site.tables.holdout]
    told = "; ".join(f"“{quote(one, 90)}”" for one in shown[:_MOST_QUESTIONS])
    said = f" Answers say, from others: “{quote(lacks[0])}”." if lacks else ""
    counts = Counter(one.passage_id for one in near)
    passage_id = min(counts, key=lambda name: (-counts[name], name))
    evidence = f"{len(near)} questions end here, and {row['citation_rate']:.0%} of their answers cite the site: {told}"
    reason = f"Engines find the page for them and cite others.{said}"
    remedy = "Answer them in the first sentence, and say with sources what others are cited for."
    path = page.by_passage[passage_id][0]
    n_claims = max(1, len(lacks))
    return Fault(
        path,
        evidence.removesuffix(": "),
        reason,
        remedy,
        None,
        None,
        40,
        n_claims,
        passage_id,
    )


class _PageQuestions(NamedTuple):
    """A question whose nearest own passage is on a page."""

    query_id: str
    text: str
    passage_id: str


def _asked(site: SiteView) -> dict[str, dict[str, list[_PageQuestions]]]:
    """Return by page, and by cluster, the questions whose nearest own passage is there, the most asked first."""
    tables = site.tables
    pages = site.once(_pages_of_passages)
    asked = tables.coverage.merge(tables.queries[["query_id", "text", "demand"]], on="query_id")
    asked = asked.merge(tables.clusters[["query_id", "cluster_id"]], on="query_id")
    asked = asked.sort_values(["demand", "query_id"], ascending=[False, True])
    found: dict[str, dict[str, list[_PageQuestions]]] = {}
    for query, text, passage, cluster in asked[
        ["query_id", "text", "own_passage_id", "cluster_id"]
    ].itertuples(index=False):
        if passage in pages:
            found.setdefault(pages[passage], {}).setdefault(str(cluster), []).append(
                _PageQuestions(query, text, passage)
            )
    return found


def _pages_of_passages(site: SiteView) -> dict[str, str]:
    """Return by passage the page that it is on."""
    return {name: page.page_id for page in site.pages for name in page.by_passage}


def _questions(site: SiteView) -> dict[str, list[str]]:
    """Return by cluster what is asked, the most asked first, without the questions that are held out."""
    asked = site.tables.clusters[["query_id", "cluster_id"]].merge(
        site.tables.queries[["query_id", "text", "demand"]]
    )
    asked = asked[~asked["query_id"].isin(site.tables.holdout)].sort_values(
        ["demand", "query_id"], ascending=[False, True]
    )
    return {
        str(name): [str(text) for text in texts]
        for name, texts in asked.groupby("cluster_id")["text"]
    }


def look_at_plain_words(page: PageView, site: SiteView) -> Outcome:
    """Whether passages are in the language of those who ask.

    A run of sentences fails when a fifth of its longer words stand in no question, no logged answer
    and on no other page, and its reading ease is under 50; unless several questions that the site
    covers end in its passage.
    """
    words = site.once(_known_words)
    if words is None:
        return NotAssessed("the log holds too few words to tell the language of those who ask")
    served = site.once(_served)
    faults = []
    n_examined = 0
    for part in page.parts:
        runs = find_runs(part)
        n_examined += bool(runs)
        told = [(run, unfamiliar) for run in runs if (unfamiliar := _unfamiliar(run, words))]
        run, unfamiliar = max(told, key=lambda one: len(one[1]), default=("", []))
        place = page.passage_of(split_sentences(run)[0], part.path) if run else None
        if not run or served[place or ""] >= _SERVED:
            continue
        listed = ", ".join(dict.fromkeys(unfamiliar[:6]))
        reason = f"Nobody in the log says {listed}, in questions or in answers, and the sentences are hard to read."
        remedy = (
            "Say it as those who ask would, and name the thing in the heading by the word they use."
        )
        evidence = f"“{quote(run, 200)}”"
        faults.append(
            Fault(
                part.path,
                evidence,
                reason,
                remedy,
                split_sentences(run)[0],
                None,
                len(run.split()),
                0,
                place,
            )
        )
    return Checked(n_examined, tuple(faults)) if n_examined else None


class _Words(NamedTuple):
    """The log's words, and on how many own pages each word stands."""

    log: frozenset[str]
    n_pages: Counter[str]


def _known_words(site: SiteView) -> _Words | None:
    """Return the words that are known; None where the log holds too few to tell."""
    texts = [
        str(text)
        for text in (
            *site.tables.queries["text"],
            *site.tables.answers["text"].unique(),
        )
    ]
    if sum(len(text.split()) for text in texts) < _LEAST_LOG_WORDS:
        return None
    return _Words(
        frozenset(word for text in texts for word in _stems(text)),
        Counter(word for page in site.pages for word in _stems(page.text)),
    )


def _served(site: SiteView) -> Counter[str]:
    """Return how many questions that the site covers end in each passage."""
    coverage = site.tables.coverage
    return Counter(coverage.loc[coverage["coverage"] >= 0.5, "own_passage_id"].dropna())


def find_runs(part: PageSection) -> list[str]:
    """Return from each sentence with longer words on the shortest run of sentences with words enough to judge by."""
    runs = []
    for paragraph in part.paragraphs:
        sentences = split_sentences(paragraph.text) if paragraph.kind == "text" else []
        counts = [len(_long_words(sentence)) for sentence in sentences]
        n_words = end = 0
        for start, n_first in enumerate(counts):
            while n_words < _LEAST_WORDS and end < len(counts):
                n_words += counts[end]
                end += 1
            if n_words < _LEAST_WORDS:
                break
            if n_first:
                runs.append(" ".join(sentences[start:end]))
            n_words -= n_first
    return runs


def _unfamiliar(run: str, words: _Words) -> list[str]:
    """Return the words of a hard run that nobody in the log and no other page uses, empty where they are few."""
    long = _long_words(run)
    unknown = [
        word for word in long if _stem(word) not in words.log and words.n_pages[_stem(word)] <= 1
    ]
    return unknown if len(unknown) >= _UNFAMILIAR * len(long) and _reading_ease(run) < _EASE else []


def _long_words(text: str) -> list[str]:
    """Return the longer words of a text that are no names."""
    return [
        word for word in _WORD.findall(text) if len(word) >= _LONG_LETTERS and not word[0].isupper()
    ]


def _stems(text: str) -> set[str]:
    return {_stem(word) for word in _WORD.findall(text)}


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    plain = re.sub(r"['\u2019]s$", "", word.lower())
    return re.sub(r"(?:ies|ied|es|s|ed|ing|ly|y|e)$", "", plain) if len(plain) > 4 else plain


def _reading_ease(text: str) -> float:
    """Return the reading ease of English text, 0 (hard) to 100 (easy) and beyond (Flesch 1948), names left out."""
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


CHECKS = (
    Check(
        *(
            "asked_words",
            "relevance",
            "Passages are found by those whose questions they answer",
            "strong",
        ),
        look=look_at_wording,
    ),
    Check(
        *(
            "passed_over",
            "relevance",
            "The page is cited for what it covers",
            "strong",
        ),
        look=look_at_completeness,
        is_told_by_citations=True,
    ),
    Check(
        *(
            "plain_words",
            "relevance",
            "Passages are in the language of those who ask",
            "moderate",
        ),
        look=look_at_plain_words,
        languages=("en",),
    ),
)
