"""Relevance: whether passages answer what is asked, directly and in the language of those who ask; told by coverage."""

import re
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from coverage_kit.measure.pillars.check import Check, Fault, Looked, NotTold, Outcome, quote
from coverage_kit.measure.pillars.site import PageView, Part, SiteView
from coverage_kit.sentences import split_sentences

_MOST_QUESTIONS = 3
_NEAR_SHARE, _SELDOM_CITED, _LEAST_QUERIES = 0.5, 0.1, 4
_LEAST_LOG_WORDS = 10_000
_LEAST_WORDS, _LONG_LETTERS = 12, 5
_UNFAMILIAR, _EASE = 0.2, 50.0  # Flesch (1948): under 50 is 'difficult'
_SERVED = 3
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")


def look_at_wording(page: PageView, site: SiteView) -> Outcome:
    """Whether the page's passages are found by those whose questions they answer: no group is 'mis-worded' here."""
    if not site.has_log:
        return NotTold("no log of questions")
    asked = _asked_at(page, site)
    if asked.empty:
        return None
    rows = site.tables.gaps
    rows = rows[(rows["cause"] == "mis-worded") & rows["own_passage_id"].isin(set(page.passages["passage_id"]))]
    faults = []
    for row in rows.to_dict("records"):
        passage_id = str(row["own_passage_id"])
        path = str(page.passages.set_index("passage_id").loc[passage_id, "heading_path"])
        questions = _questions(site, str(row["cluster_id"]))
        told = "; ".join(f"“{quote(one, 90)}”" for one in questions)
        heading = path.rsplit(" > ", maxsplit=1)[-1]
        reason = f"It answers in other words than people ask in: {row['reason']}."
        remedy = "Put the question into the heading, and the answer into its first sentence, in the words of those who ask."
        evidence = f"asked {row['demand']:.0f} times: {told}"
        faults.append(Fault(path, evidence, reason, remedy, heading, questions[0] if questions else None, 12, 0, passage_id))
    return Looked(asked["cluster_id"].nunique(), tuple(faults))


def look_at_completeness(page: PageView, site: SiteView) -> Outcome:
    """Whether the page is cited for what it covers: no group of questions finds it and is answered from elsewhere."""
    if not site.has_log:
        return NotTold("no log of questions")
    asked = _asked_at(page, site)
    if asked.empty:
        return None
    faults = []
    for row in site.tables.gaps.to_dict("records"):
        near = asked[asked["cluster_id"] == row["cluster_id"]]
        is_here = len(near) >= _NEAR_SHARE * row["n_queries"] and row["n_queries"] >= _LEAST_QUERIES
        is_passed_over = row["cause"] == "retrieved but not cited" and row["citation_rate"] <= _SELDOM_CITED
        if not (is_here and is_passed_over and isinstance(row["own_passage_id"], str)):
            continue
        lacks = str(row["unsupported_claims"]).split("\n") if isinstance(row["unsupported_claims"], str) else []
        told = "; ".join(f"“{quote(one, 90)}”" for one in near["text"].head(_MOST_QUESTIONS))
        said = f" Answers say, from others: “{quote(lacks[0])}”." if lacks else ""
        passage_id = str(near["own_passage_id"].mode().iloc[0])
        path = str(page.passages.set_index("passage_id").loc[passage_id, "heading_path"])
        evidence = f"{len(near)} questions end here, and {row['citation_rate']:.0%} of their answers cite the site: {told}"
        reason = f"Engines find the page for them and cite others.{said}"
        remedy = "Answer them in the first sentence, and say with sources what others are cited for."
        faults.append(Fault(path, evidence, reason, remedy, n_words=40, n_claims=max(1, len(lacks)), passage_id=passage_id))
    return Looked(asked["cluster_id"].nunique(), tuple(faults))


def _asked_at(page: PageView, site: SiteView) -> pd.DataFrame:
    """Return the questions whose nearest own passage is on the page, with their clusters, the most asked first."""
    asked = _asked(site)
    return asked[asked["own_passage_id"].isin(set(page.passages["passage_id"]))]


@lru_cache(maxsize=1)
def _asked(site: SiteView) -> pd.DataFrame:
    tables = site.tables
    asked = tables.coverage.merge(tables.queries[["query_id", "text", "demand"]], on="query_id")
    asked = asked.merge(tables.clusters[["query_id", "cluster_id"]], on="query_id")
    return asked.sort_values(["demand", "query_id"], ascending=[False, True])


def _questions(site: SiteView, cluster_id: str) -> list[str]:
    members = site.tables.clusters.loc[site.tables.clusters["cluster_id"] == cluster_id, "query_id"]
    asked = site.tables.queries[site.tables.queries["query_id"].isin(members)]
    return list(asked.sort_values(["demand", "query_id"], ascending=[False, True])["text"].head(_MOST_QUESTIONS))


