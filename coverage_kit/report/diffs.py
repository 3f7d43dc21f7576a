"""What an edit changes, word by word: as pairs of a kind and words, as Markdown, as HTML and as plain lines."""

import difflib
import html
import re
from collections.abc import Sequence
from itertools import groupby
from typing import Literal

from coverage_kit.report.source.units import escape_markdown
from coverage_kit.report.texts import clean_text

DiffKind = Literal["same", "removed", "added"]

_TOKEN = re.compile(r"\n+|[^\S\n]*\S+")
_MOST_TOKENS = 4_000  # beyond them the differing middle is told as a whole


def diff_words(before: str, after: str) -> list[tuple[DiffKind, str]]:
    r"""Return the words of both texts in order, each run with whether it stands in both, only before or only after.

    Line breaks are kept; other space between words is one space. Joining what is not added gives
    back `before`.

    >>> diff_words("It goes 55 km.", "It goes 55 to 90 km.")
    [('same', 'It goes 55'), ('added', 'to 90'), ('same', 'km.')]
    """
    old, new = (_tokens(text) for text in (before, after))
    pairs: list[tuple[DiffKind, str]] = []
    for tag, one, two, three, four in _opcodes(old, new):
        if tag == "equal":
            pairs += [("same", token) for token in old[one:two]]
        else:
            pairs += [("removed", token) for token in old[one:two]] + [
                ("added", token) for token in new[three:four]
            ]
    runs = (
        (kind, _join([token for _, token in run]))
        for kind, run in groupby(pairs, key=lambda pair: pair[0])
    )
    return [(kind, words) for kind, words in runs if words]


def _tokens(text: str) -> list[str]:
    return [
        token if token.startswith("\n") else token.strip()
        for token in _TOKEN.findall(clean_text(text).strip())
    ]


def _opcodes(old: list[str], new: list[str]) -> Sequence[tuple[str, int, int, int, int]]:
    if len(old) + len(new) <= _MOST_TOKENS:
        return difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    most = min(len(old), len(new))
    head = next((n for n in range(most) if old[n] != new[n]), most)
    tail = next(
        (n for n in range(most - head) if old[-1 - n] != new[-1 - n]),
        most - head,
    )
    ends = len(old) - tail, len(new) - tail
    return [
        ("equal", 0, head, 0, head),
        ("replace", head, ends[0], head, ends[1]),
        ("equal", ends[0], len(old), ends[1], len(new)),
    ]


def _join(tokens: list[str]) -> str:
    """Return tokens joined by spaces, but none beside a line break."""
    return re.sub(r" ?(\n+) ?", r"\1", " ".join(tokens))


def _join_runs(runs: list[tuple[DiffKind, str]], told: list[str]) -> str:
    """Return what is told of the runs, with a space between two unless a line breaks there."""
    parts: list[str] = []
    for place, (run, text) in enumerate(zip(runs, told, strict=True)):
        before = runs[place - 1][1] if place else "\n"
        parts += [
            "" if before.endswith("\n") or run[1].startswith("\n") else " ",
            text,
        ]
    return "".join(parts)


def diff_markdown(before: str, after: str) -> str:
    """Return the diff as Markdown, escaped: ~~removed~~ **added**.

    >>> diff_markdown("old words", "new words")
    '~~old~~ **new** words'
    """
    runs = diff_words(before, after)
    marks = {"same": "", "removed": "~~", "added": "**"}
    return _join_runs(runs, [_mark_lines(words, marks[kind]) for kind, words in runs])


def _mark_lines(words: str, mark: str) -> str:
    """Return each line escaped and between marks, which hold on one line only."""
    parts = re.split(r"(\n+)", words)
    return "".join(
        part if not part.strip() else f"{mark}{escape_markdown(part)}{mark}" for part in parts
    )


def diff_html(before: str, after: str) -> str:
    """Return the diff as escaped HTML: <del> and <ins>, each with words for those who hear the page.

    >>> diff_html("", "<b>")
    '<ins><span class="heard">[added: </span>&lt;b&gt;<span class="heard">]</span></ins>'
    """
    runs = diff_words(before, after)
    return _join_runs(runs, [_tell_html(kind, html.escape(words)) for kind, words in runs])


def _tell_html(kind: DiffKind, words: str) -> str:
    if kind == "same":
        return words
    tag = "del" if kind == "removed" else "ins"
    return f'<{tag}><span class="heard">[{kind}: </span>{words}<span class="heard">]</span></{tag}>'


def diff_lines(before: str, after: str) -> list[str]:
    r"""Return the diff as plain lines that start with a space, - or +, three unchanged lines around each change.

    >>> diff_lines("a\nb", "a\nc")
    [' a', '-b', '+c']
    """
    old, new = (
        clean_text(text).strip().split("\n") if text.strip() else [] for text in (before, after)
    )
    lines = list(difflib.unified_diff(old, new, lineterm=""))[2:]  # the first two name files
    return [line for line in lines if not line.startswith("@@")]
