"""How results show themselves: a few lines in a terminal, a small table in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

__all__ = ["Shown"]


class Shown:
    """Base of what has a short `repr` and a table in a notebook, both of the same lines."""

    def _shown(self) -> tuple[str, Sequence[tuple[str, str]]]:
        """Return a title, and pairs of name and text."""
        raise NotImplementedError

    def __repr__(self) -> str:
        title, rows = self._shown()
        wide = max([10, *(len(name) for name, _ in rows)])
        lines = [f"  {name:<{wide}} {text}" for name, text in rows]
        return "\n".join([f"<{type(self).__name__} {title}>", *lines])

    def _repr_html_(self) -> str:
        title, rows = self._shown()
        left = "text-align:left;vertical-align:top"
        body = "".join(
            f'<tr><th scope="row" style="{left}">{escape(name)}</th>'
            f'<td style="{left}">{escape(text)}</td></tr>'
            for name, text in rows
        )
        caption = f"<b>{escape(title)}</b> ({type(self).__name__})"
        return f'<table><caption style="{left}">{caption}</caption><tbody>{body}</tbody></table>'
