"""Projects for tests: the sample with paths of its own, and a small site with a small log."""

import json
import re
from pathlib import Path

import pandas as pd

DATA = Path(__file__).parent.parent / "data"


def write_project(folder: Path, site: Path | None = None) -> Path:
    """Write a coverage.toml for the sample data into the folder; return its path.

    The run and the cache go into the same folder. The precision is fp32, because figures in bf16
    differ between kinds of processors.
    """
    text = (DATA / "coverage.toml").read_text(encoding="utf-8")
    for name in ("haulwright", "pedalhaven"):
        text = text.replace(f'source = "{name}"', f'source = "{(DATA / name).as_posix()}"')
    text = text.replace(
        'source = "larkmoor"', f'source = "{(site or DATA / "larkmoor").as_posix()}"'
    )
    for name in (
        "log/answers.jsonl",
        "panel",
        "analytics/ga4_landing_pages.csv",
        "analytics/search_console.json",
        "access_log",
    ):
        text = text.replace(f'"{name}"', f'"{(DATA / name).as_posix()}"')
    text = re.sub(r"^(out|cache) = .*\n", "", text, flags=re.M)
    path = folder / "coverage.toml"
    path.write_text(
        f'out = "run"\ncache = "cache"\n{text}\n[match]\nprecision = "fp32"\n', encoding="utf-8"
    )
    return path


def write_small(folder: Path, queries=("how do I bleed a brake",), pages=1) -> dict[str, str]:
    """Write a small site and log; return the command-line options for them."""
    site = folder / "site"
    site.mkdir(parents=True)
    for number in range(pages):
        body = (
            f"<h1>Page {number}</h1><p>To bleed a brake, open the lever and push fluid through. "
            f"Number {number}.</p>"
        )
        (site / f"p{number}.html").write_text(
            f"<html><title>Page {number}</title><body><main>{body}</main></body></html>"
        )
    log = folder / "log.jsonl"
    log.write_text("".join(json.dumps({"query": query}) + "\n" for query in queries))
    return {"--site": str(site), "--log": str(log), "--out": str(folder / "run")}


def normal(text: str) -> str:
    return " ".join(re.sub(r"\W+", " ", text.casefold()).split())


def planted_topics(queries: pd.DataFrame) -> pd.Series:
    """Return the planted topic of each query, by query_id."""
    truth = pd.read_csv(DATA / "truth/queries.csv")
    topic_of = dict(zip(truth["query"].map(normal), truth["topic"], strict=True))
    topics = queries.set_index("query_id")["text"].map(lambda text: topic_of.get(normal(text)))
    assert topics.notna().all()
    return topics
