"""Count what a site's source holds besides its pages, by kind and reason, so that all is shown."""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from coverage_kit.collect.decode import clean_row
from coverage_kit.tables import UNREAD, Unread
from coverage_kit.vocabulary import UNREAD_KINDS

# Examples that are kept of one reason: readers look for their own file among them.
_MAX_EXAMPLES = 5
Kind = Literal["file", "folder", "address", "sitemap", "host", "item", "part"]
logger = logging.getLogger(__name__)


@dataclass
class _Item:
    """Things of one kind that were not read for one reason."""

    cure: str
    may_be_pages: bool
    n_items: int = 0
    examples: list[str] = field(default_factory=list)

    def list_examples(self, source: str) -> list[str]:
        """Return the examples without the source in which all are."""
        # A path of the machine is nobody's concern who reads the results.
        return [text.removeprefix(f"{source.rstrip('/')}/") for text in self.examples]


class UnreadItems:
    """What was not read of one source, counted while it is read."""

    def __init__(self) -> None:
        self._items: dict[tuple[Kind, str], _Item] = {}

    def add(  # noqa: PLR0913 (what an item consists of)
        self,
        kind: Kind,
        reason: str,
        example: str,
        *,
        cure: str = "",
        may_be_pages: bool = True,
        n_items: int = 1,
    ) -> None:
        """Count items that were not read; the first examples and the first cure of a reason stay.

        Args:
            kind: what they are.
            reason: why they were not read, in a few words that follow "not read:".
            example: path or address of one of them.
            cure: a sentence that says what to do to have them read; empty where nothing helps.
            may_be_pages: whether they may hold text for readers. Pictures, hidden files and
                installed packages do not.
            n_items: how many there are.
        """
        item = self._items.setdefault((kind, reason), _Item(cure, may_be_pages))
        item.n_items += n_items
        if len(item.examples) < _MAX_EXAMPLES and example not in item.examples:
            item.examples.append(example)

    def reasons(self) -> list[tuple[str, int, str]]:
        """Return each reason with its number of items and its cure, the likeliest pages first."""
        items = sorted(
            self._items.items(),
            key=lambda item: (not item[1].may_be_pages, -item[1].n_items, item[0]),
        )
        return [(reason, item.n_items, item.cure) for (_, reason), item in items]

    def report(self, source: str) -> None:
        """Log each kind and reason: a warning where it may hold text for readers, else for info.

        Args:
            source: what was read, as messages show it.
        """
        for (kind, reason), item in sorted(self._items.items()):
            logger.log(
                logging.WARNING if item.may_be_pages else logging.INFO,
                "%s: %s not read: %s, such as %s%s",
                source,
                _count(kind, item.n_items),
                reason,
                item.list_examples(source)[0],
                f". {item.cure}" if item.cure else "",
            )

    def table(self, site: str, source: str) -> Unread:
        """Return a row for each kind and reason, sorted.

        Args:
            site: name of the site.
            source: folder or address that was read.
        """
        rows: list[dict[str, Any]] = [
            {
                "site": site,
                "source": source,
                "kind": kind,
                "reason": reason,
                "n_items": item.n_items,
                "may_be_pages": item.may_be_pages,
                "examples": "; ".join(item.list_examples(source)),
                "cure": item.cure or None,
            }
            for (kind, reason), item in sorted(self._items.items())
        ]
        return UNREAD.table([clean_row(row) for row in rows])


class RenamedItems(UnreadItems):
    """Counts in another collector, with the name of a source in place of a temporary folder."""

    def __init__(self, outer: UnreadItems, temporary: Path, shown: str) -> None:
        super().__init__()
        self._outer = outer
        self._names = (str(temporary), shown.rstrip("/"))

    def add(  # noqa: PLR0913 (as in the class above)
        self,
        kind: Kind,
        reason: str,
        example: str,
        *,
        cure: str = "",
        may_be_pages: bool = True,
        n_items: int = 1,
    ) -> None:
        """Count items in the outer collector."""
        self._outer.add(
            kind,
            reason.replace(*self._names),
            example.replace(*self._names),
            cure=cure.replace(*self._names),
            may_be_pages=may_be_pages,
            n_items=n_items,
        )

    def reasons(self) -> list[tuple[str, int, str]]:
        """Return the reasons of the outer collector."""
        return self._outer.reasons()


def _count(kind: Kind, n_items: int) -> str:
    return f"1 {kind} is" if n_items == 1 else f"{n_items:,} {UNREAD_KINDS[kind]} are"
