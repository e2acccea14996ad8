"""What can be typed? The command line; everything else is imported when a command needs it."""

from __future__ import annotations

import gc
import os
from importlib import import_module
from typing import Any

import click

from pbxretain import __version__
from pbxretain.cli.face import Face, common, guarded

_COMMANDS = {
    "init": "operate:init",
    "discover": "operate:discover",
    "check": "operate:check",
    "plan": "operate:plan",
    "run": "operate:run",
    "verify": "prove:verify",
    "report": "prove:report",
    "subject": "subject:subject",
    "evidence": "opening:evidence",
    "key": "holder:key",
    "dpo": "dpo:dpo",
    "concept": "author:concept",
    "policy": "author:policy",
    "hold": "hold:hold",
    "connector": "author:connector",
    "schema": "author:schema",
}
_SELDOM = 50_000
"""New objects between two looks for garbage."""


class Main(click.Group):
    """The group; commands come from their modules when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"pbxretain.cli.{module}"), name)
        return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Runs one command and exits with its code; no error ever shows a traceback."""
        set_up()
        kwargs["standalone_mode"] = False
        kwargs["obj"] = face = Face()
        raise SystemExit(guarded(lambda: super(Main, self).main(*args, **kwargs), face))


def set_up() -> None:
    """What holds for the whole process, before the first command is imported."""
    # A start makes many objects that stay. Looking through all of them for garbage, again and
    # again, took a tenth of it.
    gc.set_threshold(_SELDOM)
    # Plugins of pydantic that happen to be installed would see every document; to look for them
    # reads the metadata of every package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


@click.group(cls=Main, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pbxretain")
@common
def main() -> None:
    """Makes a telephone system forget on time, and proves it.

    Start with "pbxretain init". "plan" shows what would be deleted and deletes nothing; "run"
    deletes and writes a signed report; "verify" checks reports.
    """
