"""What models and engines cost: what was spent, at which price, within which budget, and the ledger of it all."""

import json
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coverage_kit.errors import BudgetError, RunError, SettingsError
from coverage_kit.settings import Settings
from coverage_kit.tables import COSTS, Costs, checked
from coverage_kit.usage import Spent

LEDGER = "costs.jsonl"
SHIPPED_PRICES = Path(__file__).parent / "prices.toml"
_MILLION = 1e6
_THOUSAND = 1e3
_HOUR = 3600.0
_CHARACTERS_A_TOKEN = (
    3.0  # fewer than English has (about 4.5), so that a reservation is seldom too small
)


class Price(BaseModel):
    """What one model costs, in the table's currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(0.0, ge=0, description="a million tokens read")
    output: float = Field(0.0, ge=0, description="a million tokens written")
    search: float = Field(0.0, ge=0, description="a thousand web searches")
    call: float = Field(0.0, ge=0, description="a thousand requests")
    hour: float = Field(
        0.0,
        ge=0,
        description="an hour of computing, for what runs on a machine of one's own",
    )

    def of(self, spent: Spent) -> float:
        """Return the price of what was spent."""
        tokens = (
            self.input * spent.n_input_tokens + self.output * spent.n_output_tokens
        ) / _MILLION
        counted = (self.search * spent.n_searches + self.call * spent.n_calls) / _THOUSAND
        return tokens + counted + self.hour * spent.seconds / _HOUR


class Prices(BaseModel):
    """A price table. `models` holds prices by the model's name, or by a pattern with *; the longest that fits counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: str = Field(min_length=1, description="such as USD")
    as_of: str = Field("", description="when the prices were looked up")
    models: dict[str, Price] = Field(default_factory=dict)

    def find(self, model: str) -> Price | None:
        """Return the price of a model; None where the table has none."""
        fitting = [name for name in self.models if fnmatchcase(model.lower(), name.lower())]
        return self.models[max(fitting, key=lambda name: (len(name), name))] if fitting else None

    def price(self, model: str, spent: Spent) -> float | None:
        """Return what was spent on a model in money; None where the table has no price of it."""
        found = self.find(model)
        return None if found is None else found.of(spent)


def read_prices(path: str | Path = "") -> Prices:
    """Return the price table of a TOML file, or the shipped one. Raises SettingsError for one that cannot be read."""
    file = Path(path) if path else SHIPPED_PRICES
    try:
        return Prices.model_validate(tomllib.loads(file.read_text(encoding="utf-8-sig")))
    except OSError as error:
        cure = "Correct costs.prices, or leave it out."
        raise SettingsError(str(file), "a price table", error.strerror or "no file", cure) from None
    except (
        tomllib.TOMLDecodeError,
        UnicodeDecodeError,
        ValidationError,
    ) as error:
        found = " ".join(str(error).split())[:200]
        cure = f"Write it like {SHIPPED_PRICES.name} of the package."
        raise SettingsError(
            str(file), "currency, and models with their prices", found, cure
        ) from None


