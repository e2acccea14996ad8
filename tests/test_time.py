"""When exactly is a record due: at the cut-off, in both odd nights, at a month's end, anywhere?

Every store kind holds a record one second before the cut-off and one exactly on it; only the first
goes. Then the clock is turned: nights in which it changes, short months, a host in another zone,
one table half in UTC.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support import freepbx
from support.calls import first_due_date
from support.servers import MariaDB
from support.site import make_site, make_terms

from pbxretain import execute
from pbxretain.errors import Exit
from pbxretain.execute import RunResult

SECOND = timedelta(seconds=1)
BERLIN = ZoneInfo("Europe/Berlin")


class Pbx:
    """A call log, events, recordings, voicemail and a queue log; one record each per instant."""

    def __init__(self, folder: Path, zone: str = "Europe/Berlin") -> None:
        self.folder, self.zone = folder, ZoneInfo(zone)
        self.database = folder / "cdr.db"
        for name in ("recordings", "voicemail/default/411/INBOX", "logs/cdr-csv"):
            (folder / name).mkdir(parents=True)
        with closing(sqlite3.connect(self.database)) as database:
            database.execute(
                "CREATE TABLE cdr (AcctId INTEGER PRIMARY KEY, calldate, src, dst, dstchannel,"
                " uniqueid, linkedid, sequence)"
            )
            database.execute(
                "CREATE TABLE cel (AcctId INTEGER PRIMARY KEY, eventtype, eventtime, cidname,"
                " cidnum, cidani, cidrdnis, ciddnid, exten, channame, appdata, peer, eventextra,"
                " uniqueid, linkedid)"
            )
        self._lines: list[str] = []
        self._calls: list[str] = []

    def at(self, when: datetime, name: str, *, referee: bool = True) -> None:
        """One record of each kind, dated at an aware instant. Without a referee the call log's id
        was assigned, so that the wall clock alone dates the row."""
        epoch, local = int(when.timestamp()), when.astimezone(self.zone)
        unique = f"{epoch}.{name}" if referee else f"assigned-{name}"
        wall = f"{local:%Y-%m-%d %H:%M:%S}"
        with closing(sqlite3.connect(self.database)) as database:
            database.execute(
                "INSERT INTO cdr (calldate, src, dst, dstchannel, uniqueid, linkedid, sequence)"
                " VALUES (?, '030', '411', ?, ?, ?, '0')",
                (wall, name, unique, f"call-{name}"),
            )
            database.execute(
                "INSERT INTO cel (eventtype, eventtime, channame, uniqueid, linkedid)"
                " VALUES ('START', ?, ?, ?, ?)",
                (f"{epoch}.000000", name, unique, f"call-{name}"),
            )
            database.commit()
        self._file(f"recordings/out-1-2-{local:%Y%m%d-%H%M%S}-{epoch}.{name}.wav", b"x", epoch)
        text = f"[message]\norigmailbox=411\norigtime={epoch}\nmsg_id={epoch}-{name}\n"
        stem = f"voicemail/default/411/INBOX/msg{int(name):04}"
        self._file(f"{stem}.txt", text.encode(), epoch)
        self._file(f"{stem}.wav", b"x", epoch)
        self._lines.append(f"{epoch}|{unique}|q{name}|Agent|CONNECT|1\n")
        (self.folder / "logs/queue_log").write_text("".join(self._lines))
        stamp = f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        self._calls.append(
            f'"","030","411","ctx","X","c","{name}","Dial","","{stamp}",,"{stamp}",0,0,'
            f'"ANSWERED","D","{unique}","","","call-{name}",{name}\n'
        )
        (self.folder / "logs/cdr-csv/Master.csv").write_text("".join(self._calls))

    def _file(self, path: str, content: bytes, epoch: int) -> None:
        file = self.folder / path
        file.write_bytes(content)
        os.utime(file, (epoch, epoch))

    def run(self, now: datetime, keep: str = "90 days", *, logs: bool = False) -> RunResult:
        names = ["recordings", "voicemail", *(["logs"] if logs else [])]
        terms = make_terms(
            "asterisk",
            url=f"sqlite:///{self.database}",
            roots={name: self.folder / name for name in names},
            timezone=self.zone.key,
            keep=keep,
            extra='asterisk: {version: "22.10.1"}',
        )
        done = execute.run(terms, make_site(self.folder / "state"), now=now)
        assert ([str(error) for error in done.errors], done.exit_code) == ([], Exit.OK)
        return done

    def left(self) -> dict[str, set[str]]:
        """What is there of each kind, by the names given to ``at``."""
        with closing(sqlite3.connect(self.database)) as database:
            cdr = {row[0] for row in database.execute("SELECT dstchannel FROM cdr")}
            cel = {row[0] for row in database.execute("SELECT channame FROM cel")}
        inbox = self.folder / "voicemail/default/411/INBOX"
        return {
            "cdr": cdr,
            "cel": cel,
            "recordings": {p.stem.rpartition(".")[2] for p in self.folder.glob("recordings/*.wav")},
            "voicemail": {str(int(p.stem.removeprefix("msg"))) for p in inbox.glob("*.txt")},
        }

    def lines(self) -> tuple[set[str], set[str]]:
        """Names in the queue log and in the call log file, segments included."""
        logs = self.folder / "logs"
        queue = "".join(p.read_text() for p in logs.glob("queue_log*"))
        rows = "".join(p.read_text() for p in logs.glob("cdr-csv/Master.csv*"))
        return (
            {line.split("|")[2].removeprefix("q") for line in queue.splitlines()},
            {line.rpartition(",")[2] for line in rows.splitlines()},
        )


def _everywhere(names: Sequence[str]) -> dict[str, set[str]]:
    return {kind: set(names) for kind in ("cdr", "cel", "recordings", "voicemail")}


def _midnight(day: date, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def test_a_record_goes_one_second_before_the_cutoff_and_stays_on_it_in_every_store(
    tmp_path: Path,
) -> None:
    now = datetime(2026, 11, 23, 3, tzinfo=UTC)
    cutoff = _midnight(date(2026, 8, 25))
    pbx = Pbx(tmp_path)
    pbx.at(cutoff - SECOND, "1")
    pbx.at(cutoff, "2")
    pbx.at(cutoff + SECOND, "3")
    pbx.run(now, logs=True)
    assert pbx.left() == _everywhere(["2", "3"])
    assert pbx.lines() == ({"2", "3"}, {"2", "3"})


def test_what_stays_today_on_its_last_day_goes_tomorrow(tmp_path: Path) -> None:
    pbx = Pbx(tmp_path)
    pbx.at(datetime(2026, 8, 25, 10, tzinfo=BERLIN), "1")
    last = datetime(2026, 11, 23, 23, 59, 59, tzinfo=BERLIN).astimezone(UTC)
    pbx.run(last)
    assert pbx.left() == _everywhere(["1"])
    pbx.run(last + SECOND)
    assert pbx.left() == _everywhere([])


@pytest.mark.parametrize("referee", [True, False], ids=["epoch in the id", "wall clock only"])
@pytest.mark.parametrize("night", [date(2026, 10, 25), date(2026, 3, 29)])
@pytest.mark.parametrize("days_later", [0, 1], ids=["cut-off before", "cut-off behind"])
def test_in_both_nights_exactly_what_lies_before_the_cutoff_goes(
    tmp_path: Path, night: date, days_later: int, referee: bool
) -> None:
    day = night + timedelta(days=days_later)
    cutoff = _midnight(day)
    now = (
        datetime.combine(day + timedelta(days=90), datetime.min.time(), BERLIN) + 5 * 3600 * SECOND
    )
    pbx = Pbx(tmp_path)
    instants = [cutoff + timedelta(minutes=30 * n) for n in range(-52, 53)]
    instants += [cutoff - SECOND, cutoff]
    for number, when in enumerate(instants):
        pbx.at(when, str(number), referee=referee)
    pbx.run(now)
    stay = [str(number) for number, when in enumerate(instants) if when >= cutoff]
    assert pbx.left() == _everywhere(stay)


def test_a_doubled_hour_at_the_cutoff_is_told_apart_by_the_id_and_kept_where_nothing_tells(
    tmp_path: Path,
) -> None:
    # On the Azores the clock goes back from 1:00 to midnight: the cut-off's day begins twice.
    zone = ZoneInfo("Atlantic/Azores")
    pbx = Pbx(tmp_path, "Atlantic/Azores")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=zone)
    twice = [first.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    assert twice[1] - twice[0] == timedelta(hours=1)
    pbx.at(twice[0] - timedelta(hours=1), "1")
    pbx.at(twice[0], "2")
    pbx.at(twice[1], "3")
    now = datetime(2027, 1, 23, 12, tzinfo=zone).astimezone(UTC)
    pbx.run(now)
    assert pbx.left() == _everywhere(["2", "3"])


@pytest.mark.parametrize(
    ("keep", "today", "stays"),
    [
        ("1 month", date(2027, 2, 28), date(2027, 1, 28)),
        ("1 month", date(2027, 3, 1), date(2027, 2, 1)),
        ("1 month", date(2028, 2, 29), date(2028, 1, 29)),
        ("1 month", date(2026, 3, 31), date(2026, 3, 1)),
        ("1 month", date(2026, 3, 28), date(2026, 2, 28)),
        ("1 month", date(2026, 4, 30), date(2026, 3, 30)),
        ("1 month", date(2026, 5, 1), date(2026, 4, 1)),
        ("1 year", date(2028, 2, 29), date(2027, 3, 1)),
        ("1 year", date(2029, 2, 28), date(2028, 2, 28)),
        ("1 year", date(2029, 3, 1), date(2028, 3, 1)),
    ],
)
def test_a_month_and_a_year_are_calendar_periods(
    tmp_path: Path, keep: str, today: date, stays: date
) -> None:
    """``stays`` is the oldest date whose period still covers today, reckoned by hand (188 BGB):
    what is added is clamped to the month's end, so 31 January + 1 month ends on 28 February."""
    pbx = Pbx(tmp_path)
    pbx.at(_midnight(stays) - SECOND, "1")
    pbx.at(_midnight(stays), "2")
    pbx.run(_midnight(today) + timedelta(hours=4), keep)
    assert pbx.left() == _everywhere(["2"])


