"""What models and engines cost: the amounts used, the price table, the budget and the ledger."""

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from pydantic import BaseModel, ConfigDict, Field

from coverage_kit.errors import BudgetError, RunError, SettingsError
from coverage_kit.settings import Settings
from coverage_kit.storage.files import as_error, cure_for, locked
from coverage_kit.tables import COSTS, Costs, checked
from coverage_kit.text.parse import parse_json, parse_toml
from coverage_kit.usage import Spent

LEDGER = "costs.jsonl"
SHIPPED_PRICES = Path(__file__).parent / "prices.toml"
_MILLION = 1e6
_THOUSAND = 1e3
_HOUR = 3600.0
# English has about 4.5 characters a token. A lower number keeps most reservations large enough.
_CHARACTERS_PER_TOKEN = 3.0
# Sums of floating-point money may miss a limit that they should meet by a rounding error.
_ROUNDING = 1e-12

logger = logging.getLogger(__name__)


class Price(BaseModel):
    """What one model costs, in the table's currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(0.0, ge=0, description="a million tokens read")
    output: float = Field(0.0, ge=0, description="a million tokens written")
    search: float = Field(0.0, ge=0, description="a thousand web searches")
    call: float = Field(0.0, ge=0, description="a thousand requests")
    hour: float = Field(
        0.0, ge=0, description="an hour of computing, for a model that runs on your own machine"
    )

    def of(self, spent: Spent) -> float:
        """Return the price of what was spent."""
        tokens = (
            self.input * spent.n_input_tokens + self.output * spent.n_output_tokens
        ) / _MILLION
        counted = (self.search * spent.n_searches + self.call * spent.n_calls) / _THOUSAND
        return tokens + counted + self.hour * spent.seconds / _HOUR


class Prices(BaseModel):
    """A price table. `models` holds prices by the name of a model, or by a pattern with *.

    Where several names fit a model, the longest is used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: str = Field(min_length=1, description="such as USD")
    as_of: str = Field("", description="when the prices were looked up")
    models: dict[str, Price] = Field(default_factory=dict)

    def find(self, model: str) -> Price | None:
        """Return the price of a model; None where the table has none."""
        # Of names of one length, the last in the alphabet: the order in the table has no effect.
        fitting = [name for name in self.models if fnmatchcase(model.lower(), name.lower())]
        return self.models[max(fitting, key=lambda name: (len(name), name))] if fitting else None

    def price(self, model: str, spent: Spent) -> float | None:
        """Return what was spent on a model in money; None where the table has no price for it."""
        price = self.find(model)
        return None if price is None else price.of(spent)


def read_prices(path: str | Path = "") -> Prices:
    """Return the price table of a TOML file, by default the shipped table.

    Raises SettingsError for a file that cannot be read.
    """
    file = Path(path) if path else SHIPPED_PRICES
    try:
        return Prices.model_validate(parse_toml(file.read_text(encoding="utf-8-sig")))
    except OSError as error:
        cure = "Correct costs.prices, or leave it out."
        raise SettingsError(str(file), "a price table", error.strerror or "no file", cure) from None
    except ValueError as error:
        problem = " ".join(str(error).split())[:200]
        cure = f"Use the form of {SHIPPED_PRICES.name} in the package coverage_kit.llm."
        raise SettingsError(
            str(file), "currency, and models with their prices", problem, cure
        ) from None


