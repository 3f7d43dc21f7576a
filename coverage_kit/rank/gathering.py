"""Facts that the logged answers of a topic state, merged, and which of them answer it best."""

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from coverage_kit.rank.brief_material import BriefMaterial, Topic
from coverage_kit.rank.briefs import BriefQuestion
from coverage_kit.rank.merging import (
    Statement,
    clearest,
    contradict,
    merge_statements,
    read_statement,
)
from coverage_kit.rank.parties import Parties, content_words, read_parties
from coverage_kit.rank.sources import OwnStatements, Sources
from coverage_kit.rank.wording import answer_to, clean_fact, is_anecdote
from coverage_kit.text.answer_kinds import asked_kind, states
from coverage_kit.text.english import English

# Facts of a brief, and of one question, at most. Assumed.
_MAX_FACTS = 8
_MAX_FACTS_OF_QUESTION = 3
# A claim answers a question of another topic if that is this near to it, and nearer than the
# questions of its own topic by this margin. Assumed.
_NEAR = 0.5
_MARGIN = 0.25
# A claim that has no word of its topic has to be this near to a question of it. Assumed.
_ON_SUBJECT = 0.2
# What a fact gains by each further answer, by a figure of the kind asked for, and loses as one
# person's report or another company's. Assumed; cosines are between 0 and 1.
_BY_ANSWER = 0.04
_MAX_COUNTED = 5
_BY_KIND = 0.08
_ANECDOTE = 0.15
_OF_OTHER = 0.1
# Terms of an offer.
_OFFER = re.compile(
    r"\b(?:you get|(?:card|refundable) deposit|days?['\u2019]? notice|minimum term|joining fee|"
    r"free (?:delivery|collection)|refunded|comes with)\b",
    re.I,
)


# Terms of a contract, whoever reports them.
_TERMS = re.compile(
    r"\b(?:minimum (?:period|term)|month['\u2019]s notice|they collect|you['\u2019]d owe|fair wear|"
    r"cancellation fee|excess of)\b",
    re.I,
)
# "The 2.8 kg battery" is that of one product.
_A_PRODUCT = re.compile(
    r"\b(?:the|its) \d[\d.,]*[\s-]?(?:kg|g|cm|mm|m|km|Wh|Nm|V|Ah|litres?|inch)\b", re.I
)


class Found(NamedTuple):
    """A merged fact: its clearest wording, the questions of its answers, and whose fact it is."""

    statement: Statement
    members: tuple[Statement, ...]
    query_ids: frozenset[str]
    n_answers: int
    is_of_other: bool


