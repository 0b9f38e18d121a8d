"""The one content model of a run.

The page, the PDF and the DOCX are all written from a `Report`. A number that appears in two of them
comes from the same cell and passes through the same rounding, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from equity.areas.schema import Column, layers_in
from equity.areas.words import about, coarse, is_missing
from equity.language import current, language, mark, tr
from equity.provenance import carry
from equity.showing import Shown

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from equity.provenance import Source

__all__ = ["Fifths", "NeedIndex", "ProgramFinding", "Report", "in_its_language", "told"]

_Write = TypeVar("_Write", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class Fifths:
    """Rates over fifths of residents, from places with the lowest values of a column on.

    Attributes
    ----------
    order
        What the column is called.
    rates
        One row a fifth: ``people_n`` and each rate.
    slopes
        ``slope``, ``slope_over_mean``, ``concentration`` and ``erreygers`` of each rate.
    """

    order: str
    rates: pd.DataFrame
    slopes: pd.DataFrame


@dataclass(frozen=True, eq=False)
class NeedIndex:
    """A composite index of need: a second view of the places, never the headline.

    Attributes
    ----------
    said
        Which recipe, how it is made, and how far its worst places are those of the finding.
    indicators
        One row an indicator, the whole index last: ``label``; ``weight_share``;
        ``effective_share``, what the weight comes to; ``listed_index`` and ``all_index``, what it
        adds to the index in the mean of the places listed and of all.
    settings
        One row a set of weights or another mean: ``label``, ``rank_shift_n``,
        ``rank_correlation``, ``worst_tenth_overlap_share``, ``why_not``.
    choices
        Weights, mean and scale, chosen at once and at random: ``rank_shift_alone_share``,
        ``rank_shift_total_share``, ``worst_tenth_alone_share``, ``worst_tenth_total_share``.
    places
        The places listed: ``name``, ``need_index_rank``, its ``_p05`` and ``_p95`` and
        ``worst_tenth_share`` over random weights.
    """

    said: str
    indicators: pd.DataFrame
    settings: pd.DataFrame
    choices: pd.DataFrame
    places: pd.DataFrame


@dataclass(frozen=True)
class ProgramFinding:
    """The place put to a program's published tests.

    Attributes
    ----------
    title, as_of, confirm_at
        Of the program's rule; the day that the tests are put for; who answers.
    criteria
        One row a test, as :attr:`equity.funding.programs.ProgramTest.criteria`.
    notes
        What must be said beside them.
    ended
        The rule's last day is over, and the tests are put for that day.
    met
        By area id, whether it meets the first test; None where that is not told area by area.
    """

    title: str
    as_of: str
    confirm_at: str
    criteria: pd.DataFrame
    notes: tuple[str, ...]
    ended: bool = False
    met: pd.Series | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Report(Shown):
    """Everything a reader is told about one run, before it becomes a page or a document.

    Nothing in it depends on the clock or on the machine: two runs over the same input give equal
    reports, and equal reports give equal bytes.

    Attributes
    ----------
    title
        Name of the study, as the reader sees it.
    synthetic
        True if any input was invented; every output then says so.
    finding
        Sentences in plain words. The first one is the headline.
    table
        One row per area, index ``geoid``; geometry (EPSG:4269) may be missing in some rows. Columns
        follow the design's words; a column that is absent is simply not shown.
    focus, others
        GEOIDs, ranked by the gap: areas that are under-resourced *and* fall short, and the rest.
    unranked
        Index ``geoid``; columns ``name``, ``reason`` (with the residents) and ``why`` (without):
        areas without a value, and why.
    rules
        One mapping per coverage rule: ``id, title, date, citation, confidence, text, headline``,
        ``speeds``, from which locations are no longer unserved, and served, ``qualifying``, from
        which a line qualifies (Mbps down/up), and ``subscription``, as in its file.
    by_rule
        Index rule id; ``gap_n, gap_line_only_n, gap_home_only_n, gap_both_n, gap_share,
        subscribed_beyond_rule_share, note``.
    counts, kinds, fixes, overlaps, settings, practices
        The three counts with their range; each kind of care; what fixes bring in; how lines and
        homes overlap; the finding under other settings; the practices' lines (None if not asked).
    gaps
        By area id: people in the gap under each row of `settings` that changes them.
    comparison
        Index ``under-resourced communities``, ``everywhere else``, ``all``; ``areas_n,
        population_n, gap_n, gap_share`` and the parts of the gap.
    criteria
        What made an area count as under-resourced, one sentence each.
    criteria_columns
        Column that those sentences are about -> what the study calls it.
    method
        Pairs of heading and paragraph.
    limits, notes
        What the numbers cannot tell, one sentence each; of these, what the study says of itself.
    sources
        Every input with agency, product and vintage.
    software
        ``name`` and ``version``.
    study_toml
        The study file as it was run.
    outlines
        County (or other) boundaries drawn over the areas.
    sites
        Places of care, as points.
    levels
        The table at larger areas, by what those are called in the plural: ``counties``,
        ``districts``. Index their ids; ``name``, the measures that add up, ``geometry``.
    smaller
        The areas that those of `table` are made of, where each state was run apart, by what they
        are called in the plural: what a map shows of them, with outlines fit to draw.
    credits
        Column of the table -> whose figure it is, where an input brought it.
    areas_label
        What an area is called, in the plural: ``census tracts``.
    sites_label
        What a site is called, in the plural: ``health centers``.
    how_likely
        What the words of likelihood beside the list mean; empty where it has none.
    pages
        Row of ``levels["states"]`` -> address of that state's own page, where each state was run
        apart. `table` then has one row a county, and no list of communities: theirs have those.
    disparities
        Rate (``no_link_share`` …) -> one row a group: ``people_n``, ``rate_share``,
        ``reference_share`` (everybody else), ``difference_share``, ``ratio``,
        ``ratio_log_moe``, ``attributable_n``.
    fifths
        The same rates over fifths of residents; None where no criterion has an order.
    held
        Who lives in the places listed: ``people_n``, ``there_n``, ``held_share``, ``there_share``,
        ``everywhere_share``; empty if there are none.
    by_person
        Column of adoption by person -> ``asked_n``, ``rate_share``, ``rest_share``,
        ``difference_share``, ``unknown_n``, ``by_race``; None where no table tells it.
    need
        The index of need, where the study asks for one.
    race_in_appendix
        The documents tell of populations by race and ethnicity, as the page does either way.
    programs
        Id of a program rule -> what its tests give here.
    places
        One row a place that programs ask about: the area, its counties if they are few, the rest;
        ``name`` and their measures.
    rest
        Measures of all that lies outside the area, as a fact sheet shows them; None without any.
    application, appendices
        The application's own sites; the programs that appendices are written for.
    reasons
        By area id, why it is under-resourced, in the report's language; that of `table`, which is
        the same in every language, by default.
    minutes_known
        How the study's estimated minutes compare with those published of its states.
    lang
        The language of its sentences; by default the one in force when it is written.
    recorded
        What files of data say in English where the sentences are in another language: ``title``,
        ``rules``, ``under_resourced`` and ``limits`` as in ``provenance.json``.
    """

    title: str
    synthetic: bool
    finding: tuple[str, ...]
    table: gpd.GeoDataFrame
    focus: tuple[str, ...]
    others: tuple[str, ...]
    unranked: pd.DataFrame
    rules: tuple[Mapping[str, object], ...]
    by_rule: pd.DataFrame
    comparison: pd.DataFrame
    counts: pd.DataFrame
    kinds: pd.DataFrame
    fixes: pd.DataFrame
    overlaps: pd.DataFrame
    settings: pd.DataFrame
    practices: pd.DataFrame | None
    criteria: tuple[str, ...]
    method: tuple[tuple[str, str], ...]
    limits: tuple[str, ...]
    sources: tuple[Source, ...]
    software: Mapping[str, str]
    study_toml: str
    gaps: pd.DataFrame | None = None
    outlines: gpd.GeoDataFrame | None = None
    sites: gpd.GeoDataFrame | None = None
    credits: Mapping[str, str] = field(default_factory=dict)
    smaller: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    levels: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    areas_label: str = mark("census tracts")
    sites_label: str = mark("sites")
    notes: tuple[str, ...] = ()
    criteria_columns: Mapping[str, str] = field(default_factory=dict)
    how_likely: str = ""
    disparities: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    fifths: Fifths | None = None
    held: pd.DataFrame | None = None
    by_person: pd.DataFrame | None = None
    need: NeedIndex | None = None
    rest: Mapping[str, object] | None = None
    race_in_appendix: bool = False
    pages: Mapping[str, str] = field(default_factory=dict)
    programs: Mapping[str, ProgramFinding] = field(default_factory=dict)
    places: pd.DataFrame | None = None
    application: pd.DataFrame | None = None
    appendices: tuple[str, ...] = ()
    lang: str = ""
    reasons: pd.Series | None = None
    minutes_known: str = ""
    recorded: Mapping[str, str | Sequence[object]] = field(default_factory=dict)

    def _shown(self) -> tuple[str, list[tuple[str, str]]]:
        stamp = " [synthetic data]" if self.synthetic else ""
        places = f"{len(self.table):,} {self.rows_label}; {len(self.focus):,} listed first"
        return f"{self.title}{stamp}", [
            ("finding", self.finding[0] if self.finding else "–"),
            ("places", f"{places}, {len(self.unranked):,} without a value"),
            ("layers", ", ".join(layer.name for layer in self.layers)),
            ("sources", f"{len(self.sources):,}"),
            ("next", ".finding  .table  .counts  .comparison  .settings"),
        ]

    @property
    def table_name(self) -> str:
        """What the files of the table are called."""
        return "counties" if self.pages else "communities"

    @property
    def rows_label(self) -> str:
        """What a row of the table is called, in the plural."""
        return mark("counties") if self.pages else self.areas_label

    @property
    def layers(self) -> list[Column]:
        """Columns that the map shows; the first one is shown first."""
        return layers_in(self.table.columns)

    @property
    def other_layers(self) -> list[tuple[str, str, str]]:
        """The gap under other rules and of other kinds of care: column, label, unit."""
        rules = (
            ("__" + str(rule["id"]).replace("-", "_"), str(rule["title"])) for rule in self.rules
        )
        kinds = ((f"__{care}", str(row["label"])) for care, row in self.kinds.iloc[1:].iterrows())
        found = [
            (f"gap_n{suffix}", tr("People in the gap: {label}", label=tr(label)), "people")
            for suffix, label in (*rules, *kinds)
            if f"gap_n{suffix}" in self.table.columns
        ]
        return found + [
            (name, tr("People in the gap: {label}", label=tr(label)), "people")
            for name, label in self._by_setting.values()
        ]

    @property
    def _by_setting(self) -> dict[str, tuple[str, str]]:
        """Settings that change the gap of areas -> column and label; rules have columns anyway."""
        if self.gaps is None:
            return {}
        rows = self.settings.loc[self.gaps.columns]
        return {
            str(key): (f"gap_n__setting_{str(key).replace('-', '_')}", str(row["label"]))
            for key, row in rows[rows["group"] != "rule"].iterrows()
        }

    def in_words(self, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return areas with their reasons in the language of the report."""
        if self.reasons is None or not len(table.index.intersection(self.reasons.index)):
            return table
        said = self.reasons.reindex(table.index, fill_value="")
        return carry(table.assign(under_resourced_reason=said), table)

    def under_settings(self, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return areas with the columns of `other_layers` that maps alone have, in words."""
        table = self.in_words(table)
        if self.gaps is None or not len(table.index.intersection(self.gaps.index)):
            return table
        names = {key: name for key, (name, _) in self._by_setting.items()}
        here = self.gaps[list(names)].rename(columns=names).reindex(table.index)
        return carry(table.join(here), table)


def told(value: float, row: Mapping[str, float]) -> str:
    """Write an end of a count's range as its margin has digits, or its draws where it has none."""
    if is_missing(row["people_n_moe"]) and not is_missing(row.get("p05_n")):
        return coarse(value)
    return about(value, row["people_n_moe"])


def in_its_language(write: _Write) -> _Write:
    """Have what writes a report do so in the language of the report's sentences."""

    @wraps(write)
    def writing(report: Report, *args: Any, **kwargs: Any) -> Any:
        with language(report.lang or current()):
            return write(report, *args, **kwargs)

    return cast("_Write", writing)
