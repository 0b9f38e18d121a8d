"""A study: one file that names inputs, rules and criteria; running it gives one result."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from equity.areas.arguments import checked
from equity.areas.geoid import STATES
from equity.language import ENGLISH, current, language
from equity.measures.adoption_by_person import person_counts
from equity.showing import Shown
from equity.study.area import find_area
from equity.study.choices import other_choices
from equity.study.cluster import executor_at
from equity.study.coherence import load_recipe, load_rule
from equity.study.file import StudyPlan, plan_of, read_plan, said_in
from equity.study.inputs import gather
from equity.study.practices import practice_lines
from equity.study.result import StudyResult
from equity.study.steps import measure

__all__ = ["Study"]


@dataclass(frozen=True, repr=False)
class Study(Shown):
    """A validated study file.

    Attributes
    ----------
    plan
        What it asks for.
    text
        The file as it stands; outputs print it as their recipe.
    folder
        Where it lies: the paths in it start there.

    Examples
    --------
    >>> import equity as eq
    >>> study = eq.Study.load(eq.load_example().study)
    >>> result = study.run()
    >>> len(result.table), [rule.id for rule in result.rules]
    (180, ['video-visit', 'fcc-25-3', 'fcc-706-2024'])
    """

    plan: StudyPlan
    text: str
    folder: Path

    def _shown(self) -> tuple[str, list[tuple[str, str]]]:
        own, plan = self.plan.study, self.plan
        care = [
            f"{one.label or one.id}: {one.method}"
            + ("" if one.method == "column" else f" within {one.limit_min:g} minutes")
            for one in plan.care
        ]
        criteria = "; ".join(one.label for one in plan.under_resourced.criteria)
        return f"{own.title}{' [synthetic data]' if own.made_up else ''}", [
            ("file", self.folder.name or "."),
            ("areas", f"{own.level} of {', '.join(STATES[one].name for one in own.state)}"),
            ("rules", ", ".join(own.rules) + f" (headline: {own.headline})"),
            ("care", "; ".join(care)),
            ("first", f"at least {plan.under_resourced.at_least} of: {criteria}"),
            ("next", ".run()  .plan  .text"),
        ]

    @classmethod
    @checked
    def load(cls, path: str | Path, *, area: str = "", lang: str | None = None) -> Study:
        """Read and validate a study file.

        Parameters
        ----------
        path
            The file.
        area
            The place that the run is about, where the file names none: counties by name or code,
            tracts, ``ZIP 24210``, ``tribal Pamunkey``, with commas between, or a file of polygons
            or districts, after a colon those that are meant: ``districts.csv: North, East``.
        lang
            Language of page, map and documents (``en``, ``es``), in the place of the file's own.

        Raises
        ------
        MissingFileError
            If it is not there.
        StudyError
            If a field is wrong; the error names the line and the allowed values.
        InputError
            If there is no such language.
        """
        plan, text = read_plan(path, area=area, lang=lang)
        return cls(plan, text, Path(path).expanduser().parent)

    @checked
    def run(self, *, cluster: str | None = None) -> StudyResult:
        """Read the inputs, measure, and return the result; nothing is written.

        What the result says is in the study's language; in that of a surrounding
        :func:`equity.language` where the study names none.

        Parameters
        ----------
        cluster
            Address of a Dask scheduler that reads the coverage files; this machine's processes
            by default.

        Raises
        ------
        EquityError
            If an input is missing, damaged, of another vintage or does not fit.
        """
        with executor_at(cluster) as executor:
            return self.run_with(executor)

    def run_with(self, executor: Executor | None) -> StudyResult:
        """Run as :meth:`run` does, with what reads the coverage files at hand."""
        said = self.spoken()
        with language(said.plan.study.lang or ENGLISH):
            return _run(said, executor)

    def spoken(self) -> Study:
        """Return the study with its language: where it names none, the one that is in force."""
        if self.plan.study.lang is not None or current() == ENGLISH:
            return self
        path = self.folder / "study.toml"
        text = said_in(self.text, current(), path)
        return Study(plan_of(text, path), text, self.folder)


def _run(study: Study, executor: Executor | None) -> StudyResult:
    inputs = gather(study.plan, study.folder)
    # Before anything is measured: a place that is misspelled costs seconds.
    area = find_area(study.plan, study.folder, inputs)
    rules = tuple(load_rule(name, study.folder) for name in study.plan.study.rules)
    recipe = load_recipe(study.plan, study.folder)
    everywhere, audit, draws, offers, need = measure(
        study.plan, inputs, rules, recipe=recipe, executor=executor
    )
    table = everywhere if area is None else area.inside(everywhere)
    practices = practice_lines(study.plan, inputs, offers, table)
    within = None if area is None else area.people(everywhere.index)
    choices = other_choices(study.plan, inputs, rules, everywhere, within=within)
    return StudyResult(
        plan=study.plan,
        text=study.text,
        table=table,
        everywhere=everywhere,
        rules=rules,
        sources=(*inputs.sources, *(area.sources if area else ())),
        audit=audit,
        draws=draws if area is None else area.drawn(draws),
        choices=choices,
        practices=practices,
        need=need,
        credits=inputs.credits,
        outlines=inputs.outlines,
        sites=inputs.sites,
        area=area,
        application=inputs.application,
        by_person=person_counts(inputs.areas),
    )
