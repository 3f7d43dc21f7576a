"""The main job on real input: a site and a log made of public sets, outside the repository."""

import json
from pathlib import Path

import pandas as pd

from coverage_kit.analysis import Analysis, save_analysis
from coverage_kit.pipeline.analyze import analyze
from coverage_kit.report.page import write_page
from coverage_kit.report.workbook import write_workbook
from coverage_kit.settings import Settings, make_settings


def git_docs(folder: Path, out: Path) -> Settings:
    """Return settings for git's documentation as HTML.

    The set's task descriptions are a log without answers.
    """
    return make_settings(
        {
            "site": {
                "source": str(folder / "pages"),
                "base_url": "https://git-scm.example/docs",
                "brand": ["Git"],
            },
            "log": {"files": [str(folder / "queries.parquet")]},
            "out": str(out),
        }
    )


def one_domain(folder: Path, out: Path, own: str = "pcmag.com") -> Settings:
    """Return settings for a domain of a log with citations as the site, others as competitors.

    Pages are written below `out` as Markdown with their URL, the log as JSONL with a row for each
    answer.
    """
    passages = pd.read_parquet(folder / "passages.parquet")
    for number, (url, page) in enumerate(passages.groupby("url", sort=True)):
        site = "own" if page["domain"].iloc[0] == own else "others"
        path = out / "input" / site / f"{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        title = str(page["title"].iloc[0]).replace('"', "'")
        path.write_text(
            f'---\nurl: {url}\ntitle: "{title}"\n---\n\n' + "\n\n".join(page["text"]),
            encoding="utf-8",
        )
    queries = pd.read_parquet(folder / "queries.parquet")[["query_id", "text"]]
    log = pd.read_parquet(folder / "responses.parquet").merge(queries, on="query_id")
    rows = [
        {
            "query": row["text"],
            "engine": row["engine"],
            "answer": row["response_text"],
            "citations": list(row["citations"]),
        }
        for row in log.to_dict("records")
    ]
    (out / "input/log.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
    )
    return make_settings(
        {
            "site": {
                "source": str(out / "input/own"),
                "base_url": f"https://www.{own}",
                "brand": [own.split(".", maxsplit=1)[0]],
            },
            "competitors": [{"source": str(out / "input/others")}],
            "log": {"files": [str(out / "input/log.jsonl")]},
            "out": str(out),
        }
    )


def run_real(folder: Path, out: Path, cache: Path) -> Analysis:
    """Run the main job on a set, write page and workbook, and print the first gaps and edits."""
    settings = (git_docs if (folder / "pages").is_dir() else one_domain)(folder, out)
    analysis = analyze(settings.model_copy(update={"cache": str(cache)}))
    save_analysis(analysis, out)
    write_workbook(analysis, out / "gaps.xlsx")
    write_page(analysis, out / "page.html")
    medoid = analysis.gaps.merge(analysis.queries, left_on="medoid_query_id", right_on="query_id")
    gap_columns = [
        "rank",
        "label",
        "text",
        "n_queries",
        "severity",
        "cause",
        "own_passage_id",
    ]
    print(medoid[gap_columns].head(10).round(2).to_string(max_colwidth=70))
    edit_columns = [
        "rank",
        "operation",
        "page_id",
        "heading_path",
        "brief",
        "cost_minutes",
        "gain",
        "low",
        "high",
    ]
    print(analysis.edits[edit_columns].head(10).round(2).to_string(max_colwidth=90))
    print(
        analysis.about.self_test,
        analysis.about.clustering,
        analysis.about.unanswered_share,
    )
    print(analysis.stages.round(1).to_string())
    return analysis
