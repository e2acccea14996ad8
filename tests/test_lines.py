"""Do log files forget single lines, byte for byte, while a PBX appends to them?"""

from __future__ import annotations

import csv
import gzip
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import samples
from support.batchrun import INSTALLATION, MiniJournal, recover, run, select
from support.killing import killed_at

from pbxretain.connector import find
from pbxretain.errors import RootError, StoreError
from pbxretain.manifest import LinesDataset
from pbxretain.records import Batch, BatchName
from pbxretain.stores.line_reading import records
from pbxretain.stores.lines import LinesStore, open_lines

ZONE = ZoneInfo("Europe/Vienna")
NOW = samples.NOW
CUTOFF = samples.CUTOFF
EDGE = int(CUTOFF.timestamp())
DUE = select(CUTOFF, NOW, start="event")
CALLS = select(CUTOFF, NOW, start="call-start")
FILES = {"data": "queue-logs", "title": "log", "kind": "lines", "root": "logs", "quiet": 1}


def queue_log(root: Path, reopen: Callable[[], bool] | None = None, **more: object) -> LinesStore:
    manifest = FILES | {
        "files": ["queue_log"],
        "format": "bar",
        "starts": {"event": {"field": 0, "type": "epoch"}},
        "call_id": [1],
        "subjects": {"agent": 3},
        "reopen": "asterisk-logger",
    }
    return opened("queue-log", manifest | more, root, reopen)


def csv_log(root: Path, **more: object) -> LinesStore:
    manifest = FILES | {
        "data": "call-detail-records",
        "files": ["cdr-csv/*.csv"],
        "format": "csv",
        "starts": {"call-start": {"field": 9, "type": "text", "zone": "utc", "referee": 16}},
        "call_id": [19, 16],
        "subjects": {"caller": 1, "callee": 2},
    }
    return opened("call-log-files", manifest | more, root, None)


def opened(
    name: str, manifest: dict[str, object], root: Path, reopen: Callable[[], bool] | None
) -> LinesStore:
    return open_lines(
        name=name,
        dataset=LinesDataset.model_validate(manifest),
        root=root,
        zone=ZONE,
        reopen=reopen,
        installation=INSTALLATION,
    )


def content(root: Path, base: str) -> list[bytes]:
    """Every line of a live file and its segments, segments first."""
    folder = (root / base).parent
    paths = [p for p in folder.iterdir() if p.name.startswith(Path(base).name)]
    paths.sort(key=lambda p: (p == root / base, p.name))
    return [line for path in paths for line in text(path).splitlines(keepends=True)]


