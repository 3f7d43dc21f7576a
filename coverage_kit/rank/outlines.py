"""The outline of a text to write: which facts and slots go under which question.

An outline is a part of a brief: all of it, or what a shorter text needs. It is written as Markdown
for the editor, and read as passages by the simulation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from coverage_kit.contracts import PassageText
from coverage_kit.rank.briefs import Brief, BriefQuestion, Fact, Slot
from coverage_kit.text.length import count_words
from coverage_kit.vocabulary import FACT_SLOT, WORDS_SLOT

# Brackets become round ones in a slot.
_BRACKETS = str.maketrans("[]", "()")
# A question, and words that are none, make no heading with more words than these (assumed).
_MAX_HEADING_WORDS = 18
_MAX_NAME_WORDS = 6
# What a fact that an editor has to find out is likely to take in the text, in words (assumed).
_SLOT_WORDS = 12


class Size(NamedTuple):
    """How much a text may hold, at most: questions, facts, and further slots."""

    questions: int
    facts: int
    slots: int


@dataclass(frozen=True)
class OutlineSection:
    """A question with what its answer needs. `facts` holds facts and slots, facts first."""

    question: BriefQuestion
    facts: tuple[Fact | Slot, ...]

    @property
    def heading(self) -> str:
        """The question as a heading; empty where its words are none: many keywords, a story."""
        if self.question.heading:
            return self.question.heading
        words = self.question.text
        most = _MAX_HEADING_WORDS if words.endswith("?") else _MAX_NAME_WORDS
        return words if count_words(words) <= most else ""


@dataclass(frozen=True)
class Outline:
    """A text to write: a title, a first sentence, and a section for each question."""

    title: str
    opening: str
    sections: tuple[OutlineSection, ...]
    n_answers: int

    @property
    def facts(self) -> tuple[Fact | Slot, ...]:
        """What the text should contain, in its order."""
        return tuple(fact for section in self.sections for fact in section.facts)

    @property
    def n_to_check(self) -> float:
        """How many facts an editor has to find out: your site states the others.

        A fact whose source is logged counts half: its source has only to be read.
        """
        return sum(_effort_of(fact) for fact in self.facts)

    @property
    def n_words(self) -> int:
        """About how many words the text will have."""
        written = [self.title, self.opening, *(section.heading for section in self.sections)]
        facts = sum(
            count_words(_plain_words(fact)) if isinstance(fact, Fact) else _SLOT_WORDS
            for fact in self.facts
        )
        return count_words(" ".join(written)) + facts

    def as_section(self) -> str:
        """Return the text as a section in Markdown, under one heading.

        It holds what your site states and slots; what answers say is in the brief alone.
        """
        body = [
            line
            for section in self.sections
            if section.facts
            for line in _write_facts(section.facts) or [_ask([section])]
        ]
        return _join([f"## {self.title}", self.opening, *(body or [_ask(self.sections)])])

    def as_page(self) -> str:
        """Return the text as a page in Markdown, with a heading for each question.

        It holds what your site states and slots; what answers say is in the brief alone.
        """
        blocks = [f"# {self.title}", self.opening]
        for section in self.sections:
            is_opened = section is self.sections[0] and FACT_SLOT in self.opening
            body = _write_facts(section.facts) or ([] if is_opened else [_ask([section])])
            # The opening answers the first question.
            heading = self._heading_of(section) if body else ""
            blocks += [*([f"## {heading}"] if heading else []), *body]
        return _join(blocks)

    def _heading_of(self, section: OutlineSection) -> str:
        """Return the heading of a section of a page; empty for what the title says.

        A page about one question has that question as its title.
        """
        heading = section.heading or ask_for_words(f"a heading for “{section.question.text}”")
        return "" if heading == self.title else heading

    def passages(self, *, is_page: bool) -> list[PassageText]:
        """Return what the simulation reads, with the title as the first heading.

        A fact that an editor has to find out in place of another company's is read in the words of
        that company. Other slots are left out: nobody knows yet what will be in them.
        """
        texts = []
        for section in self.sections:
            facts = [fact for fact in section.facts if isinstance(fact, Fact)]
            is_below = is_page and section.heading not in ("", self.title)
            path = f"{self.title} > {section.heading}" if is_below else self.title
            if facts:
                texts.append(PassageText(path, " ".join(map(_plain_words, facts))))
        if is_page or not texts:
            return texts
        return [PassageText(self.title, " ".join(text for _, text in texts))]


def make_outline(brief: Brief, size: Size) -> Outline:
    """Return the outline of a text of this size: the most asked questions and their facts.

    Each question gets a fact in turn, so that a short text answers more than its first question.
    What belongs to none of the questions goes under the first.
    """
    questions = brief.questions[: size.questions]
    ids = {question.query_id for question in questions}
    first = questions[0].query_id
    facts = _deal(brief.facts, [q.query_id for q in questions], size.facts, first)
    slots = [slot for slot in brief.slots if not slot.query_id or slot.query_id in ids]
    # A fact that opens the text is not said again; it stays marked as what it is. An opening with a
    # slot asks for what the first question's own slot asks for.
    said = {fact.text for fact in brief.facts}
    opening = "" if brief.opening in said else brief.opening
    sections = []
    for question in questions:
        of_question = [
            slot for slot in slots[: size.slots] if (slot.query_id or first) == question.query_id
        ]
        needed = (*facts.get(question.query_id, ()), *of_question)
        if not any(map(_is_slot, needed)):
            # A fact that found no room leaves what it asks for.
            needed += tuple(_slots_of(brief.facts, question.query_id)[:1])
        if question is questions[0] and FACT_SLOT in opening:
            needed = tuple(fact for fact in needed if not _is_slot(fact))
        sections.append(OutlineSection(question, needed))
    return Outline(brief.title, opening, tuple(sections), brief.n_answers)


def _deal(facts: Sequence[Fact], query_ids: list[str], n: int, first: str) -> dict[str, list[Fact]]:
    """Return by question up to n facts in all: each question's first facts before its second."""
    of_question: dict[str, list[Fact]] = {query_id: [] for query_id in query_ids}
    for fact in facts:
        owner = next((query_id for query_id in fact.query_ids if query_id in of_question), None)
        if owner is not None or not fact.query_ids:
            of_question[owner or first].append(fact)
    kept: dict[str, list[Fact]] = {}
    depth = 0
    while n > 0 and any(len(rows) > depth for rows in of_question.values()):
        for query_id in query_ids:
            if n > 0 and len(of_question[query_id]) > depth:
                kept.setdefault(query_id, []).append(of_question[query_id][depth])
                n -= 1
        depth += 1
    return kept


