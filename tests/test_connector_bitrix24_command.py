"""Does Bitrix24 forget recordings and calls through its own classes? PHP with a stand-in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support import aftermath
from support.bitrix24_run import SOURCE, Bitrix, build, healed, loaded
from support.crash import Outcome, When, Zygote, campaign
from support.lacking import SERVER, lacking
from support.site import make_site, make_terms

from pbxretain import execute
from pbxretain.errors import Exit
from pbxretain.testing.suite import suite

pytestmark = pytest.mark.server


@pytest.fixture(autouse=True)
def _php() -> None:
    if shutil.which("php") is None:
        lacking(f"{SERVER}php is not installed (apt install php-cli)")


@pytest.mark.parametrize("disk", [True, False])
def test_recordings_and_calls_go_with_all_that_is_made_of_them(tmp_path: Path, disk: bool) -> None:
    pbx = build(tmp_path, old=120, young=14, disk=disk)
    done = pbx.run()
    assert (done.outcome, done.exit_code) == ("complete", Exit.OK), done.errors
    healed(pbx, old=120, young=14)
    (report,) = aftermath.reports(make_site(tmp_path / "state"))
    assert report.tool.connector.contains_code


def test_a_call_whose_recording_must_stay_waits(tmp_path: Path) -> None:
    pbx = build(tmp_path, old=10, young=2)
    product, _ = loaded()
    extra = f"accept_untried: {product.digest}\ncommand: {{product: '{pbx.www}'}}"
    keep = {"call-recordings": "1 year", "call-detail-records": "90 days"}
    terms = make_terms(product, extra=extra, keep=keep)
    done = execute.run(terms, make_site(tmp_path / "state"), now=datetime.now(UTC))
    assert done.exit_code == Exit.OK
    assert pbx.ids("b_voximplant_statistic") == [2, 4, 6, 8, 10, 11, 12]
    assert len(pbx.ids("b_file")) == 6


def test_a_missed_call_keeps_its_row_and_loses_the_link_to_its_call_back(tmp_path: Path) -> None:
    pbx = build(tmp_path, old=5, young=1)  # 6 is young, missed, and was called back by 5
    assert pbx.run().exit_code == Exit.OK
    row = pbx.table("b_voximplant_statistic_missed")["6"]
    assert (row["CALLBACK_ID"], row["CALLBACK_CALL_START_DATE"]) == (None, None)


@pytest.mark.parametrize("trouble", ["fail", "hang", "die"])
def test_a_product_that_fails_hangs_or_dies_costs_no_record_and_no_evidence(
    tmp_path: Path, trouble: str
) -> None:
    pbx = build(tmp_path, old=12, young=2, disk=False)
    (pbx.www / f"{trouble}-1006").touch()
    done = pbx.run(timeout=1)
    assert done.exit_code == Exit.INCOMPLETE
    assert "secret text" not in " ".join(map(str, done.errors))
    assert 1006 in pbx.ids("b_file")
    (pbx.www / f"{trouble}-1006").unlink()
    assert pbx.run().exit_code == Exit.OK
    healed(pbx, old=12, young=2)


def test_a_folder_without_the_product_is_named_by_a_code(tmp_path: Path) -> None:
    pbx = build(tmp_path, old=2, young=0)
    (pbx.www / "bitrix" / "modules" / "main" / "include" / "prolog_before.php").unlink()
    done = pbx.run()
    assert done.exit_code == Exit.FAILED
    assert any("NO_BITRIX24_THERE" in str(error) for error in done.errors)


@pytest.mark.slow
def test_a_death_at_any_time_leaves_every_record_there_or_gone_with_evidence(
    tmp_path: Path,
) -> None:
    tried = 0
    with Zygote("pbxretain.execute", "pbxretain.stores.command") as zygote:

        def attempt(at: int | None, when: When) -> Outcome:
            nonlocal tried
            tried += 1
            pbx = build(tmp_path / str(tried), old=6, young=2)
            return zygote.run("support.bitrix24_run:child", [str(pbx.folder)], at=at, when=when)

        def inspect(outcome: Outcome) -> None:
            assert outcome.killed or outcome.code == 0, outcome.output
            pbx = Bitrix(tmp_path / str(tried))
            again = zygote.run("support.bitrix24_run:child", [str(pbx.folder)])
            assert again.code == 0, again.output
            healed(pbx, old=6, young=2)

        assert campaign(attempt, inspect, stride=4, modes=("after",)) > 15


def test_the_kit_finds_nothing_to_say() -> None:
    product, _ = loaded()
    for case in suite(product):
        case.check()


@pytest.mark.slow
def test_installed_into_an_environment_beside_pbxretain_it_is_found(tmp_path: Path) -> None:
    shutil.copytree(SOURCE, tmp_path / "source", ignore=shutil.ignore_patterns("*.egg-info"))
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    # The packages beside it are those of the tests; only the distribution is installed anew.
    beside = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (Path(site) / "beside.pth").write_text(beside)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", str(tmp_path / "source")]
    subprocess.run(pip, check=True)
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [python, "-c", "from pbxretain.cli import main; main()", "connector", "list", "--json"],
        check=True, capture_output=True, text=True, cwd=tmp_path, env=environment,
    )  # fmt: skip
    known = {entry["connector"]: entry for entry in json.loads(done.stdout)["connectors"]}
    found = known["bitrix24-command"]
    assert found["shelf"] == "distribution pbxretain-bitrix24"
    assert found["contains_code"]
    assert not found["tried"]
    assert not known["bitrix24"]["contains_code"]
    tested = subprocess.run(
        [python, "-c", "from pbxretain.cli import main; main()", "connector", "test",
         "bitrix24-command"],
        check=False, capture_output=True, text=True, cwd=tmp_path, env=environment,
    )  # fmt: skip
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "All promises are kept: 10." in tested.stdout
