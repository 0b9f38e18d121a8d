"""A synthetic state, written to disk in the publishers' own formats.

Nothing in it is real: people, places, providers, clinics and lines are drawn from fixed random
numbers. It stands under a state code that no state has (90), and everything that can carry text
says *synthetic*.
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from equity import settings
from equity._version import __version__
from equity.areas.geoid import EXAMPLE_STATE
from equity.errors import InputError, StorageError
from equity.files.atomic import write_text
from equity.files.opening import located
from equity.progress import track

__all__ = ["Example", "load_example", "write_example"]

SEED = 20_241_231
_MANIFEST = "example.json"
_MOST = 1_000.0
_LEAST = 0.01


@dataclass(frozen=True, repr=False)
class Example:
    """Where the files of the example state are.

    Attributes
    ----------
    root
        Folder that holds everything.
    bdc
        Folder of FCC Location Coverage zips, one a technology.
    served_unserved
        The FCC's Served-Unserved zip: every location once, with three flags.
    acs, acs_counties, acs_block_groups
        Census API answers (JSON, at most fifty variables each) for tracts, counties and block
        groups.
    acs_summary_file
        Folder of table-based Summary Files (``.dat``) with all three levels.
    tracts, block_groups, counties
        Zipped shapefiles with TIGER/Line columns (EPSG:4269).
    blocks
        Zipped shapefile with tabblock20 columns: housing units and people of each 2020 block.
    sites
        Health-center sites in HRSA's layout (CSV).
    clinicians
        Clinicians with specialty, full-time equivalents, longitude and latitude (CSV).
    study
        Study file over all of these: what ``equity run example`` runs.
    as_of
        Date of the FCC data.
    year
        Last year of the ACS 5-year data.
    boundary_year
        Year of the boundary files.
    sites_as_of
        Date of the lists of sites and clinicians.
    scale, seed
        Arguments it was written with.
    """

    root: Path
    bdc: Path
    served_unserved: Path
    acs: tuple[Path, ...]
    acs_counties: tuple[Path, ...]
    acs_block_groups: tuple[Path, ...]
    acs_summary_file: Path
    tracts: Path
    block_groups: Path
    counties: Path
    blocks: Path
    sites: Path
    clinicians: Path
    study: Path
    as_of: str
    year: int
    boundary_year: int
    sites_as_of: str
    scale: float
    seed: int

    @property
    def state(self) -> str:
        """State code of the example, 90."""
        return EXAMPLE_STATE.fips

    def __repr__(self) -> str:
        parts = [f"Example state (synthetic), scale {self.scale:g}, in {self.root}"]
        for name in _PATHS:
            value = getattr(self, name)
            paths = value if isinstance(value, tuple) else (value,)
            shown = paths[0].relative_to(self.root).as_posix()
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            parts.append(f"  .{name:<18}{shown}{more}")
        vintages = f"as_of={self.as_of!r}, year={self.year}, boundary_year={self.boundary_year}"
        return "\n".join([*parts, f"  {vintages}, sites_as_of={self.sites_as_of!r}"])


_PATHS = (
    "bdc",
    "served_unserved",
    "acs",
    "acs_counties",
    "acs_block_groups",
    "acs_summary_file",
    "tracts",
    "block_groups",
    "counties",
    "blocks",
    "sites",
    "clinicians",
    "study",
)


def load_example(folder: str | Path | None = None, *, scale: float = 1.0) -> Example:
    """Return the example state, writing it first where it is not there yet.

    Parameters
    ----------
    folder
        Where it is or shall be; by default a folder of this version and scale in the cache.
    scale
        Multiplies people, homes and location rows; 1 gives about 120,000 locations.

    Returns
    -------
    Example
        Paths of its files, and the vintages to read them with.

    Raises
    ------
    InputError
        If ``scale`` is out of range, or ``folder`` holds something else.
    StorageError
        If the folder cannot be written.
    """
    scale = _checked(scale)
    if folder is None:
        cache = settings.current().cache_dir
        assert cache is not None
        folder = cache / "example" / f"{__version__}-scale-{scale:g}"
    root = Path(folder)
    return _complete(root, scale, SEED) or write_example(root, scale=scale)


def write_example(folder: str | Path, *, scale: float = 1.0, seed: int = SEED) -> Example:
    """Write the example state into ``folder``, all of it or nothing.

    The same scale and seed give the same files everywhere.

    Parameters
    ----------
    folder
        Folder to create. An earlier example there is replaced; anything else is left alone and
        refused.
    scale
        Multiplies people, homes and location rows, 0.01 to 1,000. The tracts stay the same.
    seed
        Which state to draw, 0 or more.

    Returns
    -------
    Example
        Paths of its files, and the vintages to read them with.

    Raises
    ------
    InputError
        If ``scale`` or ``seed`` is out of range, or ``folder`` holds something else.
    StorageError
        If the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     example = write_example(folder, scale=0.01)
    >>> example.state, example.as_of, example.year
    ('90', '2024-12-31', 2023)
    """
    scale, seed = _checked(scale), _checked_seed(seed)
    root = located(folder)
    if root.exists() and not _replaceable(root):
        raise InputError(
            "the folder holds something that is not an example state",
            file=root,
            fix="choose an empty or new folder",
        )
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.parent))
    except OSError as error:
        raise StorageError(
            f"cannot write the example state: {error.strerror}",
            file=root,
            fix="choose a folder you may write to",
        ) from error
    try:
        _fill(draft, scale, seed)
        if _complete(root, scale, seed) is None:  # else somebody else was quicker
            _put_in_place(draft, root)
    except OSError as error:
        raise StorageError(
            f"cannot write the example state: {error.strerror}",
            file=root,
            fix="check free space and permissions",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    example = _complete(root, scale, seed)
    if example is None:
        raise StorageError(
            "the example state was changed while it was written", file=root, fix="run again"
        )
    return example


def _checked(scale: float) -> float:
    number = isinstance(scale, int | float) and not isinstance(scale, bool)
    if not (number and math.isfinite(scale) and _LEAST <= scale <= _MOST):
        raise InputError(
            f"scale={scale!r} is out of range", fix=f"choose a number from {_LEAST} to {_MOST:g}"
        )
    return float(scale)


def _checked_seed(seed: int) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(
            f"seed={seed!r} is not a whole number of 0 or more", fix="choose for example 7"
        )
    return int(seed)


def _fill(root: Path, scale: float, seed: int) -> None:
    """Write every file, the manifest last."""
    import numpy as np

    from equity.example import _acs as acs
    from equity.example import _survey as survey
    from equity.example._bdc import write_bdc
    from equity.example._care import write_clinicians, write_sites
    from equity.example._homes import build_blocks, build_homes, wealth_of
    from equity.example._land import build_land
    from equity.example._lines import footprints, terrain
    from equity.example._mesh import build_mesh
    from equity.example._places import write_blocks, write_boundaries
    from equity.example._study import write_study

    def luck(part: int) -> np.random.Generator:
        return np.random.default_rng([seed, part])

    land = build_land(build_mesh(luck(1)), luck(2))
    wealth = wealth_of(land, luck(3))
    homes = build_homes(land, wealth, scale, luck(4))
    blocks = build_blocks(land, homes, scale)
    reach = footprints(terrain(land, wealth), land.tract, luck(10))
    locations = int(blocks.locations.sum())
    with track("Writing the example state", total=locations, unit="locations") as advance:
        folders = (root / "bdc", root / "served_unserved")
        write_bdc(*folders, land, blocks, reach, seed=seed, advance=advance)
    write_boundaries(root / "boundaries", land)
    write_blocks(root / "boundaries", land, blocks)
    households, keys = survey.draw_households(land, homes, reach.wired_share(), luck(5))
    persons = survey.draw_persons(households, luck(6))
    levels = acs.tabulate_levels(land, households, persons, keys, luck(7))
    answers = {
        kind: acs.write_api(root / "acs" / kind, level, kind) for kind, level in levels.items()
    }
    acs.write_summary_file(root / "acs_summary_file", levels)
    write_sites(root / "care", land, luck(8))
    write_clinicians(root / "care", luck(9))
    write_study(root, answers["tract"])
    _write_manifest(root, scale, seed, locations)


def _write_manifest(root: Path, scale: float, seed: int, locations: int) -> None:
    """List what is there with sizes, so that a damaged folder is noticed and written again."""
    files = {
        path.relative_to(root).as_posix(): path.stat().st_size
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
    manifest = {
        "what": "Example state (synthetic): no real people, places, providers or lines",
        "recipe": _recipe(),
        "scale": scale,
        "seed": seed,
        "locations_n": locations,
        "files": files,
    }
    write_text(root / _MANIFEST, json.dumps(manifest, indent=1) + "\n")


def _put_in_place(draft: Path, root: Path) -> None:
    """Swap the finished draft in; an earlier example goes only when the new one is whole."""
    if root.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{root.name}-old-", dir=root.parent))
        root.replace(old / "example")
        shutil.rmtree(old, ignore_errors=True)
    draft.chmod(0o755)
    draft.replace(root)


def _replaceable(root: Path) -> bool:
    """Whether a folder is empty or an example state."""
    return root.is_dir() and ((root / _MANIFEST).is_file() or not any(root.iterdir()))


def _complete(root: Path, scale: float, seed: int) -> Example | None:
    """Return the example in a folder if every file this version would write is there, else None."""
    try:
        manifest: dict[str, Any] = json.loads((root / _MANIFEST).read_bytes())
        asked = (manifest["recipe"], manifest["scale"], manifest["seed"])
        if asked != (_recipe(), scale, seed):
            return None
        if any((root / name).stat().st_size != size for name, size in manifest["files"].items()):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return _example(root, scale, seed)


def _recipe() -> str:
    """Name this version of the generator: the package's version and a digest of its text."""
    digest = sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return f"{__version__}-{digest.hexdigest()[:12]}"


