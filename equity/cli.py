"""The ``equity`` command. No analysis happens here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from equity import _cli_sources
from equity._version import __version__

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Find the communities where telehealth falls short, say why, how sure that is, and what "
    "would help.",
)


def main() -> None:
    """Run the command line; an error of ours is one line and exit code 2."""
    from equity.errors import EquityError
    from equity.settings import redact

    try:
        app()
    except EquityError as error:
        typer.echo(redact(f"equity: {error}"), err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("equity: stopped; nothing half-written was left behind", err=True)
        sys.exit(130)


def _version(value: bool) -> None:  # noqa: FBT001 - typer passes it so
    if value:
        typer.echo(f"telehealth-equity {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that every command shares."""


@app.command()
def run(
    target: Annotated[
        str,
        typer.Argument(help="`example`, a state (VA, Virginia, 51) or a study file (study.toml)."),
    ] = "example",
    out: Annotated[
        Path | None, typer.Option(help="Folder for the outputs; by default maps/<study>.")
    ] = None,
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Make no network request at all.")
    ] = False,
    cluster: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler to read coverage files on.")
    ] = None,
) -> None:
    """Run a study: read its inputs, measure, and write page, map, tables and appendix."""
    from equity.settings import configure
    from equity.study import Study

    if offline:
        configure(offline=True)
    study = Study.load(_study_file(target))
    result = study.run(cluster=cluster)
    folder = result.write(out or Path("maps") / study.plan.study.id)
    typer.echo(repr(result))
    typer.echo(f"Wrote {folder.as_posix()}/index.html and what goes with it.")


def _study_file(target: str) -> Path:
    if target == "example":
        from equity.sources.example import load_example

        return load_example().study
    if target.endswith(".toml") or Path(target).exists():
        return Path(target)
    return _cli_sources.run_state(target)


app.command()(_cli_sources.init)
app.command()(_cli_sources.sources)
app.command()(_cli_sources.doctor)
