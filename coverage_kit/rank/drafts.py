"""Words that edits are made of: claims of the log, questions as headings, paths of headings."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from coverage_kit.contracts import Home, NewPage
from coverage_kit.rank.briefs import Brief
from coverage_kit.rank.candidates import Gap
from coverage_kit.tables import Clusters
from coverage_kit.text.length import count_words
from coverage_kit.text.quantities import CURRENCIES, UNITS
from coverage_kit.vectors import Vectors

# A shorter claim says too little, a longer claim is a paragraph rather than a fact (assumed).
_MIN_CLAIM_WORDS = 8
_MAX_CLAIM_WORDS = 60
# Each word adds this much to a claim's score (a similarity), as a longer claim says more; beyond
# this many words it rambles (assumed).
_WORD_SCORE = 0.01
_MAX_SCORED_WORDS = 20
# A claim loses this share of its similarity to the claims that are chosen already (assumed).
_REPETITION_PENALTY = 0.5
# Two claims that are more similar say the same (assumed).
_MAX_CLAIM_SIMILARITY = 0.9
# A word: "Drover" in "The Drover's", "100" in "100-year".
_WORD = re.compile(r"\w+")
# A text that starts as a question does: "How far does it go", "can I hose it".
_QUESTION_START = re.compile(
    r"^(who|what|when|where|why|how|which|can|could|do|does|did|is|are|was|will|would|should|may|"
    r"must|has|have)\b",
    re.I,
)
# A figure with its unit, or money: "3 year", "80 km", "20%", "£499", "500 CHF". Without a unit it
# may be part of a name.
_FIGURE = re.compile(
    rf"[{CURRENCIES}]\s?\d|\d\s?[{CURRENCIES}%]"
    rf"|\d[\s-]?(?:{'|'.join(re.escape(unit) for unit in UNITS if unit.isalpha())}|chf)s?\b",
    re.IGNORECASE,
)
# An address or a phone number, to which a heading of the site must not send its readers because a
# question names it: "https://…", "a@b.example", "evil.com/x", "+44 20 7946 0958". Without a path,
# "node.js" could be a name.
_ADDRESS = re.compile(
    r"(?:[a-z][a-z+]*://|www\.)\S+|\S+@[\w-]+\.[\w.-]+|(?<!\S)[\w-]+(?:\.[\w-]+)*\.[a-z]{2,24}/\S*"
    r"|(?<![\w.,])(?:\+\(?\d|\(?0)[\d ().\-/]{5,}\d",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ClaimBook:
    """Claims of the logged answers and their vectors by row.

    The frame has columns claim_id, query_id, text, own_similarity (to the site's nearest passage),
    and other_similarity (nan without other sites).
    """

    claims: pd.DataFrame
    vectors: Vectors

    def lacking(self, query_ids: list[str], n: int) -> list[str]:
        """Return up to n claims of the answers to these queries that the site lacks.

        Many answers make these claims, and the site supports them least. No two of them say the
        same.
        """
        rows = np.flatnonzero(self.claims["query_id"].isin(query_ids).to_numpy())
        n_words = self.claims["text"].iloc[rows].map(count_words)
        is_usable = n_words.between(_MIN_CLAIM_WORDS, _MAX_CLAIM_WORDS)
        rows = rows[is_usable.to_numpy()]
        if not len(rows):
            return []
        vectors = self.vectors[rows]
        length_score = _WORD_SCORE * n_words[is_usable].clip(upper=_MAX_SCORED_WORDS).to_numpy()
        # A claim that many answers make is near the mean of the claims.
        score = (
            length_score
            + vectors @ vectors.mean(axis=0)
            - self.claims["own_similarity"].to_numpy()[rows]
        )
        chosen: list[int] = []
        for _ in range(min(n, len(rows))):
            # Similarity of each claim to the nearest of those that are chosen.
            repetition = (
                (vectors @ vectors[chosen].T).max(axis=1) if chosen else np.zeros(len(rows))
            )
            # Rounded, so that ties are broken in the same way on every machine.
            net_score = np.round(score - _REPETITION_PENALTY * repetition, 6)
            net_score[chosen] = -np.inf
            net_score[repetition > _MAX_CLAIM_SIMILARITY] = -np.inf
            if not np.isfinite(net_score.max()):
                break
            chosen.append(int(np.argmax(net_score)))
        return [str(self.claims["text"].iloc[rows[index]]) for index in chosen]


@dataclass(frozen=True)
class DraftSources:
    """What edits are drafted from, in addition to the gaps and the site.

    Attributes:
        briefs: by cluster_id, what a text about the topic has to say.
        homes: by cluster_id, pages that may be the topic's home, the most probable first.
        new_pages: by cluster_id, where a page of its own would be.
        near: by cluster_id, your passages that are near to its questions, the nearest first.
        no_home: by cluster_id, the probability that no page is the home.
        holdout: ids of queries from which nothing is drafted, where their gap has other queries.
    """

    briefs: Mapping[str, Brief]
    homes: Mapping[str, tuple[Home, ...]] = field(default_factory=dict)
    new_pages: Mapping[str, NewPage] = field(default_factory=dict)
    no_home: Mapping[str, float] = field(default_factory=dict)
    near: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    holdout: Collection[str] = ()


def unsupported_claims(book: ClaimBook, clusters: Clusters, n: int = 3) -> "pd.Series[str]":
    """Return by cluster_id up to n claims of its answers that other sites support better.

    The claims of a cluster are joined by line breaks; None without a claim.
    """
    is_behind = book.claims["own_similarity"] < book.claims["other_similarity"].fillna(np.inf)
    behind_book = ClaimBook(
        book.claims[is_behind].reset_index(drop=True),
        book.vectors[is_behind.to_numpy()],
    )
    claims = {
        cluster_id: "\n".join(behind_book.lacking(list(group["query_id"]), n)) or None
        for cluster_id, group in clusters.groupby("cluster_id")
    }
    return pd.Series(claims, name="unsupported_claims", dtype="str")


def as_question(text: str) -> str:
    """Return a query as a heading: capitalised, with a question mark where it asks.

    A query with a figure and its unit asks too, because the site may not state the figure.
    Addresses and phone numbers are left out.

    >>> as_question("how far does it go")
    'How far does it go?'
    >>> as_question("cargo bike dog box")
    'Cargo bike dog box'
    >>> as_question("cargo bike with 3 year warranty"), as_question("heron 2")
    ('Cargo bike with 3 year warranty?', 'Heron 2')
    >>> as_question("can i pay at https://evil.example/x now")
    'Can i pay at now?'
    """
    words = " ".join(_ADDRESS.sub(" ", text).split()).rstrip("?.! ")
    if not words:
        return text
    is_asked = starts_as_question(words) or text.rstrip().endswith("?") or _FIGURE.search(words)
    mark = "?" if is_asked else ""
    return words[0].upper() + words[1:] + mark


def starts_as_question(text: str) -> bool:
    """Return whether a text starts as a question does.

    >>> starts_as_question("How far does it go"), starts_as_question("It goes 5 km?")
    (True, False)
    """
    return _QUESTION_START.match(text) is not None


def content_words(text: str) -> set[str]:
    """Return the words of a text in lower case, without the most common English words.

    >>> sorted(content_words("How far does the Drover go?"))
    ['drover', 'far']
    """
    return {
        word
        for word in _WORD.findall(text.lower())
        if word not in ENGLISH_STOP_WORDS and not _QUESTION_START.match(word)
    }


def name_heading(gap: Gap, old_heading: str) -> str | None:
    """Return a heading with the topic's name behind it; None where the name does not suit.

    One that has all words of the other says the same, or is about a part of it. A question is no
    part of a heading.
    """
    name = gap.brief.title
    words, old_words = content_words(name), content_words(old_heading)
    if not old_words or name.endswith("?") or words <= old_words or old_words <= words:
        return None
    # The site's own name stays at the end of a title: "Phones | Site".
    heading, bar, site = old_heading.rpartition(" | ")
    return f"{heading}: {name} | {site}" if bar else f"{old_heading}: {name}"


def sibling_path(path: str, heading: str) -> str:
    """Return the path of a heading at the level of the last heading of a path, or below a title.

    >>> sibling_path("Locks > Frame lock", "Chain")
    'Locks > Chain'
    >>> sibling_path("Locks", "Chain")
    'Locks > Chain'
    >>> sibling_path("", "Chain")
    'Chain'
    """
    headings = path.split(" > ")
    parents = headings[:-1] if len(headings) > 1 else [title for title in headings if title]
    return " > ".join([*parents, heading])
