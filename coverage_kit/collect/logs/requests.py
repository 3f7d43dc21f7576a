"""Requests logged apart from their responses, such as the lines of a batch's input, paired by their ids."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from coverage_kit.collect.logs.api_format import (
    dict_of,
    engine_of,
    ids_of,
    lone_request,
    request_of,
    unread_fields,
)
from coverage_kit.collect.logs.record import LogRecord
from coverage_kit.collect.logs.values import label_of

UNANSWERED = "requests without a response"


@dataclass
class Requests:
    """The requests met so far.

    `prompts` has the prompt of each id, empty where several requests have it; `asked` has each id
    and prompt with the file, the model and the error that stands for the missing response.
    """

    prompts: dict[str, str] = field(default_factory=dict)
    asked: dict[tuple[str, str], tuple[str, str | None, str]] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)

    def add(self, values: Mapping[str, Any], file: str) -> bool:
        """Take a record where it is a lone request, and return whether it is one."""
        found = lone_request(values)
        if found is None or found in self.asked:
            return found is not None
        name, prompt = found
        self.prompts[name] = prompt if self.prompts.get(name, prompt) == prompt else ""
        model = label_of(dict_of(request_of(values)).get("model"))
        unread = unread_fields(values)
        error = "no response logged" + (
            f"; fields that are not known: {', '.join(unread)}" if unread else ""
        )
        self.asked[found] = file, model, error
        return True

    def note_answer(self, values: Mapping[str, Any]) -> None:
        """Take the ids of a record that is no lone request as answered."""
        if self.prompts:
            self.answered.update(ids_of(values))

    def join(self, other: "Requests") -> None:
        """Take those met in another part of the log."""
        for (name, prompt), request in other.asked.items():
            self.asked.setdefault((name, prompt), request)
            self.prompts[name] = prompt if self.prompts.get(name, prompt) == prompt else ""
        self.answered |= other.answered

    def unanswered(self) -> Iterator[tuple[str, LogRecord]]:
        """Yield the file and the failure of each request whose id no other record has."""
        for (name, prompt), (file, model, error) in self.asked.items():
            if name not in self.answered:
                yield (
                    file,
                    LogRecord(prompt, "", engine_of(model), model, "api", error=error),
                )
