"""What does a signed statement say that is no report: a review, a look, a key, a gap, in words?

A sheet for each kind, in the language asked for. Codes are explained by the catalogue; who signed
appears by key, never by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from pbxretain import messages
from pbxretain.evidence.attestations import (
    ApprovedPolicy,
    Attestation,
    EvidenceAccess,
    EvidenceShred,
    GapNote,
    Hold,
    KeyEvent,
    Observation,
    Observed,
    Review,
    RosterKey,
    RosterSource,
    Trust,
)
from pbxretain.evidence.fields import moment
from pbxretain.messages import Lang, code, number, text
from pbxretain.sheet import Block, Column, Heading, Items, KeyValue, Paragraph, Sheet, Table
from pbxretain.signing import fingerprint

Pairs = list[tuple[str, str]]


def sheet(
    found: Attestation, lang: Lang, *, kind: str, digest: str, keyid: str, zone: str = "UTC"
) -> Sheet:
    """One statement as a sheet; ``kind`` is its type's word (``review``), ``keyid`` who signed.
    ``zone`` is for a statement that names none: its source's, where somebody knows it."""
    teller = _Teller(lang, zone)
    title = Heading(text(f"statement.{kind}", lang), 1)
    result = Paragraph(teller.result(found), "result")
    seal: Pairs = [
        ("statement.at", teller.time(found.at)),
        ("statement.installation", found.installation),
        ("statement.digest", digest),
        ("statement.signer", fingerprint(keyid)),
    ]
    proof = (Heading(text("statement.proof", lang)), teller.pairs(seal))
    return Sheet(lang, (title, result, *teller.blocks(found), *proof))


