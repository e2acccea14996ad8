"""What is said of plan files: what they hold, why one is refused, what a run made of one. (German,
English.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PLANS: Final[Mapping[str, tuple[str, str]]] = {
    "progress.itemise": ("auflisten", "itemising"),
    "report.plan": ("Nach Plandatei (SHA-256)", "By plan file (SHA-256)"),
    "plan.out-written": (
        "Plandatei mit {n} Datensätzen ({size} kB), gültig {days} Tage: {path}",
        "Plan file of {n} records ({size} kB), good for {days} days: {path}",
    ),
    "planfile.title": ("Plandatei: {source}", "Plan file: {source}"),
    "planfile.result": (
        "{n} Datensätze; Stichtage nach dem {as_of}.",
        "{n} records; cut-offs reckoned from {as_of}.",
    ),
    "planfile.days": ("Nach Tagen", "By day"),
    "planfile.col.day": ("Tag", "Day"),
    "planfile.col.records": ("Datensätze", "Records"),
    "planfile.col.first": ("erster Tag", "first day"),
    "planfile.col.last": ("letzter Tag", "last day"),
    "planfile.about": ("Grundlage", "Made under"),
    "planfile.made": ("erstellt", "made"),
    "planfile.policy": ("Regelwerk", "policy"),
    "planfile.connector": ("Anbindung", "connector"),
    "planfile.confirmed": ("bestätigte Anzahl", "confirmed count"),
    "planfile.digest": ("SHA-256 der Datei", "SHA-256 of the file"),
    "run.plan": (
        "{source}: Plan: {planned} Datensätze, gelöscht {deleted}.",
        "{source}: plan: {planned} records, deleted {deleted}.",
    ),
    "run.plan.left": ("  {n} {code}: {why}", "  {n} {code}: {why}"),
    "run.plan.unnamed": (
        "  {n} fällige Datensätze nennt der Plan nicht: nicht angerührt, weiter fällig.",
        "  {n} due records that the plan doesn't name: not touched, still due.",
    ),
    "run.plan.since": (
        "  {n} Datensätze sind seit dem Plan fällig geworden: nicht angerührt.",
        "  {n} records came due since the plan was made: not touched.",
    ),
    "left.FAILED": (
        "Datensätze, die sich nicht löschen ließen.",
        "Records that could not be deleted.",
    ),
    "code.STILL_DUE": (
        "Geplante Datensätze, zu denen der Löschlauf nicht kam, sind weiter fällig.",
        "Planned records that the run did not come to are still due.",
    ),
    "code.NOT_PLANNED": (
        "Fällige Datensätze, die der Plan nicht nennt, wurden nicht angerührt.",
        "Due records that the plan doesn't name were not touched.",
    ),
    "code.PLAN_NOT_GENUINE": (
        "Die Plandatei ist nicht so, wie diese Installation sie geschrieben hat.",
        "The plan file isn't as this installation wrote it.",
    ),
    "code.PLAN_OUTDATED": (
        "Seit die Plandatei erstellt wurde, hat sich geändert, was ihr zugrunde liegt.",
        "What the plan file rests on changed since it was made.",
    ),
    "code.PLAN_OTHER_SOURCE": (
        "Die Plandatei gehört zu einer anderen Quelle oder Installation.",
        "The plan file belongs to another source or installation.",
    ),
    "code.PLAN_TOO_OLD": ("Die Plandatei ist zu alt.", "The plan file is too old."),
    "code.PLAN_UNFIT": (
        "Ein Plan, der nicht ausgeführt werden könnte, wird nicht in eine Datei geschrieben.",
        "A plan that could not be run is not written to a file.",
    ),
    "detail.PLAN_OUTDATED": (
        "die Plandatei ist überholt: seit sie erstellt wurde, hat sich geändert: {changed}",
        "the plan file is out of date: since it was made, this changed: {changed}",
    ),
    "thing.key": ("der Schlüssel, der signiert", "the key that signs"),
    "thing.policy": ("das Regelwerk", "the policy"),
    "thing.connector": ("der Konnektor", "the connector"),
    "thing.settings": ("die Einstellungen der Quelle", "the source's settings"),
    "thing.clock": ("die Uhr dieses Rechners", "this machine's clock"),
    "thing.cut-off": ("die Stichtage", "the cut-off dates"),
    "detail.PLAN_OUTDATED.hint": (
        "neu erstellen: pbxretain plan --out DATEI",
        "make a new one: pbxretain plan --out FILE",
    ),
    "detail.PLAN_OTHER_SOURCE": (
        "die Plandatei wurde für die Quelle {theirs} erstellt, nicht für {ours} hier",
        "the plan file was made for source {theirs}, not for {ours} here",
    ),
    "detail.PLAN_TOO_OLD": (
        "die Plandatei ist {days} Tage alt, erlaubt sind {allowed}",
        "the plan file is {days} days old, and {allowed} are allowed",
    ),
    "detail.PLAN_TOO_OLD.hint": (
        "neu erstellen oder mehr erlauben: --plan-age TAGE",
        "make a new one, or allow more: --plan-age DAYS",
    ),
}
