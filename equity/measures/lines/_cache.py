"""Per-location results kept as Parquet, keyed by the checksum of the file they were made from.

Whoever is killed at any moment leaves either a whole entry or none; what a killed run left is
removed by a later one.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from equity.files.atomic import replacing, sweep
from equity.measures.lines._partial import NEAR, Partial, RuleColumns, merge, sort_by_id
from equity.measures.lines._reduce import LocationFile, reduce_files
from equity.rules import CoverageRule

FORMAT = 4
"""Raised whenever the reducer's result changes, so that older entries are not used."""


def reduce_cached(
    files: Sequence[LocationFile],
    rules: Sequence[CoverageRule],
    *,
    cells: bool,
    digits: int,
    whole: int | None,
    cache_dir: str | None,
    ordered: bool,
    readers: int = 1,
    done: Callable[[int], object] = lambda _: None,
) -> Partial:
    """Return the result of some files, taken from the cache or kept there where there is one.

    ``ordered`` sorts it by location, here where workers do it side by side, because it will be
    merged with others. ``readers`` threads read side by side, where files are reduced together.
    ``done`` is told of every file.

    Without a ``cache_dir`` nothing is read or written, and the files are reduced together. Files
    without a checksum are never kept. What is kept is told wholly, whatever ``whole`` asks for.
    """
    if not cache_dir:
        result = reduce_files(
            files, rules, cells=cells, digits=digits, whole=whole, readers=readers, done=done
        )
        return sort_by_id(result) if ordered else result

    def kept(file: LocationFile) -> Partial:
        result = _one(file, rules, cells=cells, digits=digits, folder=Path(cache_dir))
        done(1)
        return result

    return merge(kept(file) for file in files)


def _one(
    file: LocationFile,
    rules: Sequence[CoverageRule],
    *,
    cells: bool,
    digits: int,
    folder: Path,
) -> Partial:
    checksum = file.fingerprint()
    if not checksum:
        return reduce_files([file], rules, cells=cells, digits=digits)
    areas = f"{digits}{' h3' if cells else ''}"
    places = [folder / f"{entry_name(file, checksum, rule, areas)}.parquet" for rule in rules]
    if all(place.exists() for place in places):
        return _combine([_read(place) for place in places])
    result = reduce_files([file], rules, cells=cells, digits=digits)
    for number, place in enumerate(places):
        _write(result, number, place)
    return result


def entry_name(file: LocationFile, checksum: str, rule: CoverageRule, areas: str) -> str:
    """Return a name that a person recognizes and that changes with anything that matters."""
    key = json.dumps([FORMAT, checksum, file.state, file.product, asdict(rule), areas])
    stem = file.name.rsplit(".", 1)[0][:80]
    return f"{stem}-{rule.id}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _write(result: Partial, number: int, place: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = result.rules[number]
    table: dict[str, Any] = {
        "location_id": result.ids,
        "block_geoid": result.blocks,
        "is_exported": result.exported,
        "best": columns.best,
        **{f"provider_{n}": columns.near[:, n] for n in range(NEAR)},
        **{f"bits_{code}": bits for code, bits in columns.levels.items()},
    }
    if result.cells.size:
        table["h3_res8"] = result.cells
    extra = {
        "tally": dict(result.tally),
        "clashing": result.clashing.tolist(),
        "pairs": [
            columns.pair_area.tolist(),
            columns.pair_provider.tolist(),
            columns.pair_qualifies.tolist(),
        ],
    }
    data = pa.table(table).replace_schema_metadata({"equity": json.dumps(extra)})
    sweep(place.parent)
    with replacing(place, fix="free some space, or name another folder with cache_dir=") as beside:
        pq.write_table(data, beside, compression="zstd")


def _read(place: Path) -> Partial:
    import pyarrow.parquet as pq

    data = pq.read_table(place)
    extra = json.loads(data.schema.metadata[b"equity"])
    column = {name: data.column(name).to_numpy() for name in data.column_names}
    block, provider, qualifies = extra["pairs"]
    rule = RuleColumns(
        levels={int(n[5:]): v for n, v in column.items() if n.startswith("bits_")},
        best=column["best"],
        near=np.stack([column[f"provider_{n}"] for n in range(NEAR)], axis=1),
        pair_area=np.array(block, np.int64),
        pair_provider=np.array(provider, np.int32),
        pair_qualifies=np.array(qualifies, bool),
    )
    return Partial(
        ids=column["location_id"],
        blocks=column["block_geoid"],
        cells=column.get("h3_res8", np.empty(0, np.uint64)),
        exported=column["is_exported"],
        rules=(rule,),
        clashing=np.array(extra["clashing"], np.int64),
        tally=Counter(extra["tally"]),
    )


def _combine(parts: Sequence[Partial]) -> Partial:
    first = parts[0]
    first.rules = tuple(part.rules[0] for part in parts)
    return first
