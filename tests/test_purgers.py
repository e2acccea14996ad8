"""What products delete by themselves, read from their own settings and held against the policy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from support import hosts
from support.fusionpbx import Fusion
from support.hosts import HOSTS
from support.servers import MariaDB, PostgreSQL
from support.site import everything
from support.vendor import YOUNG, Scene, scene
from support.wazo import Wazo, tenant

from pbxretain import purgers, sources
from pbxretain.cli import show, work
from pbxretain.documents import parse
from pbxretain.errors import Exit
from pbxretain.evidence.statements import DeletionReport, parse_statement
from pbxretain.host.tree import HostTree
from pbxretain.policy.document import Policy
from pbxretain.records import Advice
from pbxretain.render.text import as_text
from pbxretain.signing import open_envelope

Told = list[tuple[str, str, str]]
"""Code, severity, and what is told of it."""

FOREVER = "{data: %s, keep: forever, basis: undecided}"


def rules(pbx: Scene, *lines: str) -> Policy:
    """A policy with these rules; the other classes stay forever where they are never compared."""
    named = [line.split("data: ")[1].split(",")[0].rstrip("}") for line in lines]
    rest = [d for d in pbx.connector.manifest.offered() if d not in named]
    text = "\n".join(f"  - {line}" for line in [*lines, *(FOREVER % data for data in rest)])
    return parse(f"policy: test\nrules:\n{text}\n".encode(), "policy", Policy).value


def kept(pbx: Scene, keep: str, **others: str) -> Policy:
    """One plain rule a class."""
    every = everything(pbx.connector.manifest, keep)
    every |= {name.replace("_", "-"): period for name, period in others.items()}
    lines = [f"{{data: {d}, keep: {k}, basis: {{code: necessity}}}}" for d, k in every.items()]
    return rules(pbx, *lines)


def found(pbx: Scene, policy: Policy, root: Path | None = None, *, url: str = "") -> list[Advice]:
    """What ``check`` would tell; ``root`` holds the PBX's host, ``url`` another address of it."""
    terms = replace(pbx.terms(), policy=policy)
    with sources.opened(
        terms.source, terms.connector, name="office", installation="x", exclusive=False
    ) as opened:
        if url:
            terms = replace(terms, source=terms.source.model_copy(update={"url": url}))
        tree = HostTree(root or pbx.folder / "no host")
        return list(purgers.own_purges(terms, opened, tree))


def told(advice: list[Advice]) -> Told:
    return [(a.code, a.severity, " / ".join(str(value) for _, value in a.params)) for a in advice]


def host(folder: Path, product: str, **files: str) -> Path:
    """A host of the product with files of its own."""
    more = {name.replace("__", "/"): text for name, text in files.items()}
    return hosts.make(folder, {**HOSTS[product].files, **more})


# --- FusionPBX: two tables of settings, one of them for each tenant ---------------------------


@pytest.fixture
def fusion(postgresql: PostgreSQL, tmp_path: Path) -> Scene:
    made = scene("fusionpbx", postgresql, tmp_path)
    Fusion(made).settings()
    made.grant(seeing=SETTINGS)
    return made


SETTINGS = ("v_default_settings", "v_domain_settings")


def fusion_days(
    pbx: Scene, category: str, days: str, *, enabled: bool = True, domain: bool = False
) -> None:
    kind = "domain" if domain else "default"
    what = "filesystem" if category == "call_recordings" else "database"
    pbx.do(
        f"INSERT INTO v_{kind}_settings ({kind}_setting_uuid, {kind}_setting_category,"
        f" {kind}_setting_subcategory, {kind}_setting_name, {kind}_setting_value,"
        f" {kind}_setting_enabled) VALUES (gen_random_uuid(), %s, %s, 'numeric', %s, %s)",
        category,
        f"{what}_retention_days",
        days,
        enabled,
    )


def test_fusionpbx_deletes_earlier_for_one_tenant_than_the_policy_says(fusion: Scene) -> None:
    fusion_days(fusion, "cdr", "730")
    policy = kept(fusion, "90 days")
    assert told(found(fusion, policy)) == []
    fusion_days(fusion, "cdr", "14", domain=True)
    fusion_days(fusion, "voicemail", "7", enabled=False)
    assert told(found(fusion, policy)) == [
        ("OWN_PURGE_EARLIER", "warning", "call-detail-records / 14 days / 90 days")
    ]


