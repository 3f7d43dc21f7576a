"""A sample of a log's answers that is drawn by their ids, so that it is the same in whatever order and parts they are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_BITS = 48  # of an answer's id: 'a' and twelve hexadecimal digits


@dataclass(slots=True)
class Ask:
    """What several records tell of one answer: the query as spelled, its pages so far, and how often it came again.

    `searched` says whether any record after the first tells of a search; it is None where there is
    only one.
    """

    query: str
    n_pages: int = 0
    n_again: int = 0
    has_searched: bool | None = None


@dataclass
class Sample:
    """The answers kept of those met: all while they are at most `most`, else those with the lowest ids.

    The share that is kept halves whenever more than `most` would be. Ids are digests, so that each
    answer is kept or not whatever it says, and the joined samples of a log's parts are the sample
    of the whole. `n_met` counts the answers met, one that comes again included; `end` is the first
    id that is not kept.
    """

    most: int
    n_halved: int = 0
    n_met: int = 0
    end: str = "b"
    asks: dict[str, Ask] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Share of the answers that is kept, 1 / 2 ** n_halved."""
        return 0.5**self.n_halved

    @property
    def n_distinct(self) -> int:
        """Answers met, without those of which it can be told that they came before."""
        return self.n_met - sum(ask.n_again for ask in self.asks.values())

    def shrink(self, least: int = 0) -> bool:
        """Halve the share until at most `most` answers are kept, and at least so often; return whether any was dropped."""
        before = self.n_halved
        while self.n_halved < least or len(self.asks) > self.most:
            self.n_halved = max(self.n_halved + 1, least)
            self.end = f"a{1 << (_BITS - self.n_halved):012x}"
            self.asks = {name: ask for name, ask in self.asks.items() if name < self.end}
        return self.n_halved > before

    def join(self, other: "Sample", has_searched: Mapping[str, bool]) -> None:
        """Take the sample of another part of the log, in which these answers' first records did or did not search."""
        self.n_met += other.n_met
        for name, theirs in other.asks.items():
            if ask := self.asks.get(name):
                ask.has_searched = bool(
                    ask.has_searched or theirs.has_searched or has_searched.get(name)
                )
                ask.n_again += 1 + theirs.n_again
                ask.n_pages += theirs.n_pages
            else:
                self.asks[name] = theirs
