"""A sample of a log's answers, drawn by their ids.

The sample is the same in whatever order and parts the answers are read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

# The bits of an answer's id, which is "a" and twelve hexadecimal digits.
_BITS = 48


@dataclass(slots=True)
class Ask:
    """What several records say of the same answer.

    `query` is the query as spelled, `n_pages` the number of pages so far, and `n_again` how often
    the answer came again. `has_searched` says whether any record after the first shows a search; it
    is None where there is only one record.
    """

    query: str
    n_pages: int = 0
    n_again: int = 0
    has_searched: bool | None = None


@dataclass
class Sample:
    """A sample of at most `max_answers` answers: all of them, or those with the lowest ids.

    The share in the sample halves whenever the sample would be larger. Ids are digests of what
    answers say, so an answer's chance to be in the sample does not depend on its content, and the
    joined samples of a log's parts are the sample of the log. `n_read` counts the answers that were
    read, an answer that comes again included. `end` is the first id that is not in the sample.
    """

    max_answers: int
    n_halved: int = 0
    n_read: int = 0
    end: str = "b"
    asks: dict[str, Ask] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Share of the answers that is in the sample, 1 / 2 ** n_halved."""
        return 0.5**self.n_halved

    @property
    def n_distinct(self) -> int:
        """Answers that were read, without those that are known to have come before."""
        return self.n_read - sum(ask.n_again for ask in self.asks.values())

    def shrink(self, min_halvings: int = 0) -> bool:
        """Halve the share at least `min_halvings` times, and until the sample is small enough.

        Returns whether the share was halved, and so whether answers may have been dropped.
        """
        n_halved_before = self.n_halved
        while self.n_halved < min_halvings or len(self.asks) > self.max_answers:
            self.n_halved = max(self.n_halved + 1, min_halvings)
            # Of all ids the lower half stays, then the lowest quarter, and so on.
            self.end = f"a{1 << (_BITS - self.n_halved):012x}"
            self.asks = {
                answer_id: ask for answer_id, ask in self.asks.items() if answer_id < self.end
            }
        return self.n_halved > n_halved_before

    def join(self, other: "Sample", has_searched: Mapping[str, bool]) -> None:
        """Add the sample of another part of the log.

        `has_searched` says of that part's answers whether their first records show a search.
        """
        self.n_read += other.n_read
        for answer_id, other_ask in other.asks.items():
            if ask := self.asks.get(answer_id):
                ask.has_searched = bool(
                    ask.has_searched or other_ask.has_searched or has_searched.get(answer_id)
                )
                ask.n_again += 1 + other_ask.n_again
                ask.n_pages += other_ask.n_pages
            else:
                self.asks[answer_id] = other_ask
