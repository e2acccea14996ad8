"""How are policies and connectors found, checked and shown?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pbxretain import connector as shelves
from pbxretain import explain, messages, templates
from pbxretain import plan as planning
from pbxretain.cli import context, ruletext
from pbxretain.cli.context import App, checked_name
from pbxretain.cli.face import Face
from pbxretain.connector import Connector
from pbxretain.documents import Loaded, parse
from pbxretain.errors import DocumentError, RefusedError, RetainError
from pbxretain.manifest import Manifest
from pbxretain.messages import LANGUAGES, Lang, code, text
from pbxretain.places import find_config
from pbxretain.policy import checks, editing
from pbxretain.policy import document as policies_
from pbxretain.policy.document import Policy, Rule
from pbxretain.sheet import Block, Column, Heading, Items, KeyValue, Paragraph, Sheet, Table
from pbxretain.strictyaml import printable, read

# --- policies ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One line of ``policy list``; ``state`` is template, approved, draft or broken."""

    name: str
    version: int | None
    state: str
    path: str
    purpose: Mapping[Lang, str]

    def data(self) -> dict[str, Any]:
        return asdict(self)


def policies(face: Face) -> Iterator[PolicyRow]:
    """This installation's policies, then the templates."""
    app = _app(face)
    for path in sorted(app.policies.glob("*.yaml")) if app else []:
        try:
            found = policies_.load_policy(path).value
            approved = policies_.approval_state(found) == "approved"
            state = "approved" if approved else "draft"
            yield PolicyRow(found.policy, found.version, state, str(path), _purpose(_read(path)))
        except RetainError:
            yield PolicyRow(path.stem, None, "broken", str(path), {})
    for name in templates.names():
        about = _purpose(templates.template_text(name))
        yield PolicyRow(name, _template(name).version, "template", "", about)


def _app(face: Face) -> App | None:
    """The installation where there is one: templates and connectors can be looked at before."""
    try:
        find_config(face.config)
    except DocumentError:
        return None
    return context.load(face)


def _template(name: str) -> Policy:
    return parse(templates.template_text(name).encode(), name, Policy).value


def purpose(face: Face, name: str) -> Mapping[Lang, str]:
    """What the policy, or template, says it is for; empty where it says nothing."""
    app = _app(face)
    path = policies_.policy_path(app.policies, checked_name(name)) if app else None
    if path and path.exists():
        return _purpose(_read(path))
    return _purpose(templates.template_text(name))


def _purpose(document: str) -> Mapping[Lang, str]:
    found = {lang: templates.purpose(document, lang) for lang in LANGUAGES}
    return {lang: told for lang, told in found.items() if told}


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise DocumentError(f"{printable(str(path))} can't be read") from None


def find_policy(face: Face, name: str) -> Policy:
    """A policy of this installation, else a template; DocumentError."""
    app = _app(face)
    if app and policies_.policy_path(app.policies, checked_name(name)).exists():
        return app.policy(name).value
    if name in templates.names():
        return _template(name)
    raise DocumentError(f"there is no policy {name!r}", hint="pbxretain policy list")


def copy(
    face: Face, template: str, name: str, *, source: str | None, controller: str
) -> tuple[Path, templates.Copied]:
    """Copies a template; returns its path and what became of its rules."""
    app = context.load(face)
    path = policies_.policy_path(app.policies, checked_name(name))
    manifest = app.connector(source).manifest if source else None
    offered = manifest.offered() if manifest else ()
    done = templates.copy(template, path, offered=offered, controller=controller, manifest=manifest)
    return path, done


@dataclass(frozen=True, slots=True)
class Note:
    """What ``policy check`` has to say: a code, of which data class, at which line of the file, and
    at which line the earlier rule stands that it is about."""

    code: str
    data: str = ""
    line: int | None = None
    earlier: int | None = None
    facet: str | None = None
    dataset: str | None = None

    def as_json(self) -> dict[str, Any]:
        given: dict[str, int | str | None] = {"line": self.line, "earlier_line": self.earlier}
        given |= {"facet": self.facet, "dataset": self.dataset}
        return {
            "code": self.code,
            "data": self.data,
            **{name: value for name, value in given.items() if value is not None},
        }


