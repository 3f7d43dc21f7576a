"""Noun phrases of English texts, found between function words; and the names in titles of pages."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from coverage_kit.text.english import English, Token, base_form, gerund, with_article
from coverage_kit.text.english_words import words_of
from coverage_kit.text.questions import MAX_LENGTH, Casing, capitalised, plain_text

# Prepositions that may join two noun phrases into one.
_LINKS = words_of("of for on with in without under from to into and")
_OF_VERBS = words_of("to into from")
# Prepositions that have an opposite, so that one that few members have misleads.
DIRECTIONS = words_of("to from into with without before after since until under over")
# Prepositions by which a title may end sooner.
_LAST = words_of("for on in with at from under")
# Words that stand among the adjectives of a noun: "one or more local and remote branches".
_AMONG = words_of("and or one more")
# Nouns that say nothing: "a file with authorship info".
_VAGUE = words_of("info information detail details")
# Phrases that may be joined to one. Assumed, like the numbers below.
_N_LINKED = 2
# Words of a title that may be a name, at most. Assumed.
_TITLE_WORDS = 10
# Words of a phrase between function words, at most. Assumed.
_MAX_WORDS = 4
# A word ends phrases if it stands at their end in this share of its places. Assumed.
_END_SHARE = 0.4
# What separates a title from the name of its site, or its parts.
_SEPARATORS = re.compile(
    r"\s+[-|\u2013\u2014\u00b7»\u203a]+\s+|[|:;!()\[\]]+\s*|(?<=\?)\s+|,\s+(?=[£$€\d])"
)
# Words that make a phrase no more exact.
_FILLER_WORDS = words_of(
    "all both some these those specific given specified certain particular current existing other "
    "new"
)
# With a capital they begin a phrase, or else a name: "New York".
_FILLERS = re.compile(
    rf"\b(?:{'|'.join(sorted(_FILLER_WORDS))}) "
    rf"|\A(?:{'|'.join(sorted(map(str.capitalize, _FILLER_WORDS)))}) (?![A-Z])"
)
# Of what there are several: like "its" they become "a" where the log counts such things.
_EACH = re.compile(r"\b(?:each|any|every|this|another)(?= )", re.I)
# Prepositions between a verb and its object.
_AFTER_VERB = words_of("to from into in on at with for")
# A title that tells a story: no name of a topic.
_PERSONAL = re.compile(r"\b(?:we|i|us|me|my|you'll|i'm|we're)\b", re.I)
_PRICE = re.compile(r"[£$€]|\d{4,}|%2C", re.I)
_DOUBLING = ("ing", "ed", "er")
_SUFFIXES = ("ies", "ship", "ing", "ed", "es", "s", "er", "y", "e", "i")


class Phrase(NamedTuple):
    """A phrase as it was written, and the stems of its words that have a meaning."""

    text: str
    stems: frozenset[str]


def stem(word: str) -> str:
    """Return what forms of a word share: of "charges", "charger" and "charging" it is "charg".

    >>> stem("batteries") == stem("battery"), stem("dogs") == stem("dog")
    (True, True)
    """
    word = word.lower().removesuffix("'s").removesuffix("’s")  # noqa: RUF001 (quotes)
    for ending in _SUFFIXES:
        if word.endswith(ending) and len(word) - len(ending) > 2:
            word = word[: -len(ending)]
            # "stopping" is a form of "stop"
            is_doubled = ending in _DOUBLING and len(word) > 3 and word[-1] == word[-2]
            word = word[:-1] if is_doubled and word[-1] in "bdgklmnprt" else word
            break
    if len(word) > 3 and word[-1] in "iy":
        word = word[:-1]
    return word


def content_stems(tokens: Iterable[Token]) -> frozenset[str]:
    """Return the stems of the words that have a meaning of their own, "to" and "from" among them.

    Those before a verb have none: "how to carry".
    """
    tokens = list(tokens)
    behind = [*(token.kind for token in tokens[1:]), ""]
    return frozenset(
        stem(token.word)
        for token, kind in zip(tokens, behind, strict=False)
        if (token.kind in "NVGJA" and token.word not in _VAGUE | _FILLER_WORDS)
        or (token.word in DIRECTIONS and kind != "V")
    )


def without_fillers(words: str, english: English) -> str:
    """Return a phrase without words that make it no more exact.

    >>> without_fillers("Deleting a given branch of an existing repository", English())
    'Deleting a branch of a repository'
    """
    words = _FILLERS.sub("", _EACH.sub("its", words))
    return with_article(english.without_owner(words))


class PhraseFinder:
    """Noun phrases and actions of texts in English.

    Args:
        english: which words are verbs.
        casing: the capitals of names.
        tokens: the words of all texts of the log, from which is known what ends a phrase: in
            "electric cargo bike" it is "bike", not "cargo".
    """

    def __init__(self, english: English, casing: Casing, tokens: Iterable[list[Token]]) -> None:
        self._english = english
        self._casing = casing
        n_ends: Counter[str] = Counter()
        n_all: Counter[str] = Counter()
        following: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for text in tokens:
            for run in noun_runs(text):
                n_ends[run[-1].word] += 1
                n_all.update(token.word for token in run)
                for token, after in pairwise(run):
                    following[token.word][after.word] += 1
        self._ends = {
            word
            for word, n in n_all.items()
            if n_ends[word] >= _END_SHARE * n or following[word].most_common(1)[0][1] <= n / 2
        }

    def phrases(self, text: str, tokens: list[Token]) -> Iterator[Phrase]:
        """Yield the noun phrases of a text, with and without what a preposition adds to them.

        A verb before one makes an action of it: "carrying a dog". Phrases come with all words
        before their noun, and with fewer: "Deleting a remote branch", "Deleting a branch".
        """
        start_of = {token.start: position for position, token in enumerate(tokens)}
        runs = [(start_of[run[0].start], start_of[run[-1].start] + 1) for run in noun_runs(tokens)]
        for number, (start, end) in enumerate(runs):
            linked_ends = self._linked_ends(tokens, end, runs[number + 1 :])
            # "send it to a shop": what stands behind "to" belongs to the verb
            is_of_verb = end < len(tokens) and tokens[end].word in _OF_VERBS
            verb = self._verb_before(tokens, start)
            for first, stop in self._parts(tokens, start, end):
                yield from self._phrase(text, tokens[first:stop])
                if stop != end:
                    continue
                for linked_end in linked_ends[: 0 if is_of_verb else None]:
                    yield from self._phrase(text, tokens[first:linked_end])
                if verb >= 0 and self._is_end(tokens[end - 1]):
                    for linked_end in (end, *linked_ends):
                        yield from self._phrase(text, tokens[first:linked_end], tokens[verb:start])

    def _linked_ends(
        self, tokens: list[Token], end: int, following: list[tuple[int, int]]
    ) -> list[int]:
        """Return the ends of the next phrases that prepositions join to this one."""
        ends = [end]
        for start, stop in following[:_N_LINKED]:
            if tokens[ends[-1]].word not in _LINKS or not self._is_end(tokens[ends[-1] - 1]):
                break
            is_joined = all(token.kind == "D" for token in tokens[ends[-1] + 1 : start])
            if not is_joined or not self._is_end(tokens[stop - 1]):
                break
            ends.append(stop)
        return ends[1:]

    @staticmethod
    def _verb_before(tokens: list[Token], start: int) -> int:
        """Return the position of the verb whose object begins here; -1 where there is none."""
        verb = start - 1
        while verb >= 0 and (tokens[verb].kind in "DJ" or tokens[verb].word in _AMONG):
            verb -= 1
        if verb >= 0 and tokens[verb].word in _AFTER_VERB:
            verb -= 1
        if verb < 0 or tokens[verb].kind not in "VG":
            return -1
        # "the battery charges a phone" is no action of the asker
        has_subject = tokens[verb].kind == "V" and verb > 0 and tokens[verb - 1].kind in "NJ"
        return -1 if has_subject else verb

    def _parts(self, tokens: list[Token], start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield start and end of the parts of a run that end with a word that ends phrases."""
        for stop in range(start + 1, end + 1):
            if stop == end or self._is_end(tokens[stop - 1]):
                for first in range(max(start, stop - _MAX_WORDS), stop):
                    if first == start or not self._is_torn(*tokens[first - 1 : first + 1]):
                        yield first, stop

    @staticmethod
    def _is_torn(before: Token, token: Token) -> bool:
        """Return whether a word belongs to the one before it: "1000 dollars", "New York"."""
        is_name = before.start > 0 and before.text[0].isupper() and token.text[0].isupper()
        return before.word.isdigit() or is_name

    def _is_end(self, token: Token) -> bool:
        return token.kind == "N" and token.word in self._ends and not token.word.isdigit()

    def _phrase(
        self, text: str, tokens: list[Token], action: Sequence[Token] = ()
    ) -> Iterator[Phrase]:
        """Yield the phrase of these tokens in clean writing, unless it is none.

        An action is a verb and what stands between it and the noun: "switch to a".
        """
        if tokens[-1].kind != "N" or tokens[0].kind == "D" or len(tokens[-1].word) < 2:
            return
        if tokens[0].word.replace(",", "").isdigit():
            return  # "1000 dollars" is torn from "under 1000 dollars"
        # "JD Vance's" of "JD Vance's policies" is about JD Vance
        words = re.sub(r"['’]s\Z", "", text[tokens[0].start : tokens[-1].end])  # noqa: RUF001
        if len(words) > MAX_LENGTH or re.search(r"[^\w\s'’.,&/+£$€%-]", words):  # noqa: RUF001
            return
        action = [token for token in action if token.kind in "VGDP"]
        stems = content_stems([*action, *tokens])
        if action:
            first = action[0]
            verb = gerund(base_form(first.word)) if first.kind == "V" else first.text
            words = " ".join([verb, *(token.text for token in action[1:]), words])
        words = without_fillers(words, self._english)
        if stems and len(words) <= MAX_LENGTH:
            yield Phrase(capitalised(self._casing.restore(words)), stems)

    def titles(self, title: str) -> Iterator[Phrase]:
        """Yield the names in a page's title, without prices and file numbers.

        A command becomes a phrase: "Sell your bike" is "Selling a bike". Names come without what a
        last preposition adds as well: "Parking a bike in a hallway".
        """
        for part in _SEPARATORS.split(plain_text(title)):
            words = re.sub(r"\s+\d+\Z|\s+20\d\d\b", "", (part or "").strip(" ,.-"))
            words = re.sub(r"\A[Oo]ur ", "", words)
            if not words or len(words) > MAX_LENGTH or _PRICE.search(words):
                continue
            tokens = self._english.tokens(words.rstrip("?"))
            is_list = words.count(",") > 1 or (words.count(",") == 1 and " and " in words)
            if is_list:  # "Charging times, the charger and what it costs"
                words = words.split(",")[0]
                tokens = self._english.tokens(words)
                is_list = len(tokens) < 2
            if is_list or len(tokens) > _TITLE_WORDS or _PERSONAL.search(words):
                continue
            stems = content_stems(tokens)
            if stems and tokens[-1].kind in "NGVJ":
                words = self._casing.lowered(words)
                if " our " in f" {words} ":
                    words = self._english.without_owner(words)
                if tokens[0].kind == "V" and self._english.is_base(tokens[0].word):
                    words = gerund(tokens[0].word) + self._english.without_owner(
                        words[len(tokens[0].text) :]
                    )
                name = capitalised(self._casing.restore(words))
                yield Phrase(name, stems)
                yield from self._shorter(name)

    def _shorter(self, name: str) -> Iterator[Phrase]:
        """Yield a name without its last preposition and what stands behind that."""
        tokens = self._english.tokens(name)
        last = max((n for n, token in enumerate(tokens) if token.word in _LAST), default=0)
        kept = tokens[:last]
        if len(kept) > 1 and kept[-1].kind in "NJA" and kept[0].kind in "NJG":
            yield Phrase(name[: kept[-1].end], content_stems(kept))


def noun_runs(tokens: list[Token]) -> Iterator[list[Token]]:
    """Yield the runs of nouns and what stands before them, adjectives at their end left out."""
    run: list[Token] = []
    for token in [*tokens, None]:
        if token is not None and token.kind in "NJ":
            run.append(token)
            continue
        while run and run[-1].kind == "J":
            run.pop()
        if run:
            yield run
        run = []
