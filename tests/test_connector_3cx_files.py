"""3CX: recordings and voicemail go with the rows that name them, and nothing beside them does.

As ``test_connector_3cx``, on files in folders as 3CX lays them out.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from support.calls import first_due_date
from support.servers import PostgreSQL
from support.threecx import STAMP, Filler, Pbx, after, build, classes, recording_name, utc
from support.vendor import CUTOFF, DAYS, NOW, OLD, YOUNG

from pbxretain.errors import Exit


@pytest.fixture
def pbx(postgresql: PostgreSQL, tmp_path: Path) -> Pbx:
    return build(postgresql, tmp_path)


@pytest.fixture
def fill(pbx: Pbx) -> Filler:
    return Filler(pbx)


# --- traps of recordings ---


def test_recordings_are_orphans_both_ways(pbx: Pbx, fill: Filler) -> None:
    """Rows without a file go by their own time, files without a row by the stamp in their name."""
    fill.recording(OLD, file=False)
    fill.recording(OLD, row=False)
    left = {fill.recording(YOUNG, row=False), fill.recording(YOUNG)}
    fill.recording(YOUNG, file=False)
    odd = "411/greeting of the day.wav"
    pbx.file("recordings", odd, at=OLD)
    fill.load()
    done = pbx.deletes_exactly_the_due(files={f"recordings/{path}" for path in {*left, odd}})
    assert after(done, "recording-files").undated == 1


def test_the_stamp_in_a_name_is_utc_although_the_pbx_is_at_utc_plus_3(
    pbx: Pbx, fill: Filler
) -> None:
    pbx.zone = "Europe/Istanbul"
    cutoff = first_due_date(NOW, DAYS, ZoneInfo(pbx.zone))
    fill.recording(cutoff - timedelta(hours=1), row=False)
    left = fill.recording(cutoff + timedelta(hours=1), row=False)
    fill.recording(YOUNG, file=False)
    fill.load()
    pbx.grant()
    assert pbx.run().exit_code == Exit.OK
    assert pbx.left() == {f"recordings/{left}"}


def test_no_display_name_passes_for_the_stamp(pbx: Pbx, fill: Filler) -> None:
    """A caller chooses the name that is shown, and with it a part of the file's name."""
    feigned = f"x]_1-2_{OLD:{STAMP}}(1)_[y"
    name = recording_name(YOUNG, display=feigned)
    pbx.file("recordings", f"411/{name}.wav", at=YOUNG)
    fill.recording(OLD)
    fill.load()
    pbx.deletes_exactly_the_due(files={f"recordings/411/{name}.wav"})


def _url_forms(path: str) -> dict[str, str]:
    return {
        "plain": path,
        "url-encoded": quote(path),
        "url-encoded slash": quote(path, safe=""),
        "backslash": path.replace("/", "\\"),
    }


@pytest.mark.parametrize("form", ["plain", "url-encoded", "url-encoded slash", "backslash"])
def test_a_recording_url_names_its_file_in_every_form(pbx: Pbx, fill: Filler, form: str) -> None:
    """The row's time counts and not the name's: only so the row is known to be found."""
    display = "Müller & Söhne, Büro"
    paths = [f"411/{recording_name(OLD, number=n, display=display)}.wav" for n in (1, 2)]
    for number, (path, at) in enumerate(zip(paths, (OLD, YOUNG), strict=True), start=1):
        pbx.file("recordings", path, at=OLD)
        url = _url_forms(path)[form]
        fill.add("recordings", id_recording=number, recording_url=url, start_time=utc(at))
    fill.load()
    pbx.deletes_exactly_the_due(files={f"recordings/{paths[1]}"})


def test_a_recording_without_an_end_waits_near_the_cutoff(pbx: Pbx, fill: Filler) -> None:
    near = CUTOFF - timedelta(minutes=30)
    for number, at in enumerate((near, OLD), start=1):
        fill.add("recordings", id_recording=number, recording_url="", start_time=utc(at))
    fill.load()
    pbx.stays["recordings"] = "id_recording = 1"
    pbx.deletes_exactly_the_due()


def test_a_recording_kept_longer_than_its_call_keeps_row_and_file(pbx: Pbx, fill: Filler) -> None:
    (leg,) = fill.call(OLD)
    path = fill.recording(OLD, cdr=leg)
    fill.load()
    pbx.keep = dict(classes(pbx, call_recordings="5 years"))
    pbx.stays["recordings"] = "1=1"
    pbx.deletes_exactly_the_due(files={f"recordings/{path}"})


# --- traps of voicemail ---


def test_an_unheard_voicemail_stays_with_its_file(pbx: Pbx, fill: Filler) -> None:
    left = {fill.voicemail(OLD, heard=mark) for mark in ("0", "", None)}
    left.add(fill.voicemail(YOUNG))
    fill.voicemail(OLD)
    fill.voicemail(OLD, file=False)
    fill.load()
    pbx.deletes_exactly_the_due(files={f"voicemail/{path}" for path in left})


def test_an_unheard_voicemail_goes_once_it_was_heard(pbx: Pbx, fill: Filler) -> None:
    fill.voicemail(OLD, heard="")
    fill.load()
    pbx.grant()
    assert pbx.run().exit_code == Exit.OK
    assert len(pbx.left()) == 1
    pbx.do("UPDATE s_voicemail SET heard = '1'")
    pbx.deletes_exactly_the_due(files=())


def test_a_voicemail_file_without_a_row_goes_by_its_stamp(pbx: Pbx, fill: Filler) -> None:
    fill.voicemail(OLD, row=False)
    left = fill.voicemail(YOUNG, row=False)
    fill.voicemail(OLD)
    fill.load()
    pbx.deletes_exactly_the_due(files={f"voicemail/{left}"})


@pytest.mark.parametrize("root", ["voicemail", "voicemail-data"])
def test_a_greeting_never_goes(pbx: Pbx, fill: Filler, root: str) -> None:
    """Older versions keep greetings and messages in one folder."""
    greetings = {f"411/{name}.wav" for name in ("self_id_prompt", f"greeting_{OLD:{STAMP}}", "1")}
    for path in greetings:
        pbx.file(root, path, at=OLD)
    pbx.file(root, "411/vmail_no stamp.wav", at=OLD)
    fill.voicemail(OLD, root=root)
    fill.load()
    left = {f"{root}/{path}" for path in {*greetings, "411/vmail_no stamp.wav"}}
    pbx.deletes_exactly_the_due(files=left)


def test_the_time_of_a_voicemail_row_is_text_in_utc(pbx: Pbx, fill: Filler) -> None:
    fill.voicemail(CUTOFF - timedelta(minutes=1))
    left = fill.voicemail(CUTOFF + timedelta(minutes=1))
    fill.add("s_voicemail", id=99, created_time="never", heard="1")
    fill.load()
    pbx.stays["s_voicemail"] += " OR created_time = 'never'"
    pbx.deletes_exactly_the_due(files={f"voicemail/{left}"})