def check(face: Face, name: str) -> tuple[Path, list[Note]]:
    """Checks a policy by name or file.

    Raises DocumentError for mistakes, and where a source offers a class that has no rule.
    """
    if name.endswith(".yaml"):
        found, app = policies_.load_policy(Path(name)), _app(face)
    else:
        app = context.load(face)
        found = app.policy(name)
    known = found.value
    notes = [Note("NOT_DECIDED", data) for data in known.not_decided()]
    if policies_.approval_state(known) != "approved":
        notes.append(Note("NOT_APPROVED"))
    if known.review_by and known.review_by < context.now().astimezone().date():
        notes.append(Note("REVIEW_DUE"))
    sources = _users(app, known.policy)
    manifests = [app.connector(source).manifest for source in sources] if app else []
    notes += _in_the_way(found, manifests)
    for source, manifest in zip(sources, manifests, strict=True):
        missing = [data for data in manifest.offered() if known.rule_for(data) is None]
        if missing:
            raise DocumentError(
                f"{found.path}: source {source} offers {', '.join(missing)} without a rule"
                " that takes all, or all the rest",
                hint="add a rule without only for each, or keep: forever",
            )
        for data, start in planning.unknown_starts(manifest, known):
            raise DocumentError(
                f"{found.path}: from {start} for {data}, and {source} knows no such start event",
                hint="pbxretain connector show " + manifest.connector,
            )
        notes += [Note("KEPT_FOR_PART", data) for data in planning.waiting(manifest, known)]
        for data, feed in planning.fed_longer(manifest, known):
            raise RefusedError(
                f"{found.path}: {feed} are kept longer than {data}, "
                f"which {source} makes anew out of them",
                hint=f"give {feed} the same or a shorter period",
                code="FED_LONGER",
            )
    return found.path, notes


def _in_the_way(found: Loaded[Policy], manifests: Sequence[Manifest]) -> list[Note]:
    """Rules that an earlier one touches, and facets that nobody declares, each at its line."""
    several = [checks.several_values(manifest) for manifest in manifests]
    told = list(
        checks.remarks(found.value, several=frozenset().union(*several) if several else None)
    )
    for manifest in manifests:
        told += checks.unknown_facets(manifest, found.value)
        told += checks.unredactable(manifest, found.value)
        told += checks.untied_files(manifest, found.value)
    lines = read(found.path.read_bytes(), str(found.path)).lines
    return [
        Note(
            each.code,
            each.data,
            lines["rules", each.index],
            lines["rules", each.earlier] if each.earlier is not None else None,
            each.facet or None,
            each.dataset or None,
        )
        for each in dict.fromkeys(told)
    ]


def _users(app: App | None, name: str) -> list[str]:
    sources = app.settings.sources if app else {}
    return [source for source, settings in sources.items() if settings.policy == name]


def approve(face: Face, name: str, *, by: str, ref: str | None) -> Policy:
    """Writes the approval; RefusedError where a person's name is not told from a function."""
    app = context.load(face)
    if "@" in by:
        raise RefusedError(
            "approve by a function, not by a person", hint="--by management", code="PERSON"
        )
    path = policies_.policy_path(app.policies, checked_name(name))
    today = context.now().astimezone().date()
    found = editing.approve(path, by=by, ref=ref, today=today)
    editing.keep_approved(path)
    return found


def policy_list(rows: Sequence[PolicyRow], lang: Lang) -> Sheet:
    """Policies and templates as one table."""
    columns = ("col.name", "col.version", "col.state", "col.purpose", "col.file")
    cells = tuple(
        (
            row.name,
            str(row.version or "-"),
            text(f"state.{row.state}", lang),
            row.purpose.get(lang, "-"),
            row.path or "-",
        )
        for row in rows
    )
    return _listing("list.policies", columns, cells, lang)


def policy_sheet(found: Policy, lang: Lang, *, purpose: str = "") -> Sheet:
    """A policy in words, with what it says it is for."""
    title = text("policy.title", lang, name=found.policy, version=found.version)
    state = text(f"policy.state.{policies_.approval_state(found)}", lang)
    pairs = [(text("col.purpose", lang), purpose)] if purpose else []
    pairs.append((text("report.controller", lang), found.controller or text("not-stated", lang)))
    if found.approved and policies_.approval_state(found) == "approved":
        approval = found.approved
        parts = [approval.by, messages.day(approval.on, lang), approval.ref or ""]
        state = f"{state}: {', '.join(filter(None, parts))}"
    pairs.append((text("report.approval", lang), state))
    pairs.append((text("policy.digest", lang), found.digest()))
    if found.decided_by:
        on = found.decided_on
        parts = [found.decided_by, messages.day(on, lang) if on else ""]
        pairs.append((text("policy.decided", lang), ", ".join(filter(None, parts))))
    if found.review_by:
        pairs.append((text("policy.review-by", lang), messages.day(found.review_by, lang)))
    keys = ("data", "keep", "minimum", "start", "basis")
    columns = tuple(Column(text(f"policy.col.{key}", lang)) for key in keys)
    rows = tuple(_rule(rule, lang) for rule in found.rules)
    return Sheet(lang, (Heading(title, 1), KeyValue(tuple(pairs)), Table(columns, rows)))


