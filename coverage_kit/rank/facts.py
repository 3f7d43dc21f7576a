"""Briefs: what an editor is asked to write about topics, from the log and your passages."""

import re
from collections.abc import Sequence

from coverage_kit.rank.brief_material import BriefMaterial, Topic
from coverage_kit.rank.briefs import Brief, BriefQuestion, Fact, Slot
from coverage_kit.rank.gathering import Found, Gatherer
from coverage_kit.rank.merging import Statement, contradict
from coverage_kit.rank.offer_slots import fact_slot
from coverage_kit.rank.openings import write_opening
from coverage_kit.rank.parties import content_words
from coverage_kit.rank.slot_words import is_repeated, tidy, usual_unit, written_unit
from coverage_kit.rank.slots import asks_for_best, question_slot
from coverage_kit.rank.sources import OwnStatements
from coverage_kit.rank.wording import is_anecdote
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

__all__ = ["BriefMaterial", "Topic", "write_briefs"]

# Share of the words of a question that its clean form keeps. Assumed.
_KEPT_SHARE = 0.5
# A fact answers a question that it is as near to. Assumed.
_ANSWERS = 0.7
# How much nearer a fact has to be to another question than to that of its answer. Assumed.
_OWN_QUESTION = 0.08
# Words of a question that is a heading, at most. Assumed.
_SHORT_QUESTION = 16
# A question with more words needs a shorter heading. Assumed.
_HEADING_WORDS = 12
# Slots of a brief, at most. Assumed.
_MAX_SLOTS = 7
# Characters of a text from which names and verbs are learned.
_LEARNED = 600
# Two questions that are more similar ask the same. Assumed.
_SAME_QUESTION = 0.93
# A fact opens the text if it is this near to the most asked question. Assumed.
_OPENS = 0.5
# Kinds of answers whose trace in a fact shows that it answers.
_SHOWN = (
    AnswerKind.PRICE, AnswerKind.DURATION, AnswerKind.QUANTITY, AnswerKind.DATE, AnswerKind.CONTACT
)  # fmt: skip
_FIRST_PERSON = re.compile(r"\b(?:I|i|my|me|we|our|us)\b")


def write_briefs(topics: Sequence[Topic], material: BriefMaterial) -> dict[str, Brief]:
    """Return the brief of each topic, by cluster_id.

    Everything is made by rules from the log and from your passages; no model is asked. Without
    answers a brief has no facts: its slots and opening come from the questions.
    """
    writer = _Writer(material)
    return {topic.cluster_id: writer.write(topic) for topic in topics}