def text(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def leftovers(root: Path) -> list[str]:
    return [
        p.name
        for p in root.rglob("*")
        if p.name.startswith(".") and p.name not in (".keep", ".pbxretain.root")
    ]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "log"
    (folder / "cdr-csv").mkdir(parents=True)
    (folder / ".keep").touch()
    return folder


@pytest.fixture
def journal(tmp_path: Path) -> MiniJournal:
    return MiniJournal(tmp_path / "journal")


def event(epoch: int, call: str = "NONE", agent: str = "NONE", more: str = "QUEUESTART|") -> bytes:
    return f"{epoch}|{call}|hotline|{agent}|{more}\n".encode()


def call(epoch: int, number: str = "411", linked: str = "", name: str = "x") -> bytes:
    when = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S")
    line = io.StringIO()
    unique = f"{epoch}.{number}"
    fields = ["acc", number, "412", "ext", name, "c", "d", "Dial", "", when, when, when]
    fields += ["1", "1", "ANSWERED", "DOC", unique, "", "", linked or unique, "3"]
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(fields)
    return line.getvalue().encode()


# The sample -------------------------------------------------------------------------------------


def test_the_samples_queue_log_loses_exactly_what_is_due(
    tmp_path: Path, journal: MiniJournal
) -> None:
    root = samples.restore_tree("logs", tmp_path)
    expected = samples.queue_log(root)
    before = Counter(content(root, "queue_log"))
    census = queue_log(root).census(DUE)
    store = queue_log(root)
    straddling = store.straddlers(DUE)
    assert census.before == len(expected.due) + expected.straddling
    tally = run(store, DUE, journal)
    assert tally["gone"] == len(expected.due) > 10
    left = Counter((line + "\n").encode() for _, _, line in expected.stay)
    assert Counter(content(root, "queue_log")) == left
    assert before - left == Counter((line + "\n").encode() for _, _, line in expected.due)
    after = select(CUTOFF, NOW, start="event", excluded_calls=straddling)
    assert queue_log(root).census(after).due == 0
    assert run(queue_log(root), DUE, journal)["gone"] == 0


def test_the_samples_csv_loses_exactly_what_is_due(tmp_path: Path, journal: MiniJournal) -> None:
    root = samples.restore_tree("logs", tmp_path)
    expected = samples.csv_calls(root)
    tally = run(csv_log(root), CALLS, journal)
    assert tally["gone"] == sum(len(one.due) for one in expected.values()) > 100
    for name, one in expected.items():
        stay = Counter((line + "\n").encode() for _, _, line in one.stay)
        assert Counter(content(root, name)) == stay
    assert run(csv_log(root), CALLS, journal)["gone"] == 0
    assert leftovers(root) == []


def test_nothing_but_the_declared_files_changes(tmp_path: Path, journal: MiniJournal) -> None:
    root = samples.restore_tree("logs", tmp_path)
    before = {p.name: p.read_bytes() for p in root.iterdir() if p.name not in ("queue_log",)
              and p.is_file()}  # fmt: skip
    run(queue_log(root), DUE, journal)
    assert {name: (root / name).read_bytes() for name in before} == before
    assert sorted(p.name for p in (root / "cdr-csv").iterdir()) == sorted(
        f"{n}.csv" for n in ("Master", "amt", "ausland", "buero", "vertrieb", "werkstatt")
    )


# What goes and what stays -----------------------------------------------------------------------


def test_a_line_at_the_cut_off_stays(logs: Path, journal: MiniJournal) -> None:
    (logs / "queue_log").write_bytes(event(EDGE - 1) + event(EDGE))
    assert run(queue_log(logs), DUE, journal)["gone"] == 1
    assert content(logs, "queue_log") == [event(EDGE)]
    assert [p.name for p in logs.glob("queue_log*")] == [f"queue_log.pbxretain-{NOW:%Y%m%dT%H%M%S}"]


def test_a_live_file_without_a_due_line_is_not_touched(logs: Path, journal: MiniJournal) -> None:
    (logs / "queue_log").write_bytes(event(EDGE) + b"garbage\n")
    inode = (logs / "queue_log").stat().st_ino
    census = queue_log(logs).census(DUE)
    assert (census.total, census.due, census.undated) == (2, 0, 1)
    assert run(queue_log(logs), DUE, journal)["gone"] == 0
    assert (logs / "queue_log").stat().st_ino == inode


def test_segments_of_every_kind_are_found_and_stay_what_they_are(
    logs: Path, journal: MiniJournal
) -> None:
    mixed = event(EDGE - 9, "1.1") + event(EDGE + 9, "2.2")
    (logs / "queue_log.1").write_bytes(mixed)
    (logs / "queue_log.2.gz").write_bytes(gzip.compress(mixed))
    (logs / "queue_log.pbxretain-20260101T020000").write_bytes(event(EDGE - 9))
    (logs / "queue_log.3.bz2").write_bytes(b"packed otherwise")
    (logs / "queue_logger").write_bytes(mixed)
    dated = {
        "queue_log-20260901": mixed,
        "queue_log-2026090113.1": mixed,
        "queue_log-2026-09-01": mixed,
        "queue_log-1788220800": mixed,
        "queue_log-20260801.gz": gzip.compress(mixed),
    }
    for name, packed in dated.items():
        (logs / name).write_bytes(packed)
    (logs / "queue_log-20260701.xz").write_bytes(b"packed otherwise")
    (logs / "queue_log.1").chmod(0o640)
    old = NOW.timestamp() - 999
    os.utime(logs / "queue_log.1", (old, old))
    census = queue_log(logs).census(DUE)
    assert (census.total, census.due) == (15, 8)
    assert census.findings == {"UNKNOWN_FILES": 3}
    assert run(queue_log(logs), DUE, journal)["gone"] == 8
    for name in dated:
        left = (logs / name).read_bytes()
        assert (gzip.decompress(left) if name.endswith(".gz") else left) == event(EDGE + 9, "2.2")
    assert (logs / "queue_log.1").read_bytes() == event(EDGE + 9, "2.2")
    assert (logs / "queue_log.1").stat().st_mode & 0o777 == 0o640
    assert (logs / "queue_log.1").stat().st_mtime == old
    assert gzip.decompress((logs / "queue_log.2.gz").read_bytes()) == event(EDGE + 9, "2.2")
    assert not (logs / "queue_log.pbxretain-20260101T020000").exists()
    assert (logs / "queue_logger").read_bytes() == mixed
    assert (logs / "queue_log.3.bz2").exists()


def test_a_day_before_the_extension_is_a_rotated_part_too(logs: Path) -> None:
    for name in ("Master-20260901.csv", "Master.csv-20260901", "Master-20260901.csv.gz"):
        line = call(EDGE - 9)
        packed = gzip.compress(line) if name.endswith(".gz") else line
        (logs / "cdr-csv" / name).write_bytes(packed)
    assert csv_log(logs, files=["cdr-csv/Master.csv"]).census(CALLS).due == 3
    assert csv_log(logs).census(CALLS).due == 3


def test_the_sample_mapping_of_cdr_custom_is_read_and_any_other_is_undated(
    logs: Path, journal: MiniJournal
) -> None:
    dataset = find("asterisk").manifest.datasets["custom-call-log"].model_dump()
    (logs / "cdr-custom").mkdir()

    def line(epoch: int, *, before: list[str]) -> bytes:
        when = datetime.fromtimestamp(epoch, ZONE).strftime("%Y-%m-%d %H:%M:%S")
        fields = [*before, "411", "412", "ext", "c", "d", "Dial", "412,3", when, "", when]
        fields += ["3", "1", "ANSWERED", "DOCUMENTATION", "acc", f"{epoch}.7", "", "5"]
        row = io.StringIO()
        csv.writer(row, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(fields)
        return row.getvalue().encode()

    stays = line(EDGE, before=['"x" <411>']) + line(EDGE - 9, before=["x", "one more"])
    (logs / "cdr-custom/Master.csv").write_bytes(line(EDGE - 1, before=['"x" <411>']) + stays)
    store = opened("custom-call-log", dataset, logs, None)
    census = store.census(CALLS)
    assert (census.due, census.undated, census.total) == (1, 1, 3)
    assert run(store, CALLS, journal)["gone"] == 1
    assert b"".join(content(logs, "cdr-custom/Master.csv")) == stays


def test_what_lies_beside_a_log_is_told(logs: Path, tmp_path: Path) -> None:
    (logs / "queue_log").write_bytes(event(EDGE + 9))
    for name in ("queue_log_old", "queue_logger", "queue_log-", "queue_log~", "messages"):
        (logs / name).write_bytes(event(EDGE - 9))
    (tmp_path / "elsewhere").write_bytes(event(EDGE - 9))
    (logs / "queue_log.1").symlink_to(tmp_path / "elsewhere")
    (logs / "cdr-csv").rmdir()
    (logs / "cdr-csv").symlink_to(tmp_path)
    store = queue_log(logs)
    assert store.census(DUE).findings == {"UNKNOWN_FILES": 4, "SYMLINKS": 1}
    told = {one.code: one.text for one in store.check()}
    assert told["UNKNOWN_FILES"].endswith(": 4.")
    assert told["SYMLINKS"].endswith(": 1.")
    assert csv_log(logs).census(CALLS).findings == {"SYMLINKS": 1}


def test_a_damaged_packed_segment_is_reported_and_stays(logs: Path, journal: MiniJournal) -> None:
    packed = gzip.compress(event(EDGE - 9) * 50)[:-12]
    (logs / "queue_log.1.gz").write_bytes(packed)
    (logs / "queue_log").write_bytes(event(EDGE - 9))
    assert queue_log(logs).census(DUE).findings["UNREADABLE_SEGMENT"] == 1
    tally = run(queue_log(logs), DUE, journal)
    assert (tally["gone"], tally["UNREADABLE_SEGMENT"]) == (1, 1)
    assert (logs / "queue_log.1.gz").read_bytes() == packed
    assert leftovers(logs) == []


def test_lines_of_a_call_across_the_cut_off_stay_together(logs: Path, journal: MiniJournal) -> None:
    both = [event(EDGE - 5, "9.9"), event(EDGE + 5, "9.9")]
    (logs / "queue_log.1").write_bytes(both[0])
    (logs / "queue_log").write_bytes(event(EDGE - 5) + both[1] + event(EDGE + 5))
    store = queue_log(logs)
    assert store.straddlers(DUE) == {b"9.9"}
    assert run(store, DUE, journal)["gone"] == 1
    assert content(logs, "queue_log") == [both[0], both[1], event(EDGE + 5)]


def test_no_call_is_no_straddler(logs: Path) -> None:
    (logs / "queue_log").write_bytes(event(EDGE - 5) + event(EDGE + 5))
    assert queue_log(logs).straddlers(DUE) == frozenset()


def test_csv_lines_keep_their_bytes(logs: Path, journal: MiniJournal) -> None:
    stay = [
        call(EDGE + 1, name='a "quoted", name'),
        call(EDGE + 2, name="two\nlines\nof name"),
        call(EDGE + 3, name="Ümläut").decode().encode("latin-1"),
        b'"torn","+49"acc","411"\n',
        call(EDGE + 4, name="broken \xff").replace("ÿ".encode(), b"\xff\xfe"),
        b"\n",
        b'"bare \r return",x\ry\n',
        call(EDGE + 5).replace(b"\n", b"\r\n"),
        b'"an unclosed quote\n',
        call(EDGE + 6),
        b'"no end yet","',
    ]
    due = [
        call(EDGE - 1, name="old\nand quoted"),
        call(EDGE - 2, name="J\xf6rg").decode().encode("latin-1"),
    ]
    path = logs / "cdr-csv/Master.csv"
    path.write_bytes(b"".join([stay[0], due[0], *stay[1:5], due[1], *stay[5:]]))
    census = csv_log(logs).census(CALLS)
    assert (census.due, census.findings["PARTIAL_LINES"]) == (2, 1)
    assert run(csv_log(logs), CALLS, journal)["gone"] == 2
    (segment,) = (logs / "cdr-csv").iterdir()
    assert segment.read_bytes() == b"".join(stay)


def test_the_epoch_in_the_uniqueid_judges_a_switch_of_zones(
    logs: Path, journal: MiniJournal
) -> None:
    """The line was written in local time, though the dataset says UTC."""
    local = datetime.fromtimestamp(EDGE - 1800, ZONE).strftime("%Y-%m-%d %H:%M:%S")
    utc = datetime.fromtimestamp(EDGE - 1800, UTC).strftime("%Y-%m-%d %H:%M:%S")
    line = call(EDGE - 1800).replace(utc.encode(), local.encode())
    (logs / "cdr-csv/Master.csv").write_bytes(line)
    assert run(csv_log(logs), CALLS, journal)["gone"] == 1


def test_what_is_sealed_is_the_line_and_its_fields(logs: Path) -> None:
    line = event(EDGE - 1, "7.7", "Agent Zoë", "CONNECT|1")
    (logs / "queue_log").write_bytes(line + line)
    name = BatchName(INSTALLATION, "r", 1)
    with queue_log(logs).take(DUE, limit=99, after=None, skip=frozenset(), name=name) as batch:
        one, other = batch.taken
        assert one.identity == other.identity
        assert one.key == (b"queue_log", line)
        assert one.start == str(EDGE - 1).encode()
        assert one.call == (b"7.7",)
        assert one.subjects == ("Agent Zoë".encode(),)
        assert one.when == CUTOFF - timedelta(seconds=1)
        assert "Zo" not in repr(batch) + repr(one)


def test_skipped_and_held_lines_stay(logs: Path, journal: MiniJournal) -> None:
    lines = [event(EDGE - 9 + n, f"{n}.1") for n in range(3)]
    (logs / "queue_log.1").write_bytes(b"".join(lines))
    store = queue_log(logs)
    name = BatchName(INSTALLATION, "r", 1)
    with store.take(DUE, limit=99, after=None, skip=frozenset(), name=name) as batch:
        identities = [taken.identity for taken in batch.taken]
    held = select(CUTOFF, NOW, start="event", excluded_keys=frozenset(identities[:1]))
    assert (store.census(held).due, store.census(held).held) == (2, 1)
    assert run(store, held, journal)["gone"] == 2
    assert content(logs, "queue_log") == lines[:1]


def test_small_limits_are_kept_exactly_and_still_end(logs: Path, journal: MiniJournal) -> None:
    lines = b"".join(event(EDGE - 9 + n) for n in range(12))
    (logs / "queue_log").write_bytes(lines)
    sizes: list[int] = []
    note = lambda step, batch: sizes.append(len(batch.taken)) if step == "take" else None  # noqa: E731
    assert run(queue_log(logs), DUE, journal, limit=2, at=note)["gone"] == 9
    assert sizes == [2, 2, 2, 2, 1, 0]


def test_leaving_a_batch_uncommitted_changes_nothing(logs: Path) -> None:
    lines = event(EDGE - 9) + event(EDGE)
    (logs / "queue_log.1").write_bytes(lines)
    store = queue_log(logs)
    name = BatchName(INSTALLATION, "r", 1)
    with store.take(DUE, limit=9, after=None, skip=frozenset(), name=name):
        pass
    assert (logs / "queue_log.1").read_bytes() == lines
    store.close()
    assert leftovers(logs) == []


def test_a_segment_that_grew_is_left_whole(logs: Path, journal: MiniJournal) -> None:
    path = logs / "queue_log.1"
    path.write_bytes(event(EDGE - 9) + event(EDGE))

    def grow(step: str, batch: Batch) -> None:
        if step == "seal":
            with path.open("ab") as file:
                file.write(event(EDGE + 1))

    store = queue_log(logs)
    assert run(store, DUE, journal, at=grow)["gone"] == 0
    assert content(logs, "queue_log") == [event(EDGE - 9), event(EDGE), event(EDGE + 1)]
    assert run(store, DUE, journal)["gone"] == 1
    assert content(logs, "queue_log") == [event(EDGE), event(EDGE + 1)]


def test_roots_are_checked(tmp_path: Path) -> None:
    with pytest.raises(RootError):
        queue_log(tmp_path / "missing")


def test_a_full_disk_is_said_before_anything_is_renamed_over(
    tmp_path: Path, journal: MiniJournal
) -> None:
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("mount namespaces aren't allowed here")
    script = """
import sys; from pathlib import Path; import test_lines as t
from support.batchrun import MiniJournal, run
root = Path(sys.argv[1])
lines = t.event(t.EDGE - 9) + t.event(t.EDGE) * 40000
(root / "queue_log.1").write_bytes(lines)
try:
    run(t.queue_log(root), t.DUE, MiniJournal(Path(sys.argv[2])))
except t.StoreError as error:
    print(error.code)
print((root / "queue_log.1").read_bytes() == lines, t.leftovers(root))
"""
    (tmp_path / "small").mkdir()
    done = in_namespace(
        f"mount -t tmpfs -o size=2m none {tmp_path}/small",
        script, f"{tmp_path}/small", str(journal.folder),
    )  # fmt: skip
    assert done == "NO_ROOM\nTrue []\n"


def in_namespace(mount: str, script: str, *arguments: str) -> str:
    here = Path(__file__).parent
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh", sys.executable, "-c", script,
         *arguments],
        env=os.environ | {"PYTHONPATH": f"{here.parent}:{here}"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


# Live writers -----------------------------------------------------------------------------------

HOLDER = """
import os, signal, sys, time
path, stop = sys.argv[1], sys.argv[2]
file = open(path, "ab", buffering=0)
def reopen(*_):
    global file
    file.close()
    file = open(path, "ab", buffering=0)
signal.signal(signal.SIGHUP, reopen)
print("ready", flush=True)
n = 0
while not os.path.exists(stop):
    file.write(b"%d|5%d.1|hotline|NONE|ENTERQUEUE||%d\\n" % (int(sys.argv[3]) + n, n, n))
    n += 1
    time.sleep(0.005)
print(n, flush=True)
"""

APPENDER = """
import os, sys, time
path, stop, line = sys.argv[1], sys.argv[2], sys.argv[3]
print("ready", flush=True)
n = 0
while not os.path.exists(stop):
    with open(path, "ab") as file:
        file.write(line.replace("NUMBER", str(1000 + n)).encode() + b"\\n")
    n += 1
    time.sleep(0.002)
print(n, flush=True)
"""


@contextmanager
def writer(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def stopped(process: subprocess.Popen[str], stop: Path) -> int:
    time.sleep(0.2)
    stop.touch()
    assert process.stdout
    return int(process.stdout.readline())


def test_a_logger_that_keeps_its_file_open_loses_nothing(
    tmp_path: Path, logs: Path, journal: MiniJournal
) -> None:
    old = [event(EDGE - 500 + n, f"4{n}.1") for n in range(300)]
    (logs / "queue_log").write_bytes(b"".join(old))
    stop = tmp_path / "stop"
    asked: list[int] = []
    with writer(HOLDER, str(logs / "queue_log"), str(stop), str(EDGE + 1)) as process:

        def reopen() -> bool:
            asked.append(1)
            process.send_signal(signal.SIGHUP)
            return True

        time.sleep(0.1)
        assert run(queue_log(logs, reopen), DUE, journal)["gone"] == 300
        written = stopped(process, stop)
    assert asked == [1]
    left = content(logs, "queue_log")
    numbers = [int(line.rsplit(b"|", 1)[1]) for line in left]
    assert numbers == list(range(written))
    assert (logs / "queue_log").exists()


@pytest.mark.parametrize("reopen", [None, lambda: False])
def test_an_open_file_that_nobody_confirms_gets_its_name_back(
    tmp_path: Path, logs: Path, journal: MiniJournal, reopen: Callable[[], bool] | None
) -> None:
    (logs / "queue_log").write_bytes(event(EDGE - 9) * 3)
    stop = tmp_path / "stop"
    with writer(HOLDER, str(logs / "queue_log"), str(stop), str(EDGE + 1)) as process:
        tally = run(queue_log(logs, reopen), DUE, journal)
        written = stopped(process, stop)
    assert (tally["gone"], tally["STILL_WRITTEN"]) == (0, 3)
    assert [p.name for p in logs.glob("queue_log*")] == ["queue_log"]
    assert len(content(logs, "queue_log")) == 3 + written


def test_a_writer_that_opens_anew_for_each_line_loses_nothing(
    tmp_path: Path, logs: Path, journal: MiniJournal
) -> None:
    path, stop = logs / "cdr-csv/Master.csv", tmp_path / "stop"
    path.write_bytes(b"".join(call(EDGE - 9000 + n, str(n)) for n in range(500)))
    line = call(EDGE + 5, "NUMBER").decode().rstrip("\n")
    with writer(APPENDER, str(path), str(stop), line) as process:
        time.sleep(0.1)
        gone = 0
        for _ in range(3):
            gone += run(csv_log(logs), CALLS, journal)["gone"]
            time.sleep(0.1)
        written = stopped(process, stop)
    assert gone == 500
    found = [int(fields[1]) for fields in csv.reader(map(bytes.decode, content(logs, str(path))))]
    assert found == list(range(1000, 1000 + written))


def test_an_unprivileged_run_relies_on_silence(tmp_path: Path, logs: Path) -> None:
    """It can't look into every process, so it waits until the file was quiet."""
    path, stop = logs / "cdr-csv/Master.csv", tmp_path / "stop"
    path.write_bytes(b"".join(call(EDGE - 9000 + n, str(n)) for n in range(50)))
    (tmp_path / "journal").mkdir()
    if os.geteuid() == 0:
        for at in [tmp_path, *tmp_path.rglob("*")]:
            os.chown(at, 65534, 65534)
    for parent in tmp_path.parents:
        if os.geteuid() == 0 and parent.stat().st_mode & 1 == 0:
            parent.chmod(parent.stat().st_mode | 0o711)
    script = """
import sys; from pathlib import Path; import test_lines as t
from support.batchrun import MiniJournal, run
print(run(t.csv_log(Path(sys.argv[1])), t.CALLS, MiniJournal(Path(sys.argv[2])))["gone"])
print([a.code for a in t.queue_log(Path(sys.argv[1])).check()])
"""
    here = Path(__file__).parent
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    line = call(EDGE + 5, "NUMBER").decode().rstrip("\n")
    with writer(APPENDER, str(path), str(stop), line) as process:
        done = subprocess.run(
            [*(become if os.geteuid() == 0 else []), sys.executable, "-c", script, str(logs),
             str(tmp_path / "journal")],
            env={"PYTHONPATH": f"{here.parent}:{here}", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        written = stopped(process, stop)
    assert done.stdout.split("\n")[0] == "50", done.stderr
    found = [int(fields[1]) for fields in csv.reader(map(bytes.decode, content(logs, str(path))))]
    assert found == list(range(1000, 1000 + written))


def test_check_says_that_nobody_can_tell_asterisk(logs: Path) -> None:
    (logs / "queue_log").write_bytes(event(EDGE))
    assert [advice.code for advice in queue_log(logs).check()] == ["NO_LOGGER_RELOAD"]
    assert queue_log(logs, lambda: True).check() == []


# Dying ------------------------------------------------------------------------------------------


def scene(logs: Path) -> None:
    for day, name in enumerate(["queue_log", "queue_log.1"]):
        lines = [event(EDGE - 90 + n, f"{day}{n}.1") for n in range(3)]
        lines += [event(EDGE - 50)] * 2
        lines += [event(EDGE + 9, f"8{day}.1")] if day else []
        (logs / name).write_bytes(b"".join(lines))
    packed = event(EDGE - 70, "66.1") + event(EDGE + 7, "77.1")
    (logs / "queue_log.3.gz").write_bytes(gzip.compress(packed))


def test_a_kill_at_any_change_to_the_disk_keeps_lines_and_evidence_in_step(
    tmp_path: Path,
) -> None:
    n = 0
    while True:
        n += 1
        at = tmp_path / str(n)
        logs = at / "log"
        logs.mkdir(parents=True)
        journal = MiniJournal(at / "journal")
        scene(logs)
        before = Counter(content(logs, "queue_log"))

        def child(logs: Path = logs, journal: MiniJournal = journal) -> None:
            run(queue_log(logs), DUE, journal, limit=3)

        died = killed_at(n, child)
        recover(queue_log(logs), journal)
        check_consistent(logs, journal, before)
        run(queue_log(logs), DUE, journal, limit=3)
        check_consistent(logs, journal, before)
        assert queue_log(logs).census(DUE).due == 0
        assert sum(Counter(content(logs, "queue_log")).values()) == 2
        shutil.rmtree(at)
        if not died:
            break
    assert n > 40


def check_consistent(logs: Path, journal: MiniJournal, before: Counter[bytes]) -> None:
    gone: Counter[bytes] = Counter()
    for identity in journal.gone():
        skip = 4 + int.from_bytes(identity[:4], "big")
        size = int.from_bytes(identity[skip : skip + 4], "big")
        gone[identity[skip + 4 : skip + 4 + size]] += 1
    assert Counter(content(logs, "queue_log")) + gone == before
    assert leftovers(logs) == []


def test_a_batch_rolled_back_and_then_killed_is_settled_as_undone(
    logs: Path, journal: MiniJournal
) -> None:
    lines = event(EDGE - 9) + event(EDGE)
    (logs / "queue_log.1").write_bytes(lines)
    name = BatchName(INSTALLATION, "r", 1)
    batch = queue_log(logs).take(DUE, limit=9, after=None, skip=frozenset(), name=name)
    journal.seal(name, batch)
    batch.rollback()
    recover(queue_log(logs), journal)
    assert journal.gone() == []
    assert (logs / "queue_log.1").read_bytes() == lines
    assert leftovers(logs) == []


def test_who_dies_before_the_answer_is_noted_gets_the_same_one_again(
    logs: Path, journal: MiniJournal
) -> None:
    (logs / "queue_log.1").write_bytes(event(EDGE - 9) + event(EDGE))
    name = BatchName(INSTALLATION, "r", 1)
    batch = queue_log(logs).take(DUE, limit=9, after=None, skip=frozenset(), name=name)
    journal.seal(name, batch)
    intent = journal.intent()
    assert intent is not None
    assert [list(queue_log(logs).settle(intent)) for _ in range(2)] == [[False], [False]]
    queue_log(logs).tidy(INSTALLATION)
    assert leftovers(logs) == []


# Any bytes --------------------------------------------------------------------------------------

ALPHABET = st.lists(
    st.sampled_from([b'"', b",", b"\n", b"\r", b"a", b"\xff", b"|", b'""', b'",\n', b"\x00"]),
    max_size=60,
).map(b"".join)


@settings(max_examples=400, deadline=None)
@given(ALPHABET, st.sampled_from(["csv", "bar"]))
def test_any_bytes_come_back_whole_record_by_record(raw: bytes, form: str) -> None:
    found = list(records(io.BytesIO(raw), form))  # type: ignore[arg-type]
    assert b"".join(line.raw for line in found) == raw
    assert all(line.whole for line in found[:-1])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.lists(st.text(max_size=8).map(lambda t: t.replace("\r", "")), min_size=1, max_size=5),
        max_size=8,
    )
)
def test_what_a_csv_writer_wrote_is_read_back(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    raw = out.getvalue().encode("utf-8", "surrogatepass")
    found = list(records(io.BytesIO(raw), "csv"))
    fields = [[f.decode("utf-8", "surrogatepass") for f in line.fields or ()] for line in found]
    assert fields == rows


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.integers(-5000, 5000).map(lambda n: event(EDGE + n, f"{abs(n)}.1")),
            st.binary(max_size=20).map(lambda b: b.replace(b"\n", b"") + b"\n"),
        ),
        max_size=20,
    ),
    st.integers(1, 30),
)
def test_nothing_due_remains_and_no_other_byte_changes(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], limit: int
) -> None:
    at = tmp_path_factory.mktemp("lines")
    logs = at / "log"
    logs.mkdir()
    (logs / "queue_log").write_bytes(b"".join(lines))
    stay = [line for line in lines if not is_due(line, lines)]
    journal = MiniJournal(at / "journal")
    assert run(queue_log(logs), DUE, journal, limit=limit)["gone"] == len(lines) - len(stay)
    assert b"".join(content(logs, "queue_log")) == b"".join(stay)
    assert run(queue_log(logs), DUE, journal, limit=limit)["gone"] == 0


