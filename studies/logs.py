"""Speed and memory of reading a large log of made-up OpenAI responses."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

# Distinct prompts, cited pages, sites and words of the made-up log.
_PROMPTS = 5_000
_PAGES = 20_000
_SITES = 1_500
_WORDS = 3_000
# The script that reads a log in a process of its own, so that its peak of memory is its own.
_READ = """
import json, resource, sys, time
from coverage_kit import make_settings, read_log
log = make_settings({"site": {"source": "."}, "log": {"files": [sys.argv[1]]}}).log
start = time.perf_counter()
tables = read_log(log)
seconds = time.perf_counter() - start
unit = 2**20 if sys.platform == "darwin" else 2**10
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
names = ("queries", "answers", "citations", "spans", "searches", "rejects")
sizes = {name: len(getattr(tables, name)) for name in names}
print(json.dumps({"seconds": seconds, "peak_megabytes": peak, **sizes}))
"""


def measure_logs(megabytes: int = 1000, seed: int = 0) -> dict[str, float]:
    """Return how a JSONL of so many megabytes (of 10^6 bytes) is read.

    The figures are megabytes a second, peak megabytes resident, and rows of the tables.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "responses.jsonl"
        n_records = write_responses(path, megabytes * 10**6, seed)
        process = subprocess.run(  # noqa: S603 (this very Python)
            [sys.executable, "-c", _READ, str(path)],
            check=True,
            capture_output=True,
            text=True,
        )
        size = path.stat().st_size / 10**6
    figures = json.loads(process.stdout)
    return {
        "megabytes": size,
        "n_records": n_records,
        "megabytes_a_second": size / figures["seconds"],
        **figures,
    }


def write_responses(path: Path, n_bytes: int, seed: int = 0) -> int:
    """Write requests with their OpenAI responses, one a line, until the file has so many bytes.

    Returns the number of lines.
    """
    rng = np.random.default_rng(seed)
    words = np.array(
        [
            "".join(rng.choice(list("abcdefghijklmnoprstuvwy"), rng.integers(2, 11)))
            for _ in range(_WORDS)
        ]
    )
    pages = [
        f"https://www.site{rng.zipf(1.4) % _SITES}.example/{words[n % _WORDS]}/{n}"
        for n in range(_PAGES)
    ]
    prompts = [" ".join(rng.choice(words, rng.integers(4, 14))) + "?" for _ in range(_PROMPTS)]
    n_written = 0
    n_records = 0
    with path.open("w", encoding="utf-8") as stream:
        while n_written < n_bytes:
            line = json.dumps(_exchange(rng, n_records, words, pages, prompts)) + "\n"
            n_written += stream.write(line)
            n_records += 1
    return n_records


def _exchange(
    rng: np.random.Generator,
    number: int,
    words: Any,
    pages: list[str],
    prompts: list[str],
) -> dict[str, Any]:
    urls = [pages[row] for row in rng.integers(0, _PAGES, 14)]
    prompt = prompts[rng.integers(0, _PROMPTS)]
    text = ""
    annotations = []
    for sentence in range(int(rng.integers(8, 24))):
        start = len(text)
        text += " ".join(rng.choice(words, int(rng.integers(8, 26)))) + ". "
        if sentence % 3 == 0:
            url = f"{urls[sentence // 3]}?utm_source=openai"
            span = {"start_index": start, "end_index": len(text) - 1}
            annotations.append(
                {
                    "type": "url_citation",
                    **span,
                    "title": f"On {words[sentence]}",
                    "url": url,
                }
            )
    search = {
        "type": "search",
        "query": prompt[:-1],
        "queries": [prompt[:-1], f"{prompt[:-1]} 2026"],
    }
    sources = [{"type": "url", "url": url} for url in urls]
    message = {
        "id": f"msg_{number:040x}",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [
            {
                "type": "output_text",
                "annotations": annotations,
                "logprobs": [],
                "text": text,
            }
        ],
    }
    search_call = {
        "id": f"ws_{number:040x}",
        "type": "web_search_call",
        "status": "completed",
        "action": {**search, "sources": sources},
    }
    body = {
        "id": f"resp_{number:032x}",
        "object": "response",
        "created_at": 1767225600 + number * 60,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "model": "gpt-5-2026-01-01",
        "output": [
            {"id": f"rs_{number:040x}", "type": "reasoning", "summary": []},
            search_call,
            message,
        ],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": "medium", "summary": None},
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [
            {
                "type": "web_search",
                "search_context_size": "medium",
                "user_location": {"type": "approximate"},
            }
        ],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": {
            "input_tokens": 8123,
            "output_tokens": 611,
            "total_tokens": 8734,
        },
        "user": None,
        "metadata": {},
    }
    return {
        "request": {
            "model": "gpt-5",
            "input": prompt,
            "tools": [{"type": "web_search"}],
        },
        "response": body,
    }
