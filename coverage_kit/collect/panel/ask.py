"""ask_panel: put a panel to answer engines, one wave at a time."""

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
    StoredExchange,
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

# What an asker reports to the thread that waits for it, besides an error.
_STORED = "stored"
_ENDED = "ended"


@checked
def ask_panel(
    ask: AskSettings,
    panel: Panels,
    prices: Prices,
    is_new: bool = False,
    clock: Clock = CLOCK,
) -> Wave:
    """Put a panel's queries to the engines of the settings, store the answers, and return a report.

    The panel's last wave is continued where something of it is left, unless `is_new`. Engines are
    asked side by side, each with one request at a time. An exchange that was answered is never sent
    again. An exchange that failed is sent once more, in a later run. An exchange that was under way
    when the process was killed is not sent again, because the engine may have answered it. What
    remains when an engine fails or the budget ends is left for the next run. The first Ctrl-C waits
    for the answers under way and stores them.

    Keys are read from the environment when asking begins, and sent to their engines alone.

    Raises SettingsError for an engine without a model, key or (where money is limited) price, and
    where the wave began with another model or setting of an engine; RunError for a wave that cannot
    be written or that another process is asking.
    """
    # Settings, keys and prices are checked before anything is written or sent.
    engines = list_engines(ask)
    out = Path(ask.out)
    senders = [open_sender(engine) for engine in engines]
    stop = threading.Event()
    wave_budget = WaveBudget(Budget(prices, ask.max_tokens, ask.max_money), stop)
    for engine in engines:
        wave_budget.budget.check_price(engine.model)
    turns = {engine.name: plan_turns(panel, engine.name, ask.repeats) for engine in engines}
    with WaveFile(out, choose_wave(out, panel_version(panel), turns, is_new)) as wave:
        _check_setups(engines, wave.stored, wave.wave)
        # A copy of the panel, so that the queries of a wave stay known when panel.csv changes.
        write_panel(panel, out / HIDDEN / f"{panel_version(panel)}.csv")
        _count_earlier(wave.stored, engines, wave_budget.budget)
        _store_lost(engines, turns, wave)
        askers = [
            Asker(engine, sender, wave, wave_budget, ask.retries, clock)
            for engine, sender in zip(engines, senders, strict=True)
        ]
        open_by_engine = {name: open_turns(planned, wave.stored) for name, planned in turns.items()}
        is_interrupted = _run(askers, open_by_engine, stop)
    # The askers have added records since the wave was opened.
    stored = read_stored(out, wave.wave)
    return Wave(
        wave_id=wave.wave,
        path=wave.path,
        engines=tuple(
            _engine_wave(asker, turns[asker.engine.name], wave.stored, stored) for asker in askers
        ),
        money=wave_budget.budget.money,
        currency=prices.currency,
        is_interrupted=is_interrupted,
    )


def _check_setups(
    engines: Sequence[AnswerEngine],
    stored: Mapping[Exchange, StoredExchange],
    wave: str,
) -> None:
    """Raise SettingsError where another model, form or market gave an engine's answers so far."""
    for engine in engines:
        for (name, _, _), exchange in stored.items():
            if name != engine.name or not exchange.is_answered or exchange.setup == engine.setup:
                continue
            differences = [
                f"{key} was {exchange.setup.get(key)!r}, is {value!r}"
                for key, value in engine.setup.items()
                if exchange.setup.get(key) != value
            ]
            raise SettingsError(
                f"ask.engines, {engine.name}",
                f"the settings with which wave {wave} began",
                "; ".join(differences),
                "Undo the change, or begin a new wave with --new: a wave has one setting only.",
            )


def _count_earlier(
    stored: Mapping[Exchange, StoredExchange],
    engines: Sequence[AnswerEngine],
    budget: Budget,
) -> None:
    """Count what earlier runs of the wave spent.

    A request whose reply was lost counts as what was set aside for it.
    """
    models = {engine.name: engine.model for engine in engines}
    for (name, _, _), exchange in stored.items():
        model = exchange.setup.get("model") or models.get(name, "")
        budget.settle(model, Spent(), sum(exchange.lost, exchange.spent))


def _store_lost(
    engines: Sequence[AnswerEngine],
    turns: Mapping[str, Sequence[Turn]],
    wave: WaveFile,
) -> None:
    """Store a record of each exchange that was under way when the process was killed."""
    for engine in engines:
        for turn in turns[engine.name]:
            exchange = wave.stored.get(turn.exchange)
            if exchange and exchange.lost:
                wave.add(lost_record(engine, turn, exchange.lost, wave.wave))


def _run(
    askers: Sequence[Asker],
    turns: Mapping[str, Sequence[Turn]],
    stop: threading.Event,
) -> bool:
    """Let all askers take their turns; return whether the user interrupted them.

    Raises the first error that an asker raised.
    """
    events: queue.Queue[BaseException | str] = queue.Queue()
    errors: list[BaseException] = []
    n_running = len(askers)
    is_interrupted = False
    # Daemon threads, so that a second Ctrl-C ends the process with requests under way.
    threads = [
        threading.Thread(
            target=_work,
            args=(asker, turns[asker.engine.name], events),
            daemon=True,
        )
        for asker in askers
    ]
    n_turns = sum(map(len, turns.values()))
    with tqdm(total=n_turns, desc="asked", unit="answer", disable=None) as bar:
        # Nothing slow comes between their start and the loop, which waits for Ctrl-C.
        for thread in threads:
            thread.start()
        while n_running:
            try:
                event = events.get()
            except KeyboardInterrupt:
                # Askers look at `stop` before each request; the loop goes on until all have ended.
                stop.set()
                if is_interrupted:
                    raise
                is_interrupted = True
                logger.warning(
                    "stopping: waiting for the answers under way, to store them; "
                    "press Ctrl-C again to leave them"
                )
                continue
            if event == _STORED:
                bar.update()
                continue
            n_running -= 1
            if isinstance(event, BaseException):
                # The other askers store the answers under way before the error is raised.
                errors.append(event)
                stop.set()
    if errors:
        raise errors[0]
    return is_interrupted


def _work(
    asker: Asker,
    turns: Sequence[Turn],
    events: "queue.Queue[BaseException | str]",
) -> None:
    try:
        asker.run(turns, lambda: events.put(_STORED))
    except BaseException as error:  # the thread that waits raises it again
        events.put(error)
    else:
        events.put(_ENDED)


def _engine_wave(
    asker: Asker,
    turns: Sequence[Turn],
    before: Mapping[Exchange, StoredExchange],
    after: Mapping[Exchange, StoredExchange],
) -> EngineWave:
    engine = asker.engine
    tally = asker.tally
    return EngineWave(
        name=engine.name,
        model=engine.model,
        n_answered=tally.n_answered,
        n_failed=tally.n_failed,
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
