"""One file of BDC locations: what it is, and its rows as typed Arrow record batches.

The types are given, never sniffed: see :mod:`equity.sources.fcc._bdc_rows`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from equity.errors import FormatError
from equity.rules.coverage_rule import TECHNOLOGIES
from equity.sources.fcc import _bdc_names as names
from equity.sources.fcc._bdc_rows import parse_rows
from equity.sources.fcc._bdc_stream import (
    bare_name,
    fingerprint,
    first_line,
    open_csv_bytes,
)

if TYPE_CHECKING:
    import pyarrow as pa

LOCATION_COLUMNS = {
    "frn": "string",
    "provider_id": "int32",
    "brand_name": "string",
    "location_id": "int64",
    "technology": "int16",
    "max_advertised_download_speed": "int32",
    "max_advertised_upload_speed": "int32",
    "low_latency": "int8",
    "business_residential_code": "string",
    "state_usps": "string",
    "block_geoid": "int64",
    "h3_res8_id": "string",
}
EXPORT_COLUMNS = {
    "location_id": "int64",
    "block_geoid": "int64",
    "h3_res8_id": "string",
    "any_dl100_ul20": "int8",
    "wired_dl100_ul20": "int8",
    "terrestrial_dl100_ul20": "int8",
}
_TYPES = {names.LOCATIONS: LOCATION_COLUMNS, names.EXPORT: EXPORT_COLUMNS}
_CODES = {
    "technology": TECHNOLOGIES,
    "low_latency": (0, 1),
    "business_residential_code": ("B", "R", "X"),
}
_OPTIONAL = {"frn", "brand_name", "state_usps", "h3_res8_id"}


@dataclass(frozen=True)
class BdcFile:
    """A file of locations, ready to be read by any process that can see it.

    Attributes
    ----------
    path
        Path or fsspec URL.
    member
        Name inside the zip, or None for a plain CSV.
    product
        ``"location_coverage"`` or ``"served_unserved"``.
    state
        FIPS code that every block must start with; empty where the name gives none.
    technology
        FCC code the name gives, or None.
    revision
        ISO date, or empty.
    size
        Bytes on disk, for scheduling the largest first.
    """

    path: str
    member: str | None
    product: str
    state: str
    technology: int | None
    revision: str
    size: int

    @property
    def name(self) -> str:
        """Return the bare file name."""
        return bare_name(self.path)

    def fingerprint(self) -> str:
        """Return a checksum of the content: SHA-256, or for a zip behind a URL its CRC."""
        return fingerprint(self.path, self.member)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows as record batches of the columns asked for.

        Parameters
        ----------
        columns
            Publisher's column names.

        Yields
        ------
        pyarrow.RecordBatch
            Tens of thousands of rows at a time; ids and blocks as 64-bit integers.

        Raises
        ------
        FormatError
            If the zip is damaged, the header is another one, rows have a wrong number of fields
            or a value is not of its type.
        InputError
            If a code of technology, latency or customers is none of the publisher's, or a block
            lies in another state than the name of the file says.
        """
        header = self._header()
        types = {name: kind for name, kind in _TYPES[self.product].items() if name in columns}
        missing = [name for name in columns if name not in header]
        if missing:
            raise FormatError(
                f"the column {missing[0]!r} is not in the header",
                file=self.name,
                fix="this work needs it; download the publisher's complete file",
            )
        with open_csv_bytes(self.path, self.member) as stream:
            told = names.parse_name(self.name).state
            yield from parse_rows(stream, header, types, self.name, codes=_CODES, state=told)

    def _header(self) -> list[str]:
        header = split_header(first_line(self.path, self.member))
        check_header(header, self.product, self.name)
        return header


def split_header(line: str) -> list[str]:
    """Return the column names of a header line, in lower case."""
    return [cell.strip().strip('"').lower() for cell in line.split(",")]


def product_of_header(header: Sequence[str]) -> str:
    """Return the product whose required columns a header holds, or ``"other"``."""
    for product, types in _TYPES.items():
        if set(types) - _OPTIONAL <= set(header):
            return product
    return names.OTHER


def check_header(header: Sequence[str], product: str, file: str) -> None:
    """Raise if a header is not the product's."""
    required = [name for name in _TYPES[product] if name not in _OPTIONAL]
    missing = [name for name in required if name not in header]
    if missing:
        raise FormatError(
            f"the header is not that of {product.replace('_', ' ')}: it lacks {missing[0]!r}",
            file=file,
            fix=f"expected {','.join(_TYPES[product])}; found {','.join(header)[:200]}",
        )
    if len(set(header)) != len(header):
        twice = next(name for name in header if list(header).count(name) > 1)
        raise FormatError(
            f"the header names {twice!r} twice", file=file, fix="download the file again"
        )
