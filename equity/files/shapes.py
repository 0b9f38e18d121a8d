"""One door for polygons: shapefiles, geodatabases, GeoPackage, GeoJSON and GeoParquet."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from equity.errors import EquityError, FormatError
from equity.files.vector import is_parquet, vector_source
from equity.files.words import decoded_words

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["gdal_option", "leaves_nothing_beside", "read_attributes", "read_polygons"]

_log = logging.getLogger("equity.files.shapes")


def read_polygons(path: str | Path, *, layer: str | None = None) -> gpd.GeoDataFrame:
    """Read a shapefile, GeoPackage or file geodatabase (or any in a zip), GeoJSON or GeoParquet.

    Esri's JSON of features is read too; TopoJSON, and the first features of more, are refused.
    Names in a shapefile are taken for UTF-8 where they can be, whatever it says, else for Latin-1.

    Parameters
    ----------
    path
        The file.
    layer
        Layer of a GeoPackage or geodatabase with several.

    Returns
    -------
    geopandas.GeoDataFrame
        Its rows, in its own coordinates; the index counts them from 1.

    Raises
    ------
    MissingFileError, FormatError
        If the file is absent, damaged, empty, has no polygon layer or does not say its coordinates.
    """
    import geopandas as gpd

    frame = _read(path, layer, geometry=True)
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
        raise FormatError("holds no areas", file=path, fix="check that it is the right file")
    if frame.crs is None:
        raise FormatError("says no coordinate reference system", file=path, fix="add its .prj file")
    return frame


def read_attributes(path: str | Path) -> pd.DataFrame:
    """Read what such a file says of its areas, without their polygons.

    Raises
    ------
    MissingFileError, FormatError
        As :func:`read_polygons`.
    """
    return _read(path, None, geometry=False)


def _read(path: str | Path, layer: str | None, *, geometry: bool) -> pd.DataFrame:
    import pyarrow as pa
    from pyogrio import errors
    from shapely.errors import GEOSException

    source = vector_source(path)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            frame = _opened(source, layer, path, geometry=geometry)
    except EquityError:
        raise
    except (
        errors.CRSError,
        errors.DataLayerError,
        errors.DataSourceError,
        errors.FeatureError,
        errors.GeometryError,
        pa.ArrowException,
        GEOSException,
        ValueError,  # also of text that is no UTF-8, and of a Parquet file without shapes
    ) as error:
        raise FormatError(
            f"not readable as a boundary file ({str(error).splitlines()[0]})",
            file=path,
            fix="give a zipped shapefile, GeoJSON or GeoPackage; download it again if it was cut",
        ) from None
    for warning in caught:
        _log.info("%s: %s", Path(path).name, warning.message)
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return cast("pd.DataFrame", frame)


@contextlib.contextmanager
def gdal_option(name: str, value: str) -> Iterator[None]:
    """Set one of GDAL's options for as long as the block runs."""
    import pyogrio

    before = pyogrio.get_gdal_config_option(name)
    pyogrio.set_gdal_config_options({name: value})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({name: before})


def _opened(source: Any, layer: str | None, path: str | Path, *, geometry: bool) -> Any:
    import geopandas as gpd

    if is_parquet(source):
        return gpd.read_parquet(source)
    with leaves_nothing_beside():
        return _read_layer(source, layer, path, geometry=geometry)


def leaves_nothing_beside() -> contextlib.AbstractContextManager[None]:
    """Keep GDAL from writing ``.aux.xml`` beside a GeoPackage with metadata that is only read."""
    return gdal_option("GDAL_PAM_ENABLED", "NO")


def _read_layer(source: Any, layer: str | None, path: str | Path, *, geometry: bool) -> Any:
    import pyogrio

    chosen = _layer(pyogrio.list_layers(source), layer, path)
    if not str(source).lower().endswith((".shp", ".dbf", ".shx")):
        return pyogrio.read_dataframe(source, layer=chosen, read_geometry=geometry)
    # Every byte comes as one character: the words are told by what they are.
    return decoded_words(
        pyogrio.read_dataframe(source, layer=chosen, read_geometry=geometry, encoding="ISO-8859-1")
    )


def _layer(listed: Any, wanted: str | None, path: str | Path) -> int:
    """Return the number of the layer: that of unpacked bytes has another name at each opening."""
    # Tables without geometry, such as the styles that QGIS saves, are no boundaries.
    layers = {str(name): n for n, (name, geometry) in enumerate(listed) if geometry is not None}
    if wanted is not None and wanted not in layers:
        what = f"has no layer {wanted!r}"
    elif not layers:
        what = "holds no areas"
    elif wanted is None and len(layers) > 1:
        what = f"holds {len(layers)} layers"
    else:
        return layers[wanted or next(iter(layers))]
    raise FormatError(
        what, file=path, fix=f"choose with layer= from {', '.join([*layers][:8]) or 'another file'}"
    )
