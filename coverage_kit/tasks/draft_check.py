"""A model's draft compared with its brief.

Facts that the site does not state become slots, and copied extracts are marked. Facts are
recognised by their form: figures, dates, prices, addresses and names. A plain word that is wrong
("waterproof") cannot be recognised so, and a draft therefore remains a draft: an editor reads it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from coverage_kit.tasks.briefs import EXTRACT_MARK, Brief
from coverage_kit.tasks.fact_forms import ADDRESSES, KINDS, KnownFacts, find_unknown
from coverage_kit.tasks.own_statements import asks, split_own_words
from coverage_kit.text.sentences import split_sentences

# So many words in a row that an extract has too are copied (assumed).
_RUN = 6
# A slot that the model left itself: "[FACT NEEDED: how many?]".
_SLOT = re.compile(r"\[(?:FACT|SOURCE) NEEDED:[^\[\]\n]{0,300}\]")
# The mark of extracts, which only this module sets.
_MODEL_MARK = re.compile(r"\[\s*EXTRACT TO CHECK\s*\]\s*", re.IGNORECASE)
# What may begin a line: "> ", "## ", "- ", "3. ".
_PREFIX = re.compile(
    r"(?P<quote>(?:\s*>)*)\s*"
    r"(?:(?P<heading>#{1,6})\s+|(?P<item>[-*+])\s+|(?P<number>\d{1,3})[.)]\s+)?"
)
# The line of a code fence: "```python".
_CODE_FENCE = re.compile(r"^\s*(?:```|~~~).*$", re.MULTILINE)
# Signs of emphasis and code: "**", "_word_"; not the signs of "snake_case" or "2 * 3".
_EMPHASIS = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
# A link or picture: "[us](https://…)".
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\(\s*([^()\s]*)[^()\n]*\)")
# A full stop of another script within a Latin word: browsers read it as the dot of a host.
_DOT_OF_HOST = re.compile(r"(?<=[a-z0-9])[。．｡](?=[a-z0-9])", re.IGNORECASE)  # noqa: RUF001
# Private characters, each of which stands for a slot while the text is read.
_PRIVATE = re.compile("[\ue000-\uf8ff]")
# The first of them, which stands for the first slot.
_FIRST_PRIVATE = 0xE000
# There are 6,400 private characters in this block.
_MAX_SLOTS = 6000
# Characters of a slot's words (assumed: enough to find them).
_MAX_SLOT_LENGTH = 200
# Unicode categories of unseen characters: format, private use, surrogates.
_UNSEEN = ("Cf", "Co", "Cs")
# Quotes and spaces at the ends of a copied sentence, which gets quotes of its own.
_QUOTES = '“”" '
# A word of any script, as drafts and extracts are compared.
_WORD = re.compile(r"\w+")


class _Sentence(NamedTuple):
    """A sentence of a line; the line's prefix (quotation, list, heading) goes before the first."""

    line: int
    text: str


def check_draft(text: str, brief: Brief) -> str:
    """Return a draft as Markdown in which invented facts and copied extracts are marked.

    A number, percentage, date, price, address, phone number or capitalised name that the own words
    do not state becomes a slot, `[FACT NEEDED: is “34 km” true?]`; a number must have the same unit
    there. Questions state nothing, neither the brief's nor those among the own words
    (`own_statements`). A sentence that shares six words in a row with an extract, and not with the
    own words, becomes `[EXTRACT TO CHECK] “…”`. The first heading is the brief's, further ones are
    one level below it, and there are none where a passage is extended. In the heading, too, an
    address or phone number of others is a slot; in a slot, it is left out.
    """
    asked = [*brief.questions, *brief.headings]
    own = split_own_words(f"{brief.own_words}\n\n{brief.before}", asked)
    own_facts = KnownFacts(own.statements, own.questions)
    extracts = [extract.removeprefix(EXTRACT_MARK).strip() for extract in brief.extracts]
    all_facts = KnownFacts([*own.statements, *extracts], own.questions)
    plain, slots = _hide_slots(_strip_markup(text), own_facts)
    prefixes, sentences = _split_lines(_set_headings(plain, brief.headings))
    foreign = KnownFacts([*extracts, *filter(_has_plain_words, asked)]).names - own_facts.words
    plain_words = KnownFacts([*extracts, *asked, *(sentence.text for sentence in sentences)]).plain
    copied = _find_copied(sentences, extracts, " ".join(own.statements))
    lines = list(prefixes)
    is_first = [True] * len(lines)
    for index, (line, words) in enumerate(sentences):
        if index in copied:
            spans = find_unknown(words, all_facts, plain=plain_words)
            checked = _with_slots(words, spans).strip(_QUOTES)
            checked = f"{EXTRACT_MARK} “{checked}”"
        else:
            spans = find_unknown(words, own_facts, foreign, plain_words)
            checked = _with_slots(words, spans)
        lines[line] += checked if is_first[line] else f" {checked}"
        is_first[line] = False
    body = re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()
    body = _PRIVATE.sub(lambda match: slots[ord(match[0]) - _FIRST_PRIVATE], body)
    return f"{_check_heading(brief.headings[0], own_facts)}\n\n{body}" if brief.headings else body


def _check_heading(heading: str, own_facts: KnownFacts) -> str:
    """Return the brief's heading, in which addresses of others are slots.

    Figures and names are, too, unless the heading asks: a question states nothing.
    """
    mark, _, words = heading.partition(" ")
    kinds = ADDRESSES if asks(words) else KINDS
    spans = find_unknown(words, own_facts, plain=KnownFacts([words]).words, kinds=kinds)
    return f"{mark} {_with_slots(words, spans)}"


