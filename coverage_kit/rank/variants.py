"""One edit for each gap: of the variants of a gap, at most one is made.

Greedy by gain per minute, where a chosen variant can be replaced by a better one for the minutes
that this adds (the greedy algorithm of the multiple-choice knapsack problem, Sinha and Zoltners
1979). The gain is F of `rank.select`, less harm, counted twice.
"""

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from coverage_kit.rank.candidates import Candidate
from coverage_kit.rank.select import MIN_CHANCE_LEFT, MIN_MINUTES, Limits
from coverage_kit.rank.simulate import HARM_WEIGHT, Rows, Simulation

Floats = npt.NDArray[np.float64]
# What an edit changes, such that no other edit can change it, too.
Place = tuple[str, str, str]
_HEADINGS = ("replace_heading", "replace_title")


@dataclass(frozen=True)
class Proposals:
    """Simulated edits and what each of the n costs.

    `minutes` and `words` are of shape (n,). `pages` are page ids, and `places` what each edit
    changes (`places_of`).
    """

    simulation: Simulation
    minutes: Floats
    words: Floats
    pages: list[str]
    places: list[frozenset[Place]]

    @cached_property
    def rates(self) -> Floats:
        """Gain per minute of each edit alone, (n,)."""
        room, harm = self.simulation.room, self.simulation.harm
        rises = [float(room[edit.rows] @ edit.chance) for edit in self.simulation.chances]
        return (np.array(rises) - HARM_WEIGHT * harm) / np.maximum(self.minutes, MIN_MINUTES)


def places_of(candidate: Candidate) -> frozenset[Place]:
    """Return what an edit changes, such that an edit that changes it, too, repeats this one.

    A heading or title can be reworded once; a passage can be rewritten once for each gap.
    """
    headings = {
        (change.action, change.page_id, change.heading_path)
        for change in candidate.changes
        if change.action in _HEADINGS
    }
    passages = {
        (candidate.cluster_id, change.page_id, change.passage_id or change.heading_path)
        for change in candidate.changes
        if change.action == "replace_passage"
    }
    return frozenset(headings | passages)


