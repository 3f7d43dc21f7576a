"""Slips of typing, put right by the words that a log's own texts use."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

# A word counts as known if the log has it this often. Assumed.
_KNOWN = 3
# Shorter words have too many neighbours.
_MIN_LENGTH = 5
# Forms of a word that a log has once are often right: "handing" is no slip of "handling".
_INFLECTIONS = ("ing", "ed", "er", "ers", "est", "ly", "s")
_WORD = re.compile(r"[^\W\d_]+")


class Spelling:
    """The words of a log, by which a word that it has once is corrected if one letter is wrong.

    Args:
        texts: questions, answers and titles.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._counts = Counter(word for text in texts for word in _WORD.findall(text.lower()))
        self._known: defaultdict[str, list[str]] = defaultdict(list)
        for word, n in self._counts.items():
            if n >= _KNOWN and len(word) >= _MIN_LENGTH:
                self._known[word[0]].append(word)

    def correct(self, text: str) -> str:
        """Return a text with the slips of words in lower case put right.

        >>> Spelling(["the warranty"] * 3).correct("Which warrenty is best?")
        'Which warranty is best?'
        """
        return _WORD.sub(lambda match: self._corrected(match[0]), text)

    def _corrected(self, word: str) -> str:
        is_known = word != word.lower() or self._counts[word] > 1
        if is_known or len(word) < _MIN_LENGTH or word.endswith(_INFLECTIONS):
            return word
        near = [known for known in self._known[word[0]] if _is_slip(word, known)]
        return near[0] if len(near) == 1 else word


def _is_slip(word: str, known: str) -> bool:
    """Return whether a word is another with one letter missing, added, wrong or exchanged.

    Another end of the word is another form of it, and no slip.
    """
    if word[-1] != known[-1] or word == known or abs(len(word) - len(known)) > 1:
        return False
    pairs = enumerate(zip(word, known, strict=False))
    shorter = min(len(word), len(known))
    start = next((place for place, (first, second) in pairs if first != second), shorter)
    rest, known_rest = word[start:], known[start:]
    return (
        rest[1:] == known_rest[1:]
        or rest[1:] == known_rest
        or rest == known_rest[1:]
        or (rest[:2] == known_rest[1::-1] and rest[2:] == known_rest[2:])
    )