def test_a_minimum_that_the_product_breaks_is_an_error_and_worse_than_no_evidence(
    fusion: Scene,
) -> None:
    fusion_days(fusion, "call_recordings", "90")
    plain = "{data: call-recordings, keep: 30 days, basis: {code: consent}}"
    advice = (
        "{data: call-recordings, name: advice, only: {queue: 800}, keep: 5 years,"
        " minimum: 5 years, basis: {code: DE-WPHG-83-8}}"
    )
    assert told(found(fusion, rules(fusion, plain))) == []
    (error,) = found(fusion, rules(fusion, advice, plain))
    assert told([error]) == [("OWN_PURGE_MINIMUM", "error", "call-recordings / 90 days / 5 years")]
    (problem,) = [work._advised(error)]
    assert problem.exit == Exit.INCOMPLETE  # no run is refused for it
    sheet = as_text(show.check("office", [problem], "de"), width=500)
    assert "Fehler: Die Anlage löscht Gesprächsaufzeichnungen selbst (Frist: 90 Tage)" in sheet
    assert "(5 Jahre)" in sheet
    assert "sofort in der Anlage abschalten" in sheet


def test_where_only_the_product_reaches_something_its_own_deletion_must_not_be_off(
    fusion: Scene,
) -> None:
    policy = rules(fusion, "{data: call-recordings, keep: 30 days, basis: {code: consent}}")
    assert told(found(fusion, policy)) == []
    recordings = fusion.roots.pop("recordings")  # out of the policy's reach
    late = ("OWN_PURGE_LATER", "warning")
    assert told(found(fusion, policy)) == [(*late, "call-recordings / never / 30 days")]
    fusion_days(fusion, "call_recordings", "90")
    assert told(found(fusion, policy)) == [(*late, "call-recordings / 90 days / 30 days")]
    fusion.do("DELETE FROM v_default_settings")
    fusion_days(fusion, "call_recordings", "20")
    assert told(found(fusion, policy)) == [
        ("OWN_PURGE_EARLIER", "warning", "call-recordings / 20 days / 30 days")
    ]
    fusion.do("DELETE FROM v_default_settings")
    fusion.roots["recordings"] = recordings
    assert told(found(fusion, policy)) == []


def test_settings_that_the_login_may_not_see_are_named_once_with_the_grant(fusion: Scene) -> None:
    fusion.grant()
    advice = found(fusion, kept(fusion, "90 days"))
    assert [(a.code, a.severity, a.command) for a in advice] == [
        ("OWN_PURGE_UNSEEN", "info", f"GRANT SELECT ON {table}") for table in SETTINGS
    ]


@pytest.mark.parametrize(
    ("days", "code"), [("", "GONE_BEFORE"), ("30", "GONE_OWN_PURGE")], ids=["by hand", "its own"]
)
def test_a_run_tells_what_has_gone_since_the_one_before_and_whose_deletion_it_may_be(
    fusion: Scene, days: str, code: str
) -> None:
    made = Fusion(fusion)
    calls = [made.call(number, YOUNG) for number in range(5)]
    made.load()
    if days:
        fusion_days(fusion, "cdr", days)
    fusion.only_what_is_used(keep=["v_xml_cdr_transcripts", *SETTINGS])
    fusion.grant(seeing=SETTINGS)
    for number in range(2):
        done = fusion.run()
        assert done.exit_code == Exit.OK, done.errors
        assert done.entry is not None
        envelope = open_envelope((fusion.site().state / "reports" / done.entry.file).read_bytes())
        report = parse_statement(envelope.payload).predicate
        assert isinstance(report, DeletionReport)
        (entry,) = [entry for entry in report.datasets if entry.dataset == "calls"]
        gone = [(f.code, f.count) for f in entry.findings if f.code.startswith("GONE")]
        assert gone == ([(code, 2)] if number else [])
        for uuid in calls[:2]:
            fusion.do("DELETE FROM v_xml_cdr WHERE xml_cdr_uuid = %s", uuid)


# --- Wazo: files, a default in the database, and tenants --------------------------------------