class VariantChoice:
    """The edits chosen so far, at most one of each gap, and what they cost together.

    `chosen` has the row of the chosen edit by group.
    """

    def __init__(self, proposals: Proposals, limits: Limits) -> None:
        self.proposals = proposals
        self.limits = limits
        self.chosen: dict[int, int] = {}
        self.minutes = 0.0
        self.n_words = 0.0
        self._groups = [int(group) for group in proposals.simulation.groups]
        self._missed = np.ones(len(proposals.simulation.room))
        self._n_on_page = Counter[str]()
        self._taken: dict[Place, int] = {}

    def gain(self) -> float:
        """Return the gain of the chosen edits together."""
        simulation = self.proposals.simulation
        harm = HARM_WEIGHT * float(simulation.harm[list(self.chosen.values())].sum())
        return float(simulation.room @ (1 - self._missed)) - harm

    def added_gain(self, row: int) -> float:
        """Return what an edit adds in the place of its gap's chosen edit, if there is one."""
        simulation = self.proposals.simulation
        rows, before, after = self._chances(row)
        reachable = simulation.room[rows] * self._missed[rows] / _chance_left(before)
        harm = float(simulation.harm[row])
        replaced = self.replaced(row)
        if replaced is not None:
            harm -= float(simulation.harm[replaced])
        return float(reachable @ (after - before)) - HARM_WEIGHT * harm

    def added_minutes(self, row: int) -> float:
        """Return the minutes that an edit adds, which may be below 0."""
        return float(self.proposals.minutes[row]) - self._of_replaced(self.proposals.minutes, row)

    def added_words(self, row: int) -> float:
        """Return the words that an edit adds, which may be below 0."""
        return float(self.proposals.words[row]) - self._of_replaced(self.proposals.words, row)

    def rate(self, row: int) -> float:
        """Return the gain per minute that an edit adds."""
        return self.added_gain(row) / max(self.added_minutes(row), MIN_MINUTES)

    def replaced(self, row: int) -> int | None:
        """Return the chosen edit in whose place an edit would come."""
        return self.chosen.get(self._groups[row])

    def fits_minutes(self, row: int) -> bool:
        """Return whether an edit is within the budget of minutes."""
        limit = self.limits.minutes
        return not limit or self.minutes + self.added_minutes(row) <= limit

    def fits_words(self, row: int) -> bool:
        """Return whether an edit is within the budget of words."""
        limit = self.limits.words
        return not limit or self.n_words + self.added_words(row) <= limit

    def fits_page(self, row: int) -> bool:
        """Return whether the page of an edit may have one more edit."""
        page_id = self.proposals.pages[row]
        replaced = self.replaced(row)
        is_on_page = replaced is not None and self.proposals.pages[replaced] == page_id
        limit = self.limits.edits_per_page
        return not limit or self._n_on_page[page_id] - is_on_page < limit

    def is_repeat(self, row: int) -> bool:
        """Return whether a chosen edit, other than a variant, makes the same change."""
        group = self._groups[row]
        owners = (self._taken.get(place, group) for place in self.proposals.places[row])
        return any(owner != group for owner in owners)

    def fits(self, row: int) -> bool:
        """Return whether an edit can be chosen, given the limits and the edits chosen so far."""
        return (
            self.limits.allows(self.proposals.pages[row])
            and self.fits_minutes(row)
            and self.fits_words(row)
            and self.fits_page(row)
            and not self.is_repeat(row)
        )

    def take(self, row: int) -> None:
        """Choose an edit, in the place of its gap's chosen edit if there is one."""
        rows, before, after = self._chances(row)
        self.minutes += self.added_minutes(row)
        self.n_words += self.added_words(row)
        replaced = self.replaced(row)
        if replaced is not None:
            self._n_on_page[self.proposals.pages[replaced]] -= 1
            for place in self.proposals.places[replaced]:
                del self._taken[place]
        self._missed[rows] *= _chance_left(after) / _chance_left(before)
        group = self._groups[row]
        self.chosen[group] = row
        self._n_on_page[self.proposals.pages[row]] += 1
        self._taken |= dict.fromkeys(self.proposals.places[row], group)

    def fill(self, rows: Iterable[int], least_gain: float) -> None:
        """Choose by gain per minute as many of these edits as fit and add the least gain.

        Args:
            rows: rows of the edits.
            least_gain: an edit that adds less is not chosen, in questions asked, above 0.
        """
        variants: dict[int, list[int]] = {}
        for row in rows:
            variants.setdefault(self._groups[row], []).append(row)
        rates = self.proposals.rates
        # Gains on the heap are out of date once a variant has been chosen: its version counts.
        version = Counter[int]()
        # What an edit gains alone is the most that it can add, unless it replaces a variant.
        heap = [
            (-self.rate(row) if group in self.chosen else -float(rates[row]), row, 0)
            for group, members in variants.items()
            for row in members
        ]
        heapq.heapify(heap)
        while heap:
            _, row, its_version = heapq.heappop(heap)
            group = self._groups[row]
            if its_version != version[group] or not self.fits(row):
                continue
            # Lazy evaluation: what an edit adds falls as others are chosen.
            gain = self.added_gain(row)
            if gain < least_gain:
                continue
            rate = gain / max(self.added_minutes(row), MIN_MINUTES)
            if heap and -rate > heap[0][0]:
                heapq.heappush(heap, (-rate, row, its_version))
                continue
            self.take(row)
            version[group] += 1
            for variant in variants[group]:
                if variant != row:
                    heapq.heappush(heap, (-self.rate(variant), variant, version[group]))

    def _of_replaced(self, values: Floats, row: int) -> float:
        replaced = self.replaced(row)
        return 0.0 if replaced is None else float(values[replaced])

    def _chances(self, row: int) -> tuple[Rows, Floats, Floats]:
        """Return the queries of an edit and of the one it replaces, with the chances of both."""
        chances = self.proposals.simulation.chances
        new = chances[row]
        replaced = self.replaced(row)
        if replaced is None:
            return new.rows, np.zeros(len(new.rows)), new.chance
        old = chances[replaced]
        rows = np.union1d(old.rows, new.rows).astype(np.int64)
        before, after = np.zeros(len(rows)), np.zeros(len(rows))
        before[np.searchsorted(rows, old.rows)] = old.chance
        after[np.searchsorted(rows, new.rows)] = new.chance
        return rows, before, after


def _chance_left(chance: Floats) -> Floats:
    return np.maximum(1 - chance, MIN_CHANCE_LEFT)
