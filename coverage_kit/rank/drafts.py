"""What an edit would say: the brief for the editor, and the words with which it is simulated."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from coverage_kit.tables import Clusters
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
# Brackets become round ones in a slot.
_BRACKETS = str.maketrans("[]", "()")


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
        n_words = self.claims["text"].iloc[rows].str.count(r"\S+")
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
        book: claims of the logged answers.
        anchors: by cluster_id and rank, the passage at which to edit on each of the pages that fit
            best (`best_pages`); None: the gap's nearest passage.
        other_site_texts: by cluster_id, the words of the best passage of another site.
        holdout: ids of queries from which nothing is drafted, where their gap has other queries.
        missing: by query_id, what a complete answer needs and your site does not state.
    """

    book: ClaimBook
    anchors: pd.DataFrame | None = None
    other_site_texts: Mapping[str, str] = field(default_factory=dict)
    holdout: Collection[str] = ()
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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


def mark_extracts(claims: Sequence[str], label: str) -> str:
    """Return the body of a draft as Markdown.

    It has extracts of answers, marked as such, and slots for the editor's own facts.
    """
    if not claims:
        return f"[FACT NEEDED: a short answer with your own figures and conditions on {label}]"
    extracts = [f"> [EXTRACT TO CHECK] “{claim}”" for claim in claims]
    return "\n\n".join([*extracts, "[FACT NEEDED: what is true of your own offer?]"])


def write_brief(
    task: str, questions: list[str], claims: list[str], label: str, missing: Sequence[str] = ()
) -> str:
    """Return the brief for an editor.

    It has the task, the questions to answer, what is missing of complete answers, what answers say
    that the site lacks, and open slots. Claims are extracts of logged answers, marked as such:
    leads to check, not facts to publish.
    """
    lines = [
        task,
        "Answer, in your own words:",
        *(f"- {as_question(question)}" for question in questions),
    ]
    if missing:
        lines += ["A complete answer needs, and a model found no words of yours that state it:"]
        # The item is a slot of its own, which no bracket in it may close.
        lines += [f"- [FACT NEEDED: {item.translate(_BRACKETS)}]" for item in missing]
    if claims:
        lines += [
            "Logged answers say (extracts to check against your own facts, not text to publish):"
        ]
        lines += [f"- “{claim}” [FACT NEEDED: what is true of your own offer?]" for claim in claims]
    elif not missing:
        lines += [f"[FACT NEEDED: your own figures and conditions on {label}]"]
    return "\n".join(lines)
