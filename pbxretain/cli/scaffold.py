"""What does a settings file look like that nobody had to write?

``init`` and ``discover`` both write one: with comments in the admin's language, and loadable as
it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pbxretain.connector import Connector
from pbxretain.documents import scalar
from pbxretain.manifest import SpoolDataset
from pbxretain.messages import Lang, text
from pbxretain.strictyaml import printable

EXAMPLE_URL = "mysql://pbxretain@localhost/asteriskcdrdb"


@dataclass(frozen=True, slots=True)
class SourceText:
    """One source, as it is going to stand in the file."""

    name: str
    product: Connector
    timezone: str
    policy: str
    url: str = ""
    offered_url: str = ""
    """An address that is written as a comment only."""
    url_notes: Sequence[str] = ()
    password: Mapping[str, str] = field(default_factory=dict)
    needs_password: bool = True
    roots: Mapping[str, str] = field(default_factory=dict)
    has_folders: bool = True
    """False: the folders belong to another source of the same product."""
    tables: Mapping[str, str] = field(default_factory=dict)
    unknown_tables: Sequence[str] = ()
    asterisk: str = ""
    """Asterisk's configuration folder, where it isn't the usual one."""
    copies_policy: bool = False
    """Whether somebody else has to copy the policy first."""
    notes: Sequence[str] = ()


def settings_text(sources: Sequence[SourceText], lang: Lang, *, state: str = "") -> str:
    """The whole file."""
    evidence = text("comment.evidence", lang)
    lines = [
        _comment(text("comment.head", lang)),
        f"language: {lang}",
        f"evidence: auto                 # {evidence}",
    ]
    if state:
        lines.append(f"state: {scalar(state)}")
    lines.append("sources:")
    for source in sources:
        lines += _source(source, lang)
    return "\n".join(lines) + "\n"


def _source(source: SourceText, lang: Lang) -> Iterator[str]:
    yield f"  {source.name}:"
    yield f"    connector: {source.product.name}"
    yield from _database(source, lang)
    zone = text("comment.zone", lang)
    yield f"    timezone: {source.timezone}      # {zone}"
    yield from _folders(source)
    if source.tables:
        named = ", ".join(f"{name}: {table}" for name, table in source.tables.items())
        yield f"    tables: {{{named}}}"
    if source.unknown_tables:
        yield _comment(text("comment.unknown-tables", lang), indent=4)
        yield f"    # uncovered_tables: [{', '.join(source.unknown_tables)}]"
    yield from _asterisk(source, lang)
    yield from _interface(source, lang)
    copied = text("comment.policy", lang, policy=source.policy, source=source.name)
    yield f"    policy: {source.policy}" + (f"   # {copied}" if source.copies_policy else "")
    if not source.product.manifest.was_tried:
        yield _comment(text("comment.untried", lang), indent=4)
        yield f"    # accept_untried: {source.product.digest}"
    for note in source.notes:
        yield _comment(note, indent=4)


def _database(source: SourceText, lang: Lang) -> Iterator[str]:
    for note in source.url_notes:
        yield _comment(note, indent=4)
    if source.url:
        yield f"    url: {scalar(source.url)}"
    elif source.product.manifest.databases:
        offered, note = source.offered_url or EXAMPLE_URL, text("comment.url", lang)
        yield f"    # url: {offered}   # {note}"
    for kind, value in source.password.items():
        yield f"    password: {{{kind}: {scalar(value)}}}"
    if source.needs_password and not source.password and source.product.manifest.databases:
        note = text("comment.password", lang)
        yield f"    # password: {{file: /etc/pbxretain/password}}   # {note}"


def _folders(source: SourceText) -> Iterator[str]:
    roots = source.product.manifest.roots
    if not source.has_folders:
        return
    if roots:
        yield "    roots:" if source.roots else "    # roots:"
    for name, root in roots.items():
        known = source.roots.get(name)
        yield f"      {name}: {scalar(known)}" if known else f"    #   {name}: {root.usual}"


def _asterisk(source: SourceText, lang: Lang) -> Iterator[str]:
    kinds = source.product.manifest.datasets.values()
    if source.asterisk:
        yield f"    asterisk: {{config: {scalar(source.asterisk)}}}"
    elif source.roots and any(isinstance(kind, SpoolDataset) for kind in kinds):
        note = text("comment.asterisk", lang)
        yield f"    # asterisk: {{version: 22.10.1}}   # {note}"


def _interface(source: SourceText, lang: Lang) -> Iterator[str]:
    kinds = {dataset.kind for dataset in source.product.manifest.datasets.values()}
    if "api" in kinds:
        yield _comment(text("comment.interface", lang), indent=4)
        secret = f"{{file: /etc/pbxretain/{source.name}-secret}}"
        yield f"    # api: {{url: https://pbx.example.com, user: ID, secret: {secret}}}"
    if "command" in kinds:
        yield _comment(text("comment.interface", lang), indent=4)
        yield "    # command: {product: /srv/product}"


def _comment(words: str, *, indent: int = 0) -> str:
    """Words as comment lines; nothing in them can end the comment."""
    return "\n".join(f"{' ' * indent}# {printable(line)}" for line in words.split("\n"))
