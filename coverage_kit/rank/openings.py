"""The first sentence of a text, in the form of an answer to its most asked question."""

import re
from collections.abc import Sequence

from coverage_kit.rank.parties import Parties, content_words
from coverage_kit.text.answer_kinds import AnswerKind, asked_kind, states
from coverage_kit.text.english import English
from coverage_kit.text.indirect import indirect
from coverage_kit.text.language import may_be_english
from coverage_kit.text.questions import capitalised

# A general fact opens the text if this many answers say it. Assumed.
_MIN_ANSWERS = 2
_MAX_WORDS = 30
# It answers a question of yes or no if it has this share of its words. Assumed.
_SHARED_WORDS = 0.5
_CAN = re.compile(
    r"\A(?:can|may|could) (?:i|we|you|people) (?:just |still |actually )?(?P<rest>.+)\Z", re.I
)
_CAN_THING = re.compile(r"\A(?:can|will) (?P<rest>(?:the|an?) .+)\Z", re.I)
_WHERE = re.compile(r"\Awhere (?:can|do|could|should) (?:i|we|you|people) (?P<rest>.+)\Z", re.I)
_HOW = re.compile(
    r"\A(?:how (?:do|can|should|could) (?:i|we|you|people)|how to|"
    r"(?:the )?best way to) (?P<rest>.+)\Z",
    re.I,
)
_IMPERSONAL = re.compile(
    r"\Ais it (?:actually |really |still )?(?P<how>safe|legal|ok|okay|dangerous|worth it|"
    r"allowed|bad) "
    r"to (?P<rest>.+)\Z",
    re.I,
)
_BEST = re.compile(
    r"\A(?:(?:what|which)(?:'s| is) )?(?:the )?best (?P<rest>(?!way\b)[^,]+)\Z", re.I
)
_FIRST_PERSON = re.compile(r"\b(?:I|i|me|my|mine|we|our|us)\b")


def write_opening(  # noqa: PLR0913 (what is known of one question)
    question: str,
    facts: Sequence[tuple[str, int]],
    parties: Parties,
    english: English,
    unit: str = "",
    currency: str = "",
) -> str:
    """Return a first sentence that answers a question; '' where no rule is safe.

    It is the general fact that most answers to the question give, or a sentence made of the
    question's own words with a `[FACT NEEDED: …]` slot for what is not known.

    Args:
        question: the most asked question, in clean writing.
        facts: general facts of the answers to it with their number of answers, the best first.
        parties: whose name is whose.
        english: which words are verbs.
        unit: of the figures of the answers; '' for none.
        currency: of their prices; '' for none.

    >>> from coverage_kit.rank.parties import Parties, content_words
    >>> nobody = Parties("", None, None, None, None, ())
    >>> write_opening("Can I carry a dog in the box?", [], nobody, English())
    'Whether you can carry a dog in the box depends on [FACT NEEDED: on what].'
    """
    if not may_be_english(question):
        return ""
    asked = " ".join(question.split()).rstrip("?. ")
    for text, n_answers in facts:
        if n_answers >= _MIN_ANSWERS and _answers(asked, text) and not parties.names_other(text):
            return text
    if parties.names_other(asked) or len(asked.split()) > 20:
        return ""
    sentence = _rule(asked, english, unit, currency)
    if not sentence or _FIRST_PERSON.search(sentence.partition("[")[0]):
        return ""
    return capitalised(sentence)


def _answers(asked: str, text: str) -> bool:
    """Return whether a fact is of the form that a question asks for, and short enough."""
    kind = asked_kind(asked)
    is_command = re.match(r"(?:[A-Z][a-z]+) (?:a|an|the|your|it)\b", text) is not None
    if is_command and kind != AnswerKind.STEPS:
        return False
    if len(text.split()) > _MAX_WORDS or re.match(
        r"[A-Z][a-z]+ing\b.*\b(?:reports?|says?)\b", text
    ):
        return False
    if kind is not None:
        return states(kind, text)
    words = content_words(asked)
    is_yes_or_no = re.match(r"(?:is|are|do|does|will)\b", asked, re.I) is not None
    return is_yes_or_no and len(words & content_words(text)) >= _SHARED_WORDS * len(words)


def _rule(  # noqa: PLR0911 (a rule for each form of question)
    asked: str, english: English, unit: str, currency: str
) -> str:
    if match := _CAN.match(asked):
        rest = _as_advice(match["rest"], english)
        limits = f", with limits in {unit}" if unit else ""
        return f"Whether you can {rest} depends on [FACT NEEDED: on what{limits}]."
    if match := _WHERE.match(asked):
        return (
            f"You can {_as_advice(match['rest'], english)} [FACT NEEDED: where, and on what terms]."
        )
    if match := _HOW.match(asked):
        return f"To {_as_advice(match['rest'], english)}, [FACT NEEDED: what to do first]."
    if match := _IMPERSONAL.match(asked):
        rest = _as_advice(match["rest"], english)
        return (
            f"Whether it is {match['how']} to {rest} depends on [FACT NEEDED: what it depends on]."
        )
    if match := _BEST.match(asked):
        return (
            f"The best {_as_advice(match['rest'], english)} is [FACT NEEDED: which one, and why]."
        )
    clause = indirect(asked, english)
    if match := re.match(
        r"(?:how much|what) (?P<what>.+?) (?P<verb>costs?|is worth|are worth)(?P<rest>.*)\Z", clause
    ):
        amount = f"a range{f' in {currency}' if currency else ''}, and what it depends on"
        return f"{match['what']} {match['verb']} [FACT NEEDED: {amount}]{match['rest']}."
    if match := re.match(r"how long (?P<rest>.+)\Z", clause):
        return f"How long {match['rest']} depends on [FACT NEEDED: on what, with figures]."
    if match := re.match(r"what (?P<what>(?!happens)[\w -]+) (?P<verb>is|are)\Z", clause):
        return f"{match['what']} {match['verb']} [FACT NEEDED: what it is, in one sentence]."
    if _CAN_THING.match(asked) and clause.startswith("whether "):
        return f"{capitalised(clause)} depends on [FACT NEEDED: what it depends on, with figures]."
    return ""


def _as_advice(words: str, english: English) -> str:
    """Return what an asker is about to do as advice to a reader: "my dog" is "your dog"."""
    return english.with_articles(re.sub(r"\bmy\b|\bour\b", "your", words, flags=re.I))
