"""One exchange of a wave, what was sent for it, and the record that is stored of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from coverage_kit.collect.panel.engines import AnswerEngine
from coverage_kit.collect.panel.store import Exchange, Outcome
from coverage_kit.errors import AskError
from coverage_kit.tables import Panels
from coverage_kit.usage import Spent

PAUSED = "a part of an answer, which the engine paused and did not end"
LOST = "interrupted after it was sent: its reply is lost, and it is not asked again, as it may have been answered"


@dataclass(frozen=True)
class Turn:
    """One exchange: the query that is put to an engine, and the number of the repeat, from 0."""

    engine: str
    query_id: str
    repeat: int
    query: str
    is_holdout: bool
    panel: str

    @property
    def exchange(self) -> Exchange:
        """What the wave knows it by."""
        return self.engine, self.query_id, self.repeat


@dataclass
class Tries:
    """The requests sent for a turn: how many, what they cost, when the last one was sent, and what came of them.

    `replies` are the parts of the answer, one where the engine does not pause, and `is_paused` says
    that more were to come; `refusal` is what stood in place of one.
    """

    n: int = 0
    spent: Spent = field(default_factory=Spent)
    asked_at: str | None = None
    replies: list[dict[str, Any]] = field(default_factory=list)
    refusal: dict[str, Any] = field(default_factory=dict)
    failure: AskError | None = None
    is_paused: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether a whole answer came, and no error in its place."""
        return (
            self.failure is None
            and not self.is_paused
            and bool(self.replies)
            and not self.replies[-1].get("error")
        )

    @property
    def found(self) -> str:
        """What came in place of an answer."""
        if self.failure:
            return self.failure.found
        return PAUSED if self.is_paused else "an error in place of an answer"


def plan_turns(panel: Panels, engine: str, repeats: int) -> list[Turn]:
    """Return an engine's turns in the order of asking: the whole panel once, then again, so that a part is a part of all."""
    rows = list(panel.sort_values("position").itertuples(index=False))
    return [
        Turn(
            engine,
            str(row.query_id),
            repeat,
            str(row.text),
            bool(row.is_holdout),
            str(row.panel),
        )
        for repeat in range(repeats)
        for row in rows
    ]


def make_record(
    engine: AnswerEngine, turn: Turn, tries: Tries, outcome: Outcome, wave: str
) -> dict[str, Any]:
    """Return the record of a turn: request and response as they were, beside what the log's tables need."""
    about = {
        "custom_id": "/".join([wave, turn.engine, turn.query_id, str(turn.repeat)]),
        "engine": turn.engine,
        "model": engine.model,
        "surface": "api",
        "run_id": wave,
        "asked_at": tries.asked_at,
        "market": engine.market or None,
        "panel": turn.panel,
        "query_id": turn.query_id,
        "repeat": turn.repeat,
        "is_holdout": turn.is_holdout,
        "outcome": outcome,
        "n_tries": tries.n,
        "spent": asdict(tries.spent),
        "setup": engine.setup,
    }
    parts = {"parts": tries.replies} if len(tries.replies) > 1 else {}
    return (
        about
        | {
            "request": engine.body(turn.query),
            "response": _response(engine, tries),
        }
        | parts
    )


def lost_record(
    engine: AnswerEngine, turn: Turn, lost: Sequence[Spent], wave: str
) -> dict[str, Any]:
    """Return the record of a turn that was under way when the process was killed: what was set aside for it counts as spent."""
    tries = Tries(len(lost), sum(lost, Spent()), refusal={"error": {"message": LOST}})
    return make_record(engine, turn, tries, "lost", wave)


def _response(engine: AnswerEngine, tries: Tries) -> dict[str, Any]:
    if tries.replies and tries.failure is None:
        whole = tries.replies[0] if len(tries.replies) == 1 else engine.form.join(tries.replies)
        broken_off = {"error": {"message": tries.found}} if tries.is_paused else {}
        return {"status_code": 200, "body": whole | broken_off}
    told = (
        tries.refusal
        if tries.refusal.get("error")
        else {**tries.refusal, "error": {"message": tries.found}}
    )
    return {
        "status_code": (tries.failure.status if tries.failure else 0) or None,
        "body": told,
    }
