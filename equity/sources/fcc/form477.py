"""FCC Form 477, fixed deployment (December 2014 to June 2021): block by block, on 2010 blocks.

The same measure reads it: a block stands where a location stands in the newer data. That is also
its weakness: a block counts as reached if one home in it was. Never put the two into one trend.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equity.areas.geoid import find_state
from equity.errors import FormatError, MissingFileError, VintageError
from equity.provenance import Source, iso_day
from equity.sources.fcc._bdc_files import split_header
from equity.sources.fcc._bdc_rows import parse_rows
from equity.sources.fcc._bdc_stream import (
    bare_name,
    fingerprint,
    first_line,
    is_url,
    only_member,
    open_csv_bytes,
)

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Form477Files", "read_form477"]

_TYPES = {
    "provider_id": "int32",
    "blockcode": "int64",
    "techcode": "int16",
    "consumer": "int8",
    "maxaddown": "float64",
    "maxadup": "float64",
    "business": "int8",
}
# Form 477 told kinds of DSL, other copper and cable apart; 90 is power line, 30 other copper.
_TECHNOLOGY = {11: 10, 12: 10, 20: 10, 30: 10, 41: 40, 42: 40, 43: 40, 90: 0}
_FASTEST = 1e9
_GEOSTATIONARY = 60
_NOTE = (
    "Form 477 counts 2010 blocks, not locations: a block is listed as reached if one home in it "
    "is. Not comparable with the Broadband Data Collection"
)


@dataclass(frozen=True)
class Form477File:
    """A file of Form 477, read as offers whose location is the block."""

    path: str
    member: str | None
    state: str
    size: int
    product: str = "location_coverage"

    @property
    def name(self) -> str:
        """Return the bare file name."""
        return bare_name(self.path)

    def fingerprint(self) -> str:
        """Return a checksum of the content; empty for a plain file behind a URL."""
        return fingerprint(self.path, self.member)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows as record batches with the columns of the newer data."""
        header = split_header(first_line(self.path, self.member))
        with open_csv_bytes(self.path, self.member) as stream:
            for batch in parse_rows(stream, header, _TYPES, self.name):
                yield _as_offers(batch, columns, self.name)


@dataclass(frozen=True)
class Form477Files:
    """What :func:`equity.coverage` takes: files of one vintage, on 2010 blocks."""

    as_of: str
    files: tuple[Form477File, ...]
    notes: tuple[str, ...] = (_NOTE,)
    sources: tuple[Source, ...] = ()
    geo_vintage: str = "2010"


def read_form477(
    paths: str | Path | Iterable[str | Path], *, as_of: str | date, state: str | None = None
) -> Form477Files:
    """Check Form 477 deployment files and hand them on unread.

    Parameters
    ----------
    paths
        One file or several (.csv or .zip), of a state or of the nation.
    as_of
        30 June or 31 December from 2014 to 2021.
    state
        The state of the files; rows of others are left out and counted.

    Returns
    -------
    Form477Files
        A handle for :func:`equity.coverage`: ``locations_n`` then counts 2010 blocks with any
        offer, and ``coverage_status`` is ``listed_only``.

    Raises
    ------
    MissingFileError, FormatError, VintageError
        If a file is absent or of another layout, the date is none of Form 477's, or a file's
        name says another.
    """
    vintage = iso_day(as_of)
    if not re.fullmatch(r"20(1[4-9]|2[01])-(06-30|12-31)", vintage) or not (
        "2014-12-31" <= vintage <= "2021-06-30"
    ):
        raise VintageError(
            f"Form 477 was filed as of December 2014 to June 2021, not {vintage!r}",
            fix='for example as_of="2020-12-31"; newer data is read with read_bdc',
        )
    fips = "" if state is None else find_state(state).fips
    every = [paths] if isinstance(paths, str | Path) else list(paths)
    for path in every:
        _refuse_other_date(bare_name(str(path)), vintage)
    files = tuple(_describe(str(path), fips) for path in every)
    sources = tuple(
        Source(
            id=f"fcc-form477-{file.name}",
            agency="Federal Communications Commission",
            product="Form 477, fixed broadband deployment",
            vintage=vintage,
            url="https://www.fcc.gov/general/broadband-deployment-data-fcc-form-477",
            file=file.name,
            licence="US federal data, public domain",
        )
        for file in files
    )
    return Form477Files(vintage, files, sources=sources)


def _refuse_other_date(name: str, vintage: str) -> None:
    """Refuse a file whose name says another month: fbd_us_with_satellite_dec2020_v1.csv."""
    said = re.search(r"(jun|dec)[a-z]*[-_ ]?(20\d\d)(?!\d)", name, re.IGNORECASE)
    if not said:
        return
    of = f"{said[2]}-{'06-30' if said[1].lower() == 'jun' else '12-31'}"
    if of != vintage:
        raise VintageError(
            f"is as of {of}, not {vintage}", file=name, fix=f'read it with as_of="{of}"'
        )


def _describe(path: str, fips: str) -> Form477File:
    if not is_url(path) and not Path(path).is_file():
        raise MissingFileError("no such file", file=path, fix="check the path")
    member = only_member(path).filename if path.lower().endswith(".zip") else None
    header = split_header(first_line(path, member))
    missing = [name for name in _TYPES if name not in header]
    if missing:
        raise FormatError(
            f"the header is not that of Form 477: it lacks {missing[0]!r}",
            file=bare_name(path),
            fix="read the fixed deployment file, with BlockCode and TechCode",
        )
    size = Path(path).stat().st_size if not is_url(path) else 0
    return Form477File(path, member, fips, size)


def _as_offers(batch: Any, columns: Sequence[str], file: str) -> Any:
    import numpy as np
    import pyarrow as pa

    raw = {name: batch.column(name).to_numpy(zero_copy_only=False) for name in batch.schema.names}
    code = raw["techcode"]
    mapped = code.copy()
    for old, new in _TECHNOLOGY.items():
        mapped[code == old] = new
    consumer, business = raw["consumer"] == 1, raw["business"] == 1
    who = np.select([consumer & business, consumer, business], ["X", "R", "B"], default="")
    offers = {
        "provider_id": batch.column("provider_id"),
        "location_id": batch.column("blockcode"),
        "technology": pa.array(mapped.astype(np.int16)),
        # Speeds may be decimals; a rule's cut is reached only by the whole number.
        "max_advertised_download_speed": _whole(raw["maxaddown"], file),
        "max_advertised_upload_speed": _whole(raw["maxadup"], file),
        "low_latency": pa.array((code != _GEOSTATIONARY).astype(np.int8)),
        "business_residential_code": pa.array(who.astype(str)),
        "block_geoid": batch.column("blockcode"),
    }
    unknown = [name for name in columns if name not in offers]
    if unknown:
        raise FormatError(
            f"Form 477 has no {unknown[0]}", file=file, fix="roll it up to a census area"
        )
    return pa.RecordBatch.from_pydict({name: offers[name] for name in columns})


def _whole(speeds: Any, file: str) -> Any:
    import numpy as np
    import pyarrow as pa

    blank = np.isnan(speeds)
    odd = speeds[~blank & ~(np.abs(speeds) < _FASTEST)]
    if odd.size:
        raise FormatError(
            f"a speed is {odd[0]:g} Mbps, which no line has",
            file=file,
            fix="download the file again",
        )
    return pa.array(np.floor(np.where(blank, 0, speeds)).astype(np.int32), mask=blank)