@pytest.mark.parametrize("host", ["Pacific/Auckland", "America/Los_Angeles", "UTC"])
def test_the_zone_of_the_host_is_never_used(tmp_path: Path, host: str) -> None:
    """A child with another TZ deletes the same as one in the PBX's zone."""
    cutoff = _midnight(date(2026, 8, 25))
    pbx = Pbx(tmp_path)
    for number, minutes in enumerate(range(-13 * 60, 14 * 60, 60)):
        pbx.at(cutoff + timedelta(minutes=minutes), str(number), referee=bool(number % 2))
    pbx.at(cutoff - SECOND, "100")
    pbx.at(cutoff, "101")
    program = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "sys.path[:0] = sys.argv[2:]\n"
        "import importlib\n"
        "test_time = importlib.import_module('test_time')\n"
        "test_time.run_again(Path(sys.argv[1]))\n"
    )
    tests = Path(__file__).parent
    environment = {k: v for k, v in os.environ.items() if k != "TZ"} | (
        {"TZ": host} if host else {}
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), str(tests), str(tests.parent)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert pbx.left() == _everywhere([*map(str, range(13, 27)), "101"])


def run_again(folder: Path) -> None:
    """What the child runs: the PBX that stands in a folder already."""
    pbx = Pbx.__new__(Pbx)
    pbx.folder, pbx.zone, pbx.database = folder, BERLIN, folder / "cdr.db"
    pbx.run(datetime(2026, 11, 23, 3, tzinfo=UTC))


