"""What does one rule of a policy say, in words?"""

from __future__ import annotations

from pbxretain import explain
from pbxretain.messages import Lang, code, known, period, text
from pbxretain.period import Period
from pbxretain.policy.document import Cut, Redact, Rule


def part(rule: Rule, lang: Lang) -> str:
    """What the rule takes: ``call recordings (queue 800)``."""
    data = explain.data_class(rule.data, lang)
    if not rule.only:
        return data
    facets = "; ".join(_facet(name, values, lang) for name, values in rule.only.items())
    return text("rule.part", lang, data=data, facets=facets)


def _facet(name: str, values: tuple[str, ...], lang: Lang) -> str:
    *first, last = [_value(value, lang) for value in values]
    shown = text("rule.or", lang, values=", ".join(first), last=last) if first else last
    return f"{code('facet', name, lang)}: {shown}"


def _value(value: str, lang: Lang) -> str:
    return code("facet.value", value, lang) if known("facet.value", value) else value


def stages(rule: Rule, lang: Lang) -> list[str]:
    """What becomes of a record, and when: the redaction first, then how long it stays."""
    found = [redaction(rule.redact, lang)] if rule.redact else []
    return [*found, keep(rule, lang)]


def keep(rule: Rule, lang: Lang) -> str:
    """How long a record stays, with the slack before it."""
    plain = period(str(rule.keep), lang)
    if rule.slack is None:
        return plain
    return text("rule.slack", lang, period=plain, slack=period(str(rule.slack), lang))


def whole(rule: Rule, lang: Lang) -> str:
    """All that becomes of a record, the minimum included."""
    found = [redaction(rule.redact, lang)] if rule.redact else []
    return "; ".join([*found, bounds(rule, lang)])


def bounds(rule: Rule, lang: Lang) -> str:
    """How long a record stays at most and at least."""
    if rule.fixed:
        return text("rule.fixed", lang, period=period(str(rule.keep), lang))
    most = keep(rule, lang)
    if rule.minimum is None:
        return most
    return text("rule.least", lang, period=most, minimum=period(str(rule.minimum), lang))


def redaction(stage: Redact, lang: Lang) -> str:
    """When and how a record is redacted."""
    kind = "rule.redact.year-end" if stage.after.year_end else "rule.redact"
    after = period(str(stage.after), lang)
    return text(kind, lang, period=_dative(after, lang, stage.after), numbers=numbers(stage, lang))


def _dative(words: str, lang: Lang, after: Period) -> str:
    """German: *nach 30 Tagen*, *nach 6 Monaten*, *nach einem Jahr* as *nach 1 Jahr*."""
    if lang == "en" or after.year_end or after.count == 1 or after.unit == "week":
        return words
    return words + "n"


def numbers(stage: Redact, lang: Lang) -> str:
    """What becomes of telephone numbers, which of them stay, and how long a key of theirs lives."""
    if isinstance(stage.numbers, Cut):
        many = "one" if stage.numbers.cut == 1 else "many"
        said = [text(f"numbers.cut.{many}", lang, n=stage.numbers.cut)]
    else:
        said = [text(f"numbers.{stage.numbers}", lang)]
    if stage.key_for:
        said.append(text("numbers.key", lang, period=period(str(stage.key_for), lang)))
    if stage.extensions:
        said.append(text("numbers.extensions", lang, n=stage.extensions))
    return "; ".join(said)


def minimum(rule: Rule, lang: Lang) -> str:
    """How long a record stays at least; a dash where nothing says so."""
    if rule.minimum is None:
        return "-"
    plain = period(str(rule.minimum), lang)
    if rule.override is None:
        return plain
    return text("minimum.override", lang, period=plain, by=rule.override.by)


def starts(rule: Rule, lang: Lang) -> str:
    """What starts the period, with what counts where that is unknown; empty for the dataset's
    only start event."""
    words = [code("start", name, lang) for name in rule.starts or ()]
    shown = words[0] if words else ""
    for later in words[1:]:
        shown = text("rule.else", lang, first=shown, second=later)
    return shown
