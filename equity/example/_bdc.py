"""FCC files of the example state: Location Coverage by technology, and Served-Unserved.

Written in chunks of locations, so memory does not grow with the state; rows are joined as columns
of text, never one by one. Layout as in the FCC's Specifications for Data Downloads from the
National Broadband Map, rev. 2.4.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from equity.example import _plan as plan
from equity.example._homes import Blocks
from equity.example._land import Land
from equity.example._lines import PROVIDERS, Footprints, Provider
from equity.example._plan import Flags, Floats, Ints
from equity.example._writing import member, new_zip

TECHNOLOGIES = {
    0: "Other",
    10: "Copper",
    40: "Cable",
    50: "FibertothePremises",
    60: "GSOSatellite",
    61: "NGSOSatellite",
    70: "UnlicensedFixedWireless",
    71: "LicensedFixedWireless",
    72: "LBRFixedWireless",
}
COLUMNS = (
    "frn",
    "provider_id",
    "brand_name",
    "location_id",
    "technology",
    "max_advertised_download_speed",
    "max_advertised_upload_speed",
    "low_latency",
    "business_residential_code",
    "state_usps",
    "block_geoid",
    "h3_res8_id",
)
FLAGS = (
    "location_id",
    "block_geoid",
    "h3_res8_id",
    "any_dl100_ul20",
    "wired_dl100_ul20",
    "terrestrial_dl100_ul20",
)
_CHUNK = 200_000
_BUSINESS = 0.07
_WIRED = {10, 40, 50}
_SPACE = {60, 61}
_ID_PRIME = 399_999_959
_ID_STEP = 123_456_791


@dataclass(frozen=True)
class Chunk:
    """Some locations: text of their ids, blocks and cells, and what decides their lines."""

    cell: Ints
    location_id: Any
    tail: Any
    business: Flags
    no_sky: Flags
    luck: np.random.Generator


def file_name(technology: int) -> str:
    """Return the FCC's name for the file of one technology, without extension."""
    return f"bdc_{plan.FIPS}_{TECHNOLOGIES[technology]}_fixed_broadband_{plan.DATA_RELEASE}"


def write_bdc(
    coverage: Path,
    served: Path,
    land: Land,
    blocks: Blocks,
    reach: Footprints,
    *,
    seed: int,
    advance: Callable[[float], None],
) -> dict[str, int]:
    """Write one zip a technology, and the Served-Unserved zip; return rows by file stem."""
    coverage.mkdir(parents=True)
    served.mkdir(parents=True)
    stem = f"bdc_{plan.FIPS}_fixed_broadband_served_unserved_{plan.DATA_RELEASE}"
    rows = dict.fromkeys([*map(file_name, TECHNOLOGIES), stem], 0)
    with contextlib.ExitStack() as stack:
        out = {
            tech: stack.enter_context(_csv(stack, coverage, file_name(tech), COLUMNS))
            for tech in TECHNOLOGIES
        }
        flags_out = stack.enter_context(_csv(stack, served, stem, FLAGS))
        for chunk in _chunks(land, blocks, reach, seed):
            flags = np.zeros((3, len(chunk.cell)), dtype=bool)
            for k, provider in enumerate(PROVIDERS):
                text, n, fast = _provider_rows(provider, reach.share[k], reach.quality[k], chunk)
                out[provider.technology].write(text)
                rows[file_name(provider.technology)] += n
                flags[0] |= fast
                flags[1] |= fast & (provider.technology in _WIRED)
                flags[2] |= fast & (provider.technology not in _SPACE)
            flags_out.write(_flag_rows(chunk, flags))
            rows[stem] += len(chunk.cell)
            advance(len(chunk.cell))
    return rows


def _csv(
    stack: contextlib.ExitStack, folder: Path, stem: str, columns: tuple[str, ...]
) -> IO[bytes]:
    """Open a zip with the one CSV member of the same stem, header written."""
    archive = stack.enter_context(new_zip(folder / f"{stem}.zip"))
    out = member(archive, f"{stem}.csv")
    out.write((",".join(columns) + "\n").encode())
    return out


