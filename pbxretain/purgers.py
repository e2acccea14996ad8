"""Does what the product itself deletes fit the policy, and did it delete here? Reads only.

What the product deletes by itself leaves no evidence: earlier than the policy says, records are
gone before any report can name them; earlier than a minimum, a duty is broken. And where only the
product's own deletion reaches something, it must come no later than the policy says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pbxretain.clues import Purge, PurgeUnit, StoredSetting
from pbxretain.period import Period
from pbxretain.plan import Item, Plan, Terms
from pbxretain.policy.document import Rule
from pbxretain.records import Advice
from pbxretain.settings import Source
from pbxretain.sources import Opened

if TYPE_CHECKING:
    from pbxretain.host.tree import HostTree
    from pbxretain.stores.purges import StoredValues

_GONE = "GONE_BEFORE"
_DIGITS = 6
"""Digits of a period; anything longer means for ever."""
_HERE = ("", "localhost", "127.0.0.1", "::1")

Own = Period | Literal["never", "at-once"]
"""After how long the product deletes."""


@dataclass(slots=True)
class _Found:
    """What one purge's settings say, and where those stand that can't be seen."""

    periods: list[Own] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)


def own_purges(terms: Terms, opened: Opened, tree: HostTree | None = None) -> Iterator[Advice]:
    """Where the product's own deletion breaks the policy, or can't be seen.

    Files are read only where the product stands on this very host. Raises UnavailableError.
    """
    reading = _Reading(terms, opened, tree)
    unseen: dict[str, list[str]] = {}
    for purge in terms.connector.manifest.discover.purges:
        if not purge.stored and purge.unit is None:
            continue
        found = reading.found(purge)
        rules = terms.policy.rules_for(purge.data)
        yield from _compared(purge, found.periods, rules, relied=_relied(purge, terms, opened))
        for place in found.unseen:
            unseen.setdefault(place, []).append(purge.data)
    for place, classes in unseen.items():
        yield _unseen(place, list(dict.fromkeys(classes)))


def explained(decided: Plan, terms: Terms, opened: Opened, tree: HostTree | None = None) -> Plan:
    """The same plan, in which records that have gone since the run before are laid to the product
    where it deletes that data class by itself."""
    gone = [item for item in decided.items if item.census and _GONE in item.census.findings]
    if not gone:
        return decided
    reading = _Reading(terms, opened, tree)
    active = {
        purge.data
        for purge in terms.connector.manifest.discover.purges
        if purge.clears == "records" and any(own != "never" for own in reading.found(purge).periods)
    }
    items = [
        _laid(item) if item in gone and item.data_class in active else item
        for item in decided.items
    ]
    return replace(decided, items=items)


def _laid(item: Item) -> Item:
    if item.census is None:
        return item
    codes = {_GONE: "GONE_OWN_PURGE"}
    findings = {codes.get(code, code): count for code, count in item.census.findings.items()}
    return replace(item, census=replace(item.census, findings=findings))


# --- what the product says ------------------------------------------------------------------------


class _Reading:
    """The product's settings, as far as they are in reach."""

    def __init__(self, terms: Terms, opened: Opened, tree: HostTree | None) -> None:
        # A run on which nothing went by itself asks for none of this.
        from pbxretain.discovery.facts import HostFacts
        from pbxretain.discovery.found import Notes
        from pbxretain.discovery.products import is_there
        from pbxretain.host.tree import HostTree

        tree = tree or HostTree()
        manifest = terms.connector.manifest
        self._clues = manifest.discover
        self._opened = opened
        self._tree = tree
        here = _is_local(terms.source) and is_there(manifest, tree, Notes())
        self._facts = HostFacts(manifest.discover, tree, Notes()) if here else None

    def found(self, purge: Purge) -> _Found:
        """Every period that applies somewhere: each may be one tenant's."""
        filed = self._facts.purge(purge).value if self._facts else ""
        result, said = _Found(), False
        missing = bool(purge.stored)
        for setting in purge.stored:
            stored = self._stored(setting)
            said = said or bool(stored.values)
            missing = missing and stored.missing
            if stored.unseen:
                result.unseen.append(setting.file or setting.table)
            for value in stored.values:
                own = value == setting.factory and bool(filed)
                text, unit = (filed, purge.unit) if own else (value, setting.unit)
                result.periods.append(_period(text, unit, purge))
        if said or result.unseen:
            return result
        if filed or (self._facts and purge.usual):
            result.periods.append(_period(filed or purge.usual or "", purge.unit, purge))
        elif purge.settings and self._facts is None:
            result.unseen.append(self._clues.texts[purge.settings[0].text].paths[0])
        elif not missing:
            # The product is there and told of no period.
            result.periods.append(_period(purge.usual or "", purge.unit, purge))
        return result

    def _stored(self, setting: StoredSetting) -> StoredValues:
        from pbxretain.stores.purges import UNSEEN, filed_values

        if setting.file is None:
            return self._opened.stored(setting) if self._opened.stored else UNSEEN
        if self._facts is None:
            return UNSEEN
        return filed_values(Path(self._tree.here(setting.file)), setting)


