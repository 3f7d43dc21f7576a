"""What a site's own words state, without what they ask and what an edit put among them.

A heading that repeats a logged question, an extract of an answer and an open slot say nothing of
what is true, also where they are on the site's own page by now.
"""

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from coverage_kit.rank.drafts import as_question
from coverage_kit.text.sentences import split_sentences

# An extract of an answer, to the end of its line, and a slot, as edits write them; a page in
# Markdown may have backslashes before the brackets.
_OF_EDITS = re.compile(
    r"\\?\[EXTRACT TO CHECK\\?\].*|\\?\[(?:FACT|SOURCE) NEEDED:[^\[\]\n]*\\?\]", re.IGNORECASE
)
# The end of a question: "?" and what may close behind it.
_ASKS = re.compile(r"[?？؟][\s\"'”’»)\]*_]*$")  # noqa: RUF001 (marks of other scripts)
# What ends a statement, with which a line that begins as a question does ("Is a bike.") states.
_STATES = re.compile(r"[.!:。！][\s\"'”’»)\]*_]*$")  # noqa: RUF001
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

    >>> asks("Is 45 km too far"), asks("It goes 45 km."), asks("Cargo bike")
    (True, False, False)
    """
    if _ASKS.search(text):
        return True
    return not _STATES.search(text) and as_question(text.strip(" #>*-")).endswith("?")


def word_key(text: str) -> tuple[str, ...]:
    """Return the words of a text as two texts of the same words are compared."""
    return tuple(_WORD.findall(text.casefold()))


def _without_asked(line: str, keys: Collection[tuple[str, ...]]) -> str:
    key = word_key(line)
    if key and key in keys:
        return ""
    head, colon, tail = line.partition(": ")
    return head if colon and word_key(tail) in keys else line
