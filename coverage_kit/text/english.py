"""English by its function words: what may be in a noun phrase, and a verb's form in -ing.

There is no model and no dictionary: lists of words that are closed or common, and what a log itself
shows of its verbs. The lists are assumed; docs/method.md (Names) says how far they carry.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from coverage_kit.text.english_words import (
    ADJECTIVES,
    BE,
    DETERMINERS,
    DOUBLING,
    EITHER,
    IRREGULAR,
    MODALS,
    NOT_ADVERBS,
    NOT_GERUNDS,
    NOT_PARTICIPLES,
    NOUNS_TOO,
    OTHERS,
    PREPOSITIONS,
    QUESTION_WORDS,
    SUBJECTS,
    VERBS,
)

# What is put into a text as a word; a mark counts as a token of its own.
_TOKEN = re.compile(r"[£$€]?[^\W_]+(?:['’.,&/+-]*[^\W_]+)*[%+#]*|[^\w\s]")  # noqa: RUF001 (quotes)
# Two equal consonants stand before -ing after a short vowel: sit, sitting. Not before w, x, y.
_SHORT = re.compile(r"(?:^|[^aeiou])[aeiou][bdgklmnprt]\Z")
_OWNED = re.compile(
    r"\b(?:my|our|your|his|her|their|its) ((?:[\w'’-]+ )*?[\w'’-]+)"  # noqa: RUF001 (quotes)
    r"(?=\s(?:of|for|on|in|with|and|or|to|at|from|by|while|when|without|under|after|before|if|so|off)"
    r"\b|[,?]|\Z)",
    re.I,
)
# Prepositions that belong to the verb before them: "start up cost".
_PARTICLES = frozenset({"up", "down", "out", "off"})
# A noun is named in the plural if that is used this often beside the singular. Assumed.
_PLURAL_SHARE = 0.2
# A log is one of commands if this share of its texts begins with a verb. Assumed.
_COMMAND_SHARE = 0.3


class Token(NamedTuple):
    """A word or mark of a text: as it stands, in lower case, and what it is.

    Kinds: D determiner, P preposition, F other function word, A adverb, V verb, G form in -ing,
    J adjective, N other word, M mark.
    """

    text: str
    word: str
    kind: str
    start: int
    end: int


def base_form(word: str) -> str:
    """Return the base of an inflected verb as far as endings show it.

    >>> [base_form(word) for word in ("carries", "stopped", "charging", "used", "fits")]
    ['carry', 'stop', 'charge', 'use', 'fit']
    """
    if word in IRREGULAR:
        return IRREGULAR[word]
    known = VERBS | EITHER
    for ending in ("ing", "ed", "es", "s"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 1:
            forms = (stem, stem + "e", stem[:-1], stem[:-1] + "y" if stem[-1] == "i" else stem)
            for form in forms:
                if form in known:
                    return form
    return word


def gerund(verb: str) -> str:
    """Return the form of a verb in -ing.

    >>> [gerund(verb) for verb in ("carry", "charge", "stop", "see", "tie", "clean", "open")]
    ['carrying', 'charging', 'stopping', 'seeing', 'tying', 'cleaning', 'opening']
    """
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return verb[:-1] + "ing"
    n_vowels = len(re.findall(r"[aeiouy]+", verb))
    if _SHORT.search(verb) and (n_vowels == 1 or verb in DOUBLING):
        return verb + verb[-1] + "ing"
    return verb + "ing"


def with_article(words: str) -> str:
    """Return words with "a" or "an" as the sound behind it asks.

    >>> with_article("Deleting an remote branch in a old repository")
    'Deleting a remote branch in an old repository'
    """
    words = re.sub(r"\b([Aa]) (?=[aeio](?!ne\b))", r"\1n ", words)
    return re.sub(r"\b([Aa])n (?=[bcdfgj-np-tv-z][a-z])", r"\1 ", words)


class English:
    """English as a log writes it: its verbs are known from where they stand in its texts.

    Args:
        texts: questions, answers and titles of the log.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        after_modal: Counter[str] = Counter()
        opening: Counter[str] = Counter()
        n_words: Counter[str] = Counter()
        self._counted: set[str] = set()
        self._n_words = n_words
        all_words = []
        for text in texts:
            words = [match[0].lower() for match in _TOKEN.finditer(text)]
            all_words.append(words[:2])
            n_words.update(words)
            for article, word, behind in zip(words, words[1:], [*words[2:], ""], strict=False):
                if article in ("a", "an"):
                    # "a cargo bike" counts bikes
                    self._counted |= {word, behind} - PREPOSITIONS - OTHERS
            for first, second, third in zip(words, words[1:], words[2:], strict=False):
                if (first in MODALS and second in SUBJECTS) or (first == "how" and second == "to"):
                    after_modal[third] += 1
            # "Apply a stash": a command begins with its verb
            if len(words) > 2 and words[1] in DETERMINERS:
                opening[words[0]] += 1
        known = VERBS | EITHER
        opened = [words[0] for words in all_words if len(words) > 1]
        n_verbs = sum(word in known or opening[word] > 2 for word in opened)
        # In a log of commands, a verb that opens a text is one: "Commit staged files".
        self.is_of_commands = n_verbs > _COMMAND_SHARE * max(1, len(opened))
        function_words = OTHERS | DETERMINERS | PREPOSITIONS | BE | MODALS | SUBJECTS
        function_words |= QUESTION_WORDS | ADJECTIVES
        learned = {word for word, n in after_modal.items() if n > 1}
        learned |= {word for word, n in opening.items() if n > 2}
        self._learned = {word for word in learned - function_words if word.isalpha()}

    def is_verb(self, word: str) -> bool:
        """Return whether a word in lower case can be a verb."""
        return word in self._learned or base_form(word) in VERBS or base_form(word) in EITHER

    def with_articles(self, words: str) -> str:
        """Return a phrase in which things that the log counts have an article in the singular.

        >>> English(["Is a cargo bike legal"]).with_articles("GPS tracker for cargo bike")
        'GPS tracker for a cargo bike'
        """
        tokens = self.tokens(words)
        pieces, end = [], 0
        for position, token in enumerate(tokens):
            before = tokens[position - 1]
            is_behind = position > 0 and before.kind == "P" and before.word not in _PARTICLES
            if token.kind not in "NJ" or not is_behind:
                continue
            run = position
            while run + 1 < len(tokens) and tokens[run + 1].kind in "NJ":
                run += 1
            head = tokens[run]
            is_counted = head.word in self._counted and head.text == head.word
            is_one = not head.word.endswith("s") and not token.word[0].isdigit()
            if is_counted and is_one and head.kind == "N":
                pieces += [words[end : token.start], "a "]
                end = token.start
        return with_article("".join([*pieces, words[end:]]))

    def without_owner(self, words: str) -> str:
        """Return a phrase without whose things they are.

        "My dog" becomes "a dog", "my dogs" become "dogs", and of what the log never counts, "my
        luggage", it is "the luggage".
        """

        def article(match: re.Match[str]) -> str:
            owned = match[1]
            if owned[-1] == "s" and owned[-2:] != "ss":
                return owned
            if self._counted.isdisjoint(re.split(r"[\s-]", owned.lower())):
                return f"the {owned}"
            return f"an {owned}" if owned[0].lower() in "aeio" else f"a {owned}"

        return with_article(_OWNED.sub(article, words))

    def infinitive(self, word: str) -> str:
        """Return the base of a form in -ing; '' where it is of no known verb.

        >>> English().infinitive("carrying"), English().infinitive("stopping")
        ('carry', 'stop')
        """
        stem = word.lower().removesuffix("ing")
        forms = (stem, stem + "e", stem[:-1], stem[:-1] + "ie")
        known = [form for form in forms if self.is_base(form) and gerund(form) == word.lower()]
        return known[0] if known else ""

    def plural(self, noun: str, texts: Sequence[str]) -> str:
        """Return a noun in the plural where these texts have it or the log often uses its form."""
        last = re.split(r"[\s-]", noun)[-1].lower()
        if not last.isalpha() or last[-1] == "s" or last.endswith(("f", "fe")):
            return noun
        plural = re.sub(r"(?<=[^aeiou])y\Z", "ie", noun) + "s"
        plural = re.sub(r"(?<=[sxz])s\Z|(?<=[cs]h)s\Z", "es", plural)
        n_plural = self._n_words[re.split(r"[\s-]", plural)[-1].lower()]
        if n_plural and n_plural >= _PLURAL_SHARE * self._n_words[last]:
            return plural
        written = re.compile(rf"\b{re.escape(plural)}\b(?!['’])", re.I)  # noqa: RUF001 (quotes)
        n_written = sum(written.search(text) is not None for text in texts)
        needed = 1 if last in self._counted else _PLURAL_SHARE * len(texts)
        return plural if n_written > 0 and n_written >= needed else noun

    def is_base(self, word: str) -> bool:
        """Return whether a word in lower case is a verb's base, from which `gerund` is made."""
        return word in self._learned or word in VERBS or word in EITHER

    def tokens(self, text: str) -> list[Token]:
        """Return the words and marks of a text with their kinds."""
        matches = list(_TOKEN.finditer(text))
        words = [match[0].lower().replace("’", "'") for match in matches]  # noqa: RUF001
        tokens: list[Token] = []
        for position, (match, word) in enumerate(zip(matches, words, strict=True)):
            before = words[:position]
            after = words[position + 1 : position + 2]
            kind = self._kind(word, before, after[0] if after else "", tokens)
            tokens.append(Token(match[0], word, kind, match.start(), match.end()))
        return tokens

    def _kind(self, word: str, before: list[str], after: str, tokens: list[Token]) -> str:
        if kind := _FIXED_KINDS.get(word):
            return kind
        if not word[-1].isalnum() and not word[0].isalnum():
            return "M"
        if word.endswith("ly") and word not in NOT_ADVERBS and len(word) > 4:
            return "A"
        if word.endswith("ing") and word not in NOT_GERUNDS and len(word) > 5:
            return "G"
        if self.is_verb(word) and self._stands_as_verb(word, before, after, tokens):
            return "V"
        return self._kind_of_noun(word, after, tokens)

    @staticmethod
    def _kind_of_noun(word: str, after: str, tokens: list[Token]) -> str:
        """Return whether a word is an adjective (J), as participles are, or a noun (N)."""
        if word in NOUNS_TOO and tokens and tokens[-1].kind == "D":
            is_noun = not after.isalpha() or after in PREPOSITIONS | OTHERS | BE
            return "N" if is_noun else "J"
        is_participle = word.endswith("ed") and len(word) > 4 and word not in NOT_PARTICIPLES
        return "J" if is_participle or word in ADJECTIVES else "N"

    def _stands_as_verb(
        self, word: str, before: list[str], after: str, tokens: list[Token]
    ) -> bool:
        """Return whether a word that can be a verb is one at its place."""
        previous = before[-1] if before else ""
        is_subject = previous in SUBJECTS and (len(before) < 2 or before[-2] not in BE)
        if is_subject or previous in MODALS or previous == "to":
            return True
        if tokens and tokens[-1].kind in "DPJ":
            return False
        # "Apply a stash", "Quietly apply it", but "cost of electricity"
        if all(token.kind == "A" for token in tokens):
            if self.is_of_commands and base_form(word) == word and after != "of":
                return True
            return after in DETERMINERS or (
                after not in PREPOSITIONS
                and after not in OTHERS
                and (word in VERBS or word in self._learned or self.is_of_commands)
            )
        return base_form(word) in VERBS and word not in EITHER


# Words whose kind is the same everywhere.
_FIXED_KINDS = {
    **dict.fromkeys(OTHERS | BE | MODALS | SUBJECTS | QUESTION_WORDS, "F"),
    **dict.fromkeys(PREPOSITIONS, "P"),
    **dict.fromkeys(DETERMINERS, "D"),
}