def _rule(rule: Rule, lang: Lang) -> tuple[str, ...]:
    basis = rule.basis if isinstance(rule.basis, str) else rule.basis.code
    words = code("basis", basis, lang)
    if not isinstance(rule.basis, str) and rule.basis.text:
        words = f"{words}: {rule.basis.text}"
    return (
        ruletext.part(rule, lang),
        "; ".join(ruletext.stages(rule, lang)),
        ruletext.minimum(rule, lang),
        ruletext.starts(rule, lang) or "-",
        words,
    )


def copied(path: Path, done: templates.Copied, lang: Lang) -> Sheet:
    """What ``policy copy`` did."""
    blocks: list[Block] = [Paragraph(text("policy.copied", lang, path=path))]
    lost = [
        text("policy.lost", lang, data=explain.data_class(data, lang), unknown=unknown)
        for data, unknown in done.lost
    ]
    notes = [*lost, *(_note(Note("NOT_DECIDED", data), lang) for data in done.added)]
    if notes:
        blocks.append(Items(tuple(notes)))
    blocks.append(Paragraph(f"pbxretain policy approve {path.stem} --by FUNCTION", "command"))
    return Sheet(lang, tuple(blocks))


def checked(path: Path, notes: Sequence[Note], lang: Lang) -> Sheet:
    """What ``policy check`` found."""
    blocks: list[Block] = [Paragraph(text("policy.ok", lang, path=path))]
    if notes:
        blocks.append(Items(tuple(_note(note, lang, path=path) for note in notes)))
    return Sheet(lang, tuple(blocks))


def approved(found: Policy, lang: Lang) -> Sheet:
    """What ``policy approve`` did."""
    return Sheet(lang, (Paragraph(text("policy.approved", lang, name=found.policy)),))


def _note(note: Note, lang: Lang, *, path: Path | None = None) -> str:
    where, what = explain.data_class(note.data, lang), code("code", note.code, lang)
    said = text("report.exceptions.plain", lang, where=where, what=what) if note.data else what
    if note.line is None:
        return said
    if note.facet:
        said = text("policy.note.facet", lang, what=said, facet=note.facet)
    if note.dataset:
        said = text("policy.note.dataset", lang, what=said, name=note.dataset)
    if note.earlier is not None:
        said = text("policy.note.earlier", lang, what=said, line=str(note.earlier))
    return f"{path}:{note.line}: {said}"


# --- connectors -------------------------------------------------------------------------------


def connectors(face: Face) -> list[Connector]:
    """All known connectors by name."""
    app = _app(face)
    return [item for _, item in sorted(shelves.shelf(app.connectors if app else None).items())]


def find_connector(face: Face, name: str) -> Connector:
    """One connector by name, or by the path of its manifest; DocumentError for an unknown one."""
    if name.endswith(".yaml"):
        return shelves.load(Path(name))
    app = _app(face)
    return shelves.find(name, app.connectors if app else None)


def connector_data(item: Connector) -> dict[str, Any]:
    """A connector as JSON."""
    return {
        "connector": item.name,
        "title": item.manifest.title,
        "digest": item.digest,
        "shelf": item.shelf,
        "tried": item.manifest.was_tried,
        "contains_code": item.contains_code,
    }


def connector_list(known: Sequence[Connector], lang: Lang) -> Sheet:
    """Connectors as one table."""
    columns = ("col.name", "col.title", "col.tried", "col.code", "col.shelf")
    cells = tuple(
        (
            item.name,
            item.manifest.title,
            text("yes" if item.manifest.was_tried else "no", lang),
            text("yes" if item.contains_code else "no", lang),
            item.shelf,
        )
        for item in known
    )
    return _listing("list.connectors", columns, cells, lang)


def _column(key: str, lang: Lang) -> Column:
    return Column(text(key, lang))


def _listing(
    title: str, columns: Sequence[str], cells: tuple[tuple[str, ...], ...], lang: Lang
) -> Sheet:
    table = Table(tuple(_column(key, lang) for key in columns), cells)
    return Sheet(lang, (Heading(text(title, lang), 1), table))