def describe_outline(outline: Outline, task: str) -> str:
    """Return the brief for an editor: the task, the questions, the facts, what to find out."""
    lines = [task, "Answer, the most asked first:"]
    lines += [
        f"- {section.question.text} (asked {section.question.demand:,.0f} times)"
        for section in outline.sections
    ]
    facts = [fact for fact in outline.facts if isinstance(fact, Fact)]
    known = [fact for fact in facts if fact.is_known]
    general = [fact for fact in facts if not fact.is_known and fact.slot is None]
    if known:
        lines += ["Your site states already:"]
        lines += [f"- “{fact.own_words}” ({fact.passage_id})" for fact in known]
    if general:
        lines += ["Logged answers say (check each; it is no text to publish):"]
        lines += [f"- {fact.text} ({_count(fact, outline)})" for fact in general]
    slots = [(fact.slot or "", fact) for fact in facts if not fact.is_known and fact.slot]
    if slots or any(isinstance(fact, Slot) for fact in outline.facts):
        lines += ["Find out:"]
        lines += [
            f"- {write_slot(slot)} Answers name another company’s: “{fact.text}”"  # noqa: RUF001 (typography)
            for slot, fact in slots
        ]
        lines += [f"- {write_slot(fact.text)}" for fact in outline.facts if isinstance(fact, Slot)]
    if outline.opening:
        lines += [f"It could start: “{outline.opening}”"]
    lines += [f"About {_round_words(outline.n_words)} words."]
    return "\n".join(lines)


def write_slot(text: str) -> str:
    """Return what an editor has to find out as a slot, which no bracket in it may close."""
    return f"{FACT_SLOT} {' '.join(text.split()).translate(_BRACKETS)}]"


def ask_for_words(text: str) -> str:
    """Return words that the editor has to find as a slot, which no bracket in it may close."""
    return f"{WORDS_SLOT} {' '.join(text.split()).translate(_BRACKETS)}]"


def _write_facts(facts: Sequence[Fact | Slot]) -> list[str]:
    """Return your own words and slots, a paragraph each; nothing of what answers say."""
    lines = []
    for fact in facts:
        if isinstance(fact, Slot):
            lines.append(write_slot(fact.text))
        elif fact.is_known:
            lines.append(str(fact.own_words))
        elif fact.slot:
            lines.append(write_slot(fact.slot))
    return lines


def _slots_of(facts: Sequence[Fact], query_id: str) -> list[Slot]:
    """Return what the facts that answer a question first of all ask an editor to find out."""
    return [
        Slot(fact.slot, query_id)
        for fact in facts
        if fact.slot and not fact.is_known and fact.query_ids[:1] == (query_id,)
    ]


def _is_slot(fact: Fact | Slot) -> bool:
    return isinstance(fact, Slot) or (not fact.is_known and fact.slot is not None)


def _effort_of(fact: Fact | Slot) -> float:
    if isinstance(fact, Slot):
        return 1.0
    if fact.is_known:
        return 0.0
    return 0.5 if fact.source and not fact.slot else 1.0


def _plain_words(fact: Fact) -> str:
    """Return the words that represent a fact in the simulation."""
    return fact.own_words or fact.text


def _ask(sections: Sequence[OutlineSection]) -> str:
    """Return the slot of a text of which nothing is known but its questions."""
    return write_slot(f"a short answer to: {sections[0].question.text}")


def _count(fact: Fact, outline: Outline) -> str:
    said = f"{fact.n_answers} of {outline.n_answers} answers say so"
    return f"{said}; {fact.source}" if fact.source else said


def _round_words(n: int) -> int:
    """Return a number of words rounded to tens."""
    return max(10, round(n / 10) * 10)


def _join(blocks: Sequence[str]) -> str:
    return "\n\n".join(block for block in blocks if block)
