"""A model's draft held against the brief: no fact stays that the site does not state, no extract that is not marked.

Checked are figures, dates, prices, addresses and names: what is told by its form. A plain word that
is wrong ("waterproof") is not told by its form, so that a draft stays one: for an editor to read.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from coverage_kit.tasks.briefs import EXTRACT_MARK, Brief
from coverage_kit.tasks.fact_forms import KnownFacts, find_unknown
from coverage_kit.text.sentences import split_sentences

_RUN = 6  # as many words in a row as an extract has are copied
_SLOT = re.compile(r"\[(?:FACT|SOURCE) NEEDED:[^\[\]\n]{0,300}\]")
_MODEL_MARK = re.compile(r"\[\s*EXTRACT TO CHECK\s*\]\s*", re.I)
_PREFIX = re.compile(
    r"(?P<quote>(?:\s*>)*)\s*(?:(?P<heading>#{1,6})\s+|(?P<item>[-*+])\s+|(?P<number>\d{1,3})[.)]\s+)?"
)
_CODE_FENCE = re.compile(r"^\s*(?:```|~~~).*$", re.M)
_EMPHASIS = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\(\s*([^()\s]*)[^()\n]*\)")
_PRIVATE = re.compile("[\ue000-\uf8ff]")  # stands for a slot while the rest is read
_MOST_SLOTS = 6000
_QUOTES = '“”" '
_WORD = re.compile(r"\w+")


class _Sentence(NamedTuple):
    """One sentence of one line; the line's prefix (quotation, list, heading) stands before the first."""

    line: int
    text: str


def check_draft(text: str, brief: Brief) -> str:
    """Return a draft as Markdown in which no invented fact and no copied extract stands unmarked.

    A number, percentage, date, price, address or capitalised name that stands neither in the own
    words nor in the questions becomes a slot, `[FACT NEEDED: is “34 km” true?]`; a number stands
    there only with the same unit. A sentence that shares six words in a row with an extract, and
    not with the own words, becomes `[EXTRACT TO CHECK] “…”`. The first heading is the brief's,
    further ones are one level below it, and there are none where a passage is extended.
    """
    plain, slots = _hide_slots(_undress(text))
    prefixes, sentences = _split_lines(_set_headings(plain, brief.headings))
    ours = KnownFacts([brief.own_words, *brief.questions, *brief.headings, brief.before])
    extracts = [one.removeprefix(EXTRACT_MARK).strip() for one in brief.extracts]
    leads = KnownFacts([*ours.texts, *extracts])
    foreign = KnownFacts(extracts).names - ours.words
    plain_words = KnownFacts([*extracts, *(one.text for one in sentences)]).plain
    copied = _copied(sentences, extracts, brief.own_words)
    lines = list(prefixes)
    is_first = [True] * len(lines)
    for place, (line, words) in enumerate(sentences):
        is_copied = place in copied
        spans = find_unknown(
            words,
            leads if is_copied else ours,
            frozenset() if is_copied else foreign,
            plain_words,
        )
        checked = _with_slots(words, spans)
        checked = f"{EXTRACT_MARK} “{checked.strip(_QUOTES)}”" if is_copied else checked
        lines[line] += checked if is_first[line] else f" {checked}"
        is_first[line] = False
    body = re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()
    body = _PRIVATE.sub(lambda found: slots[ord(found[0]) - 0xE000], body)
    return f"{brief.headings[0]}\n\n{body}" if brief.headings else body


def _undress(text: str) -> str:
    """Return the text without unseen characters, code fences, emphasis and the model's marks; a link as words and address."""
    text = "".join(
        one for one in text.replace("\r", "") if unicodedata.category(one) not in ("Cf", "Co", "Cs")
    )
    text = _MODEL_MARK.sub("", _CODE_FENCE.sub("", text))
    text = _LINK.sub(lambda found: f"{found[1]} {found[2]}".strip(), text)
    return "\n".join(_drop_emphasis(line) for line in text.split("\n"))


def _drop_emphasis(line: str) -> str:
    prefix = _PREFIX.match(line)
    end = prefix.end() if prefix else 0
    return line[:end] + _EMPHASIS.sub("", line[end:])


def _hide_slots(text: str) -> tuple[str, list[str]]:
    """Return the text with one private character for each slot, and the slots."""
    slots: list[str] = []

    def hide(found: re.Match[str]) -> str:
        if len(slots) >= _MOST_SLOTS:
            return found[0]
        slots.append(found[0])
        return chr(0xE000 + len(slots) - 1)

    return _SLOT.sub(hide, text), slots


def _set_headings(text: str, headings: tuple[str, ...]) -> list[str]:
    """Return the lines with the draft's own first heading left out and every other one level below the brief's first."""
    lines = text.split("\n")
    top = len(headings[0]) - len(headings[0].lstrip("#")) if headings else 0
    given = _words(headings[0]) if headings else []
    is_begun = False
    kept = []
    for line in lines:
        found = _PREFIX.match(line)
        mark = found["heading"] if found else None
        if found is None or mark is None:
            is_begun = is_begun or bool(line.strip())
            kept.append(line)
            continue
        rest = line[found.end() :].strip(" #")
        is_own = bool(headings) and not is_begun and (len(mark) <= top or _words(rest) == given)
        is_begun = True
        if not is_own:
            kept.append(f"{'#' * min(6, top + 1)} {rest}" if headings else rest)
    return kept


def _split_lines(lines: list[str]) -> tuple[list[str], list[_Sentence]]:
    """Return each line's prefix, list items numbered anew from 1, and the sentences in order."""
    prefixes = []
    sentences = []
    number = 0
    for at, line in enumerate(lines):
        found = _PREFIX.match(line)
        quote = "> " if found and found["quote"] else ""
        if found and found["number"]:
            number += 1
        elif line.strip():
            number = 0
        mark = (
            (
                found["heading"]
                or (found["item"] and "-")
                or (found["number"] and f"{number}.")
                or ""
            )
            if found
            else ""
        )
        prefixes.append(f"{quote}{mark} " if mark else quote)
        sentences += [
            _Sentence(at, one) for one in split_sentences(line[found.end() if found else 0 :])
        ]
    return prefixes, sentences


def _with_slots(sentence: str, spans: Iterable[tuple[int, int]]) -> str:
    parts = []
    end = 0
    for start, stop in spans:
        said = re.sub(r"[\[\]\s]+", " ", sentence[start:stop]).strip()[:200]
        parts += [sentence[end:start], f"[FACT NEEDED: is “{said}” true?]"]
        end = stop
    return "".join([*parts, sentence[end:]])


def _copied(sentences: list[_Sentence], extracts: Iterable[str], own_words: str) -> set[int]:
    """Return the places of the sentences that hold a part of a run of words that an extract has and the own words lack."""
    runs = {run for extract in extracts for run in _runs(_words(extract))} - set(
        _runs(_words(own_words))
    )
    words = [(place, word) for place, one in enumerate(sentences) for word in _words(one.text)]
    copied: set[int] = set()
    for at, run in enumerate(_runs([word for _, word in words])):
        if run in runs:
            copied |= {place for place, _ in words[at : at + _RUN]}
    return copied


def _words(text: str) -> list[str]:
    return _WORD.findall(_PRIVATE.sub(" ", text).casefold())


def _runs(words: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield every run of six words; a text of fewer has none."""
    return (tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1))
