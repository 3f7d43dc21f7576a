import json

from tests.collect.log_samples import ANTHROPIC, OPENAI_CHAT, read_records, read_rows, spans
from tests.collect.test_logs_streams import REQUESTS, chat

ROW = {
    "request_id": "r1",
    "request_created_at": "2026-09-01T10:00:00Z",
    "request_model": "gpt-5",
    "response_status": 200,
    "request_body": {"messages": [{"role": "user", "content": "Best CRM?"}]},
    "response_body": OPENAI_CHAT,
}


def as_text(row):
    return row | {name: json.dumps(row[name]) for name in ("request_body", "response_body")}


def test_bodies_are_read_from_records_and_from_tables(tmp_path):
    for log in (
        read_records(tmp_path, ROW),
        read_records(tmp_path, as_text(ROW)),
        read_rows(tmp_path, as_text(ROW)),
    ):
        answer = log.answers.iloc[0]
        assert log.queries["text"].tolist() == ["Best CRM?"]
        assert (answer["run_id"], answer["engine"]) == ("r1", "openai")
        assert str(answer["asked_at"]) == "2026-09-01 10:00:00+00:00"
        assert spans(log) == [("a.com", "Acme leads."), ("a.com", "Beta lags.")]
        assert log.sources["format"].tolist() == ["gateway logs"]


def test_the_body_of_a_streamed_response_is_joined(tmp_path):
    events = "".join(f"data: {json.dumps(event)}\n\n" for event in chat())
    row = ROW | {"request_body": REQUESTS[chat], "response_body": events}
    log = read_records(tmp_path, row, ROW | {"response_body": ANTHROPIC, "request_id": "r2"})
    assert "A rip saw." in log.answers["text"].tolist()
    assert len(log.answers) == 2


def test_a_failed_response_is_a_failure(tmp_path):
    error = {"error": {"message": "too many requests"}}
    log = read_records(tmp_path, ROW | {"response_body": error, "response_status": 429})
    assert log.failures["error"].tolist() == ["HTTP status 429"]
