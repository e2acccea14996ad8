"""What does the manifest of a new connector look like, and the page beside it?

Out of a few answers comes a manifest that loads and passes ``connector test`` as it stands, with
comments in the integrator's language on what only they can know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pbxretain import explain
from pbxretain.documents import scalar
from pbxretain.manifest import Child
from pbxretain.messages import LANGUAGES, Lang, text
from pbxretain.strictyaml import printable

STARTS = {
    "call-detail-records": "call-start",
    "call-events": "event",
    "queue-logs": "event",
    "audit-logs": "event",
    "system-logs": "event",
    "call-recordings": "recorded",
    "voicemail-messages": "received",
    "voicemail-greetings": "recorded",
    "chat-messages": "sent",
    "call-quality": "measured",
}
"""The usual start event of a data class; of all others the creation."""
TABLE, FILES = "calls", "recordings"
"""Names of the two datasets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """All that was answered. Without ``table`` there are files only, without ``folder`` none."""

    name: str
    title: str
    data: str
    databases: Sequence[str] = ()
    table: str = ""
    key: Sequence[str] = ()
    call_id: Sequence[str] = ()
    start: str = ""
    kind: str = "datetime"
    form: str = ""
    zone: str = "source"
    end: str = ""
    done: tuple[str, Sequence[str]] | None = None
    """The column with a call's state, and its values once the call is over."""
    caller: str = ""
    called: str = ""
    personal: Sequence[str] = ()
    children: Sequence[Child] = ()
    folder: str = ""
    extensions: Sequence[str] = ()
    pattern: str = ""
    link: str = ""
    others: Sequence[str] = ()
    """Tables of the database that look like call data, too."""

    @property
    def datasets(self) -> Mapping[str, str]:
        """Data class by dataset, in deletion order."""
        files = {FILES: "call-recordings" if self.table else self.data} if self.folder else {}
        return files | ({TABLE: self.data} if self.table else {})


# --- connector.yaml ---------------------------------------------------------------------------


def manifest_text(sketch: Sketch, lang: Lang) -> str:
    """``connector.yaml``."""
    return "\n".join(_manifest(sketch, lang)) + "\n"


def _manifest(sketch: Sketch, lang: Lang) -> Iterator[str]:
    yield from _note("new.note.head", lang)
    yield f"connector: {sketch.name}"
    yield f"title: {scalar(sketch.title)}"
    yield from _note("new.note.tried", lang)
    yield '# tried: [{version: "1.0", on: 2026-01-31, how: live, note: ...}]'
    if sketch.databases:
        yield f"databases: {_list(sketch.databases)}"
    if sketch.folder:
        yield "roots:"
        yield f"  recordings: {{usual: {scalar(sketch.folder)}}}"
    yield from _note("new.note.order", lang)
    yield "datasets:"
    if sketch.folder:
        yield from _files(sketch, lang)
    if sketch.table:
        yield from _table(sketch, lang)
    if sketch.others:
        yield from _note("new.note.others", lang, tables=", ".join(sketch.others))
    yield from _note("new.note.reach", lang)
    yield "out_of_reach:"
    yield "  - code: backups"
    yield "    text:"
    for each in LANGUAGES:
        yield f"      {each}: {scalar(text('new.backups', each))}"


def _files(sketch: Sketch, lang: Lang) -> Iterator[str]:
    data = sketch.datasets[FILES]
    yield f"  {FILES}:"
    yield f"    data: {data}"
    yield f"    title: {scalar(explain.data_class(data, lang))}"
    yield "    kind: tree"
    yield "    root: recordings"
    yield f"    start: {STARTS.get(data, 'created')}"
    yield f"    extensions: {_list(sketch.extensions)}"
    dated = "new.note.dated.name" if sketch.pattern else "new.note.dated.mtime"
    yield from _note(dated, lang, indent=4)
    yield "    dated_by:"
    if sketch.pattern:
        role = "path" if "/" in sketch.pattern else "name"
        yield f"      - {role}: {_quoted(sketch.pattern)}"
        yield from _note("new.note.zone-files", lang, indent=4)
        yield f"    zone: {sketch.zone}"
    else:
        yield "      - mtime: true"
    if sketch.link:
        yield f"    named_by: {{dataset: {TABLE}}}"