@pytest.fixture
def session_zone(mariadb: MariaDB) -> Iterator[None]:
    """MariaDB's own time zone set to another; its wall clock columns mustn't care."""
    with mariadb.admin() as connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL time_zone = '+09:00'")
    yield
    with mariadb.admin() as connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL time_zone = 'SYSTEM'")


@pytest.mark.usefixtures("session_zone")
@pytest.mark.parametrize("days", [60, 90, 120], ids=["behind", "at the switch", "before"])
def test_a_table_half_in_utc_is_dated_by_the_epoch_in_its_ids(
    mariadb: MariaDB, tmp_path: Path, days: int
) -> None:
    """FreePBX's CDRUSEGMT switched off 90 days ago; 3,000 calls, cut off around the switch."""
    now = datetime.now(UTC)
    switch = first_due_date(now, 90, freepbx.ZONE) + timedelta(minutes=30)
    name = mariadb.create_database("switched")
    with mariadb.admin(name) as connection:
        freepbx.fill(connection, calls=1500, now=now, utc_until=switch, events=False)
    secret = tmp_path / "password"
    secret.write_text("x")
    secret.chmod(0o600)
    mariadb.create_user("pbxretain", password="x", database=name, grants=freepbx.GRANTS)
    cutoff = first_due_date(now, days, freepbx.ZONE)
    tables = ("cdr", "transient_cdr")
    before = {t: freepbx.expect(mariadb, name, t, cutoff=cutoff) for t in tables}
    terms = make_terms(
        "freepbx",
        url=mariadb.url(name, "pbxretain"),
        keep=f"{days} days",
        extra=f"password: {{file: {secret}}}",
    )
    done = execute.run(terms, make_site(tmp_path / "state"), now=now)
    assert ([str(error) for error in done.errors], done.exit_code) == ([], Exit.OK)
    for table in tables:
        after = freepbx.dump(mariadb, name, table)
        assert before[table].due > 0
        assert before[table].stay.difference(after) == (0, 0)
