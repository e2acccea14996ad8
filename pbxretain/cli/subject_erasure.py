"""How is a demand for erasure carried out: searched, shown, confirmed, deleted, searched again?

What goes, goes by a run like any other, with its batches, evidence and report; only its selection
is another one. Counts reach terminal and log, nothing of the person does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pbxretain import execute, subject
from pbxretain.aliases import aliases
from pbxretain.batches import Stop
from pbxretain.cli import context, work
from pbxretain.cli.context import App
from pbxretain.cli.face import Face, error_data
from pbxretain.cli.progress import bars, stop_flag
from pbxretain.cli.subject_sheet import uncovered
from pbxretain.errors import Exit, RetainError, worst
from pbxretain.execute import RunResult
from pbxretain.journal import Journal
from pbxretain.messages import Lang, counted, text
from pbxretain.plan import Plan, Terms
from pbxretain.sheet import Block, Column, Heading, Paragraph, Sheet, Table
from pbxretain.subject import Subject

TRIGGER = "erasure-request"


@dataclass(frozen=True, slots=True, repr=False)
class _Look:
    """What a search found in a source. ``found`` counts records by dataset, copies too, ``shared``
    those that no key tells from others' records; ``plan`` says what of it may go, None where
    nothing was found."""

    terms: Terms
    found: Mapping[str, int] = field(default_factory=dict)
    shared: Mapping[str, int] = field(default_factory=dict)
    plan: Plan | None = None
    uncovered: Sequence[str] = ()

    @property
    def going(self) -> int:
        return self.plan.due if self.plan else 0

    def standing(self) -> dict[str, Counter[str]]:
        """By dataset how many records go, are held, lie under a minimum, or can't go now."""
        found: dict[str, Counter[str]] = {}
        for item in self.plan.items if self.plan else ():
            tally = found.setdefault(item.of, Counter())
            if (census := item.census) is None:
                continue
            tally["going"] += item.due
            tally["held"] += census.held
            tally["minimum"] += census.minimum
            beside = item.due + census.held + census.minimum
            tally["waiting"] += census.before - beside + census.undated
        for dataset, count in self.shared.items():
            found.setdefault(dataset, Counter())["waiting"] += count
        return found

    @property
    def open(self) -> int:
        """How many records nothing keeps for good; all of a dataset that can't be counted."""
        standing = self.standing()
        uncounted = {i.of for i in self.plan.items if i.census is None} if self.plan else set()
        tallies = (standing[name] for name in standing)
        sure = sum(tally["going"] + tally["waiting"] for tally in tallies)
        return sure + sum(self.found.get(name, 0) for name in uncounted)

    @property
    def stopped(self) -> bool:
        """Whether something speaks against the whole run."""
        return bool(self.plan and self.plan.refusals)

    def refusals(self) -> list[RetainError]:
        """Why nothing goes, or nothing of one dataset."""
        if self.plan is None:
            return []
        return [*self.plan.refusals, *(i.refusal for i in self.plan.items if i.refusal)]

    def __repr__(self) -> str:
        return f"<look at {self.terms.name}>"


@dataclass(slots=True, repr=False)
class _Demand:
    """One source's share of a demand: as found, and as it was afterwards."""

    source: str
    before: _Look | None = None
    result: RunResult | None = None
    after: _Look | None = None
    error: RetainError | None = None

    def __repr__(self) -> str:
        return f"<demand {self.source}>"

    @property
    def code(self) -> Exit:
        """Ends well only where nothing is left that may go."""
        if self.error is not None:
            return self.error.exit_code
        look = self.after or self.before
        codes = [Exit.OK] + [error.exit_code for error in (look.refusals() if look else ())]
        if self.result is not None:
            codes.append(self.result.exit_code)
            if self.after is None or self.after.open:
                codes.append(Exit.INCOMPLETE)
        elif look and look.open and not look.going:
            codes.append(Exit.INCOMPLETE)
        return worst(codes)


def erase(
    face: Face, names: Sequence[str], whom: Subject, *, yes: bool, dry_run: bool = False
) -> int:
    """Carries out a demand over the sources; the exit code is the most severe of all."""
    app = context.load(face)
    wanted = app.sources(names)
    for name in wanted:  # says what can't be looked for before anything is searched
        whom.sought(app.source(name).region)
    demands = [_searched(face, app, name, whom, settled=not dry_run) for name in wanted]
    if not face.json:
        face.give({}, _shown(demands, face.lang))
    # Where nothing of what was found may go, the report records just that.
    found = [d for d in demands if d.before and d.before.found and not d.before.stopped]
    if found and not dry_run:
        going = sum(d.before.going for d in found if d.before)
        if going and not yes:
            count = counted(going, face.lang)
            face.must_confirm(face.text("subject.erase.ask", records=count))
        _carry_out(face, app, found, whom)
    code = int(worst([demand.code for demand in demands]))
    if face.json:
        face.give({"exit": code, "sources": list(map(_data, demands))})
    elif not dry_run:
        face.give({}, _ended(app, demands, face.lang))
    return code


# --- looking ----------------------------------------------------------------------------------


def _searched(face: Face, app: App, name: str, whom: Subject, *, settled: bool) -> _Demand:
    demand = _Demand(name)
    try:
        if settled:
            execute.settle(app.terms(name), app.site(name), now=context.now())
        elif Journal.died(app.state / name):
            face.note(face.text("subject.unsettled", source=name))
        demand.before = _look(face, app, name, whom)
        for refusal in demand.before.refusals():
            face.complain(refusal)
    except RetainError as error:
        demand.error = error
        face.complain(error)
    return demand


