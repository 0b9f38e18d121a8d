"""A folium map that carries Leaflet inside itself and asks the network for nothing.

Leaflet's files are taken, at run time, from the installed package ``django-js-lib-leaflet`` (byte
for byte npm's leaflet 1.9.4, BSD-2-Clause); its pictures become ``data:`` URIs. folium's own ten
CDN links (jQuery, Bootstrap, Font Awesome …) stay out: areas, tooltips and legends need none.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import folium
from branca.element import Element, Figure
from folium.template import Template

from equity.errors import DependencyError
from equity.language import current, tr
from equity.outputs import _colors
from equity.outputs._html import SCRIPTS, scripts
from equity.outputs._text import clean, template

__all__ = ["PackedMap", "page_from", "walk"]

_PACKAGE = "js_lib_leaflet"


def _folder() -> Path:
    spec = find_spec(_PACKAGE)  # found, not imported: its __init__ may want Django
    if spec is None or not spec.submodule_search_locations:
        raise DependencyError(
            "Leaflet's files are not installed, and maps carry them inside",
            fix="pip install django-js-lib-leaflet",
        )
    return Path(next(iter(spec.submodule_search_locations))) / "static" / _PACKAGE


@cache
def leaflet() -> tuple[str, str]:
    """Return Leaflet's script and style sheet, fit to stand inside a page."""
    folder = _folder()
    script = (folder / "leaflet.js").read_text(encoding="utf-8")
    script = re.sub(r"//# sourceMappingURL=\S+", "", script).replace("</script", r"<\/script")
    style = (folder / "leaflet.css").read_text(encoding="utf-8")

    def inline(match: re.Match[str]) -> str:
        name = match.group(1).strip("'\"")
        if name.startswith(("#", "data:")):
            return match.group(0)
        data = base64.b64encode((folder / name).read_bytes()).decode("ascii")
        return f"url(data:image/png;base64,{data})"

    return script, re.sub(r"url\(([^)]+)\)", inline, style)


class _Page(Figure):
    """branca's figure with what a page owes its reader: language, title, style before content."""

    _template = Template(
        "<!DOCTYPE html>\n"
        '<html lang="{{ this.language }}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>{{ this.title|e }}</title>\n"
        "{{ this.header.render(**kwargs) }}\n</head>\n<body>\n"
        "{{ this.html.render(**kwargs) }}\n"
        "<script>\n{{ this.script.render(**kwargs) }}\n</script>\n</body>\n</html>\n"
    )

    def __init__(self, title: str) -> None:
        super().__init__(width="100%", height="820px", title=title)
        self.language = current()
        self.header._children.clear()  # noqa: SLF001  (the charset is in the template)


class _Verbatim(Element):
    """Text that goes into the page as it is.

    branca compiles the text of its own elements as a Jinja template, so a place named
    ``{{ 7 * 7 }}`` would be computed. Here the text is a value, and values are not compiled.
    """

    _template = Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class PackedMap(folium.Map):
    """A folium map drawn from one packed block of polygons.

    Parameters
    ----------
    title
        Title of the page.
    body
        HTML around the map; ``<%canvas%>`` marks where the map goes.
    config
        JSON text read by ``map.js``.
    parts
        JSON text of what is read only when it is asked for, by id.
    bare
        Makes the HTML around the same map where a page has the table and the notes of its own.
    """

    default_js: list[tuple[str, str]] = []  # noqa: RUF012  (folium's own class attribute)
    default_css: list[tuple[str, str]] = []  # noqa: RUF012

    def __init__(
        self,
        *,
        title: str,
        body: str,
        config: str,
        parts: Mapping[str, str],
        bare: Callable[[], str],
    ) -> None:
        super().__init__(location=[0, 0], zoom_start=1, tiles=None)
        self._again = (title, config, parts)
        self._bare = bare
        title, body = clean(title), clean(body)
        # folium draws random ids; ours follow from the content, so equal maps are equal files.
        content = title + body + config + "".join(parts.values())
        self._id = hashlib.sha256(content.encode()).hexdigest()[:16]
        self.frame_id = f"eq-{self._id}"
        canvas = f'<div class="folium-map" id="{self.get_name()}"></div>'
        held = {"data": config, **parts}
        data = "\n".join(
            f'<script type="application/json" id="{self.frame_id}-{name}">{text}</script>'
            for name, text in held.items()
        )
        self.body = body.replace("<%frame%>", self.frame_id).replace("<%canvas%>", canvas + data)
        _Page(title).add_child(self)

    def bare(self) -> PackedMap:
        """Return the same map without its table and notes; it is not computed again."""
        title, config, parts = self._again
        return PackedMap(
            title=title, config=config, body=self._bare(), parts=parts, bare=self._bare
        )

    def render(self, **kwargs: Any) -> str:
        """Put style, content and script into the page; further folium layers add theirs."""
        figure, name = _figure(self), self.get_name()
        script, style = leaflet()
        head = (
            f"<style>{style}</style>\n<style>{_colors.css()}{template('map.css')}</style>\n"
            f"<script>{script}</script>\n<script>{scripts(*SCRIPTS)}</script>"
        )
        figure.header.add_child(_Verbatim(head), name=f"{name}_head")
        figure.html.add_child(_Verbatim(self.body), name=name)
        figure.script.add_child(_Verbatim(self._script()), name=name)
        for child in self._children.values():
            child.render(**kwargs)
        return ""  # as folium's own: the figure is what is read

    def _script(self) -> str:
        name = self.get_name()
        return (
            f'var {name} = L.map("{name}", Object.assign({{crs: L.CRS.{self.crs}, '
            "preferCanvas: true, attributionControl: false, zoomSnap: 0.1, zoomDelta: 0.5, "
            "wheelPxPerZoomLevel: 90, "
            "center: [0, 0], zoom: 1}, equityMotion()));\n"
            f"L.control.scale({{ maxWidth: 140 }}).addTo({name});\n"
            f'equityMap({name}, "{self.frame_id}");'
        )

    def _repr_html_(self, **kwargs: Any) -> str:
        """Show the map in a notebook, inside a titled frame."""
        html = str(super()._repr_html_(**kwargs))
        title = tr("Map with its legend and table")
        return html.replace("<iframe ", f'<iframe title="{title}" ', 1)


def walk(element: Any) -> list[Element]:
    """Return an element and everything under it."""
    found = [element]
    for child in element._children.values():  # noqa: SLF001  (branca has no public way)
        found.extend(walk(child))
    return found


def _figure(map: folium.Map) -> Figure:  # noqa: A002
    figure = map.get_root()
    assert isinstance(figure, Figure)
    return figure


def page_from(map: folium.Map) -> tuple[str, str, str]:  # noqa: A002
    """Return a map's head, body and script, to stand inside another page."""
    figure = _figure(map)
    map.render()
    return figure.header.render(), figure.html.render(), figure.script.render()