class _Teller:
    def __init__(self, lang: Lang, zone: str) -> None:
        self.lang = lang
        self.zone = zone

    # -- in one sentence

    def result(self, found: Attestation) -> str:
        lang = self.lang
        match found:
            case Review():
                return text(f"review.{found.verdict}", lang, source=found.source, seq=found.seq)
            case Observation():
                overdue = sum(d.overdue for d in found.datasets)
                return text(
                    "observation.overdue" if overdue else "observation.none",
                    lang,
                    source=found.source,
                    n=overdue,
                )
            case GapNote():
                since, until = self.time(found.since), self.time(found.until)
                return text("gap.result", lang, source=found.source, since=since, until=until)
            case KeyEvent():
                short = fingerprint(found.key)
                return text(f"key-event.{found.event}", lang, source=found.source, short=short)
            case Hold():
                return text(f"hold.{found.event}", lang, source=found.source, hold=found.hold)
            case Trust():
                return text("trust.result", lang, version=found.version, who=found.controller)
            case ApprovedPolicy():
                return text("approved.result", lang, policy=found.policy, version=found.version)
            case EvidenceAccess():
                return text("access.result", lang, source=found.source, n=found.matches)
            case EvidenceShred():
                return text("shred.result", lang, source=found.source, n=len(found.files))

    # -- the rest

    def blocks(self, found: Attestation) -> Iterator[Block]:
        match found:
            case Review():
                yield from self._review(found)
            case Observation():
                yield from self._observation(found)
            case GapNote():
                why = text(f"gap.reason.{found.reason}", self.lang)
                yield self.pairs([("gap.reason", why), ("statement.remark", found.remark)])
            case KeyEvent():
                yield self.pairs(self._key_event(found))
            case Hold():
                yield self.pairs(self._hold(found))
            case Trust():
                yield from self._trust(found)
            case ApprovedPolicy():
                yield Paragraph(text("approved.note", self.lang), "note")
                yield self.pairs([("approved.digest", found.digest)])
                yield Paragraph(found.document, "command")
            case EvidenceAccess():
                why = text(f"access.purpose.{found.purpose}", self.lang)
                yield self.pairs([("access.purpose", why)])
            case EvidenceShred():
                why = text(f"shred.reason.{found.reason}", self.lang)
                yield self.pairs([("gap.reason", why)])

    def _review(self, found: Review) -> Iterator[Block]:
        lang = self.lang
        looked = ", ".join(text(f"review.check.{name}", lang) for name in found.checks)
        yield self.pairs([("review.checks", looked), ("statement.remark", found.remark)])
        if found.findings:
            yield Heading(text("verify.found", lang))
            yield Items(tuple(code("code", name, lang) for name in found.findings))
        yield self.pairs([("review.report", found.report)])

    def _observation(self, found: Observation) -> Iterator[Block]:
        lang = self.lang
        columns = (
            Column(text("report.col.data", lang)),
            Column(text("report.col.dataset", lang)),
            Column(text("observation.cutoff", lang)),
            Column(text("observation.total", lang), "right"),
            Column(text("observation.col.overdue", lang), "right"),
            Column(text("observation.undated", lang), "right"),
            Column(text("observation.oldest", lang)),
        )
        yield Table(columns, tuple(self._observed(d, found.timezone) for d in found.datasets))
        yield Paragraph(text("observation.note", lang), "note")
        yield self.pairs(
            [("observation.policy", found.policy), ("observation.connector", found.connector)]
        )

    def _observed(self, each: Observed, zone: str) -> tuple[str, ...]:
        lang = self.lang
        cutoff = self.time(each.cutoff, zone) if each.cutoff else text("period.forever", lang)
        return (
            code("data", each.data_class, lang),
            each.dataset,
            cutoff,
            "-" if each.total is None else number(each.total, lang),
            number(each.overdue, lang),
            number(each.undated, lang),
            self.day(each.oldest),
        )

    def _key_event(self, found: KeyEvent) -> Pairs:
        last = found.last_good
        return [
            ("gap.reason", text(f"key-event.reason.{found.reason}", self.lang)),
            ("key-event.previous", fingerprint(found.previous) if found.previous else ""),
            ("key-event.last-good", "" if last is None else str(last)),
        ]

    def _hold(self, found: Hold) -> Pairs:
        return [
            ("hold.kind", text(f"hold.kind.{found.kind}", self.lang)),
            ("hold.data", ", ".join(code("data", name, self.lang) for name in found.data)),
            ("hold.since", self.day(found.since)),
            ("hold.until", self.day(found.until)),
        ]

    def _trust(self, found: Trust) -> Iterator[Block]:
        lang = self.lang
        yield Heading(text("trust.keys", lang))
        columns = ("trust.role", "trust.post", "key.fingerprint", "trust.since", "trust.until")
        titles = tuple(Column(text(key, lang)) for key in columns)
        yield Table(titles, tuple(map(self._roster_key, found.keys)))
        if found.sources:
            yield Heading(text("trust.sources", lang))
            yield Items(tuple(map(self._roster_source, found.sources)))

    def _roster_key(self, key: RosterKey) -> tuple[str, ...]:
        role = text(f"role.{key.role}", self.lang)
        return (
            f"{role} ({key.source})" if key.source else role,
            key.post or "-",
            fingerprint(key.id),
            self.time(key.valid_from),
            self.time(key.valid_until) if key.valid_until else "-",
        )

    def _roster_source(self, each: RosterSource) -> str:
        return text(
            "trust.source",
            self.lang,
            source=each.source,
            interval=messages.hours(each.interval_h, self.lang),
            grace=messages.hours(each.grace_h, self.lang),
            witness=messages.hours(each.witness_h, self.lang),
        )

    # -- small pieces

    def time(self, instant: str, zone: str = "") -> str:
        return messages.moment(moment(instant), ZoneInfo(zone or self.zone), self.lang)

    def day(self, value: str | None) -> str:
        return messages.day(datetime.fromisoformat(value).date(), self.lang) if value else "-"

    def pairs(self, found: Iterable[tuple[str, str]]) -> KeyValue:
        named = ((text(key, self.lang), value) for key, value in found if value)
        return KeyValue(tuple(named))
