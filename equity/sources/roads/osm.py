"""OpenStreetMap extracts (``.osm.pbf``): streamed twice, first the roads, then their nodes."""

from __future__ import annotations

import hashlib
import json
import logging
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from equity.errors import DependencyError, FormatError, InputError, StorageError
from equity.files.atomic import replacing
from equity.files.opening import regular, sequence_of
from equity.files.zips import DAMAGE
from equity.language import Said, said
from equity.net.store import store
from equity.progress import track
from equity.provenance import Source, file_source
from equity.sources.roads.graph import RoadNetwork, Ways, build_network
from equity.sources.roads.tags import CLASS_KMH, DRIVEN_SHARE, way_of

__all__ = ["read_roads"]

FORMAT = 5
"""Raised whenever another graph is made of the same file, so that older entries are not used."""

_KEPT = ["lon", "lat", "data", "indices", "indptr", "is_ferry", "may_stop", "is_apart", "part"]
_log = logging.getLogger("equity.sources.roads.osm")


def read_roads(
    path: str | Path | Sequence[str | Path], *, as_of: str | None = None, ferries: bool = True
) -> RoadNetwork:
    """Read the roads of one or several OpenStreetMap extracts.

    Parameters
    ----------
    path
        Extract as it is published for a state (``….osm.pbf``), or several: neighbors join at the
        border, because a node is the same node in both.
    as_of
        Day of the extract; None takes the day that its header states.
    ferries
        Whether ferries are ways to travel. They take as long as the map says, the wait aside; one
        that the extract cuts off goes at :data:`~equity.sources.roads.tags.FERRY_KMH`.

    Returns
    -------
    RoadNetwork
        For ``travel_costs(…, method="roads", roads=…)``. Kept in the cache folder by the content
        of the files, so that the next reading takes a second.

    Raises
    ------
    DependencyError
        Without pyosmium, which the extra ``roads`` installs.
    FormatError
        For a file that is cut off within a block, keeps the history of the map, or holds no road.
        One cut off between two blocks is like one that was filtered, and only told in ``notes``.
    MissingFileError
        For a file that is not there.

    Notes
    -----
    Driven are the classes of :data:`equity.sources.roads.tags.CLASS_KMH`, in the direction that is
    allowed, at :data:`~equity.sources.roads.tags.DRIVEN_SHARE` of the limit that is stated. Parts
    of the roads that are small and that nobody leaves or reaches are counted in ``notes``. Turns
    that are forbidden are taken all the same, barriers and traffic cost nothing; a crossing with
    traffic lights costs :data:`~equity.sources.roads.graph.LIGHT_MIN`.
    """
    files = [regular(one) for one in sequence_of(path)]
    if not files:
        raise InputError("no extract is named", fix="name one or several .osm.pbf files")
    pyosmium = _pyosmium()
    sources = [_source(file, as_of, _header(pyosmium, file)) for file in files]
    place = _place(sources, files[0], ferries=ferries)
    network = _kept(place) or _read(pyosmium, files, place, ferries=ferries)
    for note in network.notes:
        _log.info("%s", note)
    return replace(network, sources=tuple(sources))


def _pyosmium() -> Any:
    try:
        import osmium
    except ImportError:
        raise DependencyError(
            "OpenStreetMap extracts are read with pyosmium, which is not installed",
            fix='pip install "telehealth-equity[roads]"',
        ) from None
    return osmium


def _header(pyosmium: Any, file: Path) -> Any:
    with _readable(file):
        header = pyosmium.io.Reader(str(file), pyosmium.osm.NOTHING).header()
    if header.has_multiple_object_versions:
        raise FormatError(
            "this file keeps the history of the map, every version of every road",
            file=file,
            fix="take the extract of one day (….osm.pbf), not the full history (….osh.pbf)",
        )
    return header