def look_at_plain_words(page: PageView, site: SiteView) -> Outcome:
    """Whether passages are in the language of those who ask.

    A run of sentences fails when a fifth of its longer words stand in no question, no logged answer and on no other page, and
    its reading ease is under 50; unless several questions that the site covers end in its passage.
    """
    words = _known_words(site)
    if words is None:
        return NotTold("the log holds too few words to tell the language of those who ask")
    served = _served(site)
    faults, n_examined = [], 0
    for part in page.parts:
        runs = _runs(part)
        n_examined += bool(runs)
        told = [(run, unfamiliar) for run in runs if (unfamiliar := _unfamiliar(run, words))]
        run, unfamiliar = max(told, key=lambda one: len(one[1]), default=("", []))
        place = page.passage_of(split_sentences(run)[0], part.path) if run else None
        if not run or int(served.get(place or "", 0)) >= _SERVED:
            continue
        listed = ", ".join(dict.fromkeys(unfamiliar[:6]))
        reason = f"Nobody in the log says {listed}, in questions or in answers, and the sentences are hard to read."
        remedy = "Say it as those who ask would, and name the thing in the heading by the word they use."
        evidence = f"“{quote(run, 200)}”"
        faults.append(Fault(part.path, evidence, reason, remedy, split_sentences(run)[0], None, len(run.split()), 0, place))
    return Looked(n_examined, tuple(faults)) if n_examined else None


class _Words(NamedTuple):
    """The log's words, and on how many own pages each word stands."""

    log: frozenset[str]
    n_pages: Counter[str]


@lru_cache(maxsize=1)
def _known_words(site: SiteView) -> _Words | None:
    """Return the words that are known; None where the log holds too few to tell."""
    texts = [str(text) for text in (*site.tables.queries["text"], *site.tables.answers["text"].unique())]
    if sum(len(text.split()) for text in texts) < _LEAST_LOG_WORDS:
        return None
    return _Words(
        frozenset(word for text in texts for word in _stems(text)),
        Counter(word for page in site.pages for word in _stems(page.text)),
    )


@lru_cache(maxsize=1)
def _served(site: SiteView) -> "pd.Series[int]":
    """Return how many questions that the site covers end in each passage."""
    coverage = site.tables.coverage
    return coverage.loc[coverage["coverage"] >= 0.5, "own_passage_id"].value_counts()


def _runs(part: Part) -> list[str]:
    """Return from each sentence on the shortest run of sentences with words enough to judge by."""
    runs = []
    for paragraph in part.paragraphs:
        sentences = split_sentences(paragraph.text) if paragraph.kind == "text" else []
        for start in range(len(sentences)):
            for end in range(start + 1, len(sentences) + 1):
                run = " ".join(sentences[start:end])
                if len(_long_words(run)) >= _LEAST_WORDS:
                    runs.append(run)
                    break
    return runs


def _unfamiliar(run: str, words: _Words) -> list[str]:
    """Return the words of a hard run that nobody in the log and no other page uses, empty where they are few."""
    long = _long_words(run)
    unknown = [word for word in long if _stem(word) not in words.log and words.n_pages[_stem(word)] <= 1]
    return unknown if len(unknown) >= _UNFAMILIAR * len(long) and _reading_ease(run) < _EASE else []


def _long_words(text: str) -> list[str]:
    """Return the longer words of a text that are no names."""
    return [word for word in _WORD.findall(text) if len(word) >= _LONG_LETTERS and not word[0].isupper()]


def _stems(text: str) -> set[str]:
    return {_stem(word) for word in _WORD.findall(text)}


def _stem(word: str) -> str:
    plain = re.sub(r"['\u2019]s$", "", word.lower())
    return re.sub(r"(?:ies|ied|es|s|ed|ing|ly|y|e)$", "", plain) if len(plain) > 4 else plain


def _reading_ease(text: str) -> float:
    """Return the reading ease of English text, 0 (hard) to 100 (easy) and beyond (Flesch 1948), names left out."""
    words = [word for word in _WORD.findall(text) if not word[0].isupper()]
    n_sentences = max(1, len(split_sentences(text)))
    n_words = max(1, len(_WORD.findall(text)))
    syllables = [max(1, len(re.findall(r"[aeiouy]+", re.sub(r"(?<=[^aeiou])e$", "", word.lower())))) for word in words]
    return 206.835 - 1.015 * n_words / n_sentences - 84.6 * sum(syllables) / max(1, len(words))


CHECKS = (
    Check(
        *("asked_words", "relevance", "Passages are found by those whose questions they answer", "strong", "reword_heading"),
        look=look_at_wording,
    ),
    Check(
        *("passed_over", "relevance", "The page is cited for what it covers", "strong", "answer_first"),
        look=look_at_completeness,
        is_told_by_citations=True,
    ),
    Check(
        *("plain_words", "relevance", "Passages are in the language of those who ask", "moderate", "reword_passage"),
        look=look_at_plain_words,
        languages=("en",),
    ),
)