def _table(sketch: Sketch, lang: Lang) -> Iterator[str]:
    yield f"  {TABLE}:"
    yield f"    data: {sketch.data}"
    yield f"    title: {scalar(explain.data_class(sketch.data, lang))}"
    yield "    kind: table"
    yield f"    table: {scalar(sketch.table)}"
    yield f"    key: {_list(sketch.key)}"
    if sketch.call_id:
        yield from _note("new.note.call-id", lang, indent=4)
        yield f"    call_id: {_list(sketch.call_id)}"
    yield from _start(sketch, lang)
    if sketch.end:
        yield from _note("new.note.end", lang, indent=4)
        yield f"    end: {scalar(sketch.end)}"
    if sketch.done:
        yield from _note("new.note.done", lang, indent=4)
        yield f"    ready: {{{scalar(sketch.done[0])}: {_list(sketch.done[1])}}}"
    yield from _people(sketch, lang)
    if sketch.children:
        yield from _note("new.note.children", lang, indent=4)
        yield "    children:"
        yield from _children(sketch.children, 6)
    else:
        yield from _note("new.note.no-children", lang, indent=4)
    if sketch.link:
        yield from _note("new.note.link", lang, indent=4)
        link = f"column: {scalar(sketch.link)}, dataset: {FILES}, on_part_gone: leave"
        yield f"    link: {{{link}}}"


def _start(sketch: Sketch, lang: Lang) -> Iterator[str]:
    fields = [f"column: {scalar(sketch.start)}", f"type: {sketch.kind}"]
    if sketch.kind != "epoch":
        yield from _note("new.note.zone", lang, indent=4)
        fields.append(f"zone: {sketch.zone}")
    if sketch.kind == "text":
        fields.append(f"forms: [{_quoted(sketch.form)}]")
    yield "    starts:"
    yield f"      {STARTS.get(sketch.data, 'created')}: {{{', '.join(fields)}}}"


def _people(sketch: Sketch, lang: Lang) -> Iterator[str]:
    roles = {"caller": sketch.caller, "callee": sketch.called}
    named = {role: column for role, column in roles.items() if column}
    personal = list(dict.fromkeys([*named.values(), *sketch.personal]))
    if personal:
        yield from _note("new.note.personal", lang, indent=4)
        yield f"    personal: {_list(personal)}"
    if named:
        pairs = ", ".join(f"{role}: {scalar(column)}" for role, column in named.items())
        yield f"    subjects: {{{pairs}}}"


def _children(children: Sequence[Child], indent: int) -> Iterator[str]:
    space = " " * indent
    for child in children:
        yield f"{space}- table: {scalar(child.table)}"
        yield f"{space}  column: {scalar(child.column)}"
        yield f"{space}  parent_column: {scalar(child.parent_column)}"
        if child.children:
            yield f"{space}  children:"
            yield from _children(child.children, indent + 4)


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(scalar(value) for value in values)}]"


def _quoted(pattern: str) -> str:
    """A pattern, whose braces and colons would mean something without quotes."""
    return '"' + pattern.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _note(key: str, lang: Lang, *, indent: int = 0, **params: str) -> Iterator[str]:
    for line in text(key, lang, **params).split("\n"):
        yield f"{' ' * indent}# {printable(line)}"


# --- README.md --------------------------------------------------------------------------------


def readme_text(sketch: Sketch, lang: Lang) -> str:
    """``README.md``: what is covered, and what nobody but the integrator can find out."""

    def told(key: str) -> str:
        return text(f"new.readme.{key}", lang)

    rows = (
        f"| `{name}` | `{data}` | {_place(sketch, name, lang)} |"
        for name, data in sketch.datasets.items()
    )
    parts = [
        f"# {sketch.title}",
        told("what"),
        "\n".join([told("columns"), "|---|---|---|", *rows]),
        f"## {told('before')}",
        "\n".join(f"- {told(key)}" for key in _questions(sketch)),
        f"## {told('next')}",
        told("steps"),
        f"## {told('reach')}",
        text("new.backups", lang),
        f"## {told('tried')}",
        told("untried"),
    ]
    return "\n\n".join(parts) + "\n"


def _place(sketch: Sketch, name: str, lang: Lang) -> str:
    if name == FILES:
        return text("new.readme.folder", lang, folder=sketch.folder)
    return text("new.readme.table", lang, table=sketch.table)


def _questions(sketch: Sketch) -> Iterator[str]:
    if sketch.table:
        yield from (["zone"] if sketch.kind != "epoch" else [])
        yield from ("over", "below", "copies")
    if sketch.folder:
        yield "names"
    yield from ("own", "grants")
