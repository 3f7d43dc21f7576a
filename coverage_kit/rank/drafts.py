"""What an edit would say: the brief for the editor, and the words with which its effect is simulated."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from coverage_kit.tables import Clusters
from coverage_kit.vectors import Vectors

_WORDS_OF_A_CLAIM = (8, 60)
_WORD_WORTH = 0.01  # a longer claim says more; beyond twenty words it rambles
_WORD = re.compile(r"\w+")
_QUESTION_START = re.compile(
    r"^(who|what|when|where|why|how|which|can|could|do|does|did|is|are|was|will|would|should|may|must|has|have)\b",
    re.I,
)


@dataclass(frozen=True)
class ClaimBook:
    """Claims of the logged answers and their vectors by row.

    The frame holds claim_id, query_id, text, own_similarity, and other_similarity (nan without
    other sites).
    """

    claims: pd.DataFrame
    vectors: Vectors

    def lacking(self, query_ids: list[str], n: int) -> list[str]:
        """Return up to n claims on these queries that many answers make and the own site supports least, no two alike."""
        rows = np.flatnonzero(self.claims["query_id"].isin(query_ids).to_numpy())
        words = self.claims["text"].iloc[rows].str.count(r"\S+")
        rows = rows[words.between(*_WORDS_OF_A_CLAIM).to_numpy()]
        if not len(rows):
            return []
        vectors = self.vectors[rows]
        telling = _WORD_WORTH * words[words.between(*_WORDS_OF_A_CLAIM)].clip(upper=20).to_numpy()
        shared = (
            telling
            + vectors @ vectors.mean(axis=0)
            - self.claims["own_similarity"].to_numpy()[rows]
        )
        chosen: list[int] = []
        for _ in range(min(n, len(rows))):
            alike = (vectors @ vectors[chosen].T).max(axis=1) if chosen else np.zeros(len(rows))
            worth = np.round(shared - 0.5 * alike, 6)
            worth[chosen] = -np.inf
            worth[alike > 0.9] = -np.inf
            if not np.isfinite(worth.max()):
                break
            chosen.append(int(np.argmax(worth)))
        return [str(self.claims["text"].iloc[rows[place]]) for place in chosen]


def unsupported_claims(book: ClaimBook, clusters: Clusters, n: int = 3) -> "pd.Series[str]":
    """Return by cluster_id, one to a line, up to n claims of its answers that other sites support better than the own site."""
    behind = book.claims["own_similarity"] < book.claims["other_similarity"].fillna(np.inf)
    lost = ClaimBook(
        book.claims[behind].reset_index(drop=True),
        book.vectors[behind.to_numpy()],
    )
    found = {
        name: "\n".join(lost.lacking(list(group["query_id"]), n)) or None
        for name, group in clusters.groupby("cluster_id")
    }
    return pd.Series(found, name="unsupported_claims", dtype="str")


def as_question(text: str) -> str:
    """Return a query as a heading: first letter large, with a question mark where it asks.

    >>> as_question("how far does it go")
    'How far does it go?'
    >>> as_question("cargo bike dog box")
    'Cargo bike dog box'
    """
    words = " ".join(text.split()).rstrip("?.! ")
    if not words:
        return text
    mark = "?" if _QUESTION_START.match(words) or text.rstrip().endswith("?") else ""
    return words[0].upper() + words[1:] + mark


def content_words(text: str) -> set[str]:
    """Return the words of a text in lower case, without the most common English ones.

    >>> sorted(content_words("How far does the Drover go?"))
    ['drover', 'far']
    """
    return {
        word
        for word in _WORD.findall(text.lower())
        if word not in ENGLISH_STOP_WORDS and not _QUESTION_START.match(word)
    }


def mark_extracts(claims: Sequence[str], label: str) -> str:
    """Return the body of a draft as Markdown: extracts of answers marked as such, and slots for the editor's own facts."""
    if not claims:
        return f"[FACT NEEDED: a short answer with your own figures and conditions on {label}]"
    extracts = [f"> [EXTRACT TO CHECK] “{claim}”" for claim in claims]
    return "\n\n".join([*extracts, "[FACT NEEDED: what is true of your own offer?]"])


def write_brief(task: str, questions: list[str], claims: list[str], label: str) -> str:
    """Return the brief for an editor: the task, the questions to answer, what answers say that the site lacks, open slots.

    Claims are extracts of logged answers, marked as such: leads to check, not facts to publish.
    """
    lines = [
        task,
        "Answer, in your own words:",
        *(f"- {as_question(question)}" for question in questions),
    ]
    if claims:
        lines += [
            "Logged answers say (extracts to check against your own facts, not text to publish):"
        ]
        lines += [f"- “{claim}” [FACT NEEDED: what is true of your own offer?]" for claim in claims]
    else:
        lines += [f"[FACT NEEDED: your own figures and conditions on {label}]"]
    return "\n".join(lines)
