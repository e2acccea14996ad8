"""Grandstream UCM: copies of its recordings go by the epoch in their names, nothing else does."""

from __future__ import annotations

from pathlib import Path

from support.vendor import CUTOFF, OLD, scene, spread


def test_copied_recordings_lose_what_is_due_and_nothing_else(tmp_path: Path) -> None:
    ucm = scene("grandstream-ucm", None, tmp_path)
    left = set()
    for n, at in enumerate(spread(600)):
        epoch = int(at.timestamp())
        path = (
            f"monitor/auto-{epoch}-1000-+493023125001-{n}.wav",
            f"meetme/meetme-conf-rec-6300-{epoch}.{n}-2.wav",
            f"auto-{epoch}-1001-{n}.wav",
        )[n % 3]
        ucm.file("recordings", path, at=OLD)
        if at >= CUTOFF:
            left.add(f"recordings/{path}")
    for other in ("monitor/automatic.wav", "voicemail/default/1000/greet.wav", "auto-1-2-3.wav"):
        ucm.file("recordings", other, at=OLD)
        left.add(f"recordings/{other}")
    done = ucm.forgets_exactly_the_due(files=left)
    assert done.results[0].deleted > 200
