"""What records say of other records: requests, paired with responses by their ids, and traces.

The lines of a batch's input are such requests.
"""

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
from coverage_kit.collect.logs.record import LogRecord, Merged
from coverage_kit.collect.logs.trace_index import TraceIndex
from coverage_kit.collect.logs.values import label_of

# The formats of lone requests: those whose response is in another record, and all others.
ANSWERED = "requests with a response elsewhere"
UNANSWERED = "requests without a response"
# A request counts with its response; at the end it is a failure where none has come.
LONE_REQUEST = Merged("a request, which counts with its response")


@dataclass
class Requests:
    """The lone requests of a log.

    `prompts` has the prompt of each id, empty where requests with different prompts have the same
    id. `details` has for each id and prompt the file, the model and the error to report if the
    response is missing. `answered` are the ids of other records. `traces` are the log's traces.
    """

    prompts: dict[str, str] = field(default_factory=dict)
    details: dict[tuple[str, str], tuple[str, str | None, str]] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    traces: TraceIndex = field(default_factory=TraceIndex)

    def add(self, values: Mapping[str, Any], file: str) -> bool:
        """Add a record if it is a lone request, and return whether it is."""
        request = lone_request(values)
        if request is None or request in self.details:
            return request is not None
        request_id, prompt = request
        self._add_prompt(request_id, prompt)
        model = label_of(dict_of(request_of(values)).get("model"))
        unread = unread_fields(values)
        error = "no response logged" + (
            f"; fields that are not known: {', '.join(unread)}" if unread else ""
        )
        self.details[request] = file, model, error
        return True

    def note_answer(self, values: Mapping[str, Any]) -> None:
        """Count the ids of a record that is no lone request as answered."""
        if self.prompts:
            self.answered.update(ids_of(values))

    def join(self, other: "Requests") -> None:
        """Add the requests in another part of the log."""
        for (request_id, prompt), details in other.details.items():
            self.details.setdefault((request_id, prompt), details)
            self._add_prompt(request_id, prompt)
        self.answered |= other.answered

    def unanswered(self) -> Iterator[tuple[str, LogRecord]]:
        """Yield the file and the failure of each request whose id no other record has."""
        for (request_id, prompt), (file, model, error) in self.details.items():
            if request_id not in self.answered:
                failure = LogRecord(
                    query=prompt,
                    answer="",
                    engine=engine_of(model),
                    model=model,
                    surface="api",
                    error=error,
                )
                yield file, failure

    def _add_prompt(self, request_id: str, prompt: str) -> None:
        is_unique = self.prompts.get(request_id, prompt) == prompt
        self.prompts[request_id] = prompt if is_unique else ""
