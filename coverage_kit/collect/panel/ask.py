"""ask_panel: a panel put to engines, one wave at a time."""

import logging
import queue
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from tqdm.auto import tqdm

from coverage_kit.collect.panel.asker import CLOCK, Asker, Clock, WaveBudget
from coverage_kit.collect.panel.engines import (
    AnswerEngine,
    list_engines,
    open_sender,
)
from coverage_kit.collect.panel.panel import panel_version, write_panel
from coverage_kit.collect.panel.store import (
    HIDDEN,
    Exchange,
    Stored,
    WaveFile,
    read_stored,
)
from coverage_kit.collect.panel.turns import Turn, lost_record, plan_turns
from coverage_kit.collect.panel.wave import (
    EngineWave,
    Wave,
    choose_wave,
    open_turns,
)
from coverage_kit.errors import SettingsError
from coverage_kit.llm.costs import Budget, Prices
from coverage_kit.settings import AskSettings
from coverage_kit.tables import Panels, checked
from coverage_kit.usage import Spent

logger = logging.getLogger(__name__)


@checked
def ask_panel(
    ask: AskSettings,
    panel: Panels,
    prices: Prices,
    is_new: bool = False,
    clock: Clock = CLOCK,
) -> Wave:
    """Put a panel's queries to the engines of the settings and store what they answer; return what came of it.

    The panel's last wave goes on where something of it is left, unless `is_new`. Engines are asked
    side by side, each one request at a time. An exchange that was answered is never sent again; one
    that failed is once more, in a later run; one that was under way when the process was killed is
    not, as it may have been answered. What an engine's failure or the budget leaves unasked stays
    for the next run. The first Ctrl-C waits for the answers under way and stores them.

    Keys are read from the environment now, and given to their engines alone.

    Raises SettingsError for an engine without a model, key or (where money is limited) price, and
    where the wave was begun with another model or setting of an engine; RunError for a wave that
    cannot be written or that another process is asking.
    """
    engines = list_engines(ask)
    out = Path(ask.out)
    senders = [open_sender(engine) for engine in engines]
    stop = threading.Event()
    purse = WaveBudget(Budget(prices, ask.max_tokens, ask.max_money), stop)
    for engine in engines:
        purse.budget.check_price(engine.model)
    turns = {engine.name: plan_turns(panel, engine.name, ask.repeats) for engine in engines}
    with WaveFile(out, choose_wave(out, panel_version(panel), turns, is_new)) as wave:
        _check_setups(engines, wave.stored, wave.wave)
        write_panel(panel, out / HIDDEN / f"{panel_version(panel)}.csv")
        _count_earlier(wave.stored, engines, purse.budget)
        _note_lost(engines, turns, wave)
        askers = [
            Asker(*pair, wave, purse, ask.retries, clock)
            for pair in zip(engines, senders, strict=True)
        ]
        todo = {name: open_turns(planned, wave.stored) for name, planned in turns.items()}
        is_interrupted = _run(askers, todo, stop)
    after = read_stored(out, wave.wave)
    told = tuple(_tell(asker, turns[asker.engine.name], wave.stored, after) for asker in askers)
    return Wave(
        wave.wave,
        wave.path,
        told,
        purse.budget.money,
        prices.currency,
        is_interrupted,
    )


def _check_setups(
    engines: Sequence[AnswerEngine],
    stored: Mapping[Exchange, Stored],
    wave: str,
) -> None:
    """Raise SettingsError where an engine has answers in the wave that another model, form or market gave."""
    for engine in engines:
        for (name, _, _), one in stored.items():
            if name == engine.name and one.is_answered and one.setup != engine.setup:
                changed = [
                    key for key, value in engine.setup.items() if one.setup.get(key) != value
                ]
                found = "; ".join(
                    f"{key} was {one.setup.get(key)!r}, is {engine.setup[key]!r}" for key in changed
                )
                cure = "Put it back, or begin a new wave with --new: one wave is asked in one way."
                raise SettingsError(
                    f"ask.engines, {engine.name}",
                    f"the settings with which wave {wave} began",
                    found,
                    cure,
                )


def _count_earlier(
    stored: Mapping[Exchange, Stored],
    engines: Sequence[AnswerEngine],
    budget: Budget,
) -> None:
    """Count what earlier runs of the wave spent; of requests whose reply was lost, what was set aside."""
    models = {engine.name: engine.model for engine in engines}
    for (name, _, _), one in stored.items():
        model = one.setup.get("model") or models.get(name, "")
        budget.settle(model, Spent(), sum(one.lost, one.spent))


def _note_lost(
    engines: Sequence[AnswerEngine],
    turns: Mapping[str, Sequence[Turn]],
    wave: WaveFile,
) -> None:
    """Store a record of each exchange that was under way when the process was killed."""
    for engine in engines:
        for turn in turns[engine.name]:
            one = wave.stored.get(turn.exchange)
            if one and one.lost:
                wave.add(lost_record(engine, turn, one.lost, wave.wave))


def _run(
    askers: Sequence[Asker],
    todo: Mapping[str, Sequence[Turn]],
    stop: threading.Event,
) -> bool:
    """Let all askers take their turns, and return whether they were interrupted. Raises what one of them raised."""
    events: queue.Queue[BaseException | str] = queue.Queue()
    raised: list[BaseException] = []
    n_running = len(askers)
    is_interrupted = False
    for asker in askers:
        threading.Thread(
            target=_work,
            args=(asker, todo[asker.engine.name], events),
            daemon=True,
        ).start()
    with tqdm(
        total=sum(map(len, todo.values())),
        desc="asked",
        unit="answer",
        disable=None,
    ) as bar:
        while n_running:
            try:
                event = events.get()
            except KeyboardInterrupt:
                stop.set()
                if is_interrupted:
                    raise
                is_interrupted = True
                logger.warning(
                    "stopping: answers under way are waited for and stored; Ctrl-C again leaves them"
                )
                continue
            n_running -= event != "stored"
            bar.update(event == "stored")
            if isinstance(event, BaseException):
                raised.append(event)
                stop.set()
    if raised:
        raise raised[0]
    return is_interrupted


def _work(
    asker: Asker,
    turns: Sequence[Turn],
    events: "queue.Queue[BaseException | str]",
) -> None:
    try:
        asker.run(turns, lambda: events.put("stored"))
    except BaseException as error:  # raised again by the thread that waits
        events.put(error)
    else:
        events.put("done")


def _tell(
    asker: Asker,
    turns: Sequence[Turn],
    before: Mapping[Exchange, Stored],
    after: Mapping[Exchange, Stored],
) -> EngineWave:
    engine = asker.engine
    tally = asker.tally
    return EngineWave(
        engine.name,
        engine.model,
        tally.n_answered,
        tally.n_failed,
        n_reused=sum(
            turn.exchange in before and before[turn.exchange].is_answered for turn in turns
        ),
        n_lost=sum(
            turn.exchange in after and "lost" in after[turn.exchange].outcomes for turn in turns
        ),
        n_left=len(open_turns(turns, after)),
        spent=tally.spent,
        stopped=tally.stopped,
    )