def is_due(line: bytes, lines: list[bytes]) -> bool:
    fields = line.split(b"|")
    if len(fields) < 5 or not fields[0].isdigit() or int(fields[0]) >= EDGE:
        return False
    younger = [other.split(b"|") for other in lines]
    return not any(
        len(o) >= 5 and o[1] == fields[1] and o[0].isdigit() and int(o[0]) >= EDGE for o in younger
    )


def test_errors_are_store_errors_without_names(logs: Path) -> None:
    (logs / "queue_log").write_bytes(event(EDGE))
    store = queue_log(logs)
    shutil.rmtree(logs)
    with pytest.raises((StoreError, RootError)) as caught:
        store.census(DUE)
    assert "queue_log" not in str(caught.value)


def test_a_file_that_a_dead_run_set_aside_in_vain_gets_its_name_back(
    tmp_path: Path, logs: Path, journal: MiniJournal
) -> None:
    live, stop = logs / "queue_log", tmp_path / "stop"
    live.write_bytes(event(EDGE - 9) * 3)
    with writer(HOLDER, str(live), str(stop), str(EDGE + 1)) as process:
        live.rename(logs / "queue_log.pbxretain-20261114T020000")
        assert run(queue_log(logs), DUE, journal)["STILL_WRITTEN"] == 3
        written = stopped(process, stop)
    assert [p.name for p in logs.glob("queue_log*")] == ["queue_log"]
    assert len(content(logs, "queue_log")) == 3 + written


def test_a_second_name_of_the_live_file_counts_once_and_goes(
    logs: Path, journal: MiniJournal
) -> None:
    """What a kill leaves while a name is given back by link and unlink."""
    lines = [event(EDGE - 9), event(EDGE)]
    (logs / "queue_log").write_bytes(b"".join(lines))
    (logs / "queue_log.pbxretain-20261114T020000").hardlink_to(logs / "queue_log")
    assert queue_log(logs).census(DUE).total == 2
    assert run(queue_log(logs), DUE, journal)["gone"] == 1
    assert content(logs, "queue_log") == lines[1:]
