"""The traces of a log, so that a step of a trace is read only where nothing else tells of it."""

import hashlib
from dataclasses import dataclass, field

from coverage_kit.collect.logs.record import Aside, Reject

STEP = Aside("a step of a trace that is read")


@dataclass
class TraceIndex:
    """The traces of a whole log whose root, or a call of a model in them, can be read.

    `last` has the highest rank of the steps with the same name. `texts` are what records name by an
    id alone, such as a prompt that is in another file. A trace may be spread over files, such as
    the pages of an export. Ids are kept as numbers of 8 bytes, which take little memory.
    """

    roots: set[int] = field(default_factory=set)
    calls: set[int] = field(default_factory=set)
    last: dict[int, tuple[str, str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def note_root(self, trace: str) -> None:
        """Note that the root of a trace can be read."""
        self.roots.add(_digest(trace))

    def note_call(self, trace: str) -> None:
        """Note that a call of a model in a trace can be read."""
        self.calls.add(_digest(trace))

    def note_last(self, name: str, rank: tuple[str, str]) -> None:
        """Note the rank of one of several steps that have the same name."""
        digest = _digest(name)
        self.last[digest] = max(rank, self.last.get(digest, rank))

    def is_last(self, name: str, rank: tuple[str, str]) -> bool:
        """Return whether no step of this name has a higher rank."""
        return rank >= self.last.get(_digest(name), rank)

    def has_root(self, trace: str) -> bool:
        """Return whether the root of a trace can be read."""
        return bool(self.roots) and _digest(trace) in self.roots

    def step(self, trace: str, wanted: str) -> Aside | Reject:
        """Return what becomes of a step that is no question.

        It is set aside where its trace is read, and else a reject; `wanted` says what is missing.
        """
        if self.has_root(trace) or _digest(trace) in self.calls:
            return STEP
        return Reject(f"a step of a trace of which the log has no {wanted}")


def _digest(trace: str) -> int:
    digest = hashlib.blake2b(trace.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest())
