"""What did ``verify`` find, in words?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from pbxretain.errors import Exit
from pbxretain.messages import Lang, code, counted, known, number, text
from pbxretain.sheet import Block, Heading, Items, KeyValue, Paragraph, Sheet
from pbxretain.verify import Finding, Verdict, Whole

_RESULTS: Mapping[Exit, str] = {
    Exit.OK: "genuine",
    Exit.INCOMPLETE: "findings",
    Exit.UNTRUSTED: "untrusted",
    Exit.UNAVAILABLE: "unavailable",
}
"""Everything else is not genuine."""

_PARAMS = ("seq", "first", "last", "dataset", "count", "data", "reason", "hours", "fingerprint")


def sheet(verdict: Verdict, lang: Lang) -> Sheet:
    """Verdict first, then every finding in words, the reports, and what to do about a key."""
    return Sheet(lang, tuple(_blocks(verdict, lang)))


def data(verdict: Verdict) -> dict[str, object]:
    """The verdict as JSON."""
    return {
        "exit": int(verdict.exit),
        "verdict": _result(verdict),
        "level": verdict.level,
        "whole": [asdict(source) for source in verdict.whole],
        "findings": [_finding_data(finding) for finding in verdict.findings],
        "reports": [
            {
                "path": str(report.path),
                "digest": report.digest,
                "sha256": report.sha256,
                "type": report.statement.type,
                "signer": report.signer,
            }
            for report in verdict.reports
        ],
    }


def _finding_data(finding: Finding) -> dict[str, object]:
    params: dict[str, Any] = dict(finding.params)
    return {
        "code": finding.code,
        "exit": int(finding.exit),
        "file": finding.file,
        "params": params,
    }


def _result(verdict: Verdict) -> str:
    return _RESULTS.get(verdict.exit, "forged")


def _blocks(verdict: Verdict, lang: Lang) -> Iterator[Block]:
    serious = [finding for finding in verdict.findings if finding.exit is not Exit.OK]
    yield Heading(text("verify.title", lang), 1)
    yield Paragraph(_sentence(verdict, len(serious), lang), "result")
    for source in verdict.whole:
        yield Paragraph(_whole(source, lang))
    for title, findings in (
        ("verify.found", serious),
        ("verify.known", [f for f in verdict.findings if f.exit is Exit.OK]),
    ):
        if findings:
            yield Heading(text(title, lang))
            yield Items(tuple(dict.fromkeys(_line(finding, lang) for finding in findings)))
    reports, others = _counts(verdict)
    pairs = [
        (text("verify.reports", lang), number(reports, lang)),
        *([(text("verify.others", lang), number(others, lang))] if others else []),
        (text("verify.level", lang), text(f"verify.level.{verdict.level or 'none'}", lang)),
    ]
    yield KeyValue(tuple(pairs))
    if any("fingerprint" in f.params and f.exit is Exit.UNTRUSTED for f in serious):
        yield Paragraph(text("verify.how-to-trust", lang))


def _sentence(verdict: Verdict, serious: int, lang: Lang) -> str:
    params = {
        "reports": _read(verdict, lang),
        "findings": counted(serious, lang, thing="finding"),
    }
    return text(f"verify.result.{_result(verdict)}", lang, **params)


def _counts(verdict: Verdict) -> tuple[int, int]:
    """How many deletion reports, and how many other statements; each once, however it came."""
    once = {report.digest: report.deletion is not None for report in verdict.reports}
    reports = sum(once.values())
    return reports, len(once) - reports


def _read(verdict: Verdict, lang: Lang) -> str:
    reports, others = _counts(verdict)
    told = counted(reports, lang, thing="report")
    if not others:
        return told
    also = counted(others, lang, thing="statement")
    return text("count.both", lang, reports=told, others=also) if reports else also


def _whole(told: Whole, lang: Lang) -> str:
    """That no number is missing, and what is known of the schedule."""
    many = "many" if told.last else "one"
    numbers = text(f"verify.whole.{many}", lang, source=told.source, first="0", last=str(told.last))
    kept = {None: "open", True: "kept", False: "late"}[told.kept]
    return text(f"verify.whole.{kept}", lang, numbers=numbers)


def _line(finding: Finding, lang: Lang) -> str:
    sentence = code("code", finding.code, lang)
    details = [
        text(f"verify.param.{name}", lang, value=_value(name, finding.params[name], lang))
        for name in _PARAMS
        if name in finding.params
    ]
    told = f"{sentence} ({', '.join(details)})" if details else sentence
    return f"{finding.file}: {told}" if finding.file else told


def _value(name: str, value: str | int, lang: Lang) -> object:
    if name == "data":
        return ", ".join(code("data", item, lang) for item in str(value).split(", "))
    if name == "reason" and known("code", str(value)):
        return code("code", str(value), lang).rstrip(".")
    # Counts are grouped by thousands, numbers of reports are names.
    return value if name == "count" else str(value)
