"""A FreePBX that holds one person's data in every place and spelling, among others' data.

Whoever plants a record says whose it is, so a test need not ask the code under test.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from support import freepbx
from support.voicemail import SpoolMaker

NUMBER = "+49301234567"
NAME = "Anna Muster"
EXTENSION = "211"
SPELLINGS = ["+49301234567", "0049301234567", "0301234567", "301234567", "49301234567"]
WRITTEN = ["+49 30 1234567", "030 / 123 45 67", "(030) 1234567", "+49 (0)30 1234-567"]
OTHERS = ["0891234567", "+431301234567", "1234567", "00301234567", "03012345678", "901234567"]
QUEUELOG = """CREATE TABLE queuelog (
  id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, time char(32) NOT NULL DEFAULT '',
  callid char(64) NOT NULL DEFAULT '', queuename char(64) NOT NULL DEFAULT '',
  agent char(64) NOT NULL DEFAULT '', event char(32) NOT NULL DEFAULT '',
  data varchar(128) NOT NULL DEFAULT '', data1 varchar(128) NOT NULL DEFAULT '',
  data2 varchar(128) NOT NULL DEFAULT '', data3 varchar(128) NOT NULL DEFAULT '',
  data4 varchar(128) NOT NULL DEFAULT '', data5 varchar(128) NOT NULL DEFAULT '')"""


@dataclass
class Planted:
    """A filled PBX. ``hers`` and ``others`` hold one mark a record, by dataset: a unique id, a
    message's folder and number, a recording's path less its extension."""

    root: Path
    connection: Any
    now: datetime
    hers: dict[str, set[str]] = field(default_factory=dict)
    others: dict[str, set[str]] = field(default_factory=dict)
    legs: int = 0

    @property
    def roots(self) -> dict[str, Path]:
        names = {"recordings": "monitor", "voicemail": "voicemail", "logs": "log"}
        return {name: self.root / folder for name, folder in names.items()}

    def note(self, dataset: str, mark: str, *, hers: bool) -> None:
        (self.hers if hers else self.others).setdefault(dataset, set()).add(mark)

    def insert(self, table: str, **values: object) -> None:
        names = ", ".join(f"`{name}`" for name in values)
        marks = ", ".join(["%s"] * len(values))
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*values.values()])

    def forget_future(self) -> None:
        """Too many records from the future refuse a run."""
        with closing(self.connection.cursor()) as cursor:
            for table, column in (
                *(("cdr", "calldate"), ("transient_cdr", "calldate")),
                *(("cel", "eventtime"), ("queuelog", "time")),
            ):
                cursor.execute(f"DELETE FROM {table} WHERE {column} > NOW() + INTERVAL 1 DAY")

    def unique(self, when: datetime) -> str:
        self.legs += 1
        return f"{int(when.timestamp())}.{self.legs}"


def plant(root: Path, connection: Any, now: datetime) -> Planted:
    """Fills FreePBX's tables on MariaDB and its folders."""
    planted = Planted(root, connection, now)
    freepbx.create_tables(connection, "freepbx")
    with closing(connection.cursor()) as cursor:
        cursor.execute(QUEUELOG)
    for folder in planted.roots.values():
        folder.mkdir(parents=True)
    ages = [timedelta(days=200), timedelta(days=3), -timedelta(days=40)]
    for age in ages:
        when = now - age
        for text in SPELLINGS + WRITTEN:
            _calls(planted, when, text, hers=True)
        for text in OTHERS:
            _calls(planted, when, text, hers=False)
    _logs(planted, now)
    _voicemail(planted, now)
    _recordings(planted, now)
    return planted


def _calls(planted: Planted, when: datetime, text: str, *, hers: bool) -> None:
    """A leg each with the number in one column only, and a row of CEL and queue log likewise."""
    channel = text if text in SPELLINGS + OTHERS else NUMBER if hers else OTHERS[0]
    places = {
        "src": text,
        "dst": text,
        "clid": f'"Call" <{text}>',
        "channel": f"PJSIP/{channel}-0000001a",
        "dstchannel": f"SIP/trunk/{channel}-0000001b",
        "lastdata": f"PJSIP/trunk/{channel},300,tT",
        "userfield": f"back to {text}, later",
        "did": text,
        "cnum": text,
        "outbound_cnum": f"tel:{text}",
    }
    for column, value in places.items():
        mark = planted.unique(when)
        planted.insert("cdr", **_leg(planted, when, mark) | {column: value})
        planted.note("calls", mark, hers=hers)
        planted.note("calls-transient-cdr", mark, hers=hers)
    for column in ("cid_num", "cid_ani", "exten", "appdata", "channame", "extra"):
        mark = planted.unique(when)
        value = places["channel"] if column == "channame" else text
        value = places["lastdata"] if column == "appdata" else value
        value = f'{{"hangupsource":"{places["channel"]}"}}' if column == "extra" else value
        planted.insert("cel", **_event(when, mark) | {column: value})
        planted.note("events", mark, hers=hers)
    mark = planted.unique(when)
    entry = {"event": "ENTERQUEUE", "data2": text, "queuename": "800", "agent": "NONE"}
    planted.insert("queuelog", time=f"{when:%Y-%m-%d %H:%M:%S}", callid=mark, **entry)
    planted.note("queue-log-table", mark, hers=hers)