def _has_plain_words(text: str) -> bool:
    """Return whether most words of a text are in lower case, so that its capitals show names."""
    words = [word for word in _WORD.findall(text) if word.isalpha()]
    n_plain = sum(word.islower() for word in words)
    return bool(2 * n_plain >= len(words))


def _strip_markup(text: str) -> str:
    """Return the text without unseen characters, code fences, emphasis and the model's marks.

    A link becomes its words and its address.
    """
    text = "".join(
        character
        for character in text.replace("\r", "")
        if unicodedata.category(character) not in _UNSEEN
    )
    text = _DOT_OF_HOST.sub(".", _MODEL_MARK.sub("", _CODE_FENCE.sub("", text)))
    text = _LINK.sub(lambda match: f"{match[1]} {match[2]}".strip(), text)
    return "\n".join(_drop_emphasis(line) for line in text.split("\n"))


def _drop_emphasis(line: str) -> str:
    end = _match_prefix(line).end()
    return line[:end] + _EMPHASIS.sub("", line[end:])


def _hide_slots(text: str, own_facts: KnownFacts) -> tuple[str, list[str]]:
    """Return the text with one private character for each slot, and the slots.

    A slot says what is needed. Of an address or phone number of others it keeps nothing, because a
    reader could follow it.
    """
    slots: list[str] = []

    def hide(match: re.Match[str]) -> str:
        if len(slots) >= _MAX_SLOTS:
            return match[0]
        pieces = _cut(match[0], find_unknown(match[0], own_facts, kinds=ADDRESSES))
        slots.append("…".join(pieces))
        return chr(_FIRST_PRIVATE + len(slots) - 1)

    return _SLOT.sub(hide, text), slots


def _set_headings(text: str, headings: tuple[str, ...]) -> list[str]:
    """Return the lines with the brief's levels of headings.

    The draft's own first heading is left out, and every other one is one level below the brief's
    first.
    """
    top = len(headings[0]) - len(headings[0].lstrip("#")) if headings else 0
    first_words = _words(headings[0]) if headings else []
    has_begun = False
    lines = []
    for line in text.split("\n"):
        prefix = _match_prefix(line)
        mark = prefix["heading"]
        if mark is None:
            has_begun = has_begun or bool(line.strip())
            lines.append(line)
            continue
        heading = line[prefix.end() :].strip(" #")
        is_first = bool(headings) and not has_begun
        is_own = is_first and (len(mark) <= top or _words(heading) == first_words)
        has_begun = True
        if not is_own:
            lines.append(f"{'#' * min(6, top + 1)} {heading}" if headings else heading)
    return lines


def _split_lines(lines: list[str]) -> tuple[list[str], list[_Sentence]]:
    """Return each line's prefix, with list items numbered from 1, and the sentences in order."""
    prefixes = []
    sentences = []
    number = 0
    for index, line in enumerate(lines):
        prefix = _match_prefix(line)
        if prefix["number"]:
            number += 1
        elif line.strip():
            number = 0
        mark = prefix["heading"] or ""
        if prefix["item"]:
            mark = "-"
        elif prefix["number"]:
            mark = f"{number}."
        quote = "> " if prefix["quote"] else ""
        prefixes.append(f"{quote}{mark} " if mark else quote)
        texts = split_sentences(line[prefix.end() :])
        sentences += [_Sentence(index, text) for text in texts]
    return prefixes, sentences


def _match_prefix(line: str) -> re.Match[str]:
    """Return the match of a line's prefix, which may be empty."""
    match = _PREFIX.match(line)
    if match is None:
        raise AssertionError("the pattern matches the empty text")
    return match


def _with_slots(sentence: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return a sentence with a slot in place of each span."""
    spans = list(spans)
    pieces = _cut(sentence, spans)
    checked = pieces[0]
    for (start, end), following in zip(spans, pieces[1:], strict=True):
        words = re.sub(r"[\[\]\s]+", " ", sentence[start:end]).strip()[:_MAX_SLOT_LENGTH]
        checked += f"[FACT NEEDED: is “{words}” true?]{following}"
    return checked


def _cut(text: str, spans: Iterable[tuple[int, int]]) -> list[str]:
    """Return the pieces of a text between the spans."""
    borders = [0, *(border for span in spans for border in span), len(text)]
    return [text[start:end] for start, end in zip(borders[::2], borders[1::2], strict=True)]


def _find_copied(sentences: list[_Sentence], extracts: Iterable[str], own_words: str) -> set[int]:
    """Return the indexes of the sentences that hold copied words.

    These are words of a run that an extract has and the own words lack.
    """
    extract_runs = {run for extract in extracts for run in _runs(_words(extract))}
    foreign_runs = extract_runs - set(_runs(_words(own_words)))
    words = [
        (index, word) for index, sentence in enumerate(sentences) for word in _words(sentence.text)
    ]
    copied: set[int] = set()
    for start, run in enumerate(_runs([word for _, word in words])):
        if run in foreign_runs:
            copied |= {index for index, _ in words[start : start + _RUN]}
    return copied


def _words(text: str) -> list[str]:
    return _WORD.findall(_PRIVATE.sub(" ", text).casefold())


def _runs(words: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield every run of six words; a shorter text has none."""
    return (tuple(words[start : start + _RUN]) for start in range(len(words) - _RUN + 1))