def _is_local(source: Source) -> bool:
    """Whether the source is on this host, as far as its address says."""
    if not source.url:
        return True
    from sqlalchemy.engine import make_url

    url = make_url(source.url)
    asked = url.query.get("host", "")
    host = url.host or ("" if str(asked).startswith("/") else str(asked))
    return url.drivername.startswith("sqlite") or host in _HERE


def _period(text: str, unit: PurgeUnit | None, purge: Purge) -> Own:
    if not text.isdecimal() or len(text) >= _DIGITS or unit is None:
        return "never"
    count = int(text)
    if count == 0:
        return "at-once" if purge.zero == "all" else "never"
    if purge.at_least and count < purge.at_least:
        return "never"
    try:
        return Period(count, unit)
    except ValueError:
        return "never"  # more than a century


# --- against the policy ---------------------------------------------------------------------------


def _compared(
    purge: Purge, periods: Sequence[Own], rules: Sequence[Rule], *, relied: bool
) -> Iterator[Advice]:
    """At most one finding in each direction: the gravest."""
    if purge.clears == "records":
        yield from _too_early(purge.data, periods, rules)
    keeps = [rule.keep for rule in rules if isinstance(rule.keep, Period)]
    late = [(own, keep) for own in periods for keep in keeps if relied and _ends_after(own, keep)]
    if late:
        yield _later(purge, *late[0])


def _too_early(data: str, periods: Sequence[Own], rules: Sequence[Rule]) -> Iterator[Advice]:
    least = _longest([rule.minimum for rule in rules if rule.minimum])
    longest = _longest([rule.keep for rule in rules if isinstance(rule.keep, Period)])
    most = "forever" if any(rule.forever for rule in rules) else longest
    if broken := [own for own in periods if least and _ends_before(own, least)]:
        yield _minimum(data, _shortest(broken), str(least))
    elif earlier := [own for own in periods if most and _ends_before(own, most)]:
        yield _earlier(data, _shortest(earlier), str(most))


def _longest(periods: Sequence[Period]) -> Period | None:
    found = None
    for period in periods:
        found = period if found is None or period.exceeds(found) else found
    return found


def _shortest(periods: Sequence[Own]) -> Own:
    found = periods[0]
    for own in periods:
        if own == "at-once" or (
            isinstance(own, Period) and isinstance(found, Period) and found.exceeds(own)
        ):
            found = own
    return found


def _ends_before(own: Own, keep: Period | str) -> bool:
    """Whether the product can delete something before this period ends."""
    if own == "never":
        return False
    return not isinstance(own, Period) or not isinstance(keep, Period) or keep.exceeds(own)


def _ends_after(own: Own, keep: Period) -> bool:
    return own == "never" or (isinstance(own, Period) and own.exceeds(keep))


def _relied(purge: Purge, terms: Terms, opened: Opened) -> bool:
    """Whether nothing but the product's own deletion reaches what it deletes."""
    datasets = terms.connector.manifest.datasets
    if purge.clears == "copies":
        mine = [datasets[purge.dataset]] if purge.dataset in datasets else []
    else:
        mine = [dataset for dataset in datasets.values() if dataset.data == purge.data]
    reached = [k for k in opened.kinds.values() if any(k is dataset for dataset in mine)]
    return all(getattr(kind, "reads_only", False) for kind in reached)


# --- in words -------------------------------------------------------------------------------------


def _minimum(data: str, own: Own, minimum: str) -> Advice:
    return Advice(
        code="OWN_PURGE_MINIMUM",
        text=f"The product itself deletes {data} {_after(own)}, though they must stay for {minimum}"
        " at least: the duty to keep them is broken without a trace.",
        command="switch it off in the product, or give it a longer period, at once",
        severity="error",
        params=(("data", data), ("own", str(own)), ("keep", minimum)),
    )


def _earlier(data: str, own: Own, keep: str) -> Advice:
    return Advice(
        code="OWN_PURGE_EARLIER",
        text=f"The product itself deletes {data} {_after(own)}, before the policy does ({keep}):"
        " those go without evidence.",
        command="switch it off in the product, or give it a longer period",
        params=(("data", data), ("own", str(own)), ("keep", keep)),
    )


def _later(purge: Purge, own: Own, keep: Period) -> Advice:
    what = f"copies of {purge.data}" if purge.clears == "copies" else purge.data
    how = "never deletes" if own == "never" else f"deletes only after {own}"
    return Advice(
        code="OWN_PURGE_LATER",
        text=f"Nothing but the product itself reaches {what}, and it {how} them;"
        f" the policy says {keep}.",
        command="give the product's own deletion the policy's period",
        params=(("data", purge.data), ("own", str(own)), ("keep", str(keep))),
    )


def _unseen(place: str, classes: Sequence[str]) -> Advice:
    file = place.startswith("/")
    data = ", ".join(classes)
    return Advice(
        code="OWN_PURGE_UNSEEN",
        text=f"After how long the product itself deletes {data} can't be seen from here.",
        command=f"look into {place} on the PBX" if file else f"GRANT SELECT ON {place}",
        severity="info",
        params=(("data", data), *((("file", place),) if file else ())),
    )


def _after(own: Own) -> str:
    return f"after {own}" if isinstance(own, Period) else own.replace("-", " ")
