"""What an editor is asked to write about a topic: questions, facts, slots, and a first sentence."""

from typing import NamedTuple


class Fact(NamedTuple):
    """What a good answer contains.

    Attributes:
        text: the fact in a sentence that can be read alone, from the logged answers.
        n_answers: answers that say so.
        source: address of the page that these answers cite most for it; empty where none is logged.
        passage_id: the passage of your site that states it already; None where none does.
        own_words: the sentence of that passage; None where none does.
        slot: what the editor has to find out in its place, because the fact is another company's,
            such as "weight limit of the rear rack, in kg"; None where the fact itself can be used
            once it is checked.
        query_ids: the questions whose answers say so, the one that the fact answers best first.
    """

    text: str
    n_answers: int
    source: str = ""
    passage_id: str | None = None
    own_words: str | None = None
    slot: str | None = None
    query_ids: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether your site states it."""
        return self.passage_id is not None


class Slot(NamedTuple):
    """What nobody but you can know, and the question that asks for it."""

    text: str
    query_id: str = ""


class BriefQuestion(NamedTuple):
    """A question that the text has to answer, in clean words, with its demand.

    `heading` is a short heading for it; empty where its text can be one. `also` are ids of further
    questions that ask the same; their demand is in `demand`.
    """

    query_id: str
    text: str
    demand: float
    heading: str = ""
    also: tuple[str, ...] = ()


class Brief(NamedTuple):
    """What an editor needs to write about a topic.

    Attributes:
        title: a heading that can be published: of a section, or of a page.
        questions: the questions to answer, the most asked first.
        facts: what a good answer contains, those that most answers say first.
        slots: further facts that are missing, each specific: what nobody but you can know.
        opening: a first sentence in the form of an answer, with slots; empty where none is safe.
        n_answers: the logged answers to the questions.
        names: names of your products in the questions, in lower case.
    """

    title: str
    questions: tuple[BriefQuestion, ...]
    facts: tuple[Fact, ...] = ()
    slots: tuple[Slot, ...] = ()
    opening: str = ""
    n_answers: int = 0
    names: tuple[str, ...] = ()
