"""The command line: thin, it calls the same functions as the notebooks."""

import logging
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coverage_kit.errors import CoverageKitError, RunError, SettingsError
from coverage_kit.settings import Settings, make_settings, read_settings, resolve_paths

if TYPE_CHECKING:
    from coverage_kit.analysis import Analysis

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Which questions put to AI search does a site not answer, and which few words would change that?",
)

Out = Annotated[str, typer.Option("--out", help="folder of the run; by default what the settings say")]


def main() -> None:
    """Run the command line; errors raised on purpose are one line on stderr and exit status 2."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        app()
    except CoverageKitError as error:
        typer.echo(f"coverage-kit: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("coverage-kit: interrupted; what was fetched and embedded is kept, run the same command again.", err=True)
        sys.exit(130)


@app.command()
def demo(out: Out = "runs/demo") -> None:
    """Analyse the sample company's site and log, and write page, workbook and tables.

    Example: coverage-kit demo
    """
    settings = read_settings(sample_folder() / "coverage.toml")
    cache = str(Path(out).parent / "cache")
    _run(settings.model_copy(update={"out": out, "cache": cache}))


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="folder to make")]) -> None:
    """Write a project to start from: coverage.toml with every knob explained, and the notebooks.

    Example: coverage-kit init my-site
    """
    if (folder / "coverage.toml").exists():
        raise SettingsError(str(folder), "a folder without coverage.toml", "one that has it", "Name another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(__file__).parent / "coverage.toml", folder / "coverage.toml")
    (folder / ".gitignore").write_text("runs/\n", encoding="utf-8")
    (folder / "notebooks").mkdir(exist_ok=True)
    for notebook in sorted(notebooks_folder().glob("*.ipynb")):
        text = notebook.read_text(encoding="utf-8").replace("../data/coverage.toml", "../coverage.toml")
        (folder / "notebooks" / notebook.name).write_text(text, encoding="utf-8")
    typer.echo(f"Made {folder}. Next: edit {folder / 'coverage.toml'}, then coverage-kit run {folder / 'coverage.toml'}")


@app.command()
def run(
    settings_file: Annotated[Path | None, typer.Argument(help="a coverage.toml")] = None,
    site: Annotated[str, typer.Option(help="folder of HTML or Markdown, sitemap URL or start URL")] = "",
    base_url: Annotated[str, typer.Option(help="URL of the folder's root")] = "",
    brand: Annotated[list[str] | None, typer.Option(help="name of the own brand; repeat for aliases")] = None,
    competitor: Annotated[list[str] | None, typer.Option(help="another site; repeat for more")] = None,
    log: Annotated[list[str] | None, typer.Option(help="log of queries and answers; repeat for more")] = None,
    column: Annotated[list[str] | None, typer.Option(help="field=column, such as query=Prompt; repeat for more")] = None,
    encoder: Annotated[str, typer.Option(help="'minilm', a sentence-transformers name or a model folder")] = "",
    out: Out = "",
) -> None:
    """Analyse a site against a log, from a coverage.toml or from options (options win).

    Example: coverage-kit run --site site/ --base-url https://www.example.com --log answers.jsonl --out runs/first
    """
    if settings_file is None and not site:
        raise SettingsError("run", "a coverage.toml or --site and --log", "neither", "See coverage-kit run --help.")
    base: dict[str, Any] = read_settings(settings_file).model_dump() if settings_file else {"site": {"source": site}}
    own: dict[str, Any] = {"source": site, "base_url": base_url, "brand": tuple(brand or ())}
    if site and site != base["site"]["source"]:
        base["site"] = {"source": site}
    base["site"] = {**base["site"], **{key: value for key, value in own.items() if value}}
    if competitor:
        known = {one["source"]: one for one in base.get("competitors", ())}
        base["competitors"] = [known.get(str(Path(name).resolve()), {"source": name}) for name in competitor]
    if log:
        base["log"] = {**base.get("log", {}), "files": tuple(log)}
    if column:
        base["log"] = {**base.get("log", {}), "columns": dict(_pair(text) for text in column)}
    if encoder:
        base["match"] = {**base.get("match", {}), "encoder": encoder}
    if out:
        base["out"] = out
    _run(resolve_paths(make_settings(base, where="run"), Path.cwd()))


@app.command()
def report(folder: Annotated[Path, typer.Argument(help="folder of a finished run")]) -> None:
    """Write the page, the workbook and the CSV twins of a finished run again.

    Example: coverage-kit report runs/latest
    """
    from coverage_kit.analysis import load_analysis  # noqa: PLC0415

    _write(load_analysis(folder), folder)


def sample_folder() -> Path:
    """Return the folder of the sample data, in a checkout or in an installed package."""
    return _shipped("sample", "data")


def notebooks_folder() -> Path:
    """Return the folder of the notebooks, in a checkout or in an installed package."""
    return _shipped("notebooks", "notebooks")


def _shipped(in_package: str, in_checkout: str) -> Path:
    here = Path(__file__).parent
    for folder in (here / in_package, here.parent / in_checkout):
        if folder.is_dir():
            return folder
    raise RunError(str(here), f"the shipped folder {in_package}", "none", "Reinstall coverage_kit.")


def _pair(text: str) -> tuple[str, str]:
    name, sign, column = text.partition("=")
    if not sign:
        raise SettingsError("--column", "field=column", text, "For example --column query=Prompt.")
    return name.strip(), column.strip()


def _run(settings: Settings) -> None:
    from coverage_kit.analysis import save_analysis  # noqa: PLC0415 (seconds to import)
    from coverage_kit.pipeline import analyze  # noqa: PLC0415

    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("coverage_kit").setLevel(logging.INFO)
    analysis = analyze(settings)
    folder = save_analysis(analysis, settings.out)
    _write(analysis, folder)
    _summarise(analysis, folder)


def _write(analysis: "Analysis", folder: Path) -> None:
    from coverage_kit.report.page import write_page  # noqa: PLC0415
    from coverage_kit.report.workbook import write_csv, write_workbook  # noqa: PLC0415

    write_workbook(analysis, folder / "gaps.xlsx")
    write_page(analysis, folder / "page.html")
    for name in ("gaps", "edits"):
        write_csv(analysis.tables()[name], folder / f"{name}.csv")


def _summarise(analysis: "Analysis", folder: Path) -> None:
    from coverage_kit.report.wording import LEAST_AUC  # noqa: PLC0415

    stages, test, is_read = analysis.stages, analysis.about["self_test"], analysis.pages["status"] == "ok"
    typer.echo(
        f"\n{len(analysis.queries)} queries, {len(analysis.answers)} answers, "
        f"{is_read.sum()} pages read, {(~is_read).sum()} rejected, "
        f"{len(analysis.passages)} passages; {stages['n_embedded'].sum()} texts embedded, {stages['n_reused'].sum()} reused."
    )
    if test:
        typer.echo(
            f"Self-test: AUC {test['auc']:.2f} [{test['low']:.2f}, {test['high']:.2f}], calibration error {test['ece']:.3f}."
        )
        if test["auc"] < LEAST_AUC:
            typer.echo("Under .70 coverage cannot be told well: try a stronger encoder (match.encoder), read gaps as hints.")
    else:
        typer.echo("Self-test: too few queries; coverage rests on a link fitted on public sites.")
    typer.echo("\nWorst gaps (severity, demand, cause):")
    for gap in analysis.gaps.head(5).to_dict("records"):
        typer.echo(f"  {gap['rank']}. {gap['label']}: {gap['severity']:.0%}, {gap['demand']:.0f}, {gap['cause']}")
    typer.echo("\nFirst edits (predicted gain in queries asked, minutes):")
    for edit in analysis.edits.head(5).to_dict("records"):
        typer.echo(
            f"  {edit['rank']}. {edit['operation'].replace('_', ' ')} on {edit['page_id']}: "
            f"{edit['gain']:.0f} [{edit['low']:.0f}, {edit['high']:.0f}], {edit['cost_minutes']:.0f} min"
        )
    seconds = ", ".join(f"{row['stage']} {row['seconds']:.1f} s" for row in stages.to_dict("records"))
    peak = stages["peak_megabytes"].max()
    typer.echo(f"\n{seconds}; {peak:.0f} MB at most.\nOpen {folder / 'page.html'} and {folder / 'gaps.xlsx'}")