class _Writer:
    """Writes the briefs of a log."""

    def __init__(self, material: BriefMaterial) -> None:
        self._material = material
        queries = material.queries
        answers = material.answers["text"].dropna()
        prose = [*answers.str[:_LEARNED], *material.own_passages["text"].str[:_LEARNED]]
        self._english = English([*queries["text"], *prose])
        self._log = Gatherer(material, self._english)
        self._parties = self._log.parties
        brands = [name for names in material.brand_names for name in names]
        names = [*brands, *self._parties.products]
        self._casing = Casing([*prose, *queries["text"]], names)
        self._own = OwnStatements(material.own_passages, material.passage_vectors)
        self._texts = dict(zip(queries["query_id"], queries["text"], strict=True))
        self._demand = dict(zip(queries["query_id"], queries["demand"], strict=True))

    def write(self, topic: Topic) -> Brief:
        """Return the brief of a topic."""
        members = sorted(
            (name for name in topic.query_ids if name in self._log.row_of),
            key=lambda name: (-self._demand[name], name),
        )
        # other topics' words are no spelling of this one's: "cellar" is no slip of "collar"
        claims = [text for name in members for text in self._log.claims_of(name)]
        spelling = Spelling([*self._material.queries["text"], *claims])
        questions = self._questions(members, spelling, topic.label)
        title = self._title(topic.label, questions)
        is_comparison = any(self._parties.names_other(question.text) for question in questions[:2])
        is_comparison = is_comparison or self._parties.names_other(topic.label)
        found = self._log.find(topic, members, questions, is_comparison)
        chosen = self._log.choose(found, questions, members)
        facts = self._facts(chosen, found, questions, title)
        slots = self._slots(questions, chosen, facts)
        return Brief(
            title=title,
            questions=questions,
            facts=facts,
            slots=slots,
            opening=self._opening(questions, chosen),
            n_answers=self._log.sources.count(members),
            names=tuple(
                sorted({n for q in questions for n in self._parties.find_own_names(q.text)})
            ),
        )

    def _questions(
        self, members: Sequence[str], spelling: Spelling, label: str
    ) -> tuple[BriefQuestion, ...]:
        """Return the questions in clean words, those that ask the same as one."""
        kept: list[BriefQuestion] = []
        vectors = self._material.query_vectors
        for name in members:
            text = self._clean(self._texts[name], spelling)
            row = self._log.row_of[name]
            for place, other in enumerate(kept):
                similarity = float(vectors[row] @ vectors[self._log.row_of[other.query_id]])
                is_same = text.casefold() == other.text.casefold() or (
                    similarity >= _SAME_QUESTION
                    and self._parties.find_names(text) == self._parties.find_names(other.text)
                )
                if is_same:
                    kept[place] = other._replace(
                        demand=other.demand + self._demand[name], also=(*other.also, name)
                    )
                    break
            else:
                kept.append(
                    BriefQuestion(
                        name,
                        text,
                        float(self._demand[name]),
                        self._heading(self._texts[name], text, label),
                    )
                )
        return tuple(sorted(kept, key=lambda question: -question.demand))

    def _clean(self, text: str, spelling: Spelling) -> str:
        if not may_be_english(text):
            return clean_question(text, self._casing) or plain_text(text)
        text = spelling.correct(text)
        clean = whole_question(text, self._english, self._casing)
        words, kept = content_words(text), content_words(clean)
        # A sentence that lost what it is about says less than what was typed.
        is_torn = len(kept) < _KEPT_SHARE * len(words)
        is_nameless = self._parties.find_names(text) != self._parties.find_names(clean)
        if is_torn or is_nameless:
            return capitalised(self._casing.restore(plain_text(text)))
        return clean

    def _heading(self, typed: str, text: str, label: str) -> str:
        """Return a short heading for a long question; empty where there is none, or none needed.

        Args:
            typed: the question as it was typed.
            text: the same in clean words.
            label: the topic's name, of which a heading has a word.
        """
        is_short = text.endswith("?") and len(text.split()) <= _HEADING_WORDS
        if is_short or not may_be_english(typed):
            return ""
        if phrase := action_phrase(typed, self._english, self._casing):
            return phrase
        short = whole_question(typed, self._english, self._casing)
        is_on_topic = bool(content_words(short) & content_words(label))
        is_heading = short.endswith("?") and len(short.split()) <= _SHORT_QUESTION
        return short if is_heading and is_on_topic and short != text else ""

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

    def _facts(
        self,
        chosen: Sequence[tuple[Found, BriefQuestion]],
        found: Sequence[Found],
        questions: Sequence[BriefQuestion],
        title: str,
    ) -> tuple[Fact, ...]:
        facts: list[Fact] = []
        slots: list[str] = []
        vectors = self._material.claim_vectors
        for fact, source_question in chosen:
            # An answer to one question may say what another asks.
            question = max(
                (source_question, *questions),
                key=lambda asked: (
                    self._log.similarity(fact, asked) + _OWN_QUESTION * (asked == source_question)
                ),
            )
            slot, own = None, None
            text = fact.statement.text
            if fact.is_of_other:
                slot = fact_slot(
                    text,
                    question.text,
                    self._log.claims_of(question.query_id),
                    self._parties,
                    self._english,
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
                    source=self._log.source_of(fact),
                    passage_id=own[0] if own else None,
                    own_words=own[1] if own else None,
                    slot=slot,
                    query_ids=tuple(dict.fromkeys((question.query_id, *sorted(fact.query_ids)))),
                )
            )
        return tuple(facts)

    def _slots(
        self,
        questions: Sequence[BriefQuestion],
        chosen: Sequence[tuple[Found, BriefQuestion]],
        facts: Sequence[Fact],
    ) -> tuple[Slot, ...]:
        """Return what is missing of the questions themselves."""
        slots: list[Slot] = []
        for question in questions:
            kind = asked_kind(question.text)
            general = [
                fact.statement.text
                for fact, _ in chosen
                if not fact.is_of_other and self._log.similarity(fact, question) >= _ANSWERS
            ]
            is_answered = any(kind not in _SHOWN or states(kind, text) for text in general)
            is_of_own = self._parties.names_own(question.text) or asks_for_best(question.text)
            if (is_answered and not is_of_own) or len(slots) >= _MAX_SLOTS:
                continue
            texts = self._log.claims_of(question.query_id)
            slot = question_slot(question.text, texts, self._parties, self._english)
            if slot and self._is_common(question.text, slot):
                slot = tidy(f"{slot}, from a source that you can name")
            # What another question asks for is asked again: each has its own place in the text.
            taken = [
                fact.slot
                for fact in facts
                if fact.slot and fact.query_ids[:1] == (question.query_id,)
            ]
            if slot and not is_repeated(slot, taken):
                slots.append(Slot(slot, question.query_id))
        return tuple(slots)

    def _is_common(self, question: str, slot: str) -> bool:
        """Return whether a question asks for what others know: nothing of yours is named.

        A log of commands is of people who use your product: you know.
        """
        if self._english.is_of_commands:
            return False
        is_yours = re.search(r"\b(?:you|your|your answer)\b", slot) is not None
        return not is_yours and not self._parties.find_own_names(question)

    def _opening(
        self,
        questions: Sequence[BriefQuestion],
        chosen: Sequence[tuple[Found, BriefQuestion]],
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
        general.sort(key=lambda fact: -self._log.score(fact, first))
        near = [fact for fact in general if self._log.similarity(fact, first) >= _OPENS]
        facts = [(fact.statement.text, fact.n_answers) for fact in near]
        texts = self._log.claims_of(first.query_id)
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
