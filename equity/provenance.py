"""Where a table comes from, carried beside it and printed on everything made of it.

``DataFrame.attrs`` holds a small JSON-able record. pandas drops it in a plain ``merge``; the
package's own functions carry it on, and an output made from a table without one says
"provenance incomplete" and invents nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol, TypeVar

from equity._version import __version__

_KEY = "equity"
PIECES = "equity_pieces"
"""Entry of ``attrs`` in which a moved table keeps what its rows are parts of, for its margins."""
_CHUNK = 1 << 20


class Recorded(Protocol):
    """What can hold a record: a table or a column of pandas, which need not be imported here."""

    @property
    def attrs(self) -> dict[Hashable, Any]:
        """What pandas keeps beside the values."""


Table = TypeVar("Table", bound=Recorded)


@dataclass(frozen=True)
class Source:
    """One published input.

    Attributes
    ----------
    id
        Short key, for example ``"fcc-bdc"``.
    agency, product, vintage
        Who published what, for when.
    url, retrieved, revision
        Where it came from, the day it was fetched (ISO date) and the publisher's revision.
    sha256, file
        Checksum and bare name of the file that was read.
    mirror
        Server that was asked in the publisher's place, if one was.
    licence, citation, note
        Terms, how to cite it, anything a reader must know.
    synthetic
        True for generated data.
    """

    id: str
    agency: str
    product: str
    vintage: str
    url: str = ""
    retrieved: str = ""
    revision: str = ""
    sha256: str = ""
    file: str = ""
    licence: str = ""
    citation: str = ""
    synthetic: bool = False
    note: str = ""
    mirror: str = ""

    def to_dict(self) -> dict[str, str | bool]:
        """Return the fields that say something."""
        return {key: value for key, value in vars(self).items() if value not in ("", False)}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Source:
        """Rebuild a source from :meth:`to_dict`; what it left out is empty."""
        names = {field.name for field in fields(cls)}
        required = {"id": "", "agency": "", "product": "", "vintage": ""}
        return cls(**required | {key: value for key, value in record.items() if key in names})


@dataclass(frozen=True)
class TableMeta:
    """What is known about a table: level and vintage of its areas, and its sources."""

    level: str | None = None
    geo_vintage: str | None = None
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def synthetic(self) -> bool:
        """True if any source is generated."""
        return any(source.synthetic for source in self.sources)


class _Record(dict[str, Any]):
    """A table's record as Parquet can write it, and as it was told.

    pandas copies ``attrs`` deeply whenever it takes a column out of a table. Nothing writes into a
    record, a new one takes its place: so a copy is the record itself, however many files it names.
    """

    def __init__(self, known: TableMeta) -> None:
        super().__init__(
            level=known.level,
            geo_vintage=known.geo_vintage,
            sources=[source.to_dict() for source in known.sources],
            notes=list(known.notes),
        )
        self.known = known

    def __deepcopy__(self, _memo: dict[int, Any]) -> _Record:
        return self

    def __reduce__(self) -> tuple[type[_Record], tuple[TableMeta]]:
        return _Record, (self.known,)


def stamp(
    table: Table,
    *,
    level: str | None = None,
    geo_vintage: str | None = None,
    sources: Iterable[Source] = (),
    notes: Iterable[str] = (),
) -> Table:
    """Write a table's record into its ``attrs`` and return the same table.

    Parameters
    ----------
    table
        DataFrame or GeoDataFrame.
    level
        Level of its areas, a key of :data:`equity.areas.geoid.LEVELS`.
    geo_vintage
        ``"2010"``, ``"2020"`` or ``"2020-CT2022"``.
    sources
        What the table was made from.
    notes
        Remarks that every output repeats.
    """
    distinct = tuple(dict.fromkeys(sources)), tuple(dict.fromkeys(notes))
    table.attrs[_KEY] = _Record(TableMeta(level, geo_vintage, *distinct))
    return table


def meta(table: Recorded) -> TableMeta:
    """Return a table's record; an empty one if it has none."""
    record = table.attrs.get(_KEY)
    if isinstance(record, _Record):
        return record.known
    if not isinstance(record, Mapping):
        return TableMeta()
    return TableMeta(
        level=record.get("level"),
        geo_vintage=record.get("geo_vintage"),
        sources=tuple(Source.from_dict(item) for item in record.get("sources", ())),
        notes=tuple(record.get("notes", ())),
    )


def carry(
    result: Table, *parents: Recorded, level: str | None = None, notes: Iterable[str] = ()
) -> Table:
    """Stamp ``result`` with the merged records of the tables it was made from.

    Level (where it is not given) and geographic vintage come from the first parent that knows
    them: a join has checked beforehand that they agree.
    """
    metas = [meta(parent) for parent in parents]
    pieces = [piece for parent in parents for piece in parent.attrs.get(PIECES, ())]
    if pieces:
        result.attrs[PIECES] = pieces
    return stamp(
        result,
        level=level or next((m.level for m in metas if m.level), None),
        geo_vintage=next((m.geo_vintage for m in metas if m.geo_vintage), None),
        sources=[source for m in metas for source in m.sources],
        notes=[*(note for m in metas for note in m.notes), *notes],
    )


def file_source(path: str | Path, *, synthetic: bool = False, **fields: str) -> Source:
    """Describe a file that was read, by its bare name and its content: no machine path."""
    fields["vintage"] = iso_day(fields["vintage"])
    return Source(file=Path(path).name, sha256=sha256_of(path), synthetic=synthetic, **fields)


def iso_day(as_of: object) -> str:
    """Return a date, a time stamp or text as text: of midnight, the day alone.

    Examples
    --------
    >>> from datetime import date
    >>> iso_day(date(2025, 12, 31)), iso_day("2025-12-31T00:00:00"), iso_day(" D25 ")
    ('2025-12-31', '2025-12-31', 'D25')
    """
    return re.sub(r"^(\d{4}-\d\d-\d\d)[T ]00:00(:00(\.0+)?)?$", r"\1", str(as_of).strip())


def sha256_of(path: str | Path) -> str:
    """Return the SHA-256 of a file, read in pieces; of a folder, that of its files by name."""
    digest = hashlib.sha256()
    whole = Path(path).expanduser()
    for file in sorted(whole.iterdir()) if whole.is_dir() else [whole]:
        with file.open("rb") as handle:
            while chunk := handle.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def software() -> dict[str, str]:
    """Return the name and version that every output prints."""
    return {"name": "telehealth-equity", "version": __version__}
