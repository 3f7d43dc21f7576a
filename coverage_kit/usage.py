"""Spent: what a task used of models, engines and time."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Spent:
    """What was used: answered requests, requests served by an earlier answer, tokens and so on."""

    n_calls: int = 0
    n_reused: int = 0
    n_input_tokens: int = 0
    n_output_tokens: int = 0
    n_searches: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            *(getattr(self, field.name) + getattr(other, field.name) for field in fields(Spent))
        )

    def __sub__(self, other: "Spent") -> "Spent":
        return Spent(
            *(getattr(self, field.name) - getattr(other, field.name) for field in fields(Spent))
        )

    @property
    def n_tokens(self) -> int:
        """Tokens read and written."""
        return self.n_input_tokens + self.n_output_tokens