def _chunks(land: Land, blocks: Blocks, reach: Footprints, seed: int) -> Iterator[Chunk]:
    """Walk through the locations of the state, block by block."""
    import pyarrow as pa

    tails = np.array(blocks.geoid, dtype="S15")
    last = np.cumsum(blocks.locations)
    total = int(last[-1])
    step = np.array([0.9, 0.9])  # about the size of an H3 resolution-8 cell, km
    for number, start in enumerate(range(0, total, _CHUNK)):
        index = np.arange(start, min(start + _CHUNK, total))
        block = np.searchsorted(last, index, side="right")
        luck = np.random.default_rng([seed, 11, number])
        xy = land.mesh.seeds[blocks.cell[block]] + (luck.random((len(index), 2)) - 0.5) * 0.6
        hexagon = np.floor((xy + 10.0) / step).astype(np.int64)
        code = ((hexagon[:, 0] * 2048 + hexagon[:, 1]) * 2 + 1).astype(np.uint32)
        tail = np.empty(len(index), dtype="S31")
        tail[:] = np.char.add(np.char.add(tails[block], b","), _hexagon_ids(code))
        yield Chunk(
            cell=blocks.cell[block],
            location_id=_text(pa.array(1_000_000_000 + (index + 1) * _ID_STEP % _ID_PRIME)),
            tail=_text(pa.array(tail, type=pa.binary()).cast(pa.string())),
            business=luck.random(len(index)) < _BUSINESS,
            no_sky=luck.random(len(index)) < reach.no_sky[blocks.cell[block]],
            luck=luck,
        )


def _hexagon_ids(code: Any) -> Any:
    """H3-like ids: 15 hexadecimal digits that start with 88 and end in fffff; not true H3 cells."""
    values, place = np.unique(code, return_inverse=True)
    names = np.array([f"8826{value:06x}fffff" for value in values.tolist()], dtype="S15")
    return names[place]


def _text(array: Any) -> Any:
    import pyarrow as pa

    return array.cast(pa.string())


def _provider_rows(
    provider: Provider, share: Floats, quality: Floats, chunk: Chunk
) -> tuple[bytes, int, Flags]:
    """Write one provider's rows; return them, their number, and who gets 100/20 Mbps or more."""
    import pyarrow as pa
    import pyarrow.compute as pc

    n = len(chunk.cell)
    draw = chunk.luck.random((4, n), dtype=np.float32)
    covered = draw[0] < share[chunk.cell]
    if provider.business_only:
        covered &= chunk.business
    if provider.technology in _SPACE:
        covered &= ~chunk.no_sky
    at = np.flatnonzero(covered)
    tiers = provider.tiers
    best = 1.0 - quality[chunk.cell[at]] + 0.30 * (draw[1][at] - 0.5)
    tier = np.clip(np.floor(np.round(best, 6) * len(tiers)), 0, len(tiers) - 1).astype(np.int32)
    odd = draw[3][at]
    zero = odd < provider.zero_share
    blank = odd > 1 - provider.blank_share
    fast = np.zeros(n, dtype=bool)
    fast[at] = np.array([d >= 100 and u >= 20 for d, u in tiers])[tier] & ~zero & ~blank
    kind = np.where(draw[2][at] < provider.residential, 1, 0)
    kind[chunk.business[at] & (draw[2][at] > 0.9)] = 2
    if provider.business_only:
        kind[:] = 2
    offer = np.where(zero, len(tiers), np.where(blank, len(tiers) + 1, tier)) * 3 + kind
    speeds = [f"{d},{u}" for d, u in tiers] + ["0,0", ","]
    middles = [
        f"{provider.technology},{speed},{provider.low_latency},{code},{plan.USPS}"
        for speed in speeds
        for code in "XRB"
    ]
    head = f"{provider.frn},{provider.provider_id},{_quoted(provider.brand)}"
    take = pa.array(at)
    lines = pc.binary_join_element_wise(
        head,
        chunk.location_id.take(take),
        pa.array(middles).take(pa.array(offer)),
        pc.binary_join_element_wise(chunk.tail.take(take), "\n", ""),
        ",",
    )
    return _bytes(lines), len(at), fast


def _flag_rows(chunk: Chunk, flags: Flags) -> bytes:
    """Served-Unserved rows: one a location, also for those nobody reaches."""
    import pyarrow as pa
    import pyarrow.compute as pc

    code = flags[0] * 4 + flags[1] * 2 + flags[2] * 1
    endings = [f"{c >> 2 & 1},{c >> 1 & 1},{c & 1}\n" for c in range(8)]
    lines = pc.binary_join_element_wise(
        chunk.location_id, chunk.tail, pa.array(endings).take(pa.array(code)), ","
    )
    return _bytes(lines)


def _quoted(text: str) -> str:
    """Quote a field only where CSV needs it."""
    if "," in text or '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def _bytes(lines: Any) -> bytes:
    """All text of a string column in one piece, without making Python strings."""
    import pyarrow as pa

    if isinstance(lines, pa.ChunkedArray):
        lines = lines.combine_chunks()
    if len(lines) == 0:
        return b""
    offsets = np.frombuffer(lines.buffers()[1], dtype=np.int32)[
        lines.offset : lines.offset + len(lines) + 1
    ]
    return bytes(memoryview(lines.buffers()[2])[int(offsets[0]) : int(offsets[-1])])
