"""Where do an installation's files lie, before anything of them is read?

Settings, state, and what settings may move elsewhere. The current folder is never searched,
because cron runs as root. Needs no model: whoever only looks whether something is there, such as
``verify``, doesn't wait for what reads it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_config_path, user_data_path, user_state_path

from pbxretain.errors import DocumentError

if TYPE_CHECKING:
    from pbxretain.settings import Settings

CONFIG_NAME = "config.yaml"
SYSTEM_CONFIG = Path("/etc/pbxretain")
SYSTEM_STATE = Path("/var/lib/pbxretain")
OFFICER = "PBXRETAIN_DPO_HOME"


def find_config(explicit: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> Path:
    """The settings file: ``--config``, environment, systemd, /etc, and for plain users XDG.

    Raises DocumentError when there is none. Only ``explicit`` may be relative.
    """
    if explicit is not None:
        return explicit
    if named := environ.get("PBXRETAIN_CONFIG"):
        return from_environment(named, "PBXRETAIN_CONFIG")
    for place in _config_places(environ):
        if place.is_file():
            return place
    raise DocumentError("There are no settings yet", hint="pbxretain init", code="NO_SETTINGS")


def default_config(*, environ: Mapping[str, str] = os.environ) -> Path:
    """Where ``init`` writes settings when nobody says otherwise."""
    if named := environ.get("PBXRETAIN_CONFIG"):
        return from_environment(named, "PBXRETAIN_CONFIG")
    if folder := environ.get("CONFIGURATION_DIRECTORY"):
        first = folder.split(":")[0]
        return from_environment(first, "CONFIGURATION_DIRECTORY") / CONFIG_NAME
    return (SYSTEM_CONFIG if _is_root() else user_config_path("pbxretain")) / CONFIG_NAME


def _config_places(environ: Mapping[str, str]) -> list[Path]:
    folders = [
        from_environment(folder, "CONFIGURATION_DIRECTORY")
        for folder in environ.get("CONFIGURATION_DIRECTORY", "").split(":")
        if folder
    ]
    folders.append(SYSTEM_CONFIG)
    if not _is_root():
        folders.append(user_config_path("pbxretain"))
    return [folder / CONFIG_NAME for folder in folders]


def state_folder(
    settings: Settings | None = None, *, environ: Mapping[str, str] = os.environ
) -> Path:
    """Where runs, ledger, keys and reports are kept: settings, systemd, /var/lib, XDG."""
    if settings is not None and settings.state is not None:
        return Path(settings.state)
    if folder := environ.get("STATE_DIRECTORY"):
        return from_environment(folder.split(":")[0], "STATE_DIRECTORY")
    if _is_root() or os.access(SYSTEM_STATE, os.W_OK):
        return SYSTEM_STATE
    return user_state_path("pbxretain")


def policies_folder(settings: Settings, config: Path) -> Path:
    """The folder with this installation's policies: as set, else beside the settings."""
    if settings.policies is not None:
        return Path(settings.policies)
    other = config.parent / "policies"
    return other if other.is_dir() else config.parent / "policies.d"


def connectors_folder(settings: Settings, config: Path) -> Path:
    """The site's own connectors: as set, else ``connectors`` beside the settings."""
    if settings.connectors is not None:
        return Path(settings.connectors)
    return config.parent / "connectors"


def officer_home(given: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> Path:
    """The officer's home: as given, ``$PBXRETAIN_DPO_HOME``, or the user's own data folder."""
    if given is not None:
        return given.absolute()
    named = environ.get(OFFICER)
    return Path(named).absolute() if named else user_data_path("pbxretain-dpo", False)


def from_environment(value: str, name: str) -> Path:
    """A path that a variable of the environment gives; DocumentError for one that is relative."""
    path = Path(value)
    if not path.is_absolute() or "\0" in value:
        raise DocumentError(f"{name} must be an absolute path")
    return path


def _is_root() -> bool:
    return os.name == "posix" and os.geteuid() == 0
