"""Show what an edit changes, word by word: as pairs, as Markdown, as HTML and as plain lines."""

import difflib
import re
from collections.abc import Sequence
from itertools import groupby
from typing import Literal

from coverage_kit.escaping import for_html, for_markdown
from coverage_kit.report.texts import clean_text

DiffKind = Literal["same", "removed", "added"]

# Line breaks, or a word with the space before it.
_TOKEN = re.compile(r"\n+|[^\S\n]*\S+")
# In longer texts, everything between the first and the last difference counts as one difference,
# because comparing all words takes time with the square of their number (assumed).
_MAX_TOKENS = 4_000


def diff_words(before: str, after: str) -> list[tuple[DiffKind, str]]:
    r"""Return the words of both texts in order, as runs of words of one kind.

    A run is in both texts, or removed from `before`, or added in `after`. Line breaks stay; other
    space between words becomes one space. Joining all runs but the added ones gives `before`.

    >>> diff_words("It goes 55 km.", "It goes 55 to 90 km.")
    [('same', 'It goes 55'), ('added', 'to 90'), ('same', 'km.')]
    """
    old, new = (_tokens(text) for text in (before, after))
    pairs: list[tuple[DiffKind, str]] = []
    for tag, old_start, old_end, new_start, new_end in _opcodes(old, new):
        if tag == "equal":
            pairs += [("same", token) for token in old[old_start:old_end]]
        else:
            pairs += [("removed", token) for token in old[old_start:old_end]]
            pairs += [("added", token) for token in new[new_start:new_end]]
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
    # autojunk would ignore words that are frequent in a long text.
    if len(old) + len(new) <= _MAX_TOKENS:
        return difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    n_common = min(len(old), len(new))
    head = next((n for n in range(n_common) if old[n] != new[n]), n_common)
    tail = next(
        (n for n in range(n_common - head) if old[-1 - n] != new[-1 - n]),
        n_common - head,
    )
    old_end = len(old) - tail
    new_end = len(new) - tail
    return [
        ("equal", 0, head, 0, head),
        ("replace", head, old_end, head, new_end),
        ("equal", old_end, len(old), new_end, len(new)),
    ]


def _join(tokens: list[str]) -> str:
    """Return tokens joined by spaces, without spaces next to a line break."""
    return re.sub(r" ?(\n+) ?", r"\1", " ".join(tokens))


def _join_runs(runs: list[tuple[DiffKind, str]], marked: list[str]) -> str:
    """Return the marked texts of the runs, with a space between two unless a line breaks there."""
    texts: list[str] = []
    previous = "\n"
    for (_, words), text in zip(runs, marked, strict=True):
        is_new_line = previous.endswith("\n") or words.startswith("\n")
        texts += ["" if is_new_line else " ", text]
        previous = words
    return "".join(texts)


def diff_markdown(before: str, after: str) -> str:
    """Return the diff as Markdown, escaped: ~~removed~~ **added**.

    >>> diff_markdown("old words", "new words")
    '~~old~~ **new** words'
    """
    runs = diff_words(before, after)
    marks = {"same": "", "removed": "~~", "added": "**"}
    return _join_runs(runs, [_mark_lines(words, marks[kind]) for kind, words in runs])


def _mark_lines(words: str, mark: str) -> str:
    """Return each line escaped and between marks, because Markdown's marks end with the line."""
    return "".join(
        f"{mark}{for_markdown(line)}{mark}" if line.strip() else line
        for line in re.split(r"(\n+)", words)
    )


def diff_html(before: str, after: str) -> str:
    """Return the diff as escaped HTML: <del> and <ins>, each with a label for screen readers.

    >>> diff_html("", "<b>")
    '<ins><span class="heard">[added: </span>&lt;b&gt;<span class="heard">]</span></ins>'
    """
    runs = diff_words(before, after)
    return _join_runs(
        runs, [_mark_html(kind, for_html(words, is_value=True)) for kind, words in runs]
    )


def _mark_html(kind: DiffKind, words: str) -> str:
    if kind == "same":
        return words
    tag = "del" if kind == "removed" else "ins"
    return f'<{tag}><span class="heard">[{kind}: </span>{words}<span class="heard">]</span></{tag}>'


def diff_lines(before: str, after: str) -> list[str]:
    r"""Return the diff as plain lines that start with a space, - or +.

    Around each change are three unchanged lines.

    >>> diff_lines("a\nb", "a\nc")
    [' a', '-b', '+c']
    """
    old, new = (
        clean_text(text).strip().split("\n") if text.strip() else [] for text in (before, after)
    )
    # The first two lines name files.
    lines = list(difflib.unified_diff(old, new, lineterm=""))[2:]
    return [line for line in lines if not line.startswith("@@")]