class Gatherer:
    """Gathers the facts of a log by topic.

    Args:
        material: the log and your passages.
        english: which words are verbs.
    """

    def __init__(self, material: BriefMaterial, english: English) -> None:
        self._material = material
        self._english = english
        answers = material.answers["text"].dropna()
        self.parties: Parties = read_parties(
            material.brand_names, answers, material.own_passages, material.other_passages
        )
        self.sources = Sources(
            material.answers, material.citations, material.own_passages, material.other_passages
        )
        self._others = OwnStatements(material.other_passages, material.other_vectors)
        self._texts = dict(zip(material.queries["query_id"], material.queries["text"], strict=True))
        self.row_of = {str(name): row for row, name in enumerate(material.queries["query_id"])}
        self._claim_texts: list[str] = material.claims["text"].tolist()
        self._claim_queries: list[str] = [str(name) for name in material.claims["query_id"]]
        rows: defaultdict[str, list[int]] = defaultdict(list)
        for row, query_id in enumerate(self._claim_queries):
            rows[query_id].append(row)
        self._claim_rows = rows
        codes = material.clusters.set_index("query_id")["cluster_id"]
        self._clusters = codes.reindex(material.queries["query_id"]).to_numpy()

    def claims_of(self, query_id: str) -> list[str]:
        """Return the sentences of the answers to a question."""
        return [self._claim_texts[row] for row in self._claim_rows.get(query_id, ())]

    def source_of(self, fact: Found) -> str:
        """Return the page that the answers cite most for a fact; '' where none is cited."""
        return self.sources.best(
            [(self._claim_queries[each.row], self._claim_texts[each.row]) for each in fact.members]
        )

    def find(
        self,
        topic: Topic,
        members: Sequence[str],
        questions: Sequence[BriefQuestion],
        is_comparison: bool,
    ) -> list[Found]:
        """Return the facts of the answers to these questions, those of most answers first."""
        rows = [row for name in members for row in self._claim_rows.get(name, ())]
        if not rows:
            return []
        belongs = self._belongs(rows, topic, members)
        statements: list[Statement] = []
        is_of_other: dict[int, bool] = {}
        was_of_other, before = False, -1
        compared = self._compared(topic, questions) if is_comparison else frozenset()
        asked_by = {question.query_id: question.text for question in questions}
        for row, is_own_topic in zip(rows, belongs, strict=True):
            text = self._claim_texts[row]
            is_other = self.parties.is_of_other(text)
            # "The same bike …" goes on with what the sentence before it says of another company
            follows = before >= 0 and self._is_next(before, row)
            is_other = is_other or (follows and was_of_other and text.startswith(("The ", "Its ")))
            is_other = is_other or self._is_offer(row, text)
            was_of_other, before = is_other, row
            asked = asked_by.get(self._claim_queries[row], "")
            clean = clean_fact(answer_to(asked, text), self._english)
            # A comparison is of those whom the topic names.
            is_stranger = bool(compared) and not self._brands_in(text) <= compared
            if clean and is_own_topic and not is_stranger:
                statements.append(read_statement(row, clean))
                is_of_other[row] = is_other
        groups = merge_statements(statements, self._material.claim_vectors)
        found = []
        for group in groups:
            general = [each for each in group if not is_of_other[each.row]]
            best = clearest(general or group, self._material.claim_vectors)
            answers = {
                answer
                for each in group
                for answer in self.sources.answers_with(
                    self._claim_queries[each.row], self._claim_texts[each.row]
                )
            }
            names_other = self.parties.names_other(best.text)
            found.append(
                Found(
                    best,
                    tuple(group),
                    frozenset(self._claim_queries[each.row] for each in group),
                    len(answers),
                    (not general and not (is_comparison and names_other))
                    or self._is_of_company(best, group),
                )
            )
        return sorted(found, key=lambda fact: (-fact.n_answers, fact.statement.row))

    def choose(
        self, found: list[Found], questions: Sequence[BriefQuestion], members: Sequence[str]
    ) -> list[tuple[Found, BriefQuestion]]:
        """Return the facts with the question that each answers: questions take turns."""
        ranked = {
            question.query_id: sorted(
                (fact for fact in found if question.query_id in fact.query_ids),
                key=lambda fact: (-round(self.score(fact, question), 6), fact.statement.row),
            )
            for question in questions
        }
        chosen: list[tuple[Found, BriefQuestion]] = []
        vectors = self._material.claim_vectors
        # a topic of one question may have as many facts as one of several
        n_turns = max(_MAX_FACTS_OF_QUESTION, _MAX_FACTS // max(1, len(questions)))
        for turn in range(n_turns):
            for question in questions:
                if len(chosen) >= _MAX_FACTS:
                    break
                taken = sum(asked.query_id == question.query_id for _, asked in chosen)
                if taken > turn:
                    continue
                for fact in ranked[question.query_id]:
                    known = [other for other, _ in chosen]
                    if fact in known or any(
                        contradict(fact.statement, other.statement, vectors) for other in known
                    ):
                        continue
                    chosen.append((fact, question))
                    break
        order = {question.query_id: place for place, question in enumerate(questions)}
        chosen.sort(key=lambda pair: (-pair[0].n_answers, order[pair[1].query_id]))
        return chosen

    def score(self, fact: Found, question: BriefQuestion) -> float:
        """Return how well a fact answers a question, and how much it is worth."""
        similarity = self.similarity(fact, question)
        kind = asked_kind(question.text)
        return (
            similarity
            + _BY_ANSWER * min(fact.n_answers, _MAX_COUNTED)
            + _BY_KIND * (kind is not None and states(kind, fact.statement.text))
            - _ANECDOTE * is_anecdote(fact.statement.text)
            - _OF_OTHER * fact.is_of_other
        )

    def similarity(self, fact: Found, question: BriefQuestion) -> float:
        """Return the cosine of a fact with a question."""
        vector = self._material.query_vectors[self.row_of[question.query_id]]
        return float(self._material.claim_vectors[fact.statement.row] @ vector)

    def _belongs(self, rows: Sequence[int], topic: Topic, members: Sequence[str]) -> list[bool]:
        """Return which claims are nearer to this topic's questions than to others, and on it."""
        vectors = self._material.claim_vectors[rows]
        similarity = vectors @ self._material.query_vectors.T
        is_other = self._clusters != topic.cluster_id
        own = similarity[:, [self.row_of[name] for name in members]].max(axis=1)
        other = similarity[:, is_other].max(axis=1) if is_other.any() else np.zeros(len(rows))
        words = content_words(topic.label).union(
            *(content_words(self._texts[name]) for name in members)
        )
        return [
            not (other[place] >= _NEAR and other[place] - own[place] > _MARGIN)
            and (own[place] >= _ON_SUBJECT or bool(words & content_words(self._claim_texts[row])))
            for place, row in enumerate(rows)
        ]

    def _compared(self, topic: Topic, questions: Sequence[BriefQuestion]) -> frozenset[str]:
        """Return the brands that a topic compares; none where its own name has none."""
        named = self._brands_in(topic.label)
        return named | self._brands_in(questions[0].text) if named and questions else named

    def _brands_in(self, text: str) -> frozenset[str]:
        folded = text.casefold()
        brands = (names[0] for names in self._material.brand_names if names)
        return frozenset(brand for brand in brands if brand.casefold() in folded)

    def _is_of_company(self, statement: Statement, group: Sequence[Statement]) -> bool:
        """Return whether a fact that names nobody is another company's all the same.

        Its pages are cited for it rather than those of third parties, or they state its figures.
        """
        sentences = [(self._claim_queries[each.row], self._claim_texts[each.row]) for each in group]
        if self.sources.is_company(self.sources.best(sentences)) or _A_PRODUCT.search(
            statement.text
        ):
            return True
        has_figures = any(statement.figures.values())
        found = self._others.find(statement, self._material.claim_vectors) if has_figures else None
        return found is not None

    def _is_offer(self, row: int, text: str) -> bool:
        """Return whether a sentence tells the terms of an offer, from a company's page alone."""
        if _TERMS.search(text):
            return True
        if _OFFER.search(text) is None:
            return False
        source = self.sources.best([(self._claim_queries[row], text)], is_third_first=False)
        return source != "" and self.sources.is_company(source)

    def _is_next(self, before: int, row: int) -> bool:
        """Return whether a claim is the next sentence of an answer."""
        ids = self._claim_ids
        return ids[before][0] == ids[row][0] and ids[before][1] + 1 == ids[row][1]

    @cached_property
    def _claim_ids(self) -> list[tuple[str, int]]:
        parts = [str(name).rpartition("#") for name in self._material.claims["claim_id"]]
        return [(answer, int(place) if place.isdigit() else -1) for answer, _, place in parts]
