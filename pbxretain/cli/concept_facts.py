"""What does the deletion concept go by: each source with its documents and its schedule?

Settings, policies and manifests alone. No source is opened and no report read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pbxretain import rolling
from pbxretain.cli.context import App
from pbxretain.connector import Connector
from pbxretain.documents import Loaded
from pbxretain.ledger import ROSTER
from pbxretain.manifest import Dataset, TableDataset, root_of
from pbxretain.policy.document import Policy, Rule, approval_state
from pbxretain.settings import Source


@dataclass(frozen=True, slots=True)
class System:
    """One source with its documents. ``interval`` and ``grace`` (hours) are its schedule, where
    one is known."""

    name: str
    source: Source
    connector: Connector
    policy: Loaded[Policy]
    interval: int | None = None
    grace: int | None = None

    def rules(self, dataset: Dataset) -> Sequence[Rule]:
        """Every rule of its data class, in order: the first that matches a record counts."""
        return self.policy.value.rules_for(dataset.data)

    def connected(self, dataset: Dataset) -> bool:
        """Whether settings lead to the place where this dataset lies."""
        root = root_of(dataset)
        if root is not None:
            return root in self.source.roots
        return not isinstance(dataset, TableDataset) or self.source.url is not None

    @property
    def datasets(self) -> Mapping[str, Dataset]:
        """Those that settings lead to, in deletion order."""
        known = self.connector.manifest.datasets
        return {name: dataset for name, dataset in known.items() if self.connected(dataset)}

    @property
    def undecided(self) -> list[str]:
        offered = dict.fromkeys(dataset.data for dataset in self.datasets.values())
        return [name for name in self.policy.value.not_decided(list(offered)) if name in offered]

    @property
    def dialect(self) -> str | None:
        """``mysql``, ``postgresql`` or ``sqlite``; None without a database."""
        scheme = (self.source.url or "").partition("://")[0]
        return "mysql" if scheme == "mariadb" else scheme or None


def systems(app: App, names: Sequence[str]) -> list[System]:
    """The sources with all their documents; DocumentError for a mistake in any of them."""
    found = []
    roster = rolling.installed(app.state / ROSTER)
    for name in app.sources(names):
        source = app.source(name)
        expected = roster.trust.source(name) if roster else None
        found.append(
            System(
                name,
                source,
                app.connector(name),
                app.policy(source.policy),
                interval=expected.interval_h if expected else None,
                grace=expected.grace_h if expected else None,
            )
        )
    return found


def data(found: Sequence[System], *, now: datetime) -> dict[str, object]:
    """The concept's facts as JSON."""
    return {
        "made_on": now.date().isoformat(),
        "sources": [
            {
                "source": system.name,
                "connector": system.connector.name,
                "connector_digest": system.connector.digest,
                "policy": system.policy.value.policy,
                "policy_version": system.policy.value.version,
                "policy_digest": system.policy.digest,
                "approval": approval_state(system.policy.value),
                "undecided": system.undecided,
                "datasets": [
                    {
                        "dataset": name,
                        "data_class": dataset.data,
                        "keep": str(rules[-1].keep) if (rules := system.rules(dataset)) else None,
                        "rules": [_rule_data(rule) for rule in system.rules(dataset)],
                        "connected": system.connected(dataset),
                    }
                    for name, dataset in system.connector.manifest.datasets.items()
                ],
            }
            for system in found
        ],
    }


def _rule_data(rule: Rule) -> dict[str, object]:
    known = rule.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {name: known[name] for name in ("name", "only", "keep", "minimum") if name in known}