class _readable:  # noqa: N801 - used as a word after "with"
    """Turn what the library says of a file into one error."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # Of libosmium; a truncated block is told as either.
        if isinstance(error, RuntimeError | ValueError | EOFError):
            raise FormatError(
                f"this is no whole OpenStreetMap extract ({error})",
                file=self._file,
                fix="download it again and compare its size and checksum with the publisher's",
            ) from None


def _source(file: Path, as_of: str | None, header: Any) -> Source:
    stated = str(header.get("osmosis_replication_timestamp", ""))[:10]
    return file_source(
        file,
        id="osm-roads",
        agency="OpenStreetMap contributors",
        product="OpenStreetMap extract",
        vintage=as_of or stated or "undated",
        url="https://www.openstreetmap.org/copyright",
        licence="ODbL 1.0",
    )


def _place(sources: Sequence[Source], first: Path, *, ferries: bool) -> Path:
    """Return where the graph of these files is kept."""
    content = sorted(source.sha256 for source in sources)
    key = hashlib.sha256(json.dumps([FORMAT, ferries, content]).encode()).hexdigest()[:16]
    stem = first.name.partition(".")[0][:80]
    return store().root.parent / "derived" / "roads" / f"{stem}-{key}.npz"


def _kept(place: Path) -> RoadNetwork | None:
    if not place.exists():
        return None
    try:
        with place.open("rb") as handle, np.load(handle) as found:
            one = {name: found[name] for name in (*_KEPT, "notes")}
            notes = [said(text, **values) for text, values in map(json.loads, one["notes"])]
    except (OSError, ValueError, KeyError, *DAMAGE):
        return None  # damaged: made again
    n = len(one["lon"])
    minutes = sparse.csr_array((one["data"], one["indices"], one["indptr"]), shape=(n, n))
    rest = {name: one[name] for name in _KEPT if name not in {"data", "indices", "indptr"}}
    return RoadNetwork(minutes=minutes, notes=tuple(notes), **rest)


def _read(pyosmium: Any, files: Sequence[Path], place: Path, *, ferries: bool) -> RoadNetwork:
    found, names = _Found(several=len(files) > 1), ", ".join(file.name for file in files)
    with track("Reading roads", unit="ways") as advance:
        for file in files:
            with _readable(file):
                found.add_ways(_ways(pyosmium, file, ferries=ferries), advance)
    if not found.kmh:
        raise FormatError(
            "no road that cars may use is in this file",
            file=names,
            fix="take an extract with all of the map (….osm.pbf of a state)",
        )
    with track("Reading their nodes", unit="nodes") as advance:
        refs = np.unique(np.frombuffer(found.refs, np.int64))
        if len(refs) and refs[0] < 0:
            raise FormatError(
                "nodes of its roads have negative ids: an editor's own, not those of the map",
                file=names,
                rows=refs[:5][refs[:5] < 0].tolist(),
                fix="take the extract as it is published for a state (….osm.pbf)",
            )
        pieces = np.array_split(refs, 100)
        wanted = pyosmium.filter.IdFilter(chain.from_iterable(x.tolist() for x in pieces))
        for file in files:
            with _readable(file):
                found.add_nodes(_nodes(pyosmium, file, wanted), advance)
    if not found.ids:
        raise FormatError(
            "no node of its roads is in this file",
            file=names,
            fix="take an extract with all of the map (….osm.pbf of a state)",
        )
    network = build_network(found.ways(), file=names)
    told = tuple(_notes(found, network))
    network = replace(network, notes=told)
    graph = network.minutes
    arrays = {"data": graph.data, "indices": graph.indices, "indptr": graph.indptr}
    rest = {name: getattr(network, name) for name in _KEPT if name not in arrays}
    try:
        with replacing(place) as beside, beside.open("wb") as handle:
            notes = np.array(
                [json.dumps((one.text, one.values)) for one in told if isinstance(one, Said)]
            )
            np.savez(handle, allow_pickle=False, notes=notes, **arrays, **rest)
    except StorageError as error:
        _log.warning("The roads are not kept for the next reading: %s", error)
    return network


def _ways(pyosmium: Any, file: Path, *, ferries: bool) -> Iterator[Any]:
    """Yield the ways of a file that may be driven, chosen without Python, and its first relation.

    Relations come last: a file that was cut off between two blocks has none.
    """
    tags = [("highway", kind) for kind in CLASS_KMH] + ([("route", "ferry")] if ferries else [])
    of = pyosmium.osm.WAY | pyosmium.osm.RELATION
    driven = pyosmium.filter.TagFilter(*tags).enable_for(pyosmium.osm.WAY)
    for found in pyosmium.FileProcessor(str(file), of).with_filter(driven):
        yield found
        if found.is_relation():
            return


def _nodes(pyosmium: Any, file: Path, wanted: Any) -> Iterator[Any]:
    yield from pyosmium.FileProcessor(str(file), pyosmium.osm.NODE).with_filter(wanted)


@dataclass
class _Found:
    """Ways and nodes as they come out of the files, in arrays that grow."""

    several: bool
    unended: int = 0
    """Files without a relation, whose end may be missing."""
    refs: array[int] = field(default_factory=lambda: array("q"))
    starts: array[int] = field(default_factory=lambda: array("q", [0]))
    kmh: array[float] = field(default_factory=lambda: array("d"))
    minutes: array[float] = field(default_factory=lambda: array("d"))
    flags: array[int] = field(default_factory=lambda: array("B"))
    ids: array[int] = field(default_factory=lambda: array("q"))
    degrees: array[float] = field(default_factory=lambda: array("d"))
    lights: set[int] = field(default_factory=set)
    seen: set[int] = field(default_factory=set)

    def add_ways(self, ways: Iterator[Any], advance: Any) -> None:
        """Take the ways of one file that are in none before it."""
        mine = set()
        self.unended += 1
        for way in ways:
            if way.is_relation():
                self.unended -= 1
                break
            told = None if way.id in self.seen else way_of(way.tags)
            if told is None:
                continue
            if self.several:
                mine.add(way.id)
            self.refs.extend([node.ref for node in way.nodes])
            self.starts.append(len(self.refs))
            self.kmh.extend((told.ahead_kmh, told.back_kmh))
            self.minutes.append(told.minutes)
            self.flags.extend((told.is_ferry, told.is_limited, told.may_stop))
            advance()
        self.seen |= mine

    def add_nodes(self, nodes: Iterator[Any], advance: Any) -> None:
        """Take the nodes of one file."""
        for node in nodes:
            location = node.location
            if location.valid():
                self.ids.append(node.id)
                self.degrees.extend((location.lon, location.lat))
                if len(node.tags) and node.tags.get("highway") == "traffic_signals":
                    self.lights.add(node.id)
                advance()

    def ways(self) -> Ways:
        """Return them all, nodes in order."""
        # The first of a node that is in several files: the map is one.
        ids, first = np.unique(np.frombuffer(self.ids, np.int64), return_index=True)
        degrees = np.frombuffer(self.degrees).reshape(-1, 2)[first]
        kmh = np.frombuffer(self.kmh).reshape(-1, 2)
        flags = self._flags()
        return Ways(
            starts=np.frombuffer(self.starts, np.int64),
            refs=np.frombuffer(self.refs, np.int64),
            ahead_kmh=kmh[:, 0],
            back_kmh=kmh[:, 1],
            minutes=np.frombuffer(self.minutes),
            is_ferry=flags[:, 0],
            may_stop=flags[:, 2],
            ids=ids,
            lon=np.ascontiguousarray(degrees[:, 0]),
            lat=np.ascontiguousarray(degrees[:, 1]),
            is_light=np.isin(ids, np.fromiter(self.lights, np.int64)),
        )

    @property
    def limited_share(self) -> float:
        """Share of the roads whose limit is stated."""
        flags = self._flags()
        return float(flags[~flags[:, 0], 1].mean()) if (~flags[:, 0]).any() else 0.0

    def _flags(self) -> Any:
        return np.frombuffer(self.flags, np.uint8).reshape(-1, 3).astype(bool)


def _notes(found: _Found, network: RoadNetwork) -> Iterator[str]:
    roads = len(found.starts) - 1
    share = found.limited_share
    values = {"n": f"{roads:,}", "part": f"{DRIVEN_SHARE:g}"}
    yield (
        said(
            "Roads: {n} ways of OpenStreetMap, {share} of them state a limit, driven at {part} of "
            "it; the others at the speed of their class",
            share=f"{share:.0%}",
            **values,
        )
        if share
        else said(
            "Roads: {n} ways of OpenStreetMap, none of them states a limit, driven at {part} of "
            "it; the others at the speed of their class",
            **values,
        )
    )
    ferries = int(network.is_ferry.sum())
    if ferries:
        yield said(
            "{n} stretches of the roads are ferries, without the wait for one", n=f"{ferries:,}"
        )
    if found.unended:
        yield said(
            "{n} of the files of roads: no relation of the map at the end, so filtered or cut off "
            "(compare the size with the publisher's)",
            n=f"{found.unended:,}",
        )
    small = network.part < 0
    if small.any():
        yield said(
            "{n} of {all} points of the roads lie in small parts that are not joined to the others "
            "both ways; nobody is counted to them",
            n=f"{int(small.sum()):,}",
            all=f"{len(small):,}",
        )
