"""Waves: which one is asked, what came of it, and what one would cost."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from coverage_kit.collect.panel.engines import AnswerEngine, list_engines
from coverage_kit.collect.panel.panel import panel_version
from coverage_kit.collect.panel.store import Exchange, Stored, read_stored
from coverage_kit.collect.panel.turns import Turn, plan_turns
from coverage_kit.llm.costs import Prices
from coverage_kit.settings import AskSettings
from coverage_kit.tables import Panels, checked
from coverage_kit.usage import Spent


@dataclass(frozen=True)
class EngineWave:
    """What came of one engine in one wave.

    `n_answered`, `n_failed` and `spent` are of this run, `n_reused` answers of earlier ones.
    `n_lost` were under way when a run was killed, `n_left` are still to be asked; `stopped` says
    why the engine was not asked further, empty where it was.
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
    """What came of a wave: its file, its engines, the money that all its runs took, and whether this one was interrupted."""

    wave_id: str
    path: Path
    engines: tuple[EngineWave, ...]
    money: float
    currency: str
    is_interrupted: bool = False

    @property
    def n_left(self) -> int:
        """Exchanges that are still to be asked."""
        return sum(one.n_left for one in self.engines)


@dataclass(frozen=True)
class EngineEstimate:
    """What asking one engine would cost: its requests, and what they may cost at most.

    `usual` is what they would cost if they cost what earlier ones of this panel did; None where
    there are none.
    """

    name: str
    model: str
    n_calls: int
    most: Spent
    usual: Spent | None


@dataclass(frozen=True)
class WaveEstimate:
    """What going on with a wave, or a new one, would cost."""

    wave_id: str
    engines: tuple[EngineEstimate, ...]
    prices: Prices
    max_tokens: int
    max_money: float


@checked
def price_wave(
    ask: AskSettings, panel: Panels, prices: Prices, is_new: bool = False
) -> WaveEstimate:
    """Return what `ask_panel` would cost with the same arguments. Nothing is sent, and no key is needed."""
    engines = list_engines(ask)
    out = Path(ask.out)
    turns = {engine.name: plan_turns(panel, engine.name, ask.repeats) for engine in engines}
    wave_id = choose_wave(out, panel_version(panel), turns, is_new)
    stored = read_stored(out, wave_id)
    earlier = [
        stored,
        *(
            read_stored(out, wave)
            for wave in reversed(find_waves(out, panel_version(panel)))
            if wave != wave_id
        ),
    ]
    return WaveEstimate(
        wave_id,
        tuple(
            _estimate(engine, open_turns(turns[engine.name], stored), earlier) for engine in engines
        ),
        prices,
        ask.max_tokens,
        ask.max_money,
    )


def name_wave(ask: AskSettings, panel: Panels, is_new: bool = False) -> str:
    """Return the wave that `ask_panel` goes on with, or begins, with the same arguments."""
    turns = {
        engine.name: plan_turns(panel, engine.name, ask.repeats) for engine in list_engines(ask)
    }
    return choose_wave(Path(ask.out), panel_version(panel), turns, is_new)


def sum_wave(out: Path, wave: str) -> dict[str, Spent]:
    """Return by model what all runs of a wave have cost so far, of lost requests what was set aside."""
    totals: dict[str, Spent] = {}
    for one in read_stored(out, wave).values():
        model = str(one.setup.get("model") or "")
        totals[model] = totals.get(model, Spent()) + sum(one.lost, one.spent)
    return {model: total for model, total in totals.items() if model}


def find_waves(out: Path, panel: str) -> list[str]:
    """Return the waves of a panel, oldest first."""
    named = re.compile(rf"{re.escape(panel)}-(\d{{4}}-\d\d-\d\d)(?:-(\d+))?")
    found = [
        (match, path.stem) for path in out.glob("*.jsonl") if (match := named.fullmatch(path.stem))
    ]
    return [stem for _, stem in sorted(found, key=lambda one: (one[0][1], int(one[0][2] or 1)))]


def choose_wave(out: Path, panel: str, turns: Mapping[str, Sequence[Turn]], is_new: bool) -> str:
    """Return the wave to ask: the panel's last one where something of it is left to ask, else a new one, named by the day."""
    waves = find_waves(out, panel)
    if waves and not is_new:
        stored = read_stored(out, waves[-1])
        if any(open_turns(each, stored) for each in turns.values()):
            return waves[-1]
    name = f"{panel}-{datetime.now(UTC):%Y-%m-%d}"
    number = next(
        number for number in range(1, len(waves) + 2) if _numbered(name, number) not in waves
    )
    return _numbered(name, number)


