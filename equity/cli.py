"""The ``equity`` command. No analysis happens here."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from equity._version import __version__


def _language(code: str | None) -> str | None:
    """Refuse an unknown language before anything is read, fetched or measured."""
    from equity.language import known_language

    return code if code is None else known_language(code)


_Lang = Annotated[
    str | None,
    typer.Option(callback=_language, help="Language to write in: en or es; by default the run's."),
]

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

    try:
        app()
    except EquityError as error:
        _say(f"equity: {error}", err=True)
        sys.exit(2)
    except (ImportError, MemoryError, OSError) as error:
        _say(f"equity: {_cause(error)}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        _say("equity: stopped; nothing half-written was left behind", err=True)
        sys.exit(130)
    except Exception:  # noqa: BLE001 - a mistake of ours is shown too, but no key in it
        _say(traceback.format_exc(), err=True)
        sys.exit(1)


def _say(text: str, *, err: bool = False) -> None:
    """Print text, without a key in it and without what a terminal would obey."""
    from equity.errors import printable
    from equity.settings import redact

    typer.echo(printable(redact(text)), err=err)


def _set_offline(offline: bool) -> None:  # noqa: FBT001 - as the option has it
    """Close the network: ours, and that of the library that moves coordinates."""
    from equity.settings import configure, current

    if offline:
        configure(offline=True)
    if current().offline:
        os.environ["PROJ_NETWORK"] = "OFF"


def _cause(error: ImportError | MemoryError | OSError) -> str:
    """Say what the machine refused."""
    from equity.errors import printable

    if isinstance(error, MemoryError):
        return "memory ran out. Fix: close other programs, or run one state or county at a time."
    if isinstance(error, ImportError):
        why = "broken, or there is too little memory to load it"
        return printable(f"a package is {why} ({error}). Fix: install it again, or free memory.")
    where = error.filename or "the screen"
    return printable(f"{error.strerror or error}: {where}. Fix: look at that place and its space.")


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
        typer.Argument(
            help="`example`, a state (VA, Virginia, 51), several (DE,VA), `US` or a study file."
        ),
    ] = "example",
    out: Annotated[
        Path | None, typer.Option(help="Folder for the outputs; by default maps/<study>.")
    ] = None,
    *,
    area: Annotated[
        str,
        typer.Option(
            help='Place the run is about: "Wise County, Lee County", tracts, "ZIP 24210", '
            '"tribal Pamunkey", a file of polygons, or a CSV of districts ("districts.csv: North").'
        ),
    ] = "",
    offline: Annotated[
        bool, typer.Option("--offline", help="Make no network request at all.")
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option(help="Address of a Dask scheduler to read coverage, or run states, on."),
    ] = None,
    lang: Annotated[
        str | None,
        typer.Option(
            callback=_language, help="Language to write in: en or es; by default the study's."
        ),
    ] = None,
) -> None:
    """Run a study: read its inputs, measure, and write page, map, tables and appendix."""
    _set_offline(offline)
    file = _study_file(target)
    # The engine is loaded only once there is something to run on.
    from equity.study.asked import area_slug, beside
    from equity.study.run import Study

    named = Path(target) == file
    study = Study.load(file, area=area if named else beside(area, file.parent), lang=lang)
    name = "-".join(filter(None, [study.plan.study.id, area_slug(area)]))
    folder = out or Path("maps") / name
    if study.plan.study.each_apart:
        from equity.study.nation import run_states

        run_states(study, folder, cluster=cluster, tell=_say)
    else:
        from equity.study.write import refuse_foreign

        refuse_foreign(folder, "a run")
        result = study.run(cluster=cluster)
        folder = result.write(folder)
        _say(repr(result))
    _say(f"Wrote {folder.as_posix()}/index.html and what goes with it.")


def _study_file(target: str) -> Path:
    if target == "example":
        from equity.example.state import load_example

        return load_example().study
    from equity.files.opening import located

    if target.endswith(".toml") or located(target).exists():
        return Path(target)
    return _run_state(target)


def _run_state(state: str) -> Path:
    """Fetch what a study of a state, or of several, needs, say what is missing, and return it."""
    from equity.study.gathering import gather_states

    gathered = gather_states(state, tell=_say)
    gathered.check()
    return gathered.write(state)


@app.command()
def init(
    named: Annotated[
        list[str],
        typer.Argument(help="State (WV, West Virginia, 54); with --from, your own files."),
    ],
    out: Annotated[Path, typer.Option(help="Study file to write.")] = Path("study.toml"),
    *,
    from_files: Annotated[
        bool, typer.Option("--from", help="Look at these files, and write a study of them.")
    ] = False,
    year: Annotated[
        int | None, typer.Option(help="With --from: last year of the survey, if no name tells it.")
    ] = None,
) -> None:
    """Write a commented study file for a state, or of files of your own, that runs as it is."""
    if from_files:
        from equity.study.from_files import study_from

        study_from(named, out, year=year)
    else:
        from equity.study.template import write_study

        write_study(" ".join(named), out)
    _say(f"Wrote {out.as_posix()}. Change what you like, then: equity run {out.as_posix()}")


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="Folder of the earlier run, e.g. maps/va-2023.")],
    after: Annotated[Path, typer.Argument(help="Folder of the later run.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write; by default maps/<before>-to-<after>.")
    ] = None,
    links: Annotated[
        Path | None,
        typer.Option(help="Tract relationship file, where the runs have tracts of 2010 and 2020."),
    ] = None,
    lang: _Lang = None,
) -> None:
    """Compare two runs: a page with the map of change, a table, and where it came from."""
    from equity.language import language
    from equity.study.compare import compare_runs
    from equity.study.runs import language_of
    from equity.study.write import refuse_foreign

    folder = out or Path("maps") / f"{before.name}-to-{after.name}"
    refuse_foreign(folder, "a comparison")
    with language(lang or language_of(after)):
        found = compare_runs(before, after, links=links)
        folder = found.write(folder)
    for sentence in found.finding:
        _say(sentence)
    _say(f"Wrote {folder.as_posix()}/index.html and what goes with it.")


@app.command()
def program(
    program_id: Annotated[
        str,
        typer.Argument(
            metavar="[ID]",
            help="Program (bead-2025, usda-dlt …) or a rule file; by default those of the run's "
            "[application].",
        ),
    ] = "",
    run_folder: Annotated[
        Path | None, typer.Argument(metavar="RUN", help="Folder of a run, e.g. maps/va.")
    ] = None,
    *,
    listing: Annotated[
        bool, typer.Option("--list", help="List the programs, and what is unverified.")
    ] = False,
    as_of: Annotated[
        str | None, typer.Option(help="Day that the tests are put for, as 2026-06-30.")
    ] = None,
    area: Annotated[
        str,
        typer.Option(help='Part of the run: "Wise County, Lee County", tracts, or polygons.'),
    ] = "",
    sites: Annotated[
        Path | None,
        typer.Option(help="List of the application's sites; by default the run's own."),
    ] = None,
    grant: Annotated[
        float | None, typer.Option(help="Grant requested, dollars; by default the run's own.")
    ] = None,
) -> None:
    """Put a run to the published tests of a grant program."""
    from equity.errors import InputError
    from equity.study.program import listed_programs, programs_asked, put_to_program
    from equity.study.runs import read_run

    if listing:
        for line in listed_programs():
            _say(line)
        return
    if run_folder is None and Path(program_id).is_dir() and program_id:
        program_id, run_folder = "", Path(program_id)
    if run_folder is None:
        raise InputError(
            "names no run",
            fix="equity program bead-2025 maps/example; equity program --list says what there is",
        )
    past = read_run(run_folder)
    for asked in programs_asked(past, program_id):
        found = put_to_program(asked, past, as_of=as_of, area=area, sites=sites, grant_usd=grant)
        _say(f"{found.rule.title}, as of {found.as_of}")
        for sentence in found.sentences():
            _say(f"  - {sentence}")


@app.command()
def plan(
    run_folder: Annotated[
        Path | None, typer.Argument(metavar="RUN", help="Folder of a run, e.g. maps/va.")
    ] = None,
    budget: Annotated[float | None, typer.Option(help="Most that may be spent, dollars.")] = None,
    *,
    costs: Annotated[
        Path | None, typer.Option(help="What one line, device and subscription costs.")
    ] = None,
    projects: Annotated[
        Path | None, typer.Option(help="Candidate projects, in place of costs.")
    ] = None,
    made_up: Annotated[
        bool, typer.Option("--made-up", help="Try it with made-up costs; every output says so.")
    ] = False,
    template: Annotated[
        Path | None, typer.Option(help="Write an empty table of costs here, to fill in.")
    ] = None,
    projects_template: Annotated[
        Path | None, typer.Option(help="Write an empty table of projects here.")
    ] = None,
    floor: Annotated[
        float, typer.Option(help="Least part of those reached in under-resourced places, 0 to 1.")
    ] = 0.0,
    weight: Annotated[
        float, typer.Option(help="What a person in an under-resourced place counts; 1 elsewhere.")
    ] = 1.0,
    county_cap: Annotated[
        float | None, typer.Option(help="Most that may be spent in one county, dollars.")
    ] = None,
    greedy: Annotated[
        bool, typer.Option("--greedy", help="By people per dollar, for very many projects.")
    ] = False,
    draws: Annotated[
        int, typer.Option(help="Plans made anew from what may be true: 50 or more, 0 for none.")
    ] = 100,
    appendix: Annotated[
        list[str] | None,
        typer.Option(
            help="Program (usda-dlt, bead …) that the appendix is laid out for; may be repeated. "
            "By default those of the run's [application]."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write; by default maps/<run>-plan.")
    ] = None,
    lang: _Lang = None,
) -> None:
    """Choose projects within a budget: a page, two printed pages, tables and their sources."""
    from equity.funding.costs import write_cost_template
    from equity.language import language
    from equity.study.planning import plan_run
    from equity.study.runs import language_of
    from equity.study.write import refuse_foreign

    wanted = {"costs": template, "projects": projects_template}
    for of, path in wanted.items():
        if path is not None:
            write_cost_template(path, of=of)
            _say(f"Wrote {path.as_posix()}. Fill it in, with where each cost is from.")
    if any(wanted.values()):
        return
    target = out or Path("maps") / f"{(run_folder or Path()).name}-plan"
    refuse_foreign(target, "a plan")
    with language(lang or language_of(run_folder)):
        found = plan_run(
            run_folder, budget_usd=budget, costs=costs, projects=projects, made_up=made_up,
            floor_share=floor, weight=weight, county_cap_usd=county_cap,
            method="greedy" if greedy else "milp", draws=draws, appendices=appendix or (),
        )  # fmt: skip
        folder = found.write(target)
    for sentence in found.report.finding:
        _say(sentence)
    _say(f"Wrote {folder.as_posix()}/index.html and what goes with it.")


@app.command()
def factsheet(
    run_folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder of a run, e.g. maps/va.")
    ],
    places: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...",
            help="Area or county by id or name, or a town; by default all of the run.",
        ),
    ] = None,
    *,
    at: Annotated[
        list[str] | None, typer.Option(help="Point, as LAT,LON in degrees; may be repeated.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write; by default maps/<run>-factsheet-<id>.")
    ] = None,
    lang: _Lang = None,
) -> None:
    """Write one letter page for a place: the counts, what would help, how sure, who lives there."""
    from equity.language import language
    from equity.study.factsheet import fact_sheets
    from equity.study.runs import language_of
    from equity.study.write import refuse_foreign

    if out is not None:
        refuse_foreign(out, "fact sheets")
    with language(lang or language_of(run_folder)):
        found = fact_sheets(run_folder, places or (), at=at or ())
        folder = found.write(out or Path("maps") / found.name)
    for sheet in found.sheets:
        _say(sheet.lead)
        _say(f"Wrote {(folder / sheet.key).as_posix()}.pdf and .html.")


@app.command()
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
    from equity.net.store import store
    from equity.sources.listing import cache_lines, readme_table, source_lines

    if markdown:
        typer.echo(readme_table(), nl=False)
    elif remove is not None:
        count = store().remove(remove)
        typer.echo(f"Removed {count} file{'' if count == 1 else 's'}.")
    elif verify:
        bad = store().verify()
        _say("\n".join(f"changed or missing: {name}" for name in bad) or "All files are intact.")
        if bad:
            raise typer.Exit(1)
    else:
        for line in cache_lines() if cache else source_lines(state):
            _say(line)


@app.command()
def doctor(
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Make no network request.")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Compare what every publisher sends with the readers.")
    ] = False,
) -> None:
    """Look at keys, cache, versions, and whether each publisher can be reached."""
    from equity.checkup import doctor_lines

    _set_offline(offline)
    for line in doctor_lines(live=live):
        _say(line)
