"""Whether every number of a finding stands in a table of the same document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from equity.outputs._content import Table
from equity.outputs.appendix import blocks
from equity.outputs.report import Report

#: A number as prose writes it: not a part of an id (``fcc-706-2024``), a date or a speed (``25/3``).
_NUMBER = re.compile(r"(?<![\w.,/-])(\d+(?:,\d{3})*(?:\.\d+)?)(?![\w/-]|[.,]\d)( %| points)?")
_CELL = re.compile(r"\d[\d,]*(?:\.\d+)?")


def allowed(report: Report, text: str) -> str:
    """Return a sentence without what no table of results can hold, each for a reason."""
    known = [
        # The study's own choices: a limit in minutes, a benchmark.
        r"within \d+ (?:estimated )?minutes|within \d+ minutes by road|more than \d+ minutes",
        r"one (?:clinician )?per [\d,]+ (?:residents|people)",
        # What ± means, and what a draw's interval holds: properties of the method.
        r"\(90 %\)|90 % of draws",
        # The error rate that clusters are tested at.
        r"1 in 20, or fewer",
    ]
    # Titles of rules: law and speeds.
    names = [re.escape(str(rule["title"])) for rule in report.rules]
    # Labels of settings stand in their table word by word; so do kinds of care.
    names += [re.escape(label) for label in report.settings["label"].astype(str)]
    names += [re.escape(report.title)]
    for pattern in [*known, *sorted(names, key=len, reverse=True)]:
        text = re.sub(pattern, " ", text, flags=re.IGNORECASE)
    if report.practices is not None:
        # The two counts beside each other make this sum.
        sites = report.practices["sites_n"].loc[["fit", "below"]].sum()
        text = re.sub(rf"Of {sites:,.0f} sites? whose line is known", " ", text)
    return text


def _cells(tables: Iterable[Table]) -> Iterator[str]:
    for table in tables:
        for row in table.rows:
            yield from (f"{cell.text} {cell.small}" for cell in row[1:])


def without_a_cell(report: Report) -> list[str]:
    """Return the numbers of the finding that no cell of the appendix holds or rounds to."""
    tables = [block.table for block in blocks(report) if block.table is not None]
    return lost_numbers((allowed(report, sentence) for sentence in report.finding), tables)


def lost_numbers(sentences: Iterable[str], tables: Iterable[Table]) -> list[str]:
    """Return the numbers of sentences that no cell of some tables holds or rounds to.

    A share must stand as it is written; a count of people may be rounded to fewer digits than the
    cell's, since prose has no more than its margin supports.
    """
    cells = list(_cells(tables))
    shares = {part for cell in cells for part in re.findall(r"[\d.]+(?= %)", cell)}
    values = {float(one.replace(",", "")) for cell in cells for one in _CELL.findall(cell)}
    lost = []
    for sentence in sentences:
        for number, unit in _NUMBER.findall(sentence):
            if unit == " %":
                found = number in shares
            else:
                found = any(_rounds_to(value, number) for value in values)
            if not found:
                lost.append(f"{number}{unit}: {sentence}")
    return lost


def _rounds_to(value: float, number: str) -> bool:
    said = float(number.replace(",", ""))
    if "." in number or said < 100:
        return value == said or ("." not in number and round(value) == said)
    digits = len(number.replace(",", "").rstrip("0"))
    step = 10.0 ** (len(number.replace(",", "")) - max(digits, 1 if said < 1000 else 2))
    return abs(value - said) <= step / 2