def _leg(planted: Planted, when: datetime, mark: str) -> dict[str, object]:
    return {
        "calldate": freepbx_time(when),
        "src": "212",
        "dst": "s",
        "channel": "PJSIP/212-00000001",
        "dcontext": "from-internal",
        "lastapp": "Dial",
        "uniqueid": mark,
        "linkedid": mark,
        "sequence": planted.legs,
    }


def _event(when: datetime, mark: str) -> dict[str, object]:
    texts = ["cid_name", "cid_num", "cid_ani", "cid_rdnis", "cid_dnid", "exten", "channame"]
    texts += ["appname", "appdata", "accountcode", "peer", "userdeftype", "extra"]
    known = {"eventtype": "CHAN_START", "eventtime": freepbx_time(when), "context": "x"}
    return dict.fromkeys(texts, "") | known | {"amaflags": 3, "uniqueid": mark, "linkedid": mark}


def freepbx_time(when: datetime) -> str:
    return f"{when.astimezone(freepbx.ZONE):%Y-%m-%d %H:%M:%S}"


def _logs(planted: Planted, now: datetime) -> None:
    lines, rows = [], []
    for age in (200, 3):
        when = now - timedelta(days=age)
        for text, hers in [(t, True) for t in SPELLINGS + WRITTEN] + [(t, False) for t in OTHERS]:
            mark = planted.unique(when)
            epoch = int(when.timestamp())
            lines.append(f"{epoch}|{mark}|800|NONE|ENTERQUEUE||{text}|1")
            # Seconds that look like an extension are none.
            lines.append(f"{epoch}|{mark}9|800|PJSIP/212|COMPLETEAGENT|{EXTENSION}|17|1")
            planted.note("queue-log", mark, hers=hers)
            mark = planted.unique(when)
            start = f"{when:%Y-%m-%d %H:%M:%S}"
            clid = f'""Call"" <{text}>'
            last = ["5", "0", "ANSWERED", "DOCUMENTATION", mark, "", "", mark, "1"]
            first = ["", "212", "s", "x", clid, "PJSIP/212-00000001", "", "Dial", "", start, ""]
            fields = [*first, start, *last]
            rows.append(",".join(f'"{one}"' for one in fields))
            planted.note("call-log-files", mark, hers=hers)
    logs = planted.roots["logs"]
    (logs / "cdr-csv").mkdir()
    (logs / "queue_log").write_text("\n".join(lines) + "\n")
    (logs / "cdr-csv" / "Master.csv").write_text("\n".join(rows) + "\n")


def _voicemail(planted: Planted, now: datetime) -> None:
    maker = SpoolMaker(planted.roots["voicemail"])
    number = 0
    for age in (200, 3):
        for text, hers in [(t, True) for t in SPELLINGS + WRITTEN] + [(t, False) for t in OTHERS]:
            caller = f'"Jo" <{text}>'.encode()
            when = now - timedelta(days=age, minutes=number)
            maker.message(number, when, caller=caller, box="default/212")
            planted.note("voicemail", f"default/212/INBOX/msg{number:04d}", hers=hers)
            number += 1


def _recordings(planted: Planted, now: datetime) -> None:
    for age in (200, 3):
        when = now - timedelta(days=age)
        for text, hers in [(t, True) for t in SPELLINGS] + [(t, False) for t in OTHERS]:
            for named in (True, False):
                mark = planted.unique(when)
                stem = f"external-212-{text}-{when:%Y%m%d-%H%M%S}-{mark}"
                _file(planted, when, stem, hers=hers)
                if named:
                    leg = _leg(planted, when, mark) | {"recordingfile": f"{stem}.wav"}
                    planted.insert("cdr", **leg)
                    planted.note("calls", mark, hers=hers)
                    planted.note("calls-transient-cdr", mark, hers=hers)
            mark = planted.unique(when)
            stem = f"q-800-unknown-{when:%Y%m%d-%H%M%S}-{mark}"
            _file(planted, when, stem, hers=hers)
            leg = _leg(planted, when, mark) | {"recordingfile": f"{stem}.wav", "src": text}
            planted.insert("cdr", **leg)
            planted.note("calls", mark, hers=hers)
            planted.note("calls-transient-cdr", mark, hers=hers)


def _file(planted: Planted, when: datetime, stem: str, *, hers: bool) -> None:
    rel = f"{when:%Y/%m/%d}/{stem}"
    SpoolMaker.file(planted.roots["recordings"] / f"{rel}.wav", b"RIFF" + stem.encode(), when)
    planted.note("recordings", rel, hers=hers)
