"""What the pages of a site have in a later run and had not before, and the other way round, in content words and headings."""

import re
from collections import Counter
from collections.abc import Iterable

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from coverage_kit.tables import Passages

# Share of a page's passages found on another page from which that is the same page under a new
# address.
LEAST_MOVED = 0.5

_MARKERS = re.compile(
    r"\[(?:FACT|SOURCE) NEEDED[^\]]*\]|\[EXTRACT TO CHECK|\]\([^)\s]*\)|https?://\S+"
)


def content_words(text: str) -> Counter[str]:
    """Return how often each content word stands in a text, without markers, addresses, English stop words and plural s.

    >>> sorted(content_words("The brakes [FACT NEEDED: which?] of the “Cargo” bike").items())
    [('bike', 1), ('brake', 1), ('cargo', 1)]
    """
    words = re.findall(r"\w+", _MARKERS.sub(" ", text).casefold())
    return Counter(
        _stem(word)
        for word in words
        if word not in ENGLISH_STOP_WORDS and (len(word) > 1 or word.isdigit())
    )


def alike(one: str, other: str) -> float:
    """Return the Dice overlap of two headings' content words, 1 where they are the same but for case and marks."""
    if plain(one) == plain(other):
        return 1.0
    words = content_words(one)
    others = content_words(other)
    return 2 * (words & others).total() / max((words + others).total(), 1)


def plain(text: str) -> str:
    """Return the words of a text in lower case, one space between them."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


class PageWords:
    """One page of one run: headings and words."""

    def __init__(self, passages: Iterable[tuple[str, str]] = ()) -> None:
        self.passages = list(passages)
        self.texts = {plain(text) for _, text in self.passages}
        steps = {path: tuple(path.split(" > ")) for path, _ in self.passages}
        places = {
            path[:depth] for path in steps.values() for depth in range(1, len(path) + 1) if path[0]
        }
        self.headings = Counter(plain(place[-1]) for place in places)
        self.title = self.passages[0][0].split(" > ")[0] if self.passages else ""
        self.words = content_words(
            " ".join(
                [
                    *(text for _, text in self.passages),
                    *(place[-1] for place in sorted(places)),
                ]
            )
        )


class PageDiff:
    """What one page has now and had not (`sections`: new words by heading path), and had and has not."""

    def __init__(self, page_id: str, before: PageWords, after: PageWords) -> None:
        self.page_id = page_id
        self.before = before
        self.after = after
        self.new_headings = set(after.headings - before.headings)
        self.gone_headings = set(before.headings - after.headings)
        self.gone = before.words - after.words
        texts: dict[str, list[str]] = {}
        for path, text in after.passages:
            if plain(text) not in before.texts:
                texts.setdefault(path, [self._new_heading(path)]).append(text)
        new = after.words - before.words
        self.sections = {
            path: content_words(" ".join(parts)) & new for path, parts in texts.items()
        }

    def _new_heading(self, path: str) -> str:
        own = path.rsplit(" > ", maxsplit=1)[-1]
        return own if plain(own) in self.new_headings else ""


class SiteDiff:
    """The site in two runs, page by page."""

    def __init__(self, before: Passages, after: Passages) -> None:
        self.before = _read_pages(before)
        self.after = _read_pages(after)
        self.moved: dict[str, str] = {}
        fresh = [page_id for page_id in self.after if page_id not in self.before]
        holders: dict[str, list[str]] = {}
        for page_id in fresh:
            for text in self.after[page_id].texts:
                holders.setdefault(text, []).append(page_id)
        for page_id in (page_id for page_id in self.before if page_id not in self.after):
            texts = self.before[page_id].texts
            taken = set(self.moved.values())
            kept = Counter(
                other
                for text in sorted(texts)
                for other in holders.get(text, ())
                if other not in taken
            )
            best = kept.most_common(1)
            if best and best[0][1] >= LEAST_MOVED * len(texts):
                self.moved[page_id] = best[0][0]
        self.fresh = [page_id for page_id in fresh if page_id not in self.moved.values()]

    def page(self, page_id: str) -> list[PageDiff]:
        """Return the page's difference, or nothing where the later run has not read it."""
        now = self.moved.get(page_id, page_id)
        return (
            [PageDiff(now, self.before.get(page_id, PageWords()), self.after[now])]
            if now in self.after
            else []
        )

    def new_pages(self) -> list[PageDiff]:
        """Return the pages that only the later run has read."""
        return [PageDiff(page_id, PageWords(), self.after[page_id]) for page_id in self.fresh]


def _read_pages(passages: Passages) -> dict[str, PageWords]:
    ordered = passages.sort_values(["page_id", "position"], kind="stable")
    return {
        str(page_id): PageWords(zip(group["heading_path"], group["text"], strict=True))
        for page_id, group in ordered.groupby("page_id", sort=False)
    }
