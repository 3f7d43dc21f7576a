"""Briefs: what an editor is asked to write about topics, from the log and your passages."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from coverage_kit.rank.briefs import Brief, BriefQuestion, Fact
from coverage_kit.rank.merging import (
    Statement,
    clearest,
    contradict,
    merge_statements,
    read_statement,
)
from coverage_kit.rank.openings import write_opening
from coverage_kit.rank.parties import Parties, content_words, read_parties
from coverage_kit.rank.slots import (
    fact_slot,
    is_repeated,
    question_slot,
    tidy,
    usual_unit,
    written_unit,
)
from coverage_kit.rank.sources import OwnStatements, Sources
from coverage_kit.rank.wording import clean_fact, is_anecdote
from coverage_kit.tables import Answers, Citations, Claims, Clusters, Passages, Queries
from coverage_kit.text.answer_kinds import AnswerKind, asked_kind, states
from coverage_kit.text.english import English
from coverage_kit.text.language import may_be_english
from coverage_kit.text.questions import (
    Casing,
    action_phrase,
    capitalised,
    clean_question,
    plain_text,
    whole_question,
)
from coverage_kit.text.spelling import Spelling
from coverage_kit.vectors import Vectors

# Facts and slots of a brief, and facts of one question, at most. Assumed.
_MAX_FACTS = 8
_MAX_SLOTS = 6
_MAX_FACTS_OF_QUESTION = 3
# Two questions that are more similar ask the same. Assumed.
_SAME_QUESTION = 0.93
# A fact opens the text if it is this near to the most asked question. Assumed.
_OPENS = 0.5
# A claim answers a question of another topic if that is this near to it, and nearer than the
# questions of its own topic by this margin. Assumed.
_NEAR = 0.4
_MARGIN = 0.1
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
# Kinds of answers whose trace in a fact shows that it answers.
_SHOWN = (
    AnswerKind.PRICE, AnswerKind.DURATION, AnswerKind.QUANTITY, AnswerKind.DATE, AnswerKind.CONTACT
)  # fmt: skip
_FIRST_PERSON = re.compile(r"\b(?:I|i|my|me|we|our|us)\b")


class Topic(NamedTuple):
    """A topic that your site does not answer: its name, and its unanswered questions alone."""

    cluster_id: str
    label: str
    query_ids: tuple[str, ...]


@dataclass(frozen=True)
class BriefMaterial:
    """What briefs are written from.

    Attributes:
        queries: all questions of the log.
        clusters: the cluster of every question.
        answers: the logged answers.
        claims: their sentences.
        citations: what they cite.
        own_passages: passages of your site.
        other_passages: passages of the tracked other brands' sites.
        claim_vectors: unit vectors of the claims, shape (n claims, d).
        query_vectors: unit vectors of the questions, shape (n queries, d).
        passage_vectors: unit vectors of your passages, shape (n passages, d).
        brand_names: the names of each tracked brand, your own brand first.
    """

    queries: Queries
    clusters: Clusters
    answers: Answers
    claims: Claims
    citations: Citations
    own_passages: Passages
    other_passages: Passages
    claim_vectors: Vectors
    query_vectors: Vectors
    passage_vectors: Vectors
    brand_names: Sequence[tuple[str, ...]] = ()


def write_briefs(topics: Sequence[Topic], material: BriefMaterial) -> dict[str, Brief]:
    """Return the brief of each topic, by cluster_id.

    Everything is made by rules from the log and from your passages; no model is asked. Without
    answers a brief has no facts: its slots and opening come from the questions.
    """
    writer = _Writer(material)
    return {topic.cluster_id: writer.write(topic) for topic in topics}


class _Found(NamedTuple):
    """A merged fact: its clearest wording, the questions of its answers, and whose fact it is."""

    statement: Statement
    members: tuple[Statement, ...]
    query_ids: frozenset[str]
    n_answers: int
    is_of_other: bool


class _Writer:
    """Writes the briefs of a log."""

    def __init__(self, material: BriefMaterial) -> None:
        self._material = material
        answers = material.answers.dropna(subset=["text"])
        self._texts = dict(zip(material.queries["query_id"], material.queries["text"], strict=True))
        self._demand = dict(
            zip(material.queries["query_id"], material.queries["demand"], strict=True)
        )
        self._row_of = {str(name): row for row, name in enumerate(material.queries["query_id"])}
        prose = [*answers["text"].str[:600], *material.own_passages["text"].str[:600]]
        self._english = English([*material.queries["text"], *prose])
        brands = [name for names in material.brand_names for name in names]
        self._casing = Casing([*prose, *material.queries["text"]], brands)
        self._parties: Parties = read_parties(
            material.brand_names, answers["text"], material.own_passages, material.other_passages
        )
        self._sources = Sources(
            material.answers, material.citations, material.own_passages, material.other_passages
        )
        self._own = OwnStatements(material.own_passages, material.passage_vectors)
        claim_queries = material.claims["query_id"].to_numpy()
        rows: defaultdict[str, list[int]] = defaultdict(list)
        for row, query_id in enumerate(claim_queries):
            rows[str(query_id)].append(row)
        self._claim_rows: defaultdict[str, list[int]] = rows
        self._claim_texts: list[str] = material.claims["text"].tolist()
        self._claim_queries: list[str] = [str(name) for name in claim_queries]
        codes = material.clusters.set_index("query_id")["cluster_id"]
        self._clusters = codes.reindex(material.queries["query_id"]).to_numpy()

    def write(self, topic: Topic) -> Brief:
        """Return the brief of a topic."""
        members = sorted(
            (name for name in topic.query_ids if name in self._row_of),
            key=lambda name: (-self._demand[name], name),
        )
        # other topics' words are no spelling of this one's: "cellar" is no slip of "collar"
        claims = [self._claim_texts[row] for name in members for row in self._claim_rows[name]]
        spelling = Spelling([*self._material.queries["text"], *claims])
        questions = self._questions(members, spelling)
        title = self._title(topic.label, questions)
        is_comparison = any(self._parties.names_other(question.text) for question in questions[:2])
        is_comparison = is_comparison or self._parties.names_other(topic.label)
        found = self._find(topic, members, questions, is_comparison)
        chosen = self._choose(found, questions, members)
        facts = self._facts(chosen, found, questions, title)
        slots = self._slots(questions, chosen, facts)
        return Brief(
            title=title,
            questions=questions,
            facts=facts,
            slots=slots,
            opening=self._opening(questions, chosen),
            n_answers=self._sources.count(members),
        )

    def _questions(self, members: Sequence[str], spelling: Spelling) -> tuple[BriefQuestion, ...]:
        """Return the questions in clean words, those that ask the same as one."""
        kept: list[BriefQuestion] = []
        vectors = self._material.query_vectors
        for name in members:
            text = self._clean(self._texts[name], spelling)
            row = self._row_of[name]
            for place, other in enumerate(kept):
                similarity = float(vectors[row] @ vectors[self._row_of[other.query_id]])
                is_same = text.casefold() == other.text.casefold() or (
                    similarity >= _SAME_QUESTION
                    and self._parties.find_names(text) == self._parties.find_names(other.text)
                )
                if is_same:
                    kept[place] = other._replace(demand=other.demand + self._demand[name])
                    break
            else:
                kept.append(BriefQuestion(name, text, float(self._demand[name])))
        return tuple(sorted(kept, key=lambda question: -question.demand))

    def _clean(self, text: str, spelling: Spelling) -> str:
        if may_be_english(text):
            text = spelling.correct(text)
            return whole_question(text, self._english, self._casing)
        return clean_question(text, self._casing) or plain_text(text)

    def _title(self, label: str, questions: Sequence[BriefQuestion]) -> str:
        """Return the topic's name as a heading; without a first person and other companies."""
        title = plain_text(label)
        if _FIRST_PERSON.search(title):
            title = action_phrase(title, self._english, self._casing) or re.sub(
                r"\A(What|How|When|Where) (?:should|do|can|could) (?:I|we) ", r"\1 to ", title
            ).rstrip("?")
        is_comparison = re.search(r"\b(?:vs|versus|or|compared|against|than)\b", title)
        if self._parties.names_other(title) and not is_comparison:
            texts = [question.text for question in questions]
            title = next((text for text in texts if not self._parties.names_other(text)), title)
        return capitalised(self._casing.restore(title))

    def _find(
        self,
        topic: Topic,
        members: Sequence[str],
        questions: Sequence[BriefQuestion],
        is_comparison: bool,
    ) -> list[_Found]:
        """Return the facts of the answers to these questions, those of most answers first."""
        rows = [row for name in members for row in self._claim_rows.get(name, ())]
        if not rows:
            return []
        belongs = self._belongs(rows, topic, members)
        statements: list[Statement] = []
        is_of_other: dict[int, bool] = {}
        was_of_other, before = False, -1
        for row, is_own_topic in zip(rows, belongs, strict=True):
            text = self._claim_texts[row]
            is_other = self._parties.is_of_other(text)
            # "The same bike …" goes on with what the sentence before it says of another company
            follows = before >= 0 and self._is_next(before, row)
            is_other = is_other or (follows and was_of_other and text.startswith(("The ", "Its ")))
            is_other = is_other or self._is_offer(row, text)
            was_of_other, before = is_other, row
            clean = clean_fact(text, self._english)
            if clean and is_own_topic:
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
                for answer in self._sources.answers_with(
                    self._claim_queries[each.row], self._claim_texts[each.row]
                )
            }
            names_other = self._parties.names_other(best.text)
            found.append(
                _Found(
                    best,
                    tuple(group),
                    frozenset(self._claim_queries[each.row] for each in group),
                    len(answers),
                    not general and not (is_comparison and names_other),
                )
            )
        return sorted(found, key=lambda fact: (-fact.n_answers, fact.statement.row))

    def _is_offer(self, row: int, text: str) -> bool:
        """Return whether a sentence tells the terms of an offer, from a company's page alone."""
        if _OFFER.search(text) is None:
            return False
        source = self._sources.best([(self._claim_queries[row], text)], is_third_first=False)
        return source != "" and self._sources.is_company(source)

    def _is_next(self, before: int, row: int) -> bool:
        """Return whether a claim is the next sentence of an answer."""
        ids = self._claim_ids
        return ids[before][0] == ids[row][0] and ids[before][1] + 1 == ids[row][1]

    @cached_property
    def _claim_ids(self) -> list[tuple[str, int]]:
        parts = [str(name).rpartition("#") for name in self._material.claims["claim_id"]]
        return [(answer, int(place) if place.isdigit() else -1) for answer, _, place in parts]

    def _belongs(self, rows: Sequence[int], topic: Topic, members: Sequence[str]) -> list[bool]:
        """Return which claims are nearer to this topic's questions than to others, and on it."""
        vectors = self._material.claim_vectors[rows]
        similarity = vectors @ self._material.query_vectors.T
        is_other = self._clusters != topic.cluster_id
        own = similarity[:, [self._row_of[name] for name in members]].max(axis=1)
        other = similarity[:, is_other].max(axis=1) if is_other.any() else np.zeros(len(rows))
        words = content_words(topic.label).union(
            *(content_words(self._texts[name]) for name in members)
        )
        return [
            not (other[place] >= _NEAR and other[place] - own[place] > _MARGIN)
            and (own[place] >= _ON_SUBJECT or bool(words & content_words(self._claim_texts[row])))
            for place, row in enumerate(rows)
        ]

    def _similarity(self, fact: _Found, question: BriefQuestion) -> float:
        vector = self._material.query_vectors[self._row_of[question.query_id]]
        return float(self._material.claim_vectors[fact.statement.row] @ vector)

    def _score(self, fact: _Found, question: BriefQuestion) -> float:
        """Return how well a fact answers a question, and how much it is worth."""
        similarity = self._similarity(fact, question)
        kind = asked_kind(question.text)
        return (
            similarity
            + _BY_ANSWER * min(fact.n_answers, _MAX_COUNTED)
            + _BY_KIND * (kind is not None and states(kind, fact.statement.text))
            - _ANECDOTE * is_anecdote(fact.statement.text)
            - _OF_OTHER * fact.is_of_other
        )

    def _choose(
        self, found: list[_Found], questions: Sequence[BriefQuestion], members: Sequence[str]
    ) -> list[tuple[_Found, BriefQuestion]]:
        """Return the facts with the question that each answers: questions take turns."""
        ranked = {
            question.query_id: sorted(
                (fact for fact in found if question.query_id in fact.query_ids),
                key=lambda fact: (-round(self._score(fact, question), 6), fact.statement.row),
            )
            for question in questions
        }
        chosen: list[tuple[_Found, BriefQuestion]] = []
        vectors = self._material.claim_vectors
        for turn in range(_MAX_FACTS_OF_QUESTION):
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

    def _facts(
        self,
        chosen: Sequence[tuple[_Found, BriefQuestion]],
        found: Sequence[_Found],
        questions: Sequence[BriefQuestion],
        title: str,
    ) -> tuple[Fact, ...]:
        facts: list[Fact] = []
        slots: list[str] = []
        vectors = self._material.claim_vectors
        for fact, question in chosen:
            slot, own = None, None
            text = fact.statement.text
            if fact.is_of_other:
                slot = fact_slot(
                    text, question.text, self._answer_texts(question), self._parties, self._english
                )
                if is_repeated(slot, slots):
                    continue
                slots.append(slot)
            else:
                own = self._own.find(fact.statement, vectors)
                rival = next(
                    (
                        other
                        for other in found
                        if contradict(fact.statement, other.statement, vectors)
                    ),
                    None,
                )
                if rival is not None and own is None:
                    slot = tidy(_which_holds(fact.statement, rival.statement))
            facts.append(
                Fact(
                    text=text,
                    n_answers=fact.n_answers,
                    source=self._sources.best(
                        [
                            (self._claim_queries[each.row], self._claim_texts[each.row])
                            for each in fact.members
                        ]
                    ),
                    passage_id=own[0] if own else None,
                    own_words=own[1] if own else None,
                    slot=slot,
                )
            )
        return tuple(facts)

    def _answer_texts(self, question: BriefQuestion) -> list[str]:
        return [self._claim_texts[row] for row in self._claim_rows.get(question.query_id, ())]

    def _slots(
        self,
        questions: Sequence[BriefQuestion],
        chosen: Sequence[tuple[_Found, BriefQuestion]],
        facts: Sequence[Fact],
    ) -> tuple[str, ...]:
        """Return what is missing of the questions themselves."""
        slots: list[str] = []
        taken = [fact.slot for fact in facts if fact.slot]
        for question in questions:
            kind = asked_kind(question.text)
            general = [
                fact.statement.text
                for fact, _ in chosen
                if question.query_id in fact.query_ids and not fact.is_of_other
            ]
            is_answered = any(kind not in _SHOWN or states(kind, text) for text in general)
            is_of_own = self._parties.names_own(question.text)
            if (is_answered and not is_of_own) or len(slots) >= _MAX_SLOTS:
                continue
            texts = self._answer_texts(question)
            slot = question_slot(question.text, texts, self._parties, self._english)
            if slot and not is_repeated(slot, [*taken, *slots]):
                slots.append(slot)
        return tuple(slots)

    def _opening(
        self,
        questions: Sequence[BriefQuestion],
        chosen: Sequence[tuple[_Found, BriefQuestion]],
    ) -> str:
        if not questions:
            return ""
        first = questions[0]
        general = [
            fact
            for fact, _ in chosen
            if first.query_id in fact.query_ids
            and not fact.is_of_other
            and not is_anecdote(fact.statement.text)
        ]
        general.sort(key=lambda fact: -self._score(fact, first))
        near = [fact for fact in general if self._similarity(fact, first) >= _OPENS]
        facts = [(fact.statement.text, fact.n_answers) for fact in near]
        texts = self._answer_texts(first)
        unit, currency = (usual_unit(texts, is_money) for is_money in (False, True))
        return write_opening(
            first.text, facts, self._parties, self._english, written_unit(unit), currency
        )


def _which_holds(one: Statement, other: Statement) -> str:
    """Return what to find out where answers contradict each other."""
    for unit in sorted(one.figures.keys() & other.figures.keys()):
        if one.figures[unit].isdisjoint(other.figures[unit]):
            values = [" to ".join(sorted(each.figures[unit])) for each in (one, other)]
            return f"which figure holds, as answers differ: {values[0]} or {values[1]} {unit}"
    return "whether this holds, as another answer denies it"
