"""Waves: which wave to ask, its result, and what a wave would cost."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from coverage_kit.collect.panel.engines import AnswerEngine, list_engines
from coverage_kit.collect.panel.panel import panel_version
from coverage_kit.collect.panel.store import Exchange, StoredExchange, read_stored
from coverage_kit.collect.panel.turns import Turn, plan_turns
from coverage_kit.llm.costs import Prices
from coverage_kit.settings import AskSettings
from coverage_kit.tables import Panels, checked
from coverage_kit.usage import Spent


@dataclass(frozen=True)
class EngineWave:
    """The result of one engine in one wave.

    `n_answered`, `n_failed` and `spent` are those of this run; `n_reused` counts the answers of
    earlier runs. `n_lost` exchanges were under way when a run was killed, `n_left` are still to be
    asked. `stopped` says why the engine was not asked further; it is empty where the engine was.
    """

    name: str
    model: str
    n_answered: int
    n_failed: int
    n_reused: int
    n_lost: int
    n_left: int
    spent: Spent
    stopped: str = ""


@dataclass(frozen=True)
class Wave:
    """The result of a wave: its file, its engines, and whether the user interrupted this run.

    `money` is what all runs of the wave cost together.
    """

    wave_id: str
    path: Path
    engines: tuple[EngineWave, ...]
    money: float
    currency: str
    is_interrupted: bool = False

    @property
    def n_left(self) -> int:
        """Exchanges that are still to be asked."""
        return sum(engine.n_left for engine in self.engines)


@dataclass(frozen=True)
class EngineEstimate:
    """What asking one engine would cost: its requests, and what they may cost at most.

    `usual` is what the requests would cost if they cost as much as earlier requests of this panel;
    None where there are no earlier requests.
    """

    name: str
    model: str
    n_calls: int
    max_spent: Spent
    usual: Spent | None


@dataclass(frozen=True)
class WaveEstimate:
    """What it would cost to continue a wave, or to begin a new wave."""

    wave_id: str
    engines: tuple[EngineEstimate, ...]
    prices: Prices
    max_tokens: int
    max_money: float


@checked
def price_wave(
    ask: AskSettings, panel: Panels, prices: Prices, is_new: bool = False
) -> WaveEstimate:
    """Return what `ask_panel` would cost with the same arguments.

    Nothing is sent, and no key is needed.
    """
    engines = list_engines(ask)
    out = Path(ask.out)
    turns = {engine.name: plan_turns(panel, engine.name, ask.repeats) for engine in engines}
    wave_id = choose_wave(out, panel_version(panel), turns, is_new)
    stored = read_stored(out, wave_id)
    # Newest first, as prices and lengths of answers change: the wave itself, then older waves.
    newest_first = reversed(find_waves(out, panel_version(panel)))
    earlier = [read_stored(out, wave) for wave in newest_first if wave != wave_id]
    return WaveEstimate(
        wave_id=wave_id,
        engines=tuple(
            _estimate(engine, open_turns(turns[engine.name], stored), [stored, *earlier])
            for engine in engines
        ),
        prices=prices,
        max_tokens=ask.max_tokens,
        max_money=ask.max_money,
    )


def name_wave(ask: AskSettings, panel: Panels, is_new: bool = False) -> str:
    """Return the wave that `ask_panel` continues or begins with the same arguments."""
    turns = {
        engine.name: plan_turns(panel, engine.name, ask.repeats) for engine in list_engines(ask)
    }
    return choose_wave(Path(ask.out), panel_version(panel), turns, is_new)


def sum_wave(out: Path, wave: str) -> dict[str, Spent]:
    """Return by model what all runs of a wave have cost so far.

    A lost request counts as what was set aside for it.
    """
    totals: dict[str, Spent] = {}
    for exchange in read_stored(out, wave).values():
        model = str(exchange.setup.get("model") or "")
        totals[model] = totals.get(model, Spent()) + sum(exchange.lost, exchange.spent)
    return {model: total for model, total in totals.items() if model}


def find_waves(out: Path, panel: str) -> list[str]:
    """Return the waves of a panel, oldest first."""
    # The panel's version, the day, and the number of the wave on that day from the second on, such
    # as panel-1a2b3c4d-2026-11-02-2.
    pattern = re.compile(rf"{re.escape(panel)}-(\d{{4}}-\d\d-\d\d)(?:-(\d+))?")
    matches = [pattern.fullmatch(path.stem) for path in out.glob("*.jsonl")]
    waves = [match for match in matches if match]
    waves.sort(key=lambda match: (match[1], int(match[2] or 1)))
    return [match[0] for match in waves]


def choose_wave(out: Path, panel: str, turns: Mapping[str, Sequence[Turn]], is_new: bool) -> str:
    """Return the wave to ask: the last wave where something of it is left, else a new wave.

    A request whose loss is not recorded is left too: the wave is opened once more to record it. A
    new wave is named by the panel and the day.
    """
    waves = find_waves(out, panel)
    if waves and not is_new:
        stored = read_stored(out, waves[-1])
        planned = [turn for of_engine in turns.values() for turn in of_engine]
        is_unrecorded = any(
            turn.exchange in stored and stored[turn.exchange].lost for turn in planned
        )
        if is_unrecorded or open_turns(planned, stored):
            return waves[-1]
    # The first number of the day without a wave: one of len(waves) + 1 numbers is always free.
    name = f"{panel}-{datetime.now(UTC):%Y-%m-%d}"
    number = next(
        number for number in range(1, len(waves) + 2) if _numbered(name, number) not in waves
    )
    return _numbered(name, number)


def open_turns(turns: Sequence[Turn], stored: Mapping[Exchange, StoredExchange]) -> list[Turn]:
    """Return the turns that are still to be asked."""
    return [
        turn for turn in turns if turn.exchange not in stored or not stored[turn.exchange].is_closed
    ]


def describe_wave(wave: Wave) -> str:
    """Return the result of a wave for the terminal, and what to do next."""
    lines = [f"Wave {wave.wave_id}: {wave.path}"]
    for engine in wave.engines:
        counts = [f"{engine.n_answered} answered", f"{engine.n_failed} failed"]
        if engine.n_reused:
            counts.append(f"{engine.n_reused} answered before")
        if engine.n_lost:
            counts.append(f"{engine.n_lost} lost when a run was killed (not asked again)")
        if engine.n_left:
            counts.append(f"{engine.n_left} left")
        usage = f"{engine.spent.n_tokens:,} tokens, {engine.spent.n_searches} searches"
        lines.append(f"  {engine.name} ({engine.model}): {', '.join(counts)}; {usage}")
        if engine.stopped:
            lines.append(f"    not asked further: {engine.stopped}")
    lines.append(f"  Cost of the wave so far: {wave.money:.2f} {wave.currency} by the price table")
    if wave.n_left:
        lines.append("Run the same command again to continue; nothing is asked twice.")
    lines.append(
        f"Next: name the folder {wave.path.parent} in files under [log], "
        "or under [before_after] to compare before and after."
    )
    return "\n".join(lines)


def describe_estimate(estimate: WaveEstimate) -> str:
    """Return what a wave would cost, for the terminal."""
    lines = [f"Wave {estimate.wave_id}: nothing was sent"]
    currency = estimate.prices.currency
    total = 0.0
    unpriced = list[str]()
    for engine in estimate.engines:
        money = estimate.prices.price(engine.model, engine.max_spent)
        cost = _describe_cost(money, engine.max_spent, currency)
        lines.append(f"  {engine.name} ({engine.model}): {engine.n_calls} requests; at most {cost}")
        if money is None:
            unpriced.append(engine.name)
        else:
            total += money
        if money is None and estimate.max_money:
            lines.append(
                "    refused until it has a price: add one to the table that costs.prices names, "
                "or set max_money = 0"
            )
        if engine.usual is not None:
            usual_money = estimate.prices.price(engine.model, engine.usual)
            cost = _describe_cost(usual_money, engine.usual, currency)
            lines.append(f"    if it costs as much as earlier answers: {cost}")
    caps = [f"{estimate.max_tokens:,} tokens"] if estimate.max_tokens else []
    if estimate.max_money:
        caps.append(f"{estimate.max_money:g} {currency}")
    without = f", without {', '.join(unpriced)}, whose price is not known" if unpriced else ""
    lines.append(
        f"  At most {total:.2f} {currency}{without}; capped at {' and '.join(caps) or 'nothing'}"
    )
    return "\n".join(lines)


def _describe_cost(money: float | None, spent: Spent, currency: str) -> str:
    price = "no price in the table" if money is None else f"{money:.2f} {currency}"
    return f"{spent.n_tokens:,} tokens, {spent.n_searches} searches, {price}"


def _estimate(
    engine: AnswerEngine,
    turns: Sequence[Turn],
    earlier: Sequence[Mapping[Exchange, StoredExchange]],
) -> EngineEstimate:
    """Return what an engine's turns would cost; `usual` is that of the first wave with answers."""
    usual = None
    for stored in earlier:
        spent = [
            exchange.spent
            for (name, _, _), exchange in stored.items()
            if name == engine.name and exchange.is_answered and exchange.setup == engine.setup
        ]
        if spent:
            # The average cost of an answered exchange, times the exchanges to ask.
            usual = _scaled(sum(spent, Spent()), len(turns) / len(spent))
            break
    return EngineEstimate(
        name=engine.name,
        model=engine.model,
        n_calls=len(turns),
        max_spent=sum((engine.max_spent(engine.body(turn.query)) for turn in turns), Spent()),
        usual=usual,
    )


def _scaled(spent: Spent, factor: float) -> Spent:
    return Spent(
        n_calls=round(spent.n_calls * factor),
        n_input_tokens=round(spent.n_input_tokens * factor),
        n_output_tokens=round(spent.n_output_tokens * factor),
        n_searches=round(spent.n_searches * factor),
        seconds=spent.seconds * factor,
    )


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"
