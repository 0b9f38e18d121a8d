"""FCC Broadband Data Collection: files found, checked by name and header, and handed on unread.

:func:`read_bdc` opens no more of a file than its header. What it returns is a handle whose files
yield record batches, one location x provider x technology a row;
:func:`equity.measures.lines.coverage.coverage` reduces them without ever holding the rows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from equity.areas.geoid import EXAMPLE_STATE, find_state
from equity.errors import InputError, MissingFileError
from equity.files.opening import located
from equity.language import said
from equity.provenance import Source, sha256_of
from equity.rules.coverage_rule import TECHNOLOGIES
from equity.sources.fcc import _bdc_names as names
from equity.sources.fcc._bdc_files import BdcFile, check_header, product_of_header, split_header
from equity.sources.fcc._bdc_names import BdcName, check_as_of, parse_name, refuse_other_vintage
from equity.sources.fcc._bdc_stream import (
    bare_name,
    filesystem,
    first_line,
    is_url,
    only_member,
    open_bytes,
)
from equity.sources.wanted import wanted_of

__all__ = ["BdcFiles", "read_bdc", "told_by_name"]

logger = logging.getLogger("equity.sources.fcc.bdc")

_WANTED = (names.LOCATIONS, names.EXPORT)
_SUFFIXES = (".zip", ".csv")
Paths = str | Path | Iterable[str | Path]


@dataclass(frozen=True)
class BdcFiles:
    """The files of one vintage, ready to be read.

    Attributes
    ----------
    as_of
        ISO date of the vintage.
    files
        One :class:`~equity.sources.fcc._bdc_files.BdcFile` per state and technology, and the
        served/unserved exports (one row per location, the denominator) where there are some.
    notes
        What was left out and why; printed with every result.
    sources
        Provenance of each file.
    geo_vintage
        The areas that the blocks' ids mean.
    """

    as_of: str
    files: tuple[BdcFile, ...]
    notes: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    geo_vintage: str = "2020"

    @property
    def technologies(self) -> tuple[int, ...]:
        """Return the technology codes that the files' names give."""
        return tuple(sorted({f.technology for f in self.files if f.technology is not None}))

    @property
    def has_export(self) -> bool:
        """Return True if a served/unserved export gives the denominator."""
        return any(file.product == names.EXPORT for file in self.files)


def told_by_name(name: str) -> tuple[str, str] | None:
    """Return what the name of a location file or an export tells: its state ("" for all) and date.

    None if it is the name of something else.

    Examples
    --------
    >>> told_by_name("bdc_51_FibertothePremises_fixed_broadband_D25_29sep2026.zip")
    ('51', '2025-12-31')
    """
    told = parse_name(name)
    return (told.state, told.vintage) if told.product in _WANTED and told.vintage else None


def read_bdc(
    paths: Paths,
    *,
    as_of: str | date | np.datetime64,
    state: str | None = None,
    technologies: int | Iterable[int] | None = None,
    checksums: bool = False,
) -> BdcFiles:
    """Find and check the BDC location files of one vintage.

    Parameters
    ----------
    paths
        A folder, a file (.zip or .csv), an fsspec URL of either, or a list of these. Real file
        names (``bdc_51_FibertothePremises_fixed_broadband_D25_29sep2026.zip``) and the
        specification's (``bdc_51_fiber_…``) are known; a named file of any other name is taken by
        its header.
    as_of
        Date the data describe: 30 June or 31 December, for example ``"2025-12-31"``.
    state
        Keep only this state's files (FIPS code, postal code or name).
    technologies
        Keep only the files of these FCC codes (50 is fiber). One left out is not counted at all;
        to see it without counting it, leave that to the coverage rule.
    checksums
        Also note each local file's SHA-256 in ``sources``: reads every file once more.

    Returns
    -------
    BdcFiles
        A handle. Of several revisions of one file the newest is kept, and its ``notes`` say so.

    Raises
    ------
    InputError
        If a technology is none of the FCC's.
    MissingFileError
        If a path does not exist, or a folder holds no file of this vintage, state and technology.
    VintageError
        If a named file is of another vintage.
    FormatError
        If a file is no zip, holds no CSV or more than one, or has another header.

    Examples
    --------
    >>> from equity import load_example
    >>> example = load_example()
    >>> lines = read_bdc(example.bdc, as_of=example.as_of, technologies=[40, 50])
    >>> lines.technologies, lines.has_export
    ((40, 50), False)
    """
    vintage = check_as_of(as_of)
    fips = None if state is None else find_state(state).fips
    codes = None
    if technologies is not None:
        codes = set(wanted_of(technologies, TECHNOLOGIES, what="technology code"))
    notes: list[str] = []
    candidates = [
        (path, parsed)
        for path, named in _each(paths)
        if (parsed := _accept(path, named=named, vintage=vintage, notes=notes)) is not None
    ]
    there = [parsed for _, parsed in candidates]
    candidates = [
        (path, parsed)
        for path, parsed in candidates
        if fips is None or parsed.state in {"", fips}
        if codes is None or parsed.technology is None or parsed.technology in codes
    ]
    kept = _newest(candidates, notes)
    if not kept:
        wanted = f" of {find_state(fips).name}" if fips else ""
        wanted += f" of technology {', '.join(map(str, sorted(codes)))}" if codes else ""
        raise MissingFileError(
            f"no BDC location file{wanted} as of {vintage}",
            file=_shown(paths),
            fix="put the state's zips from broadbandmap.fcc.gov/data-download there; "
            + ("; ".join(notes[:3]) or _told(there)),
        )
    files = tuple(sorted((_describe(*pair, fips) for pair in kept), key=lambda f: f.name))
    for note in notes:
        logger.info(note)
    return BdcFiles(
        vintage, files, tuple(notes), tuple(_source(f, vintage, checksums=checksums) for f in files)
    )