def open_turns(turns: Sequence[Turn], stored: Mapping[Exchange, Stored]) -> list[Turn]:
    """Return the turns that are still to be asked."""
    return [
        turn for turn in turns if turn.exchange not in stored or not stored[turn.exchange].is_closed
    ]


def describe_wave(wave: Wave) -> str:
    """Return what came of a wave, for the terminal, and what to do next."""
    lines = [f"Wave {wave.wave_id}: {wave.path}"]
    for one in wave.engines:
        counts = [f"{one.n_answered} answered", f"{one.n_failed} failed"]
        counts += [f"{one.n_reused} answered before"] if one.n_reused else []
        counts += (
            [f"{one.n_lost} lost when a run was killed (not asked again)"] if one.n_lost else []
        )
        counts += [f"{one.n_left} left"] if one.n_left else []
        used = f"{one.spent.n_tokens:,} tokens, {one.spent.n_searches} searches"
        lines.append(f"  {one.name} ({one.model}): {', '.join(counts)}; {used}")
        lines += [f"    not asked further: {one.stopped}"] if one.stopped else []
    lines.append(f"  Cost of the wave so far: {wave.money:.2f} {wave.currency} by the price table")
    if wave.n_left:
        lines.append("The same command goes on from here; nothing is asked twice.")
    lines.append(
        f"Next: name the folder {wave.path.parent} in files under [log], or under [change] for before and after."
    )
    return "\n".join(lines)


def describe_estimate(estimate: WaveEstimate) -> str:
    """Return what a wave would cost, for the terminal."""
    lines = [f"Wave {estimate.wave_id}: nothing was sent"]
    total = 0.0
    unpriced = list[str]()
    for one in estimate.engines:
        money = estimate.prices.price(one.model, one.most)
        total += money or 0.0
        unpriced += [one.name] if money is None else []
        lines.append(
            f"  {one.name} ({one.model}): {one.n_calls} requests; at most {_told(estimate.prices, money, one.most)}"
        )
        if money is None and estimate.max_money:
            lines.append(
                "    refused until it has one: add it to the table that costs.prices names, or set max_money = 0"
            )
        if one.usual is not None:
            usual = _told(
                estimate.prices,
                estimate.prices.price(one.model, one.usual),
                one.usual,
            )
            lines.append(f"    as its earlier answers: {usual}")
    caps = [f"{estimate.max_tokens:,} tokens"] if estimate.max_tokens else []
    caps += [f"{estimate.max_money:g} {estimate.prices.currency}"] if estimate.max_money else []
    without = f", without {', '.join(unpriced)}, whose price is not known" if unpriced else ""
    lines.append(
        f"  At most {total:.2f} {estimate.prices.currency}{without}; capped at {' and '.join(caps) or 'nothing'}"
    )
    return "\n".join(lines)


def _told(prices: Prices, money: float | None, spent: Spent) -> str:
    price = "no price in the table" if money is None else f"{money:.2f} {prices.currency}"
    return f"{spent.n_tokens:,} tokens, {spent.n_searches} searches, {price}"


def _estimate(
    engine: AnswerEngine,
    turns: Sequence[Turn],
    earlier: Sequence[Mapping[Exchange, Stored]],
) -> EngineEstimate:
    most = sum((engine.most(engine.body(turn.query)) for turn in turns), Spent())
    for stored in earlier:
        known = [
            one.spent
            for key, one in stored.items()
            if key[0] == engine.name and one.is_answered and one.setup == engine.setup
        ]
        if known:
            return EngineEstimate(
                engine.name,
                engine.model,
                len(turns),
                most,
                _scaled(sum(known, Spent()), len(turns) / len(known)),
            )
    return EngineEstimate(engine.name, engine.model, len(turns), most, None)


def _scaled(spent: Spent, factor: float) -> Spent:
    counts = ("n_calls", "n_input_tokens", "n_output_tokens", "n_searches")
    return Spent(
        **{name: round(getattr(spent, name) * factor) for name in counts},
        seconds=spent.seconds * factor,
    )


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"
