"""Names of clusters: a noun phrase of the topic, or a short question that people ask; and medoids.

Candidates are phrases that several questions of a cluster share, titles of pages that their answers
cite, and questions in clean writing. The best is chosen by the words of the cluster, by closeness
to it in the encoder's vectors, by demand, and by brevity. The medoid is the query nearest to the
cluster's mean.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from coverage_kit.tables import LABELS, Clusters, Labels, Queries, checked
from coverage_kit.text.english import English, Token
from coverage_kit.text.language import (
    ENGLISH_SHARE,
    english_share,
    is_english,
    split_words,
)
from coverage_kit.text.phrases import PhraseFinder, content_stems, stem
from coverage_kit.text.questions import (
    MAX_LENGTH,
    Casing,
    action_phrase,
    capitalised,
    clean_question,
    english_questions,
    plain_text,
)
from coverage_kit.text.spelling import Spelling
from coverage_kit.vectors import Embeddings, Encoder, Vectors, to_unit_length

# Candidates of a cluster whose vectors are compared with it. Assumed: more cost time only.
_N_EMBEDDED = 15
# A word that tells clusters apart by less is too common to be half of a name. Assumed.
_TELLING = 0.4
# The best names of a theme that are joined in pairs. Assumed.
_N_PAIRED = 6
# Questions of a cluster, the most asked, that may name it and in whose words it is described.
_N_QUESTIONS = 40
# Characters of a question's answers of which the words count. Assumed: the subject comes first.
_ANSWER_LENGTH = 1500
# What a word counts as if the question does not say it, but a cited page's title or an answer does.
_TITLE_SUPPORT = 0.7
_ANSWER_SUPPORT = 0.5

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass
class _Candidate:
    """A name that a cluster may get: its text, stems of its words, and what speaks for it.

    Attributes:
        text: the name in clean writing.
        stems: of its words that have a meaning.
        kind: "title", "phrase" or "question".
        weight: share of the cluster's members that have it: cite it, share it, or ask it.
        row: the member that asks it, so that it is not compared with itself; -1 for others.
    """

    text: str
    stems: frozenset[str]
    kind: str
    weight: float
    row: int = -1
    score: float = 0.0


@checked
def label_clusters(
    queries: Queries,
    clusters: Clusters,
    embeddings: Embeddings,
    encoder: Encoder | None = None,
    answers: Mapping[str, Sequence[str]] | None = None,
    titles: Mapping[str, Sequence[str]] | None = None,
    brands: Collection[str] = (),
    with_questions: bool = True,
) -> Labels:
    """Return a name and the medoid query of each cluster.

    Args:
        queries: the queries, with their demand.
        clusters: the cluster of each query; ids of themes name themes.
        embeddings: vectors of the queries in which the medoid is the nearest to the mean.
        encoder: compares candidates with the cluster; without it only words do.
        answers: texts of the answers to a query, by its id.
        titles: titles of the pages that those answers cite, by query id.
        brands: names of brands and sites, which name no topic by themselves.
        with_questions: whether a question may be a name; themes are named by phrases.

    A name has at most 60 characters. No two clusters share one.
    """
    joined = clusters.merge(queries[["query_id", "text", "demand"]], on="query_id").sort_values(
        "cluster_id", kind="stable"
    )
    if joined.empty:
        return LABELS.empty()
    codes, cluster_ids = pd.factorize(joined["cluster_id"])
    row_of = pd.Series(np.arange(len(embeddings)), index=list(embeddings.ids))
    medoids = _medoids(embeddings.vectors[row_of.loc[joined["query_id"]].to_numpy()], codes)
    namer = _Namer(joined, codes, answers or {}, titles or {}, brands)
    names = namer.names(encoder, with_questions, medoids)
    return LABELS.typed(
        pd.DataFrame(
            {
                "cluster_id": cluster_ids,
                "label": names,
                "medoid_query_id": joined["query_id"].iloc[medoids].array,
            }
        )
    )


def _medoids(vectors: Vectors, codes: Rows) -> Rows:
    """Return the row of the query nearest to each cluster's mean, the first of equals.

    Codes ascend from 0.
    """
    means = _indicator(codes) @ vectors / np.bincount(codes)[:, None].astype(np.float32)
    similarity = np.round(np.einsum("ij,ij->i", vectors, means[codes]), 6)
    order = np.lexsort((-similarity, codes))
    return np.asarray(order[np.flatnonzero(np.diff(codes, prepend=-1))], dtype=np.int64)


def _indicator(codes: Rows) -> sparse.csr_matrix:
    """Return which rows are in which cluster, shape (clusters, rows)."""
    return sparse.csr_matrix((np.ones(len(codes), np.float32), (codes, np.arange(len(codes)))))


class _Namer:
    """Names the clusters of a log from its texts."""

    def __init__(
        self,
        joined: pd.DataFrame,
        codes: Rows,
        answers: Mapping[str, Sequence[str]],
        titles: Mapping[str, Sequence[str]],
        brands: Collection[str],
    ) -> None:
        self.texts = joined["text"].tolist()
        ids = joined["query_id"].tolist()
        self.codes = codes
        # the square root, so that one question asked very often does not name its cluster alone
        self.weights = np.sqrt(np.maximum(joined["demand"].to_numpy(np.float64), 1e-9))
        self.titles = [list(dict.fromkeys(titles.get(i, ()))) for i in ids]
        self.answers = [" ".join(answers.get(i, ()))[:_ANSWER_LENGTH] for i in ids]
        self.members = np.split(np.arange(len(codes)), np.flatnonzero(np.diff(codes)) + 1)
        prose = [*self.answers, *dict.fromkeys(t for row in self.titles for t in row)]
        self.english = English([*self.texts, *prose])
        self.casing = Casing([*prose, *self.texts], brands)
        self.spelling = Spelling([*self.texts, *prose])
        self.tokens = [self.english.tokens(text) for text in self.texts]
        self.finder = PhraseFinder(self.english, self.casing, self.tokens)
        self.brands = [
            frozenset(stem(word) for word in plain_text(name).split()) for name in brands
        ]
        alternatives = "|".join(re.escape(name) for name in brands if name.strip())
        self._brand_words = (
            re.compile(rf"\b(?:{alternatives})(?:'s|’s)? ?", re.I) if alternatives else None  # noqa: RUF001
        )
        self._log_is_english = is_english(" ".join(self.texts[:300]))
        self._weigh_words()

    def _weigh_words(self) -> None:
        """Store how typical each word is of each cluster, and how telling it is on this log."""
        column_of: dict[str, int] = {}
        rows, columns, values = [], [], []
        title_stems: dict[str, frozenset[str]] = {}
        for row, tokens in enumerate(self.tokens):
            support: dict[str, float] = {}
            for word in set(self.answers[row].lower().split()):
                support[stem(word.strip(".,;:!?()[]*\"'"))] = _ANSWER_SUPPORT
            for title in self.titles[row]:
                if title not in title_stems:
                    title_stems[title] = content_stems(self.english.tokens(title))
                support |= dict.fromkeys(title_stems[title], _TITLE_SUPPORT)
            support |= dict.fromkeys(content_stems(tokens), 1.0)
            for word, value in support.items():
                rows.append(row)
                columns.append(column_of.setdefault(word, len(column_of)))
                values.append(value)
        shape = (len(self.tokens), max(1, len(column_of)))
        words = sparse.csr_matrix((values, (rows, columns)), shape=shape)
        shares = self.weights / np.bincount(self.codes, self.weights)[self.codes]
        indicator = sparse.csr_matrix((shares, (self.codes, np.arange(len(self.codes)))))
        self.typical = (indicator @ words).tocsr()
        self.asked = (indicator @ (words == 1)).tocsr()
        background = np.asarray(self.typical.mean(axis=0)).ravel()
        n = self.typical.shape[0]
        # 1 for a word of one cluster alone, 0 for one that all clusters have
        self.telling = np.clip(-np.log(np.maximum(background, 1e-9)) / np.log(n + 2.0), 0, 1)
        self.column_of = column_of
        self.n_rows_with = np.asarray((words > 0).sum(axis=0)).ravel()

    def names(self, encoder: Encoder | None, with_questions: bool, medoids: Rows) -> list[str]:
        """Return the name of each cluster, in the order of their codes."""
        candidates = [
            self._candidates(code, rows, with_questions) for code, rows in enumerate(self.members)
        ]
        if encoder is not None:
            self._compare(candidates, encoder)
        demand = np.bincount(self.codes, self.weights**2)
        names = [""] * len(candidates)
        used: set[str] = set()
        used_stems: set[frozenset[str]] = set()
        for code in np.argsort(-demand, kind="stable"):
            ranked = sorted(candidates[code], key=lambda item: (-round(item.score, 9), item.text))
            free = [item for item in ranked if item.text.lower() not in used]
            distinct = [item for item in free if self._mark(item) not in used_stems]
            chosen = next(iter(distinct or free), None)
            name = self._name_of(chosen, self.members[code]) if chosen else self._fallback(int(medoids[code]), used)
            names[code] = name
            used.add(name.lower())
            if chosen:
                used_stems.add(self._mark(chosen))
        return names

    def _name_of(self, item: _Candidate, rows: Rows) -> str:
        """Return a candidate as it is shown: titles as written, the asker's words put right."""
        if item.kind in ("title", "slug"):
            return item.text
        name = self.spelling.correct(item.text)
        return self._in_plural(name, rows) if item.kind == "phrase" else name

    def _in_plural(self, name: str, rows: Rows) -> str:
        """Return a name that is one noun in the plural: "Merge conflicts".

        It has to be one that the log's questions use, or that these rows have.
        """
        tokens = self.english.tokens(name)
        last = tokens[-1]
        is_name = self.casing.is_name(last.word) or (len(tokens) > 1 and last.text != last.word)
        if is_name or any(token.kind not in "NJ" for token in tokens):
            return name
        texts = [text for row in rows for text in (self.texts[row], *self.titles[row])]
        return self.english.plural(name, texts)

    def _mark(self, item: _Candidate) -> frozenset[str]:
        """Return the telling words of a candidate: names that share them are near-twins."""
        telling = {word for word in item.stems if self._telling(word) > 0.3}
        return frozenset(telling or item.stems or {item.text.lower()})

    def _telling(self, word: str) -> float:
        column = self.column_of.get(word)
        return 1.0 if column is None else float(self.telling[column])

    def _fallback(self, row: int, used: set[str]) -> str:
        """Return the medoid as it is typed, whole words of it, with a number where it is used."""
        text = capitalised(self.casing.restore(plain_text(self.texts[row]))) or "Questions"
        if len(text) > MAX_LENGTH:
            text = text[:MAX_LENGTH].rsplit(" ", 1)[0].rstrip(" ,.;:-")
        number = 2
        name = text
        while name.lower() in used:
            name = f"{text[: MAX_LENGTH - 5]} ({number})"
            number += 1
        return name

    def _candidates(self, code: int, rows: Rows, with_questions: bool) -> list[_Candidate]:
        """Return the candidates of a cluster, the best by words first."""
        order = np.lexsort((rows, -self.weights[rows]))
        rows = rows[order][:_N_QUESTIONS]
        shares = self.weights[rows] / self.weights[rows].sum()
        text = " ".join(self.texts[row] for row in rows)
        english = self._log_is_english
        if english and len(text.split()) > 12:
            english = is_english(text)
        elif not english:
            english = english_share(split_words(text)) >= ENGLISH_SHARE
        found: dict[str, _Candidate] = {}
        makers: list[Iterator[_Candidate]] = []
        if english:
            makers += [self._titles(rows, shares), self._phrases(rows, shares)]
            if with_questions or len(rows) == 1:
                makers.append(self._questions(rows, shares))
        else:
            makers.append(self._foreign_questions(rows, shares))
        for maker in makers:
            for item in maker:
                if any(item.stems <= brand for brand in self.brands):
                    continue
                item.score = self._score_words(code, item)
                key = item.text.lower()
                if key not in found or found[key].score < item.score:
                    found[key] = item
        ranked = sorted(found.values(), key=lambda item: (-round(item.score, 9), item.text))
        if english and not with_questions:
            ranked = [item for item in ranked if item.text[-1] != "?"]
            ranked = [*self._pairs(code, ranked[:_N_PAIRED]), *ranked]
        return ranked[:_N_EMBEDDED]

    def _pairs(self, code: int, ranked: list[_Candidate]) -> Iterator[_Candidate]:
        """Yield "Batteries and charging" of short names without a word in common."""
        short = [
            item
            for item in ranked
            if len(item.stems) <= 2
            and item.text[-1] != "?"
            and " and " not in item.text
            and max(map(self._telling, item.stems)) > _TELLING
        ]
        for first, second in combinations(short, 2):
            if first.stems & second.stems:
                continue
            start = second.text.split(" ")[0]
            name = second.text if self.casing.is_name(start.lower()) else _lowered(second.text)
            text = f"{self._in_plural(first.text, self.members[code])} and {name}"
            if len(text) <= MAX_LENGTH:
                item = _Candidate(text, first.stems | second.stems, "pair", second.weight)
                item.score = self._score_words(code, item)
                yield item

    def _titles(self, rows: Rows, shares: Floats) -> Iterator[_Candidate]:
        weights: Counter[str] = Counter()
        phrases = {}
        is_written: defaultdict[str, bool] = defaultdict(bool)
        for row, share in zip(rows, shares, strict=True):
            of_row = {}
            for title in self.titles[row][:20]:
                for phrase in self.finder.titles(self._without_brands(title)):
                    of_row[phrase.text] = phrase
                    is_written[phrase.text] |= title != title.lower()
            for text, phrase in of_row.items():
                weights[text] += share
                phrases[text] = phrase
        for text, weight in weights.items():
            # a name from an address lacks its capitals and some of its words
            kind = "title" if is_written[text] else "slug"
            tokens = self.english.tokens(text)
            if kind == "slug" and len(tokens) > 3 and all(token.kind in "NJ" for token in tokens):
                continue
            yield _Candidate(text, phrases[text].stems, kind, float(weight))

    def _without_brands(self, title: str) -> str:
        return self._brand_words.sub("", title) if self._brand_words else title

    def _phrases(self, rows: Rows, shares: Floats) -> Iterator[_Candidate]:
        forms: dict[frozenset[str], Counter[str]] = defaultdict(Counter)
        weights: Counter[frozenset[str]] = Counter()
        n_members: Counter[frozenset[str]] = Counter()
        for row, share in zip(rows, shares, strict=True):
            of_row = set()
            for phrase in self.finder.phrases(self.texts[row], self.tokens[row]):
                forms[phrase.stems][phrase.text] += 1
                of_row.add(phrase.stems)
            for stems in of_row:
                weights[stems] += share
                n_members[stems] += 1
        for stems, weight in weights.items():
            if n_members[stems] > 1 or len(rows) == 1:
                text = max(forms[stems].items(), key=lambda item: (item[1], -len(item[0])))[0]
                yield _Candidate(text, stems, "phrase", float(weight))

    def _questions(self, rows: Rows, shares: Floats) -> Iterator[_Candidate]:
        for row, share in zip(rows[:8], shares, strict=False):
            forms = english_questions(self.texts[row], self.english, self.casing)
            for rank, form in enumerate(forms[:3]):
                tokens = self.english.tokens(form)
                stems = content_stems(tokens)
                is_part = len(form) < 0.7 * len(self.texts[row])
                kind = "question" if form.endswith("?") or not is_part else "part"
                if len(tokens) > 3 and all(token.kind in "NJ" for token in tokens):
                    kind = "part"  # keywords for a search engine, no sentence
                if not form.endswith("?") and tokens[0].word in _TELLING_OF_SELF:
                    kind = "statement"
                yield _Candidate(form, stems, kind, float(share) / (1 + rank), int(row))
                action = action_phrase(form, self.english, self.casing)
                if action:
                    yield _Candidate(action, stems, "phrase", float(share), int(row))

    def _foreign_questions(self, rows: Rows, shares: Floats) -> Iterator[_Candidate]:
        for row, share in islice(zip(rows, shares, strict=True), 12):
            text = clean_question(self.texts[row], self.casing)
            if text:
                stems = frozenset(text.lower().split())
                yield _Candidate(text, stems, "question", float(share), int(row))

    def _score_words(self, code: int, item: _Candidate) -> float:
        """Return how well a candidate's words are the cluster's: an F-score, and its share."""
        columns = [self.column_of[word] for word in item.stems if word in self.column_of]
        n_unknown = len(item.stems) - len(columns)
        typical = np.asarray(self.typical[code, columns].todense()).ravel()
        telling = self.telling[columns]
        row = self.typical[code]
        importance = np.sort(row.data * self.telling[row.indices])[::-1][:3].sum()
        precision = (typical * telling).sum() / max(1e-9, telling.sum() + n_unknown)
        recall = min(1.0, (typical * telling).sum() / max(1e-9, importance))
        words = 2 * precision * recall / max(1e-9, precision + recall)
        asked = np.asarray(self.asked[code, columns].todense()).ravel()
        score = words + _PRIOR[item.kind] + 0.4 * item.weight - _length_cost(item)
        if item.kind in ("title", "slug", "phrase", "pair"):
            # "Battery" or "Cargo bike" alone is too wide for one of many topics on them
            score -= 0.5 * (1 - min(1.0, float((asked * telling).sum())))
        # a title's words that nobody asks with are its author's, and so is a product's name
        score -= 0.2 * max(0.0, 1 - asked.max(initial=0.0) / 0.4)
        score -= _UNASKED_COST.get(item.kind, 0.0) * float((asked == 0).sum() + n_unknown)
        names = {
            stem(word)
            for word in item.text.split()
            if self.casing.is_name(word.lower()) or any(sign.isdigit() for sign in word)
        }
        strange = [
            word for word, share in zip(columns, asked, strict=True) if share < 0.5
        ]
        if len(self.members[code]) > 1:
            score -= 0.08 * float((self.n_rows_with[columns] == 1).sum())
        words_of = {self.column_of[word]: word for word in item.stems if word in self.column_of}
        score -= 0.35 * len(names & {words_of[column] for column in strange})
        return float(score)

    def _compare(self, candidates: list[list[_Candidate]], encoder: Encoder) -> None:
        """Add to the scores how near each candidate is to its cluster, and how far from others."""
        members = np.asarray(encoder.encode(self.texts, "query"), dtype=np.float64)
        centre = members.mean(axis=0)
        members = to_unit_length(members - centre)
        shares = self.weights / np.bincount(self.codes, self.weights)[self.codes]
        indicator = sparse.csr_matrix((shares, (self.codes, np.arange(len(self.codes)))))
        means = indicator @ members
        directions = to_unit_length(means)
        flat = [(code, item) for code, items in enumerate(candidates) for item in items]
        if not flat:
            return
        vectors = to_unit_length(
            np.asarray(encoder.encode([item.text for _, item in flat], "query")) - centre
        )
        for start in range(0, len(flat), 4096):
            block = vectors[start : start + 4096]
            near = block @ directions.T
            for (code, item), vector, cosines in zip(
                flat[start : start + 4096], block, near, strict=True
            ):
                own = float(vector @ means[code])
                if item.row >= 0 and len(self.members[code]) > 1:
                    share = shares[item.row]
                    own = (own - share * float(vector @ members[item.row])) / (1 - share)
                others = np.delete(cosines, code)
                margin = float(cosines[code] - others.max()) if len(others) else 0.0
                item.score += 1.0 * own + 0.5 * min(0.1, margin)


# What a kind of name has in its favour. A title was written by a person as a name.
_PRIOR = {"title": 0.1, "slug": 0.0, "phrase": 0.05, "question": 0.0, "pair": 0.0, "part": -0.15, "statement": -0.3}
# What each word costs that no question of the cluster has.
_UNASKED_COST = {"title": 0.04, "slug": 0.12}
# With these an asker begins to speak of the own case.
_TELLING_OF_SELF = frozenset(
    "i i'm i've we we're we've he she he's she's it it's they my our his her".split()
)


def _lowered(name: str) -> str:
    """Return a name to stand within another: its capital is left only to "GPS" and the like."""
    return name[:1].lower() + name[1:] if name[1:2] == name[1:2].lower() else name


def _length_cost(item: _Candidate) -> float:
    """Return what words beyond six, and words with a meaning beyond three cost; and a lone word."""
    n_words = len(item.text.split())
    cost = 0.03 * max(0, n_words - 6) + 0.03 * max(0, len(item.stems) - 3)
    return cost + (0.2 if n_words == 1 else 0.0)


_ = (Token,)