def _told(there: list[BdcName]) -> str:
    """Say what files there are instead of those asked for."""
    states = sorted({name.state for name in there if name.state})
    codes = sorted({name.technology for name in there if name.technology is not None})
    if not there:
        return "the folder holds none"
    return (
        f"it holds files of states {', '.join(states)} and technologies "
        f"{', '.join(map(str, codes))}"
    )


def _each(paths: Paths) -> Iterator[tuple[str, bool]]:
    """Yield every file and whether it was named itself (True) or found in a folder (False)."""
    items: Sequence[str | Path] = [paths] if isinstance(paths, str | Path) else list(paths)
    if not items:
        raise InputError("no path was given", fix="name a folder or a file")
    for item in items:
        if is_url(item):
            yield from _each_url(str(item))
        elif (place := located(item)).is_dir():
            yield from ((str(p), False) for p in sorted(place.iterdir()) if p.is_file())
        elif place.is_file():
            yield str(place), True
        else:
            raise MissingFileError("no such file or folder", file=item, fix="check the path")


def _each_url(url: str) -> Iterator[tuple[str, bool]]:
    system, inside = filesystem(url)
    if system.isdir(inside):
        for path in sorted(system.ls(inside, detail=False)):
            if system.isfile(path):
                yield system.unstrip_protocol(path), False
    elif system.exists(inside):
        yield url, True
    else:
        raise MissingFileError("no such file or folder", file=url, fix="check the address")


def _accept(path: str, *, named: bool, vintage: str, notes: list[str]) -> BdcName | None:
    """Return what a file is if it belongs here; otherwise say why not, or raise if it was named."""
    name = bare_name(path)
    if not named and (name.startswith(".") or not name.lower().endswith(_SUFFIXES)):
        return None
    parsed = parse_name(name)
    if parsed.product not in _WANTED and named:
        parsed = replace(parsed, product=product_of_header(_header(path)))
    if parsed.product not in _WANTED:
        if named:
            check_header(_header(path), names.LOCATIONS, name)
        notes.append(said("left out {file}: not a file of fixed-broadband locations", file=name))
        return None
    if parsed.vintage == vintage:
        return parsed
    if not parsed.vintage and parsed.month in {"", vintage[5:7]}:
        notes.append(
            said(
                "{file}: its name gives no legible vintage; taken as of {day}",
                file=name,
                day=vintage,
            )
        )
        return parsed
    of = parsed.vintage or f"month {parsed.month}"
    if named:
        refuse_other_vintage(name, vintage)
    notes.append(
        said("left out {file}: as of {other}, not {day}", file=name, other=of, day=vintage)
    )
    return None


def _newest(candidates: list[tuple[str, BdcName]], notes: list[str]) -> list[tuple[str, BdcName]]:
    """Keep one file per product, state and technology: the newest revision."""
    groups: dict[tuple[object, ...], list[tuple[str, BdcName]]] = {}
    for path, parsed in candidates:
        unnamed = path if not parsed.state else ""  # nothing in its name says it repeats another
        key = (parsed.product, parsed.state, parsed.technology, unnamed)
        groups.setdefault(key, []).append((path, parsed))
    kept = []
    for group in groups.values():
        group.sort(key=lambda pair: (pair[1].revision, pair[0].lower().endswith(".zip"), pair[0]))
        kept.append(group[-1])
        if len(group) > 1:
            older = ", ".join(bare_name(path) for path, _ in group[:-1])
            notes.append(
                said(
                    "used {file}, the newest revision; left out {older}",
                    file=bare_name(group[-1][0]),
                    older=older,
                )
            )
    return kept


def _describe(path: str, parsed: BdcName, fips: str | None) -> BdcFile:
    member = only_member(path).filename if path.lower().endswith(".zip") else None
    check_header(split_header(first_line(path, member)), parsed.product, bare_name(path))
    return BdcFile(
        # Workers elsewhere may have been started in another folder.
        path=path if is_url(path) else str(Path(path).absolute()),
        member=member,
        product=parsed.product,
        state=parsed.state or (fips or ""),
        technology=parsed.technology,
        revision=parsed.revision,
        size=_size(path),
    )


def _header(path: str) -> list[str]:
    member = only_member(path).filename if path.lower().endswith(".zip") else None
    return split_header(first_line(path, member))


def _size(path: str) -> int:
    if not is_url(path):
        return Path(path).stat().st_size
    with open_bytes(path) as handle:
        return handle.seek(0, 2)


def _shown(paths: Paths) -> str | None:
    return str(paths) if isinstance(paths, str | Path) else None


def _source(file: BdcFile, vintage: str, *, checksums: bool) -> Source:
    synthetic = file.state == EXAMPLE_STATE.fips
    return Source(
        id=f"fcc-bdc-{file.name}",
        agency="Example generator" if synthetic else "Federal Communications Commission",
        product="National Broadband Map, " + file.product.replace("_", " "),
        vintage=vintage,
        url="https://broadbandmap.fcc.gov/data-download",
        revision=file.revision,
        sha256=sha256_of(file.path) if checksums and not is_url(file.path) else "",
        file=file.name,
        licence="US federal data, public domain",
        citation=f"FCC, National Broadband Map, fixed broadband availability as of {vintage}",
        synthetic=synthetic,
    )