@pytest.fixture
def wazo(postgresql: PostgreSQL, tmp_path: Path) -> Scene:
    made = Wazo(scene("wazo", postgresql, tmp_path))
    made.pbx.extra = ""
    made.settings()
    made.load()
    made.pbx.grant(seeing=["call_logd_retention", "call_logd_config"])
    return made.pbx


PURGE = "__etc__wazo-purge-db__conf.d__10.yml"


def test_wazo_zero_days_of_one_tenant_delete_everything(wazo: Scene, tmp_path: Path) -> None:
    root = host(tmp_path / "host", "wazo", **{PURGE: "days_to_keep: 365\n"})
    policy = kept(wazo, "30 days")
    wazo.do("UPDATE call_logd_retention SET cdr_days = NULL")
    assert [t for t in told(found(wazo, policy, root)) if t[0] == "OWN_PURGE_EARLIER"] == [
        ("OWN_PURGE_EARLIER", "warning", "call-recordings / at-once / 30 days")
    ]
    wazo.do("UPDATE call_logd_retention SET recording_days = NULL")
    assert [t for t in told(found(wazo, policy, root)) if t[0] == "OWN_PURGE_EARLIER"] == []


def test_wazo_the_file_counts_where_the_database_still_says_what_wazo_put_there(
    wazo: Scene, tmp_path: Path
) -> None:
    wazo.do("UPDATE call_logd_retention SET cdr_days = NULL, recording_days = NULL")
    wazo.do("UPDATE call_logd_config SET retention_cdr_days = 200")
    days = "days_to_keep: 60\ndays_to_keep_per_plugin: {cel: 20, webhookd-logs: 400}\n"
    root = host(tmp_path / "host", "wazo", **{PURGE: days})
    early = [t[2] for t in told(found(wazo, kept(wazo, "90 days"), root))]
    assert early == [
        "call-recordings / 60 days / 90 days",  # 365 in the database, so the file's
        "call-events / 20 days / 90 days",
        "queue-logs / 60 days / 90 days",
    ]


def test_wazo_on_another_host_says_where_to_look(wazo: Scene, tmp_path: Path) -> None:
    root = host(tmp_path / "host", "wazo", **{PURGE: "days_to_keep: 1\n"})
    away = found(wazo, kept(wazo, "1 day"), root, url="postgresql://x@pbx.example.org/asterisk")
    assert told([a for a in away if a.code == "OWN_PURGE_UNSEEN"]) == [
        (
            "OWN_PURGE_UNSEEN",
            "info",
            "call-events, queue-logs, system-logs / /etc/wazo-purge-db/conf.d/*.yml",
        )
    ]
    problem = work._advised(away[-1])
    sheet = as_text(show.check("office", [problem], "de"), width=500)
    assert "Anrufereignisse, Warteschlangenprotokolle, Systemprotokolle" in sheet
    assert "auf der Anlage in /etc/wazo-purge-db/conf.d/*.yml nachsehen" in sheet


def test_tenants_of_wazo_are_all_looked_at(wazo: Scene) -> None:
    wazo.do("DELETE FROM call_logd_retention")
    for number, days in enumerate((400, 100)):
        wazo.do(
            "INSERT INTO call_logd_retention (tenant_uuid, cdr_days) VALUES (%s, %s)",
            tenant(number),
            days,
        )
    wazo.do("UPDATE call_logd_config SET retention_cdr_days = 500")
    (first, *_) = found(wazo, kept(wazo, "90 days", call_detail_records="6 months"))
    assert told([first]) == [
        ("OWN_PURGE_EARLIER", "warning", "call-detail-records / 100 days / 6 months")
    ]


# --- MikoPBX: a file of its own beside the call log --------------------------------------------


@pytest.fixture
def miko(tmp_path: Path) -> tuple[Scene, Path]:
    made = scene("mikopbx", None, tmp_path)
    made.file("recordings", "2026/x.wav", at=YOUNG)
    return made, host(tmp_path / "host", "mikopbx")


def miko_settings(root: Path, values: Mapping[str, str | None]) -> None:
    path = root / "cf/conf/mikopbx.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as settings, settings:
        settings.execute("CREATE TABLE m_PbxSettings (key TEXT PRIMARY KEY, value TEXT)")
        settings.executemany("INSERT INTO m_PbxSettings VALUES (?, ?)", list(values.items()))


