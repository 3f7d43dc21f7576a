"""What a site's own words state, without what they ask and what an edit put among them.

A heading that repeats a logged question, an extract of an answer and an open slot say nothing of
what is true, also where they are on the site's own page by now.
"""

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from coverage_kit.rank.drafts import as_question, starts_as_question
from coverage_kit.text.sentences import split_sentences

# An extract of an answer, to the end of its line, and a slot, as edits write them; a page in
# Markdown may have backslashes before the brackets.
_OF_EDITS = re.compile(
    r"\\?\[EXTRACT TO CHECK\\?\].*|\\?\[(?:FACT|SOURCE|WORDS) NEEDED:[^\[\]\n]*\\?\]", re.IGNORECASE
)
# The end of a question: "?" and what may close behind it.
_ASKS = re.compile(r"[?？؟][\s\"'”’»)\]*_]*$")  # noqa: RUF001 (marks of other scripts)
# What ends a statement, with which a line that begins as a question does ("Is a bike.") states.
_STATES = re.compile(r"[.!:。！][\s\"'”’»)\]*_]*$")  # noqa: RUF001
# A line that begins as a question does, and states: an item of a list whose verb has no subject
# ("- Has 3 gears"), an order
# ("Do not exceed 25 km/h"), a clause before the statement ("When ordered by noon, it ships today"),
# and "How to …".
_STATES_ALL_THE_SAME = re.compile(
    r"\s*(?:(?:[-*+•]|\d{1,3}[.)])\s+(?:has|have|can|could|will|is|are|was|must|may)\s+"
    r"(?!(?:i|you|we|they|it|he|she|there|the|an?|my|your|our|this|that|these|those)\b)"
    r"|how to\b|do not\b|(?:when|where)\b[^,]*,)",
    re.IGNORECASE,
)
# A word of any script.
_WORD = re.compile(r"\w+")


class OwnWords(NamedTuple):
    """The sentences that state something, and the questions."""

    statements: tuple[str, ...]
    questions: tuple[str, ...]


def split_own_words(text: str, asked: Iterable[str] = ()) -> OwnWords:
    r"""Return the site's own sentences by whether they state or ask.

    Headings and lines with the words of a question in `asked` are in neither; of a title such as
    "Heron: how far does it go" the words before the question stay.

    >>> split_own_words("Heron > Does it go 45 km?\nIt weighs 34 kg.")
    OwnWords(statements=('Heron', 'It weighs 34 kg.'), questions=('Does it go 45 km?',))
    """
    keys = {word_key(text) for question in asked for text in (question, as_question(question))}
    lines = [
        _without_asked(step, keys)
        for line in _OF_EDITS.sub(" ", text).split("\n")
        for step in line.split(" > ")
    ]
    # A blank line keeps a heading that asks apart from the text below it.
    lines = [f"\n{line}\n" if asks(line) else line for line in lines]
    sentences = split_sentences("\n".join(lines))
    return OwnWords(
        tuple(sentence for sentence in sentences if not asks(sentence)),
        tuple(sentence for sentence in sentences if asks(sentence)),
    )


def asks(text: str) -> bool:
    """Return whether a line or sentence asks.

    >>> asks("Is 45 km too far"), asks("It goes 45 km."), asks("Cargo bike"), asks("- Has 3 gears")
    (True, False, False, False)
    """
    if _ASKS.search(text):
        return True
    if _STATES.search(text) or _STATES_ALL_THE_SAME.match(text):
        return False
    # Of a label with its value ("What it weighs: 34 kg") the value decides.
    words = text.rpartition(": ")[2].strip(" #>*-")
    return starts_as_question(words)


def word_key(text: str) -> tuple[str, ...]:
    """Return the words of a text as two texts of the same words are compared."""
    return tuple(_WORD.findall(text.casefold()))


def _without_asked(line: str, keys: Collection[tuple[str, ...]]) -> str:
    key = word_key(line)
    if key and key in keys:
        return ""
    head, colon, tail = line.partition(": ")
    return head if colon and word_key(tail) in keys else line
