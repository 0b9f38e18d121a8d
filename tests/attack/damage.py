"""Damaged inputs of every kind: cut, flipped, swapped, repeated, recoded, repacked."""

from __future__ import annotations

import contextlib
import gzip
import io
import lzma
import os
import random
import re
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
from files.test_doors_of_readers import OTHERS, TABLES
from ground import CHANGED, HANGS, RIGHT, TRACEBACK, Ground, Tally, outcome_of, same

import equity as eq
from equity.errors import EquityError

SEALED = {".zip", ".gz", ".xz", ".xlsx"}
"""Formats with a checksum: damage is told, or changes nothing."""
UNTOLD = "changed, and the format cannot tell"
LONGEST_S = 60
JUNK = [b"", b",", b'"', b"\n", b"\r", b"\0", b"-", b"nan", b"inf", b"-999", b"\xff", b"[", b"{}",
        b"1e400", b"|", b"\xe2\x80\x8b", b"9" * 30, b"<", b"\t", b"\x1a", b"\xef\xbb\xbf"]  # fmt: skip

Read = Callable[[Path], Any]


def frame(answer: Any) -> pd.DataFrame:
    """Return what a reader read as one plain table."""
    if isinstance(answer, pd.Series):
        answer = answer.to_frame()
    if not isinstance(answer, pd.DataFrame):  # locations: what they are read for
        answer = eq.coverage(answer, rule="fcc-25-3")
    plain = pd.DataFrame(answer)
    return plain.assign(geometry=answer.geometry.to_wkt()) if "geometry" in plain else plain


def packings(name: str, content: bytes) -> dict[str, bytes]:
    """Return a table of text in every packing that readers take."""
    stem = name.rpartition(".")[0]
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return {
        name: content,
        f"{stem}.zip": zipped.getvalue(),
        f"{name}.gz": gzip.compress(content, mtime=0),
        f"{name}.xz": lzma.compress(content),
    }


def workbook(content: bytes) -> bytes:
    book = openpyxl.Workbook()
    for line in content.decode().splitlines():
        book.active.append(line.split(","))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def subjects(ground: Ground) -> dict[str, tuple[bytes, Read]]:
    """Return every kind of input, whole, with what reads it."""
    found: dict[str, tuple[bytes, Read]] = {}
    for kind, (name, text, read, _) in {**TABLES, **OTHERS}.items():
        for packed, content in packings(name, text.encode()).items():
            found[f"{kind}/{packed}"] = (content, read)
        if '"' not in text and name.endswith(".csv"):
            found[f"{kind}/{name}.xlsx"] = (workbook(text.encode()), read)
    root = ground.folder
    for pattern, read in {
        "acs/tract/*_1.json": lambda p: eq.read_acs(p, year=2023, state="90"),
        "acs_summary_file/*b28002.dat": lambda p: eq.read_acs(p, year=2023, state="90"),
        "boundaries/*_county.zip": lambda p: eq.read_boundaries(
            p, year=2023, state="90", level="county"
        ),
        "boundaries/*_tract.zip": lambda p: eq.read_boundaries(p, year=2023, state="90"),
        "bdc/*Fiber*.zip": lambda p: eq.read_bdc(p, as_of="2024-12-31"),
        "bdc/*Cable*.zip": lambda p: eq.read_bdc(p, as_of="2024-12-31"),
        "care/Health*.csv": lambda p: eq.read_sites(p, as_of="2025-06-03"),
    }.items():
        path = next(root.glob(pattern))
        found[f"example/{path.name}"] = (path.read_bytes(), read)
    return found


def _put(path: Path, content: bytes, read: Read) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return read(path)


def of_bytes(content: bytes, dice: random.Random) -> bytes:
    """Cut, flip, repeat or replace bytes."""
    data = bytearray(content)
    for _ in range(dice.choice([1, 1, 1, 2, 5])):
        at = dice.randrange(len(data) + 1)
        end = min(len(data), at + dice.randrange(1, 60))
        kind = dice.randrange(7)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << dice.randrange(8)
        elif kind == 1:
            data[at:at] = dice.choice(JUNK)
        elif kind == 2:
            data[at:end] = dice.choice(JUNK)
        elif kind == 3:
            del data[at:]
        elif kind == 4:
            data[at:at] = data[at:end]
        elif kind == 5:
            data[at:end] = bytes(dice.randrange(256) for _ in range(end - at))
        else:
            del data[at:end]
    return bytes(data)


