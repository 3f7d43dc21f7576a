"""Names that clusters may get: titles of cited pages, shared phrases, and clean questions."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

from coverage_kit.match.name_words import (
    ANSWER_SUPPORT,
    TITLE_SUPPORT,
    Candidate,
    ClusterWords,
    Floats,
    Rows,
)
from coverage_kit.text.english import English, Token
from coverage_kit.text.english_words import QUESTION_WORDS, words_of
from coverage_kit.text.language import ENGLISH_SHARE, english_share, may_be_english, split_words
from coverage_kit.text.phrases import (
    DIRECTIONS,
    PhraseFinder,
    content_stems,
    noun_runs,
    stem,
    without_fillers,
)
from coverage_kit.text.questions import (
    MAX_LENGTH,
    QUESTION_MARKS,
    Casing,
    action_phrase,
    capitalised,
    clean_question,
    english_questions,
    plain_text,
)
from coverage_kit.text.spelling import Spelling

# Questions of a cluster, the most asked, in which phrases are searched, and that may name it.
_N_MEMBERS = 40
_N_ASKED = 6
# Titles that the answers to a question cite, the most cited.
_N_TITLES = 20
# Clauses of a question that may name its cluster.
_N_CLAUSES = 3
# Candidates of a cluster that are kept. Assumed, like the numbers above: more cost time only.
_N_KEPT = 10
# Characters of a question's answers of which the words count. Assumed: the subject comes first.
_ANSWER_LENGTH = 800
# Questions by which the language of a log is judged.
_N_OF_LANGUAGE = 300
# Fewer words of a cluster do not show their language; then the log's is theirs.
_MIN_WORDS = 12
# A clause is a part of a question if it has less than this share of it. Assumed.
_PART_SHARE = 0.7
# What counts of the share of the members that cite a title, if only one of three or more does.
_LONE_TITLE = 0.5
# A phrase of one member may name a cluster if this share have all its words. Assumed.
_SAID_SHARE = 0.75
# Each of two alternatives is in this share of the members. Assumed.
_EITHER_SHARE = 0.25
# Verbs that ask for the same.
_SHOWING = words_of("showing displaying printing viewing listing")
# Nouns whose plural has another ending, and back.
PLURALS = {"child": "children", "person": "people", "man": "men", "woman": "women", "foot": "feet"}
_SINGULARS = {plural: noun for noun, plural in PLURALS.items()}
# With these an asker begins to speak of the own case.
_OF_ASKER = words_of("i i'm i've we we're we've he she he's she's it it's they my our his her")


class CandidateFinder:
    """Finds the names that clusters of a log may get, in the words of its texts.

    Args:
        joined: query_id, text and demand of the members, cluster by cluster.
        codes: the cluster of each member, ascending from 0.
        answers: texts of the answers to a query, by its id.
        titles: titles of the pages that those answers cite, by query id.
        brands: names of brands and sites, which name no topic by themselves.
    """

    def __init__(
        self,
        joined: pd.DataFrame,
        codes: Rows,
        answers: Mapping[str, Sequence[str]],
        titles: Mapping[str, Sequence[str]],
        brands: Collection[str],
    ) -> None:
        ids = joined["query_id"].tolist()
        self.texts: list[str] = joined["text"].tolist()
        # the square root, so that one question asked very often does not name its cluster alone
        weights = np.sqrt(np.maximum(joined["demand"].to_numpy(np.float64), 1e-9))
        self.shares: Floats = weights / np.bincount(codes, weights)[codes]
        self._titles = [list(dict.fromkeys(titles.get(query_id, ()))) for query_id in ids]
        starts = [" ".join(answers.get(query_id, ()))[:_ANSWER_LENGTH] for query_id in ids]
        prose = [*starts, *dict.fromkeys(title for row in self._titles for title in row)]
        self._english = English([*self.texts, *prose])
        self._casing = Casing([*prose, *self.texts], brands)
        self._spelling = Spelling([*self.texts, *prose])
        self._tokens = [self._english.tokens(text) for text in self.texts]
        self._finder = PhraseFinder(self._english, self._casing, self._tokens)
        self._brands = [
            frozenset(stem(word) for word in plain_text(name).split()) for name in brands
        ]
        either = "|".join(re.escape(name) for name in brands if name.strip())
        self._brand_words = re.compile(rf"\b(?:{either})(?:['’]s)? ?", re.I) if either else None  # noqa: RUF001
        # the nouns that end a member's phrases: what it is about, not what describes that
        self._heads = [{stem(run[-1].word) for run in noun_runs(row)} for row in self._tokens]
        self._n_heads = Counter(word for row in self._heads for word in row)
        self._clusters_asking: defaultdict[frozenset[str], set[int]] = defaultdict(set)
        for tokens, code in zip(self._tokens, codes.tolist(), strict=True):
            self._clusters_asking[content_stems(tokens)].add(code)
        self._is_english = may_be_english(" ".join(self.texts[:_N_OF_LANGUAGE]))
        self.words = ClusterWords(
            [self._support(row, starts[row]) for row in range(len(ids))],
            codes,
            self.shares,
            self._casing.is_name,
        )

    def _support(self, row: int, answer: str) -> dict[str, float]:
        """Return how far a member has each word: in its question, cited titles, or answers."""
        words = {word.strip(".,;:!?()[]*\"'") for word in answer.lower().split()}
        support = dict.fromkeys(map(stem, words), ANSWER_SUPPORT)
        for title in self._titles[row]:
            tokens = self._english.tokens(title)
            support |= dict.fromkeys(content_stems(tokens), TITLE_SUPPORT)
        return support | dict.fromkeys(content_stems(self._tokens[row]), 1.0)

    def find(self, code: int, rows: Rows) -> list[Candidate]:
        """Return candidates for the cluster of these rows, the best by words first."""
        rows = rows[np.lexsort((rows, -self.shares[rows]))][:_N_MEMBERS]
        if not self._are_english(rows):
            return self._foreign_questions(rows)
        named = [*self._of_titles(rows), *self._of_phrases(rows)]
        attached = {item.stems: item.weight for item in named if item.kind == "phrase"}
        named += self._of_questions(rows)
        for item in named:
            item.attached = self._attached(item, attached)
        return self._best(code, named)

    def is_asked_elsewhere(self, item: Candidate, code: int) -> bool:
        """Return whether a name is a question of another cluster, and of this one not."""
        asking = self._clusters_asking.get(item.stems, set())
        return bool(asking) and code not in asking

    def show(self, item: Candidate, rows: Rows) -> str:
        """Return a candidate as it is shown: titles as written, the asker's slips put right."""
        if item.kind in ("title", "slug"):
            return item.text
        name = self._spelling.correct(item.text)
        name = self._in_plural(name, rows) if item.kind == "phrase" else name
        return name if len(name) <= MAX_LENGTH else item.text

    def nouns(self, name: str, are_heads: bool = False) -> set[str]:
        """Return the nouns of a cluster's name in the singular, without those of a brand.

        Heads are what others describe: "hill" of "steep hills".
        """
        runs = noun_runs(self._english.tokens(name))
        words = {
            singular(token.word)
            for run in runs
            for token in (run[-1:] if are_heads else run)
            if token.kind == "N" and token.word.isalpha()
        }
        return {word for word in words if not self._is_brand(frozenset([stem(word)]))}

    def name_noun(self, noun: str) -> str:
        """Return a noun in the singular as a name, in the plural where the log uses that."""
        plural = PLURALS.get(noun) or self._english.plural(noun, self.texts)
        return capitalised(self._casing.restore(plural, self._is_english))

    def fallback(self, row: int) -> str:
        """Return a question as far as whole clauses, or else whole words of it, fit a name."""
        text = capitalised(self._casing.restore(plain_text(self.texts[row]), self._is_english))
        pieces = [text, *re.split(r"[,;:،，、]\s*", text)]  # noqa: RUF001 (other commas)
        piece = next((piece for piece in pieces if 0 < len(piece) <= MAX_LENGTH), "")
        if self._is_english and self._is_brand(content_stems(self._english.tokens(piece))):
            return f"About {piece}"
        return piece or text[:MAX_LENGTH].rsplit(" ", 1)[0] or "Questions without words"

    def _best(self, code: int, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Return the best candidates by words, each text once; a brand alone is none."""
        named = [item for item in candidates if not self._is_brand(item.stems)]
        self.words.score(code, named)
        ranked = sorted(named, key=rank_of)
        return list({item.text.lower(): item for item in reversed(ranked)}.values())[::-1][:_N_KEPT]

    def _attached(
        self, item: Candidate, weights: Mapping[frozenset[str], float]
    ) -> dict[str, float]:
        """Return which share of the members have a word of a name before the noun behind it.

        Of "merge" in "merge conflict", it is the share of those that speak of merge conflicts.
        """
        shares = {}
        for token, behind in pairwise(self._english.tokens(item.text)):
            # a phrase begins with a noun: "merge" of "merge conflict" is no verb
            if (token.kind in "NJ" or item.kind == "phrase") and behind.kind == "N":
                pair = content_stems([token, behind])
                share = weights.get(pair)
                if share is not None and len(pair) > 1:
                    shares[stem(token.word)] = share
        return shares

    def _is_brand(self, stems: frozenset[str]) -> bool:
        """Return whether there are no other words than those of one brand's name."""
        return any(stems <= brand for brand in self._brands)

    def _are_english(self, rows: Rows) -> bool:
        words = split_words(" ".join(self.texts[row] for row in rows))
        if not self._is_english:
            return english_share(words) >= ENGLISH_SHARE
        return len(words) < _MIN_WORDS or may_be_english(" ".join(words))

    def _of_titles(self, rows: Rows) -> Iterator[Candidate]:
        weights: defaultdict[str, float] = defaultdict(float)
        n_citing: Counter[str] = Counter()
        stems: dict[str, frozenset[str]] = {}
        is_written: defaultdict[str, bool] = defaultdict(bool)
        for row in rows:
            of_row = set()
            for title in self._titles[row][:_N_TITLES]:
                words = self._brand_words.sub("", title) if self._brand_words else title
                for phrase in self._finder.titles(words):
                    of_row.add(phrase.text)
                    stems[phrase.text] = phrase.stems
                    is_written[phrase.text] |= title != title.lower()
            for text in of_row:
                weights[text] += float(self.shares[row])
                n_citing[text] += 1
        total = float(self.shares[rows].sum())
        for text, weight in sorted(weights.items()):
            # A name from an address lacks its capitals, and often its small words.
            kind = "title" if is_written[text] else "slug"
            if kind == "title" or not _is_word_list(self._english.tokens(text)):
                # what a single question cites of several is hardly the topic of all
                is_lone = n_citing[text] == 1 and len(rows) > 2
                share = weight / total * (_LONE_TITLE if is_lone else 1)
                yield Candidate(text, stems[text], kind, share)

    def _of_phrases(self, rows: Rows) -> Iterator[Candidate]:
        forms: defaultdict[frozenset[str], Counter[str]] = defaultdict(Counter)
        rows_of: defaultdict[frozenset[str], set[int]] = defaultdict(set)
        for row in rows:
            for phrase in self._finder.phrases(self.texts[row], self._tokens[row]):
                forms[phrase.stems][phrase.text] += 1
                rows_of[phrase.stems].add(int(row))
        words = [content_stems(self._tokens[row]) for row in rows]
        actions = []
        for stems, counts in forms.items():
            having = sorted(rows_of[stems])
            text = max(counts.items(), key=lambda form: (form[1], -len(form[0]), form[0]))[0]
            n_saying = sum(stems <= row for row in words)
            if len(having) > 1 or len(rows) == 1:
                yield self._of_phrase(text, stems, rows, having)
            elif n_saying >= max(2, _SAID_SHARE * len(rows)) and " and " not in text:
                # most members have its words, in another order
                yield self._of_phrase(text, stems, rows, having)
            if self._english.tokens(text)[0].kind == "G":
                actions.append((text, rows_of[stems], stems))
        for (first, some, stems), (second, others, more) in combinations(actions, 2):
            n_least = min(len(some), len(others))
            is_shared = n_least > 1 and n_least >= _EITHER_SHARE * len(rows)
            is_shared |= stems ^ more <= DIRECTIONS
            if is_shared and (text := _either(first, second)):
                item = self._of_phrase(text, stems | more, rows, sorted(some | others))
                item.either = stems ^ more
                yield item

    def _of_phrase(
        self, text: str, stems: frozenset[str], rows: Rows, having: list[int]
    ) -> Candidate:
        """Return the candidate of a phrase that some members have; a single noun ends theirs."""
        item = Candidate(text, stems, "phrase", 0.0)
        if len(stems) == 1:
            (word,) = stems
            having = [row for row in having if word in self._heads[row]]
            item.own = len(having) / max(1, self._n_heads[word])
        item.weight = float(self.shares[having].sum() / self.shares[rows].sum())
        return item

    def _of_questions(self, rows: Rows) -> Iterator[Candidate]:
        total = float(self.shares[rows].sum())
        for row in rows[:_N_ASKED]:
            share = float(self.shares[row]) / total
            forms = english_questions(self.texts[row], self._english, self._casing)
            for rank, form in enumerate(forms[:_N_CLAUSES], 1):
                tokens = self._english.tokens(form)
                if tokens[0].kind == "G" and form[-1] != "?":
                    form = without_fillers(form, self._english)  # noqa: PLW2901
                    tokens = self._english.tokens(form)
                stems = content_stems(tokens)
                kind = self._kind_of(form, tokens, len(self.texts[row]))
                yield Candidate(form, stems, kind, share / rank, int(row))
                if action := action_phrase(form, self._english, self._casing):
                    yield Candidate(action, stems, "phrase", share, int(row))

    def _kind_of(self, form: str, tokens: list[Token], n_typed: int) -> str:
        if _is_word_list(tokens):
            return "part"
        if form.endswith("?"):
            return "question"
        if tokens[0].word in _OF_ASKER:
            return "statement"
        if any(token.word in QUESTION_WORDS for token in tokens[1:]):
            return "part"  # "opinions after a year what broke"
        return "part" if len(form) < _PART_SHARE * n_typed else "question"

    def _foreign_questions(self, rows: Rows) -> list[Candidate]:
        """Return the short questions of another language in clean writing, the most asked first.

        What words of a language tell is not known, so that only demand counts, and whether a
        sentence asks.
        """
        total = float(self.shares[rows].sum())
        found: dict[str, Candidate] = {}
        for row in rows:
            if text := clean_question(self.texts[row], self._casing):
                stems = frozenset(map(stem, split_words(text)))
                kind = "question" if text[-1] in QUESTION_MARKS else "part"
                share = float(self.shares[row]) / total
                item = Candidate(text, stems, kind, share, int(row), share)
                item.score -= kind == "part"
                found.setdefault(text.lower(), item)
        return list(found.values())[:_N_KEPT]

    def _in_plural(self, name: str, rows: Rows) -> str:
        """Return a name that is one noun in the plural: "Merge conflicts"."""
        tokens = self._english.tokens(name)
        last = tokens[-1]
        is_name = self._casing.is_name(last.word) or (len(tokens) > 1 and last.text != last.word)
        # a phrase begins with a noun or a form in -ing: "Merge" in "Merge conflicts" is no verb
        kinds = ["G" if tokens[0].kind == "G" else "N", *(token.kind for token in tokens[1:])]
        if is_name or any(kind not in "NJ" for kind in kinds):
            return name
        texts = [text for row in rows for text in (self.texts[row], *self._titles[row])]
        return self._english.plural(name, texts)


def singular(word: str) -> str:
    """Return a noun in the singular as far as its ending shows it.

    >>> [singular(word) for word in ("batteries", "children", "tyres", "glass", "brushes", "gps")]
    ['battery', 'child', 'tyre', 'glass', 'brush', 'gps']
    """
    if word in _SINGULARS:
        return _SINGULARS[word]
    if len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    return re.sub(r"(?<=[sxz])es\Z|(?<=[cs]h)es\Z|s\Z", "", re.sub(r"ies\Z", "y", word))


def _either(first: str, second: str) -> str:
    """Return "Copying files to or from a remote" of phrases that differ in one word; '' else."""
    words, others = first.split(), second.split()
    differ = [
        n for n, (word, other) in enumerate(zip(words, others, strict=False)) if word != other
    ]
    if len(words) != len(others) or len(differ) != 1:
        return ""
    pair = [words[differ[0]].lower(), others[differ[0]].lower()]
    if stem(pair[0]) == stem(pair[1]) or _SHOWING.issuperset(pair):
        return ""
    words[differ[0]] = f"{words[differ[0]]} or {pair[1]}"
    text = " ".join(words)
    return text if len(text) <= MAX_LENGTH else ""


def rank_of(item: Candidate) -> tuple[float, str]:
    """Return what candidates are sorted by: the best first, and equals by their text."""
    return -round(item.score, 9), item.text


def _is_word_list(tokens: list[Token]) -> bool:
    """Return whether a text has many words and none that joins them: keywords, no phrase."""
    return len(tokens) > 3 and all(token.kind in "NJ" for token in tokens)
