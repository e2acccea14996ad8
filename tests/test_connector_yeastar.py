"""Yeastar: what the PBX archived goes by the names it gave, and nothing else in the folder."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support.vendor import CUTOFF, OLD, YOUNG, Scene, local, scene, spread


@pytest.fixture
def archive(tmp_path: Path) -> Scene:
    return scene("yeastar", None, tmp_path)


def test_archived_recordings_lose_what_is_due_and_nothing_else(archive: Scene) -> None:
    left = set()
    for n, at in enumerate(spread(600)):
        name = f"{local(at, '%Y%m%d%H%M%S')}-{int(at.timestamp())}.{n}-4000-+493023125001-Inbound"
        path = f"{local(at, '%Y-%m')}/{name}.{('wav', 'mp3')[n % 2]}" if n % 3 else f"{name}.wav"
        archive.file("archive", path, at=OLD)
        if at >= CUTOFF:
            left.add(f"archive/{path}")
    for other in ("minutes.wav", "2020/holiday.mp3", "20200101-notes.wav", "readme.txt"):
        archive.file("archive", other, at=OLD)
        left.add(f"archive/{other}")
    done = archive.forgets_exactly_the_due(files=left)
    assert done.results[0].deleted > 200


def test_the_epoch_in_the_name_decides_where_the_clock_was_shown_in_another_zone(
    archive: Scene,
) -> None:
    at = CUTOFF + timedelta(minutes=10)
    shown = local(at - timedelta(hours=7), "%Y%m%d%H%M%S")
    kept = archive.file("archive", f"{shown}-{int(at.timestamp())}.1-1-2-Internal.wav", at=OLD)
    gone = int(OLD.timestamp())
    young = local(YOUNG, "%Y%m%d%H%M%S")
    archive.file("archive", f"{young}-{gone}.2-1-2-Internal.wav", at=OLD)
    archive.forgets_exactly_the_due(files={f"archive/{kept.name}"})