def of_table(text: str, dice: random.Random) -> bytes:
    """Damage a table as programs and people do: headers, columns, rows, encodings."""
    mark = "|" if text.split("\n", 1)[0].count("|") else "\t" if "\t" in text[:200] else ","
    rows = [line.split(mark) for line in text.splitlines()]
    width = len(rows[0])
    a, b = dice.randrange(width), dice.randrange(width)
    row = dice.randrange(len(rows))
    kind = dice.choice(["swap", "drop", "repeat", "header", "shuffle", "ragged", "encode", "long",
                        "twice", "case", "wide", "empty", "ends", "cell"])  # fmt: skip
    if kind == "swap":
        rows[0][a], rows[0][b] = rows[0][b], rows[0][a]
    elif kind == "drop":
        rows = [[cell for i, cell in enumerate(cells) if i != a] for cells in rows]
    elif kind == "repeat":
        rows.insert(row, rows[row])
    elif kind == "header":
        rows[0][a] = dice.choice(["", " ", "x", rows[0][b], rows[0][a].swapcase(), "gap_n", "\x00"])
    elif kind == "shuffle":
        rows = [rows[0], *dice.sample(rows[1:], len(rows) - 1)]
    elif kind == "ragged":
        rows[row] = rows[row][:a]
    elif kind == "twice":
        rows += rows
    elif kind == "case":
        rows[0] = [cell.upper() for cell in rows[0]]
    elif kind == "wide":
        rows = [cells + [f"c{i}" for i in range(10_000)] for cells in rows]
    elif kind == "empty":
        rows = dice.choice([rows[:1], rows[1:], [[]]])
    elif kind == "cell":
        rows[row][min(a, len(rows[row]) - 1)] = dice.choice(
            ["9" * 400, "1e400", "-1", "nan", "inf", "0x10", "1,000", "½", "١٢٣", "x" * 200_000]
        )
    end = dice.choice(["\r", "\r\n", "\n\n", "\x0b"]) if kind == "ends" else "\n"
    written = end.join(mark.join(cells) for cells in rows) + end
    if kind == "encode":
        return written.encode(dice.choice(["utf-16", "utf-32", "utf-7", "utf-8-sig", "cp037"]))
    return written.encode("utf-8", "surrogatepass")


def of_zip(content: bytes, dice: random.Random) -> bytes:
    """Pack it another way: encrypted, bombed, nested, with another member or under another name."""
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        inside = {info.filename: old.read(info) for info in old.infolist()}
    name = next(iter(inside))
    kind = dice.choice(
        ["member", "two", "none", "climb", "method", "lie", "encrypted", "nested", "crc"]
    )
    if kind == "member":
        inside = {
            dice.choice(["x.txt", "readme.md", "x.CSV", "CON.csv", "~.csv", ""]): inside[name]
        }
    elif kind == "two":
        inside[f"second-{name}"] = inside[name]
    elif kind == "none":
        inside = {}
    elif kind == "climb":
        inside[f"../{name}"] = b"x"
    elif kind == "nested":
        inside = {name: content}
    out = io.BytesIO()
    method = (
        dice.choice([zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
        if kind == "method"
        else zipfile.ZIP_DEFLATED
    )
    with zipfile.ZipFile(out, "w", method) as new:
        for key, value in inside.items():
            new.writestr(zipfile.ZipInfo(key or "x"), value, method)
    data = bytearray(out.getvalue())
    central = data.find(b"PK\x01\x02")
    if central >= 0 and kind in {"lie", "encrypted", "crc"}:
        at, junk = {
            "lie": (24, os.urandom(2)),
            "encrypted": (8, b"\x01\x00"),
            "crc": (16, b"\1\2\3\4"),
        }[kind]
        data[central + at : central + at + len(junk)] = junk
    return bytes(data)


class TooSlowError(Exception):
    """A reader does not come to an end."""


def _stop(*_: object) -> None:
    raise TooSlowError


def classify(
    name: str, content: bytes, read: Read, whole: pd.DataFrame, place: Path, *, sealed: bool
) -> tuple[str, str]:
    """Read what is damaged and hold it against what is whole."""
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(LONGEST_S)
    try:
        got = frame(_put(place / name, content, read))
    except TooSlowError:
        return HANGS, name
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return outcome_of(error)
    finally:
        signal.alarm(0)
    numbers = got.select_dtypes("number").to_numpy(dtype=float)
    if np.isinf(numbers).any():
        return CHANGED, "infinite"
    if same(got, whole):
        return RIGHT, ""
    return (CHANGED, "under a checksum") if sealed else (UNTOLD, "")


def storm(ground: Ground, count: int, seed: int) -> Tally:
    """Damage so many inputs, kind after kind."""
    dice, tally, place = random.Random(seed), Tally(), ground.scratch / "damaged"
    every, whole = subjects(ground), {}
    for key, (content, read) in every.items():
        with contextlib.suppress(EquityError, TypeError):  # no packing of that reader, or no table
            whole[key] = frame(_put(place / key.split("/")[1], content, read))
    keys = list(whole)
    tally.counts["kinds"] = len(keys)
    for number in range(count):
        key = keys[number % len(keys)]
        content, read = every[key]
        name = key.split("/")[1]
        sealed = Path(name).suffix in SEALED
        way = dice.random()
        if not sealed and way < 0.5:
            damaged, how = of_table(content.decode("utf-8", "replace"), dice), "table"
        elif Path(name).suffix == ".zip" and way < 0.3:
            damaged, how = of_zip(content, dice), "zip"
        else:
            damaged, how = of_bytes(content, dice), "bytes"
        # What was packed again is another file with a right checksum: nothing tells it apart.
        outcome, why = classify(
            name, damaged, read, whole[key], place, sealed=sealed and how == "bytes"
        )
        if outcome == UNTOLD:
            tally.counts["tried"] += 1
            tally.counts[UNTOLD] += 1
            continue
        label = why if outcome == TRACEBACK else re.sub(r"\d+", "#", why)[:60]
        tally.add(outcome, f"{number}: {key} {how} -> {why[:300]}", label)
    return tally
