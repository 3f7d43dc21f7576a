"""Which answers say a sentence, what they cite for it, and whether your site states it."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from coverage_kit.contracts import without_code
from coverage_kit.rank.merging import Statement
from coverage_kit.rank.parties import content_words
from coverage_kit.rank.wording import is_negated
from coverage_kit.tables import Answers, Citations, Passages
from coverage_kit.text.figures import measures_of
from coverage_kit.text.sentences import split_sentences
from coverage_kit.vectors import Vectors

_MARK = re.compile(r"\[(\d{1,2})\](?!\()")
_MARKS_BEHIND = re.compile(r"[\s.,;!?\"”’)]*((?:\s*\[\d{1,2}\](?!\())+)")  # noqa: RUF001 (quotes)
_WORDS = re.compile(r"\W+")
# A third party's page is named before a company's if it is cited this often for each time that the
# other is. Assumed.
_THIRD_PARTY = 0.5
# A sentence states a fact if its passage has at least this cosine with it, and if it has all the
# fact's figures and this share of its words by rarity; by the number of figures, as several equal
# figures are seldom chance. Assumed.
_STATED = {0: (0.5, 0.7), 1: (0.3, 0.5), 2: (0.2, 0.4)}
_PASSAGES = 20


class Sources:
    """The answers of a log and what each of them cites."""

    def __init__(
        self,
        answers: Answers,
        citations: Citations,
        own_passages: Passages,
        other_passages: Passages,
    ) -> None:
        self._of_query: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(list)
        given = answers.dropna(subset=["text"])
        for answer_id, query_id, text in zip(
            given["answer_id"], given["query_id"], given["text"], strict=True
        ):
            if text.strip():
                folded = _fold(_MARK.sub("", text))
                self._of_query[str(query_id)].append((str(answer_id), text, folded))
        cited = citations[citations["kind"] == "cited"].sort_values(["answer_id", "position"])
        self._cited: dict[str, list[tuple[str, str]]] = {
            str(answer_id): list(zip(rows["url"], rows["site"], strict=True))
            for answer_id, rows in cited.groupby("answer_id", sort=False)
        }
        self._companies: set[str] = set(other_passages["site"]) | set(own_passages["site"])
        is_company = cited["site"].isin(self._companies)
        self._company_pages = set(cited.loc[is_company, "url"])

    def count(self, query_ids: Sequence[str]) -> int:
        """Return the number of answers to these queries."""
        return sum(len(self._of_query.get(name, ())) for name in query_ids)

    def answers_with(self, query_id: str, sentence: str) -> list[str]:
        """Return the ids of the answers to a query that have this sentence."""
        folded = _fold(sentence)
        return [name for name, _, text in self._of_query.get(query_id, ()) if folded in text]

    def best(self, sentences: Sequence[tuple[str, str]], is_third_first: bool = True) -> str:
        """Return the page that answers cite most for these sentences; '' where none is cited.

        A citation mark behind a sentence names its page; without one, all that the answer cites
        share it. A third party's page goes before a company's that is cited little more often.

        Args:
            sentences: query_id and sentence of each claim that says the same.
            is_third_first: whether a third party's page goes first.
        """
        marked: Counter[tuple[str, str]] = Counter()
        unmarked: Counter[tuple[str, str]] = Counter()
        for query_id, sentence in sentences:
            folded = _fold(sentence)
            for answer_id, text, plain in self._of_query.get(query_id, ()):
                cited = self._cited.get(answer_id, [])
                if folded not in plain or not cited:
                    continue
                numbers = _numbers_behind(text, sentence)
                for number in numbers:
                    if 0 < number <= len(cited):
                        marked[cited[number - 1]] += 1
                if not numbers and not _MARK.search(text):
                    for page in cited:
                        unmarked[page] += 1
        counts = marked or unmarked
        if not counts:
            return ""
        most = max(counts.values())
        third = {page: n for page, n in counts.items() if page[1] not in self._companies}
        if is_third_first and third and max(third.values()) >= _THIRD_PARTY * most:
            counts = Counter(third)
        return max(counts.items(), key=lambda item: (item[1], item[0]))[0][0]

    def is_company(self, url: str) -> bool:
        """Return whether a page is of your site or of another brand's."""
        return url in self._company_pages


class OwnStatements:
    """What the passages of your site state."""

    def __init__(self, passages: Passages, vectors: Vectors) -> None:
        self._ids: list[str] = passages["passage_id"].tolist()
        self._texts = [without_code(text) for text in passages["text"]]
        self._vectors = vectors
        counts: Counter[str] = Counter()
        for text in self._texts:
            counts.update(content_words(text))
        self._counts = counts

    def find(self, statement: Statement, claim_vectors: Vectors) -> tuple[str, str] | None:
        """Return the passage_id and the sentence that state the same; None where none does.

        The sentence has the same figures, denies as much, and has most of the words by rarity.
        """
        if not len(self._ids):
            return None
        similarity = self._vectors @ claim_vectors[statement.row]
        for row in np.argsort(-similarity, kind="stable")[:_PASSAGES]:
            n_figures = min(sum(map(len, statement.figures.values())), max(_STATED))
            cosine, share = _STATED[n_figures]
            if similarity[row] < cosine:
                break
            for sentence in split_sentences(self._texts[row]):
                if self._states(sentence, statement, share):
                    return self._ids[row], " ".join(sentence.split())
        return None

    def _states(self, sentence: str, statement: Statement, needed: float) -> bool:
        figures = measures_of(sentence)
        has_figures = all(
            values <= figures.get(unit, frozenset()) for unit, values in statement.figures.items()
        )
        if not has_figures or is_negated(sentence) != statement.is_negated:
            return False
        weights = {word: self._weight(word) for word in statement.words}
        total = sum(weights.values())
        known = content_words(sentence)
        share = sum(weight for word, weight in weights.items() if word in known) / (total or 1.0)
        return share >= needed

    def _weight(self, word: str) -> float:
        return float(np.log((1 + len(self._texts)) / (1 + self._counts[word])) + 0.1)


def _fold(text: str) -> str:
    return f" {_WORDS.sub(' ', text).strip().casefold()} "


def _numbers_behind(text: str, sentence: str) -> list[int]:
    """Return the numbers of the citation marks right behind a sentence of an answer."""
    pattern = r"(?:\[\d{1,2}\]|\W)+".join(map(re.escape, re.findall(r"\w+", sentence)))
    match = re.search(pattern, text)
    if match is None:
        return []
    behind = _MARKS_BEHIND.match(text, match.end())
    return [int(number) for number in _MARK.findall(behind[1])] if behind else []