def test_mikopbx_deletes_recordings_at_once_and_calls_only_from_thirty_days_on(
    miko: tuple[Scene, Path],
) -> None:
    pbx, root = miko
    policy = kept(pbx, "90 days")
    miko_settings(root, {"PBXRecordSavePeriod": "20", "Name": "x"})
    assert told(found(pbx, policy, root)) == [
        ("OWN_PURGE_EARLIER", "warning", "call-recordings / 20 days / 90 days")
    ]
    miko_settings(root, {"PBXRecordSavePeriod": "30"})
    assert [text for *_, text in told(found(pbx, policy, root))] == [
        "call-recordings / 30 days / 90 days",
        "call-detail-records / 30 days / 90 days",
    ]


@pytest.mark.parametrize(
    ("values", "codes"),
    [({"PBXRecordSavePeriod": ""}, []), ({}, ["OWN_PURGE_EARLIER"] * 2)],
    ids=["empty means never", "nothing set means the usual 360 days"],
)
def test_mikopbx_without_a_period(
    miko: tuple[Scene, Path], values: dict[str, str | None], codes: list[str]
) -> None:
    pbx, root = miko
    miko_settings(root, values)
    assert [a.code for a in found(pbx, kept(pbx, "2 years"), root)] == codes


def test_mikopbx_settings_out_of_reach_are_named(miko: tuple[Scene, Path]) -> None:
    pbx, root = miko
    for place in (root, None):  # the file isn't there; another host
        assert told(found(pbx, kept(pbx, "90 days"), place)) == [
            (
                "OWN_PURGE_UNSEEN",
                "info",
                "call-recordings, call-detail-records / /cf/conf/mikopbx.db",
            )
        ]


def test_a_file_of_settings_that_is_none_is_unseen(miko: tuple[Scene, Path]) -> None:
    pbx, root = miko
    path = root / "cf/conf/mikopbx.db"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database" * 100)
    assert [a.code for a in found(pbx, kept(pbx, "90 days"), root)] == ["OWN_PURGE_UNSEEN"]


# --- FreePBX: copies that nothing else may reach ----------------------------------------------


@pytest.fixture
def freepbx(mariadb: MariaDB, tmp_path: Path) -> Iterator[Scene]:
    made = scene("freepbx", mariadb, tmp_path)
    made.do("CREATE DATABASE asterisk")
    made.do(
        "CREATE TABLE asterisk.freepbx_settings (keyword varchar(50) NOT NULL DEFAULT '',"
        " value varchar(255) DEFAULT NULL, name varchar(80), PRIMARY KEY (keyword))"
    )
    made.grant()
    for at in ("localhost", "127.0.0.1"):
        made.do(f"GRANT SELECT ON asterisk.freepbx_settings TO pbxretain@'{at}'")
    yield made
    made.do("DROP DATABASE asterisk")


def test_freepbx_player_copies_must_go_in_time_where_no_dataset_has_them(freepbx: Scene) -> None:
    def days(value: str) -> None:
        freepbx.do(
            "REPLACE INTO asterisk.freepbx_settings (keyword, value)"
            " VALUES ('CACHE_CLEANUP_DAYS', %s)",
            value,
        )

    policy = kept(freepbx, "30 days")
    days("60")
    assert told(found(freepbx, policy)) == [
        ("OWN_PURGE_LATER", "warning", "call-recordings / 60 days / 30 days")
    ]
    days("0")
    assert told(found(freepbx, policy)) == [
        ("OWN_PURGE_LATER", "warning", "call-recordings / never / 30 days")
    ]
    days("30")
    assert told(found(freepbx, policy)) == []
    days("5")  # copies may go any time
    assert told(found(freepbx, policy)) == []
    days("60")
    freepbx.file("playback", "x.mp3", at=YOUNG)  # now the policy reaches them
    assert told(found(freepbx, policy)) == []
    freepbx.do("DELETE FROM asterisk.freepbx_settings")
    assert [a.command for a in found(freepbx, policy)] == [
        "look into /etc/amportal.conf on the PBX"
    ]
