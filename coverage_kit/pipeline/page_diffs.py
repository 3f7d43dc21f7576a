"""Differences of a site's pages between two runs: content words and headings, new and gone."""

import re
from collections import Counter
from collections.abc import Iterable

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from coverage_kit.tables import Passages

# A page of which this share of passages is on a new page has moved there (assumed).
MIN_MOVED = 0.5

# What is no word of the site: slots, marks of extracts, addresses of links, bare addresses. For
# example "[FACT NEEDED: which?]" and "](https://shop.example/bike)".
_MARKERS = re.compile(
    r"\[(?:FACT|SOURCE|WORDS) NEEDED[^\]]*\]|\[EXTRACT TO CHECK|\]\([^)\s]*\)|https?://\S+"
)


def content_words(text: str) -> Counter[str]:
    """Return the content words of a text with their counts.

    Markers, addresses, English stop words and the s of plurals are left out.

    >>> sorted(content_words("The brakes [FACT NEEDED: which?] of the “Cargo” bike").items())
    [('bike', 1), ('brake', 1), ('cargo', 1)]
    """
    words = re.findall(r"\w+", _MARKERS.sub(" ", text).casefold())
    return Counter(
        _stem(word)
        for word in words
        if word not in ENGLISH_STOP_WORDS and (len(word) > 1 or word.isdigit())
    )


def heading_similarity(heading: str, other_heading: str) -> float:
    """Return the Dice overlap of two headings' content words.

    It is 1 where the headings differ in case and punctuation alone.
    """
    if plain(heading) == plain(other_heading):
        return 1.0
    words = content_words(heading)
    other_words = content_words(other_heading)
    return 2 * (words & other_words).total() / max((words + other_words).total(), 1)


def plain(text: str) -> str:
    """Return the words of a text in lower case, one space between them."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


class PageWords:
    """The headings and words of a page in a run."""

    def __init__(self, passages: Iterable[tuple[str, str]] = ()) -> None:
        self.passages = list(passages)
        self.texts = {plain(text) for _, text in self.passages}
        steps = {path: tuple(path.split(" > ")) for path, _ in self.passages}
        # every heading once, however many passages are under it
        heading_paths = {
            path[:depth] for path in steps.values() for depth in range(1, len(path) + 1) if path[0]
        }
        self.headings = Counter(plain(path[-1]) for path in heading_paths)
        self.title = self.passages[0][0].split(" > ")[0] if self.passages else ""
        self.words = content_words(
            " ".join(
                [
                    *(text for _, text in self.passages),
                    *(path[-1] for path in sorted(heading_paths)),
                ]
            )
        )


class PageDiff:
    """What a page gained and lost between two runs; `sections` are new words by heading path."""

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
            path: content_words(" ".join(new_texts)) & new for path, new_texts in texts.items()
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
            matched = set(self.moved.values())
            # how many of the page's passages are on each new page
            n_shared = Counter(
                holder
                for text in sorted(texts)
                for holder in holders.get(text, ())
                if holder not in matched
            )
            best = n_shared.most_common(1)
            if best and best[0][1] >= MIN_MOVED * len(texts):
                self.moved[page_id] = best[0][0]
        self.fresh = [page_id for page_id in fresh if page_id not in self.moved.values()]

    def page(self, page_id: str) -> list[PageDiff]:
        """Return the page's difference, or nothing where the later run has not read it."""
        new_id = self.moved.get(page_id, page_id)
        return (
            [PageDiff(new_id, self.before.get(page_id, PageWords()), self.after[new_id])]
            if new_id in self.after
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
