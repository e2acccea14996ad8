"""Manifests with the clues of every product: the shipped ones, and stand-ins for the others.

A product whose connector isn't shipped yet, or has no clues yet, takes them from ``clues/``.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from pbxretain.clues import Discover
from pbxretain.connector import Connector, parse, shelf
from pbxretain.documents import Document
from pbxretain.documents import parse as read

CLUES = Path(__file__).parent / "clues"

_DATASETS = {
    "3cx": ("cdroutput", "postgresql", ("recordings", "voicemail")),
    "freeswitch": ("voicemail_msgs", "sqlite", ("recordings", "voicemail")),
    "fusionpbx": ("v_xml_cdr", "postgresql", ("recordings", "voicemail")),
    "mikopbx": ("cdr_general", "sqlite", ("recordings",)),
    "kamailio": ("acc", "mysql", ()),
    "wazo": ("call_logd_call_log", "postgresql", ("recordings",)),
    "issabel": ("cdr", "mysql", ("recordings",)),
    "vitalpbx": ("cdr", "mysql", ("recordings",)),
    "nethvoice": ("cdr", "mysql", ("recordings",)),
    "pascom": ("", "", ("recordings",)),
    "locaphone": ("ast_cdr", "mysql", ("recordings",)),
    "bitrix24": ("b_voximplant_statistic", "mysql", ("recordings",)),
    "ucware": ("services_billing", "mysql", ()),
}
"""Of a stand-in: its table, its database, its folders of files."""


class _Snippet(Document):
    discover: Discover


def connectors() -> dict[str, Connector]:
    """All connectors by name, each with its clues."""
    known = dict(shelf())
    for path in sorted(CLUES.glob("*.yaml")):
        name, text = path.stem, path.read_bytes()
        shipped = known.get(name)
        if shipped is None:
            known[name] = _stand_in(name, text)
        elif not shipped.manifest.discover.copies and not shipped.manifest.discover.contains:
            clues = read(text, path.name, _Snippet).value.discover
            manifest = shipped.manifest.model_copy(update={"discover": clues})
            known[name] = Connector(manifest, shipped.digest, shipped.shelf, shipped.text)
    return known


def _stand_in(name: str, clues: bytes) -> Connector:
    table, engine, roots = _DATASETS[name]
    datasets: dict[str, object] = {
        root: {
            "kind": "tree",
            "title": root,
            "data": "call-recordings" if root == "recordings" else "voicemail-messages",
            "root": root,
            "optional": True,
            "extensions": ["wav"],
            "dated_by": [{"mtime": True}],
        }
        for root in roots
    }
    if table:
        datasets["calls"] = {
            "kind": "table",
            "title": "calls",
            "data": "call-detail-records",
            "table": table,
            "key": ["id"],
            "starts": {"call-start": {"column": "start"}},
        }
    manifest = {
        "connector": name,
        "title": name.upper(),
        "databases": [engine] if engine else [],
        "roots": {root: {"usual": f"/var/spool/{name}/{root}"} for root in roots},
        "datasets": datasets,
    }
    text = yaml.safe_dump(manifest, sort_keys=False).encode() + clues
    return parse(text, f"{name}/connector.yaml", "stand-in")
