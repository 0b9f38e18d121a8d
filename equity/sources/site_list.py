"""The list of sites of an application: what a program's worksheet asks of each."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from equity.areas.geoid import normalize
from equity.errors import InputError
from equity.files.delimited import read_text_table
from equity.provenance import file_source, stamp
from equity.rules.program_metrics import is_program_metric, program_metric
from equity.sources.area_rows import row_labels, to_numbers

__all__ = ["read_site_list"]

_IDS = ("site", "site_id", "name")
_COUNTED = ("share", "people", "n", "number", "usd")


def read_site_list(path: str | Path, *, as_of: str, level: str = "tract") -> pd.DataFrame:
    """Read a list of sites.

    Parameters
    ----------
    path
        CSV or workbook, one row a site: ``site`` (or ``name``), and what the program asks for:
        ``role`` (``hub``, ``end-user``, ``both``), ``geoid`` (the area that it lies in),
        ``place``, ``place_population_n``, ``saipe_poverty_share`` (0 to 1) …
    as_of
        Date of the list.
    level
        Level of ``geoid``.

    Returns
    -------
    pandas.DataFrame
        Index ``site``; numbers where the metric is one, else text; a blank is missing.

    Raises
    ------
    InputError
        If sites have no name, one stands twice, or a number is none.
    MissingFileError, FormatError, GeoidError
        If the file is absent or damaged, or an area's id is none.
    """
    frame = read_text_table(path).apply(lambda cells: cells.str.strip())
    named = next((name for name in _IDS if name in frame), None)
    if named is None:
        raise InputError("no column names the sites", file=path, fix="call it site")
    twice = frame[named].duplicated(keep=False) | (frame[named] == "")
    if twice.any():
        raise InputError(
            "a site has no name, or one that another has",
            file=path,
            rows=row_labels(frame.index, twice),
            fix="give every site a name of its own",
        )
    made = {}
    for name in map(str, frame.columns):
        stem = name.removesuffix("_moe")
        if is_program_metric(stem) and program_metric(stem).unit in _COUNTED:
            made[name] = to_numbers(frame, {name: name}, path)[name]
        else:
            made[name] = frame[name].mask(frame[name] == "", None)
    if "geoid" in frame:
        made["geoid"] = normalize(frame["geoid"], level=level, file=path)
    table = pd.DataFrame(made).set_axis(pd.Index(frame[named], name="site", dtype=object), axis=0)
    source = file_source(
        path, id="sites-of-application", agency="Applicant", product="List of sites", vintage=as_of
    )
    return stamp(table, sources=[source])
