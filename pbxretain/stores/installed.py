"""Which client speaks for a dataset that only the product's own interface reaches?

Code comes out of installed distributions alone: the module that the entry point names offers
``client(dataset, access)``, or has the program of its manifest beside it.
"""

from __future__ import annotations

from importlib import import_module, resources
from pathlib import Path

from pbxretain.errors import DocumentError, RetainError
from pbxretain.manifest import Program
from pbxretain.secret import resolve_secret
from pbxretain.settings import Api, Command
from pbxretain.stores.client import Access, Client


def of_api(dataset: str, settings: Api, *, own: str | None, module: str | None) -> Client:
    """The client of a dataset of kind ``api``; ``own`` names one of pbxretain's.

    Raises DocumentError where there is none, and what the client raises.
    """
    access = Access(
        url=settings.url,
        user=settings.user,
        secret=resolve_secret(settings.secret) if settings.secret else None,
        ca=Path(settings.ca) if settings.ca else None,
        timeout=float(settings.timeout),
    )
    if own == "xapi":
        from pbxretain.stores.xapi import client

        return client(dataset, access)
    return _foreign(dataset, access, module)


def _foreign(dataset: str, access: Access, module: str | None) -> Client:
    if module is None:
        raise _no_code(dataset)
    try:
        made = import_module(module).client(dataset, access)
    except RetainError:
        raise
    except Exception as error:  # noqa: BLE001  (foreign code)
        raise DocumentError(
            f"dataset {dataset}: module {module} makes no client ({type(error).__name__})",
            hint="see docs/how-to/python-store.md",
        ) from None
    if not isinstance(made, Client):
        raise DocumentError(f"dataset {dataset}: what module {module} makes is no Client")
    return made


def of_command(
    dataset: str, settings: Command, *, program: Program | None, module: str | None
) -> Client:
    """The client of a dataset of kind ``command``. Raises DocumentError."""
    from pbxretain.stores.command import ProgramClient

    if module is None or program is None:
        raise _no_code(dataset)
    file = Path(str(resources.files(module) / program.file))
    if not file.is_file():
        raise DocumentError(
            f"dataset {dataset}: the program {program.file} isn't beside module {module}",
            hint="name it under package-data in the distribution's pyproject.toml",
        )
    return ProgramClient(
        [*(settings.interpreter or program.interpreter), str(file)],
        dataset=dataset,
        product=settings.product,
        timeout=float(settings.timeout),
    )


def _no_code(dataset: str) -> DocumentError:
    return DocumentError(
        f"dataset {dataset}: its code isn't here; only an installed distribution may bring it",
        hint="see docs/how-to/python-store.md",
    )
