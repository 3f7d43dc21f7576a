"""Inputs of the study of speed: texts of public sets, a site made of them, a large sample."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.sets import data_folder

PASSAGE_SETS = (
    "doc2dial_val",
    "git_docs_tldr",
    "chatgpt_products",
    "conditionalqa_govuk",
)
QUERY_SETS = (
    "doc2dial_val",
    "conditionalqa_govuk",
    "git_docs_tldr",
    "ai_search_bench",
    "expertqa",
    "chatgpt_products",
    "clinc150",
)
_SAMPLE = Path(__file__).parent.parent / "data"
# Opening tags behind which text begins: "<p class='x'>", "<li>", "<h2>".
_OPENINGS = re.compile(r"(<(?:p|li|dd|h[1-6])\b[^>]*>)")
# The link to a page's canonical address, without which a copy counts as a page of its own.
_CANONICAL = re.compile(r"<link[^>]*canonical[^>]*>")
# The space between two sentences: "It folds. The frame is steel."
_SENTENCES = re.compile(r"(?<=[.!?]) (?=[A-Z])")


def real_passages(n: int) -> pd.DataFrame:
    """Return n passages of the public sets, page by page: page, title, heading, text."""
    tables = []
    for name in PASSAGE_SETS:
        raw = pd.read_parquet(data_folder() / name / "passages.parquet")
        path = raw["heading_path"].fillna("").str.split(" > ").str[-1]
        tables.append(
            pd.DataFrame(
                {
                    "page": name + " " + raw["doc_id"],
                    "title": raw["title"],
                    "heading": path,
                    "text": raw["text"],
                }
            )
        )
    return pd.concat(tables, ignore_index=True).head(n)


def real_queries(n: int) -> list[str]:
    """Return n distinct queries of the public sets; those about the passages come first."""
    queries: list[str] = []
    for name in QUERY_SETS:
        raw = pd.read_parquet(data_folder() / name / "queries.parquet")
        scenario = raw["scenario"].fillna("") + " " if "scenario" in raw else ""
        queries += list((scenario + raw["text"]).str.strip())
    return list(dict.fromkeys(queries))[:n]


def changed_share(texts: list[str], share: float, seed: int = 1) -> list[str]:
    """Return the texts with this share of them changed, as a week later."""
    rows = np.random.default_rng(seed).choice(
        len(texts), max(1, round(len(texts) * share)), replace=False
    )
    changed = list(texts)
    for row in rows:
        changed[row] = f"Since this week: {changed[row]}"
    return changed


def write_site(passages: pd.DataFrame, queries: list[str], folder: Path) -> Path:
    """Write passages as pages of Markdown and queries as a CSV log; return the coverage.toml."""
    site = folder / "site"
    site.mkdir(parents=True, exist_ok=True)
    for number, (_, page) in enumerate(passages.groupby("page", sort=False)):
        lines = [f"# {page['title'].iloc[0]}"]
        above = ""
        for heading, text in zip(page["heading"], page["text"], strict=True):
            lines += [f"## {heading}"] if heading and heading != above else []
            lines.append(text)
            above = heading
        (site / f"{number:05d}.md").write_text("\n\n".join(lines), encoding="utf-8")
    pd.DataFrame({"query": queries}).to_csv(folder / "log.csv", index=False)
    settings = folder / "coverage.toml"
    text = 'out = "run"\ncache = "cache"\n[site]\nsource = "site"\n[log]\nfiles = ["log.csv"]\n'
    settings.write_text(text, encoding="utf-8")
    return settings


def change_site(folder: Path, share: float, seed: int = 1) -> None:
    """Change this share of a written site's pages and add as many queries to its log."""
    rng = np.random.default_rng(seed)
    pages = sorted((folder / "site").glob("*.md"))
    for row in rng.choice(len(pages), max(1, round(len(pages) * share)), replace=False):
        with pages[row].open("a", encoding="utf-8") as stream:
            stream.write(
                "\n\n## News\n\nSince this week this page says one thing more than it did before.\n"
            )
    log = pd.read_csv(folder / "log.csv")
    new = changed_share(
        list(log["query"].sample(max(1, round(len(log) * share)), random_state=seed)),
        1.0,
    )
    pd.concat([log, pd.DataFrame({"query": new})]).to_csv(folder / "log.csv", index=False)


def write_sample(folder: Path, times: int) -> Path:
    """Write the sample project so many times as large; return its coverage.toml.

    Each copy has words of its own.
    """
    shutil.copytree(_SAMPLE, folder)
    for copy in range(1, times):
        for site in ("larkmoor", "haulwright", "pedalhaven"):
            for page in (_SAMPLE / site).rglob("*.html"):
                path = folder / site / f"edition-{copy}" / page.relative_to(_SAMPLE / site)
                path.parent.mkdir(parents=True, exist_ok=True)
                text = _CANONICAL.sub("", page.read_text(encoding="utf-8"))
                path.write_text(
                    _OPENINGS.sub(rf"\1Edition {copy}: ", text),
                    encoding="utf-8",
                )
    lines = (_SAMPLE / "log/answers.jsonl").read_text(encoding="utf-8").splitlines()
    with (folder / "log/answers.jsonl").open("w", encoding="utf-8") as stream:
        for copy in range(times):
            stream.writelines(_reword(json.loads(line), copy) + "\n" for line in lines)
    text = (folder / "coverage.toml").read_text(encoding="utf-8").replace('"../runs/', '"runs/')
    (folder / "coverage.toml").write_text(text, encoding="utf-8")
    return folder / "coverage.toml"


def _reword(record: dict[str, object], copy: int) -> str:
    if copy:
        record["query"] = f"{record['query']} edition {copy}"
        record["answer"] = _SENTENCES.sub(
            f" In edition {copy}: ", f"Edition {copy}. {record['answer'] or ''}"
        )
    return json.dumps(record)
