"""What a run leaves behind: the page, the maps, the tables and the appendix.

Everything here reads an area table or a `Report` and writes files; nothing here computes a measure.
"""

from __future__ import annotations