def _example(root: Path, scale: float, seed: int) -> Example:
    from equity.example import _plan as plan
    from equity.example._study import SITES_AS_OF

    stem = f"tl_{plan.BOUNDARY_YEAR}_{plan.FIPS}"
    boundaries, care = root / "boundaries", root / "care"
    return Example(
        root=root,
        bdc=root / "bdc",
        served_unserved=next((root / "served_unserved").glob("*.zip")),
        acs=tuple(sorted((root / "acs" / "tract").glob("*.json"))),
        acs_counties=tuple(sorted((root / "acs" / "county").glob("*.json"))),
        acs_block_groups=tuple(sorted((root / "acs" / "block_group").glob("*.json"))),
        acs_summary_file=root / "acs_summary_file",
        tracts=boundaries / f"{stem}_tract.zip",
        block_groups=boundaries / f"{stem}_bg.zip",
        counties=boundaries / f"{stem}_county.zip",
        blocks=boundaries / f"{stem}_tabblock20.zip",
        sites=care / "Health_Center_Service_Delivery_and_LookAlike_Sites.csv",
        clinicians=care / "example_clinicians.csv",
        study=root / "study.toml",
        as_of=plan.AS_OF,
        year=plan.ACS_YEAR,
        boundary_year=plan.BOUNDARY_YEAR,
        sites_as_of=SITES_AS_OF,
        scale=scale,
        seed=seed,
    )
