"""``equity sources``, ``equity doctor`` and ``equity init``: what there is, what works, a start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["doctor", "init", "run_state", "sources"]


def run_state(state: str) -> Path:
    """Fetch what a state's study needs, say what is missing, and return its study file."""
    from equity._study_assemble import gather_inputs, write_study
    from equity.areas.geoid import find_state
    from equity.settings import redact

    typer.echo(f"{find_state(state).name}: getting the inputs")
    gathered = gather_inputs(state, tell=lambda line: typer.echo(redact(line)))
    gathered.check()
    return write_study(state, without=[lacking.entry.id for lacking in gathered.lacking])


def init(
    state: Annotated[str, typer.Argument(help="State (WV, West Virginia, 54).")],
    out: Annotated[Path, typer.Option(help="Study file to write.")] = Path("study.toml"),
) -> None:
    """Write a commented study file for a state."""
    from equity._study_assemble import write_study

    write_study(state, out)
    typer.echo(f"Wrote {out.as_posix()}. Change it, then: equity run {out.as_posix()}")


def sources(
    state: Annotated[str | None, typer.Argument(help="State to look for files of.")] = None,
    *,
    cache: Annotated[bool, typer.Option("--cache", help="List what the cache holds.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare every cached file with its receipt.")
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the table of data/README.md.")
    ] = False,
    remove: Annotated[
        str | None, typer.Option(help="Forget a cached file or folder, e.g. fcc/2025-12-31.")
    ] = None,
) -> None:
    """List every input: publisher, edition, size, whether at hand, key needed, name by hand."""
    from equity.sources._store import store
    from equity.sources.report import cache_lines, readme_table, source_lines

    if markdown:
        typer.echo(readme_table(), nl=False)
    elif remove is not None:
        count = store().remove(remove)
        typer.echo(f"Removed {count} file{'' if count == 1 else 's'}.")
    elif verify:
        bad = store().verify()
        typer.echo(
            "\n".join(f"changed or missing: {name}" for name in bad) or "All files are intact."
        )
        if bad:
            raise typer.Exit(1)
    else:
        for line in cache_lines() if cache else source_lines(state):
            typer.echo(line)


def doctor(
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Make no network request.")] = False,
) -> None:
    """Look at keys, cache, versions, and whether each publisher can be reached."""
    from equity.settings import configure, redact
    from equity.sources.report import doctor_lines

    if offline:
        configure(offline=True)
    for line in doctor_lines():
        typer.echo(redact(line))
