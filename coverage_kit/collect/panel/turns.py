"""One exchange of a wave, the requests that were sent for it, and the record that is stored."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from coverage_kit.collect.panel.engines import AnswerEngine
from coverage_kit.collect.panel.store import Exchange, Outcome
from coverage_kit.errors import AskError
from coverage_kit.tables import Panels
from coverage_kit.usage import Spent

# These texts are stored in records as errors, and `read_log` lists them among the failures.
PAUSED = "a part of an answer, which the engine paused and did not end"
LOST = (
    "interrupted after it was sent: its reply is lost, and it is not asked again, as it may have "
    "been answered"
)


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
        """The key of the exchange in its wave."""
        return self.engine, self.query_id, self.repeat


@dataclass
class Tries:
    """The requests sent for a turn: their number and cost, when the last was sent, and the outcome.

    `replies` are the parts of the answer: a single reply unless the engine pauses. `is_paused` says
    that more parts were to come. `refusal` is the content that came in place of a reply, `failure`
    the error.
    """

    n_sent: int = 0
    spent: Spent = field(default_factory=Spent)
    asked_at: str | None = None
    replies: list[dict[str, Any]] = field(default_factory=list)
    refusal: dict[str, Any] = field(default_factory=dict)
    failure: AskError | None = None
    is_paused: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether a complete answer came, and no error in its place."""
        return (
            self.failure is None
            and not self.is_paused
            and bool(self.replies)
            and not self.replies[-1].get("error")
        )

    @property
    def problem(self) -> str:
        """What came in place of an answer."""
        if self.failure:
            return self.failure.found
        return PAUSED if self.is_paused else "an error in place of an answer"


def plan_turns(panel: Panels, engine: str, repeats: int) -> list[Turn]:
    """Return an engine's turns in the order of asking: the whole panel once, then again.

    So a wave that stops early has about as many answers to each query.
    """
    rows = list(panel.sort_values("position").itertuples(index=False))
    return [
        Turn(
            engine=engine,
            query_id=str(row.query_id),
            repeat=repeat,
            query=str(row.text),
            is_holdout=bool(row.is_holdout),
            panel=str(row.panel),
        )
        for repeat in range(repeats)
        for row in rows
    ]


def make_record(
    engine: AnswerEngine, turn: Turn, tries: Tries, outcome: Outcome, wave: str
) -> dict[str, Any]:
    """Return the record of a turn: request and response unchanged, and fields for the log."""
    record: dict[str, Any] = {
        "custom_id": "/".join([wave, turn.engine, turn.query_id, str(turn.repeat)]),
        "engine": turn.engine,
        "model": engine.model,
        # An API is not the app that people use, so its answers are never pooled with others.
        "surface": "api",
        "run_id": wave,
        # None for a lost exchange: only what was set aside is noted before a request is sent.
        "asked_at": tries.asked_at,
        "market": engine.market or None,
        "panel": turn.panel,
        "query_id": turn.query_id,
        "repeat": turn.repeat,
        "is_holdout": turn.is_holdout,
        "outcome": outcome,
        "n_tries": tries.n_sent,
        "spent": asdict(tries.spent),
        "setup": engine.setup,
        "request": engine.body(turn.query),
        "response": _response(engine, tries),
    }
    if len(tries.replies) > 1:
        record["parts"] = tries.replies
    return record


def lost_record(
    engine: AnswerEngine, turn: Turn, lost: Sequence[Spent], wave: str
) -> dict[str, Any]:
    """Return the record of a turn that was under way when the process was killed.

    What was set aside for it counts as spent.
    """
    tries = Tries(n_sent=len(lost), spent=sum(lost, Spent()), refusal={"error": {"message": LOST}})
    return make_record(engine, turn, tries, "lost", wave)


def _response(engine: AnswerEngine, tries: Tries) -> dict[str, Any]:
    if tries.replies and tries.failure is None:
        answer = tries.replies[0] if len(tries.replies) == 1 else engine.form.join(tries.replies)
        if tries.is_paused:
            answer = answer | {"error": {"message": tries.problem}}
        return {"status_code": 200, "body": answer}
    # `read_log` takes a body with an error for a failure, so every failure has one.
    refusal = tries.refusal
    if not refusal.get("error"):
        refusal = {**refusal, "error": {"message": tries.problem}}
    return {
        "status_code": (tries.failure.status if tries.failure else 0) or None,
        "body": refusal,
    }