def _look(face: Face, app: App, name: str, whom: Subject) -> _Look:
    """Searches a source and plans what of it may go."""
    terms = app.terms(name)
    with app.opened(terms) as opened:
        starts = [(strand.of, strand.start) for strand in terms.strands(opened)]
        region = terms.source.region
        known = aliases(app.state / name, region=region)
        chosen = subject.chosen(opened, whom.sought(region, known), starts)
        terms = replace(terms, chosen=chosen.keys)
        unseen = sorted(opened.not_covered)
        if not chosen.found:
            return _Look(terms, uncovered=unseen)
        confirmed = _confirmed(terms)
        plan = work.make(face, app, terms, opened, confirm=confirmed, now=context.now())
    return _Look(terms, chosen.found, chosen.shared, plan, unseen)


def _confirmed(terms: Terms) -> int:
    """What was shown is confirmed: limits are for what nobody has looked at."""
    return sum(map(len, (terms.chosen or {}).values()))


# --- deleting ---------------------------------------------------------------------------------


def _carry_out(face: Face, app: App, demands: Sequence[_Demand], whom: Subject) -> None:
    with stop_flag(face) as stopped:
        for demand in demands:
            if stopped() or demand.before is None:
                continue
            try:
                _run(face, app, demand, demand.before.terms, stopped=stopped)
                demand.after = _look(face, app, demand.source, whom)
            except RetainError as error:
                demand.error = error
                face.complain(error)


def _run(face: Face, app: App, demand: _Demand, terms: Terms, *, stopped: Stop) -> None:
    """By the same batches, evidence and report as any run."""
    with bars(face, demand.source) as progress:
        demand.result = execute.run(
            terms,
            app.site(demand.source),
            now=context.now(),
            trigger=TRIGGER,
            confirm_count=_confirmed(terms),
            progress=progress,
            stop=stopped,
        )
    for error in demand.result.errors:
        face.complain(error)


# --- telling ----------------------------------------------------------------------------------

_COLUMNS = ("found", "going", "held", "minimum", "waiting")


def _shown(demands: Sequence[_Demand], lang: Lang) -> Sheet:
    """What goes and what stays, before anything is done."""
    rows = [
        (demand.source, *row) for demand in demands if demand.before for row in _rows(demand.before)
    ]
    blocks: list[Block] = [Heading(text("subject.erase.title", lang), 1)]
    missing = uncovered({d.source: d.before.uncovered for d in demands if d.before}, lang)
    if not rows:
        blocks += [Paragraph(text("subject.none", lang), "result"), *missing]
        return Sheet(lang, tuple(blocks))
    names = ("source", "dataset", *_COLUMNS)
    columns = tuple(
        Column(text(f"subject.col.{name}", lang), "right" if name in _COLUMNS else "left")
        for name in names
    )
    blocks.append(Table(columns, tuple(rows)))
    blocks += [Paragraph(text("subject.erase.note", lang)), *missing]
    return Sheet(lang, tuple(blocks))


def _rows(look: _Look) -> Iterator[tuple[str, ...]]:
    standing = look.standing()
    for dataset in look.found:
        tally = standing.get(dataset, Counter())
        counts = [look.found[dataset], *(tally[name] for name in _COLUMNS[1:])]
        yield (dataset, *map(str, counts))


def _ended(app: App, demands: Sequence[_Demand], lang: Lang) -> Sheet:
    """What became of it."""
    blocks: list[Block] = [Heading(text("subject.erase.ended", lang), 1)]
    for demand in demands:
        blocks.append(Paragraph(_sentence(demand, lang), "result"))
        if demand.result and demand.result.entry:
            path = app.reports(demand.source) / demand.result.entry.file
            blocks.append(Paragraph(text("run.report", lang, path=path)))
    return Sheet(lang, tuple(blocks))


def _sentence(demand: _Demand, lang: Lang) -> str:
    source = demand.source
    if demand.error or demand.before is None:
        return text("subject.erase.failed", lang, source=source)
    if demand.result is None:
        key = "kept" if demand.before.found else "nothing"
        return text(f"subject.erase.{key}", lang, source=source)
    deleted = counted(sum(result.deleted for result in demand.result.results), lang)
    left = demand.after
    if left is None or left.open:
        count = counted(left.open if left else 0, lang)
        return text("subject.erase.left", lang, source=source, deleted=deleted, left=count)
    key = "kept-some" if left.found else "done"
    return text(f"subject.erase.{key}", lang, source=source, deleted=deleted)


def _data(demand: _Demand) -> dict[str, object]:
    """Counts, for a machine."""
    data: dict[str, object] = {"source": demand.source, "exit": int(demand.code)}
    for name, look in (("before", demand.before), ("after", demand.after)):
        if look is not None:
            standing = look.standing()
            data[name] = {
                dataset: {
                    "found": count,
                    **{k: standing.get(dataset, Counter())[k] for k in _COLUMNS[1:]},
                }
                for dataset, count in look.found.items()
            }
            data[f"refused_{name}"] = [error_data(error) for error in look.refusals()]
    if demand.error is not None:
        data["error"] = error_data(demand.error)
    if demand.result is not None:
        data["outcome"] = demand.result.outcome
        data["deleted"] = sum(result.deleted for result in demand.result.results)
        data["report"] = demand.result.entry.file if demand.result.entry else None
    return data