def count_tokens(text: str) -> int:
    """Return about how many tokens a text has, rather too many: what it costs to send it is not known before.

    >>> count_tokens("a" * 30)
    10
    """
    return -int(-len(text.encode("utf-8", "replace")) // _CHARACTERS_A_TOKEN)


class Budget:
    """Tokens and money that a task may spend. Safe to share between threads.

    Before a request, `reserve` what it may cost at most; after it, `settle` what it did cost. So
    the cap holds even while several requests are under way, as long as none costs more than was
    reserved for it.

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
        """What was spent so far, in the table's currency; models without a price count nothing."""
        return sum(self.prices.price(model, spent) or 0.0 for model, spent in self.spent.items())

    @property
    def n_tokens(self) -> int:
        """Tokens read and written so far."""
        return sum(spent.n_tokens for spent in self.spent.values())

    def check_price(self, model: str) -> None:
        """Raise SettingsError where money is limited and the table has no price of the model: the cap could not hold."""
        if self.max_money and self.prices.find(model) is None:
            cure = "Add it to the price table that costs.prices names, or set max_money = 0 for no limit of money."
            raise SettingsError("costs.prices", f"a price of {model!r}", "none", cure)

    def reserve(self, model: str, most: Spent) -> None:
        """Set aside what a request may cost at most. Raises BudgetError where that is more than is left."""
        with self._lock:
            self._add(self._reserved, model, most)
            told = self._tell_excess()
            if told:
                self._add(self._reserved, model, Spent() - most)
                raise BudgetError("budget", *told)

    def settle(self, model: str, most: Spent, spent: Spent) -> None:
        """Count what a request did cost, in place of what was set aside for it."""
        with self._lock:
            self._add(self._reserved, model, Spent() - most)
            self._add(self.spent, model, spent)

    def _tell_excess(self) -> tuple[str, str, str] | None:
        """Return what, found and cure where what is spent and set aside exceeds a limit."""
        models = {*self.spent, *self._reserved}
        total = {
            model: self.spent.get(model, Spent()) + self._reserved.get(model, Spent())
            for model in models
        }
        n_tokens = sum(spent.n_tokens for spent in total.values())
        money = sum(self.prices.price(model, spent) or 0.0 for model, spent in total.items())
        cure = "Raise max_tokens or max_money: what was answered is kept, and the same command goes on from there."
        if self.max_tokens and n_tokens > self.max_tokens:
            return (
                f"at most {self.max_tokens} tokens",
                f"{self.n_tokens} spent, and the next request needs more",
                cure,
            )
        if self.max_money and money > self.max_money + 1e-12:
            limit = f"at most {self.max_money:g} {self.prices.currency}"
            return (
                limit,
                f"{self.money:.4f} spent, and the next request may cost more than is left",
                cure,
            )
        return None

    @staticmethod
    def _add(counts: dict[str, Spent], model: str, spent: Spent) -> None:
        counts[model] = counts.get(model, Spent()) + spent


@dataclass(frozen=True)
class Ledger:
    """The file in a project's cache to which every task adds what it cost, priced by the price table of that day."""

    path: Path
    prices: Prices

    def add(self, run: str, task: str, model: str, spent: Spent) -> None:
        """Add one row, on a line of its own also where the last one was torn. Raises RunError where it cannot be written."""
        row = {
            "at": datetime.now(UTC).isoformat(),
            "run": run,
            "task": task,
            "model": model,
        }
        counts = {one.name: getattr(spent, one.name) for one in fields(Spent)}
        priced = {
            "money": self.prices.price(model, spent),
            "currency": self.prices.currency,
        }
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab+") as file:
                self._mend(file)
                file.write(json.dumps({**row, **counts, **priced}).encode() + b"\n")
        except OSError as error:
            raise RunError(
                str(self.path),
                "a ledger that can be written",
                str(error),
                "Name another cache.",
            ) from error

    def settle(self, run: str, task: str, totals: Mapping[str, Spent]) -> None:
        """Add what a task has cost by model beyond what the ledger holds of it: so an interrupted run is booked by the next.

        Args:
            run: folder, file or wave.
            task: what was done.
            totals: by model, what it has cost in all.
        """
        booked = self.read()
        booked = booked[(booked["run"] == run) & (booked["task"] == task)]
        for model, total in totals.items():
            rows = booked.loc[booked["model"] == model, [one.name for one in fields(Spent)]]
            known = sum(
                (
                    Spent(**{str(name): n for name, n in row.items()})
                    for row in rows.to_dict("records")
                ),
                Spent(),
            )
            if (total - known).n_calls:
                self.add(run, task, model, total - known)

    @cached_property
    def _columns(self) -> list[str]:
        return [column.name for column in COSTS.columns]

    def read(self) -> Costs:
        """Return every row so far, in order; a last line that is torn, as of a process killed while it wrote, is passed over.

        Raises RunError for a file that cannot be read and for a line that is none of ours.
        """
        rows: list[dict[str, Any]] = []
        for number, line in enumerate(self._lines(), 1):
            row = self._row(line)
            if row is not None:
                rows.append(row)
            elif line.endswith(b"\n"):
                found = line[:80].decode("utf-8", "replace").strip()
                cure = "Mend or remove that line."
                raise RunError(
                    f"{self.path}, line {number}",
                    "a row of the ledger",
                    found,
                    cure,
                )
        return COSTS.table(rows)

    def _lines(self) -> list[bytes]:
        try:
            with self.path.open("rb") as file:
                return file.readlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RunError(
                str(self.path),
                "a ledger that can be read",
                str(error),
                "Name another cache.",
            ) from error

    def _row(self, line: bytes) -> dict[str, Any] | None:
        """Return the row of a line; None where it holds none."""
        try:
            row = json.loads(line.decode("utf-8"))
            return {
                **{name: row[name] for name in self._columns},
                "at": datetime.fromisoformat(row["at"]),
            }
        except (ValueError, KeyError, TypeError):
            return None

    def _mend(self, file: IO[bytes]) -> None:
        """End a last line without an end, or cut it off where it is torn."""
        file.seek(0)
        lines = file.readlines()
        if not lines or lines[-1].endswith(b"\n"):
            return
        if self._row(lines[-1]) is None:
            file.truncate(file.tell() - len(lines[-1]))
        else:
            file.write(b"\n")


def open_ledger(settings: Settings) -> Ledger:
    """Return the ledger of a project: in its cache, at the prices that its settings name."""
    return Ledger(Path(settings.cache) / LEDGER, read_prices(settings.costs.prices))


@checked
def sum_costs(costs: Costs) -> Costs:
    """Return the costs summed by task and model, dearest first: `at` is the last, `run` says how many runs there were."""
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
    frame = grouped[counts].sum().join(grouped["money"].sum(min_count=1)).join(grouped["at"].max())
    frame["run"] = grouped["run"].nunique().map(lambda n: f"{n} run{'s' if n != 1 else ''}")
    ordered = frame.reset_index().sort_values(
        ["money", "seconds"], ascending=False, kind="stable", na_position="last"
    )
    return COSTS.table(ordered[[column.name for column in COSTS.columns]].to_dict("records"))