def count_tokens(text: str) -> int:
    """Return about how many tokens a text has, rather too many.

    Before a request, nobody knows the number of its tokens; a reservation must not be too small.

    >>> count_tokens("a" * 30)
    10
    """
    return -int(-len(text.encode("utf-8", "replace")) // _CHARACTERS_PER_TOKEN)


class Budget:
    """Tokens and money that a task may spend. Threads can share a budget safely.

    Before a request, `reserve` sets aside what it may cost at most; after the request, `settle`
    counts what it did cost. So the cap holds even while several requests are under way, as long as
    no request costs more than was reserved for it.

    Args:
        prices: the price table.
        max_tokens: tokens read and written at most; 0: no limit.
        max_money: money at most, in the table's currency; 0: no limit.

    """

    def __init__(self, prices: Prices, max_tokens: int = 0, max_money: float = 0.0) -> None:
        self.prices = prices
        self.max_tokens = max_tokens
        self.max_money = max_money
        self.spent: dict[str, Spent] = {}
        self._reserved: dict[str, Spent] = {}
        self._lock = threading.Lock()

    @property
    def money(self) -> float:
        """Money spent so far, in the table's currency; models without a price count as 0."""
        return sum(self.prices.price(model, spent) or 0.0 for model, spent in self.spent.items())

    @property
    def n_tokens(self) -> int:
        """Tokens read and written so far."""
        return sum(spent.n_tokens for spent in self.spent.values())

    def check_price(self, model: str) -> None:
        """Raise SettingsError where money is limited and the table has no price for the model.

        Without a price the cap could not hold.
        """
        if self.max_money and self.prices.find(model) is None:
            cure = (
                "Add it to the price table that costs.prices names, or set max_money = 0 for no "
                "limit of money."
            )
            raise SettingsError("costs.prices", f"a price of {model!r}", "none", cure)

    def reserve(self, model: str, max_spent: Spent) -> None:
        """Set aside what a request may cost at most.

        Raises BudgetError, and sets nothing aside, where that is more than is left.
        """
        with self._lock:
            self._add(self._reserved, model, max_spent)
            excess = self._find_excess()
            if excess is not None:
                # Nothing stays set aside for a request that is not sent.
                self._add(self._reserved, model, Spent() - max_spent)
                raise excess

    def settle(self, model: str, max_spent: Spent, spent: Spent) -> None:
        """Count what a request did cost, in place of what was set aside for it."""
        with self._lock:
            self._add(self._reserved, model, Spent() - max_spent)
            self._add(self.spent, model, spent)

    def _find_excess(self) -> BudgetError | None:
        """Return the error to raise where what is spent or set aside exceeds a limit, or None."""
        models = {*self.spent, *self._reserved}
        total = {
            model: self.spent.get(model, Spent()) + self._reserved.get(model, Spent())
            for model in models
        }
        n_tokens = sum(spent.n_tokens for spent in total.values())
        money = sum(self.prices.price(model, spent) or 0.0 for model, spent in total.items())
        if self.max_tokens and n_tokens > self.max_tokens:
            limit = f"at most {self.max_tokens} tokens"
            problem = f"{self.n_tokens} spent, and the next request needs more"
        elif self.max_money and money > self.max_money + _ROUNDING:
            limit = f"at most {self.max_money:g} {self.prices.currency}"
            problem = f"{self.money:.4f} spent, and the next request may cost more than is left"
        else:
            return None
        cure = (
            "Raise max_tokens or max_money, then run the same command again: answers are stored, "
            "and it continues from there."
        )
        return BudgetError("budget", limit, problem, cure)

    @staticmethod
    def _add(counts: dict[str, Spent], model: str, spent: Spent) -> None:
        counts[model] = counts.get(model, Spent()) + spent


@dataclass(frozen=True)
class Ledger:
    """The file in a project's cache to which every task adds what it cost.

    Each row is priced by the price table of its day.
    """

    path: Path
    prices: Prices

    def add(self, run: str, task: str, model: str, spent: Spent) -> None:
        """Add one row, on a line of its own even where the last line was cut off.

        Raises RunError where the ledger cannot be written.
        """
        row = {
            "at": datetime.now(UTC).isoformat(),
            "run": run,
            "task": task,
            "model": model,
        }
        counts = {field.name: getattr(spent, field.name) for field in fields(Spent)}
        priced = {
            "money": self.prices.price(model, spent),
            "currency": self.prices.currency,
        }
        with as_error(self.path, "a ledger that can be written", "Name another cache."):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Another process that adds a row must not have its half-written line cut off.
            with locked(self.path.parent), self.path.open("ab+") as file:
                self._mend(file)
                file.write(json.dumps({**row, **counts, **priced}).encode() + b"\n")

    def settle(self, run: str, task: str, totals: Mapping[str, Spent]) -> None:
        """Add what a task has cost by model, less what the ledger already holds for it.

        So the next run of a task also books the costs of a run that was interrupted.

        Args:
            run: folder, file or wave.
            task: what was done.
            totals: by model, what the task has cost in all.
        """
        rows = self.read()
        booked = rows[(rows["run"] == run) & (rows["task"] == task)]
        columns = [field.name for field in fields(Spent)]
        for model, total in totals.items():
            records = booked.loc[booked["model"] == model, columns].to_dict("records")
            spent = [Spent(**{str(name): n for name, n in row.items()}) for row in records]
            unbooked = total - sum(spent, Spent())
            # Without a further request there is nothing to book.
            if unbooked.n_calls:
                self.add(run, task, model, unbooked)

    @cached_property
    def _columns(self) -> list[str]:
        return [column.name for column in COSTS.columns]

    def read(self) -> Costs:
        """Return every row so far, in order.

        A line that is no row, as one that was cut off or damaged, is left out with a warning.

        Raises RunError for a file that cannot be read.
        """
        lines = self._lines()
        rows = [row for row in map(self._row, lines) if row is not None]
        # A line without a line end is the last one, which a killed process left incomplete.
        n_left_out = len(lines) - len(rows) - bool(lines and self._is_cut(lines[-1]))
        if n_left_out:
            logger.warning("%s: %d damaged lines are left out", self.path, n_left_out)
        return COSTS.table(rows)

    def _is_cut(self, line: bytes) -> bool:
        return not line.endswith(b"\n") and self._row(line) is None

    def _lines(self) -> list[bytes]:
        try:
            with self.path.open("rb") as file:
                return file.readlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            cure = cure_for(error, "Name another cache.")
            raise RunError(str(self.path), "a ledger that can be read", str(error), cure) from error

    def _row(self, line: bytes) -> dict[str, Any] | None:
        """Return the row of a line; None where the line holds none."""
        try:
            row = parse_json(line.decode("utf-8"))
            return {
                **{name: row[name] for name in self._columns},
                "at": datetime.fromisoformat(row["at"]),
            }
        except (ValueError, KeyError, TypeError):
            return None

    def _mend(self, file: IO[bytes]) -> None:
        """End a complete last line that has no line end; cut off an incomplete last line."""
        file.seek(0)
        lines = file.readlines()
        if not lines or lines[-1].endswith(b"\n"):
            return
        # The position is at the end of the file, after all lines were read.
        if self._row(lines[-1]) is None:
            file.truncate(file.tell() - len(lines[-1]))
        else:
            file.write(b"\n")


def open_ledger(settings: Settings) -> Ledger:
    """Return the ledger of a project: in its cache, with the prices that its settings name."""
    return Ledger(Path(settings.cache) / LEDGER, read_prices(settings.costs.prices))


@checked
def sum_costs(costs: Costs) -> Costs:
    """Return the costs summed by task and model, most expensive first.

    `at` is the time of the last row; `run` says how many runs there were.
    """
    if costs.empty:
        return COSTS.empty()
    counts = [
        "n_calls",
        "n_reused",
        "n_input_tokens",
        "n_output_tokens",
        "n_searches",
        "seconds",
    ]
    grouped = costs.groupby(["task", "model", "currency"], sort=True)
    # A sum of nothing but missing prices stays missing (min_count).
    money = grouped["money"].sum(min_count=1)
    frame = grouped[counts].sum().join(money).join(grouped["at"].max())
    frame["run"] = grouped["run"].nunique().map(lambda n: f"{n} run{'s' if n != 1 else ''}")
    ordered = frame.reset_index().sort_values(
        ["money", "seconds"], ascending=False, kind="stable", na_position="last"
    )
    return COSTS.table(ordered[[column.name for column in COSTS.columns]].to_dict("records"))
