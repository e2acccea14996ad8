"""Under which documents and at which time is a connector tried?

A manifest for other servers becomes one for SQLite, dialect by dialect: what the kit tries is the
manifest's own claims about tables and folders, not the server. Nothing here reaches a real PBX.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from pbxretain import connector, documents, keys
from pbxretain.connector import Connector
from pbxretain.execute import Site
from pbxretain.manifest import Dataset, Manifest, TableDataset
from pbxretain.plan import Terms
from pbxretain.policy.document import Policy
from pbxretain.settings import Source

SOURCE = "kit"
KEEP = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Scene:
    """A clock, a zone, and which version of the PBX: ``lean`` lacks all that it may lack."""

    name: str
    timezone: str
    cutoff: datetime
    """Aware UTC: midnight of the source."""
    lean: bool

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def now(self) -> datetime:
        """Noon of the day on which the cut-off is where it is."""
        day = self.cutoff.astimezone(self.zone).date() + KEEP
        return datetime(day.year, day.month, day.day, 12, tzinfo=self.zone).astimezone(UTC)


AUTUMN = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
"""In Vienna 02:30 for the first time that night; an hour later it is 02:30 again."""
SPRING = datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
"""In Vienna an hour earlier the clock went from 02:00 to 03:00."""
FULL = Scene("full", "Europe/Vienna", datetime(2026, 10, 24, 22, tzinfo=UTC), lean=False)
LEAN = Scene("lean", "Europe/Vienna", datetime(2027, 3, 28, 22, tzinfo=UTC), lean=True)


def variants(product: Connector) -> Iterator[Connector]:
    """The connector as it is tried: once for each set of datasets that a server offers."""
    manifest, seen = product.manifest, []
    for dialect in (*manifest.databases, *([] if manifest.databases else [None])):
        offered = {n: d for n, d in manifest.datasets.items() if _on(d, dialect)}
        if offered and list(offered) not in seen:
            seen.append(list(offered))
            yield _rewritten(product, offered)


def _on(dataset: Dataset, dialect: str | None) -> bool:
    here = getattr(dataset, "databases", None)
    return not here or dialect in here


def _rewritten(product: Connector, offered: Mapping[str, Dataset]) -> Connector:
    plain = product.manifest.model_dump(mode="json", exclude_defaults=True)
    plain["datasets"] = {name: _plain(plain["datasets"][name]) for name in offered}
    if any(isinstance(dataset, TableDataset) for dataset in offered.values()):
        plain["databases"] = ["sqlite"]
    plain.pop("discover", None)
    text = documents.dump(_undotted(plain)).encode()
    return connector.parse(text, product.name, product.shelf)


def _plain(dataset: dict[str, Any]) -> dict[str, Any]:
    """No server of its own, no waiting for a writer, no call of Asterisk's program."""
    changed = {key: value for key, value in dataset.items() if key != "databases"}
    if changed["kind"] == "lines":
        changed |= {"reopen": "none", "quiet": 0}
    return changed


def _undotted(value: Any) -> Any:
    """SQLite knows no schemas."""
    if isinstance(value, dict):
        return {
            key: found.replace(".", "_") if key == "table" else _undotted(found)
            for key, found in value.items()
        }
    return [_undotted(item) for item in value] if isinstance(value, list) else value


def terms_of(
    product: Connector,
    scene: Scene,
    *,
    url: str | None,
    roots: Mapping[str, Path],
    tables: Sequence[str] = (),
) -> Terms:
    """One source under a policy that keeps everything for ``KEEP``."""
    source: dict[str, object] = {
        "connector": product.name,
        "timezone": scene.timezone,
        "policy": SOURCE,
        "accept_untried": product.digest,
        "roots": {name: str(path) for name, path in roots.items()},
    }
    if url:
        source["url"] = url
    if tables:
        source["uncovered_tables"] = list(tables)
    if any(dataset.kind == "spool" for dataset in product.manifest.datasets.values()):
        source["asterisk"] = {"version": "22.10.1"}
    policy = documents.parse(_policy(product.manifest).encode(), "policy", Policy)
    return Terms(
        name=SOURCE,
        source=documents.parse(documents.dump(source).encode(), "source", Source).value,
        connector=product,
        policy=policy.value,
        policy_digest=policy.digest,
        approved=True,
    )


def _policy(manifest: Manifest) -> str:
    rules = []
    for data in manifest.offered():
        rule: dict[str, object] = {"data": data, "keep": f"{KEEP.days} days"}
        if start := _start(manifest, data):
            rule["from"] = start
        rules.append(rule | {"basis": {"code": "necessity"}})
    return documents.dump(
        {"policy": SOURCE, "version": 1, "controller": SOURCE, "limits": {"share": "100%"}}
        | {"rules": rules}
    )


def _start(manifest: Manifest, data: str) -> str | None:
    """The start event to name where a dataset of the class offers a choice."""
    offered = [getattr(d, "starts", {}) for d in manifest.datasets.values() if d.data == data]
    return next((next(iter(starts)) for starts in offered if len(starts) > 1), None)


def site_of(folder: Path) -> Site:
    """State folder, installation and key of the trial; the same folder gives the same site."""
    key = folder / "keys" / "runner.pem"
    if not key.exists():
        key.parent.mkdir(mode=0o700, parents=True)
        keys.new_key(key)
        (folder / "installation").write_text(str(uuid4()), "ascii")
    return Site(
        state=folder / SOURCE,
        installation=(folder / "installation").read_text("ascii"),
        key=keys.load_key(key),
    )
