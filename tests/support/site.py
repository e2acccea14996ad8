"""A site for engine tests: terms and site out of plain arguments, with a real key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from pbxretain import connector, keys
from pbxretain.connector import Connector
from pbxretain.documents import parse
from pbxretain.evidence.sealing import Recipient
from pbxretain.execute import Site
from pbxretain.manifest import Manifest
from pbxretain.plan import Terms
from pbxretain.policy.document import Policy
from pbxretain.settings import Source


def policy_text(classes: Mapping[str, str], *, share: int = 100) -> str:
    """A policy with a keep for each data class."""
    rules = "".join(
        f"  - {{data: {name}, keep: {keep}, basis: {{code: necessity}}}}\n"
        for name, keep in classes.items()
    )
    return (
        f"policy: test\nversion: 1\ncontroller: Test GmbH\nlimits: {{share: {share}%}}\n"
        f"rules:\n{rules}"
    )


def everything(manifest: Manifest, keep: str) -> dict[str, str]:
    """One keep for all that a connector offers."""
    return dict.fromkeys(manifest.offered(), keep)


def make_terms(
    product: Connector | str,
    *,
    url: str | None = None,
    roots: Mapping[str, Path] | None = None,
    timezone: str = "Europe/Berlin",
    keep: str | Mapping[str, str] = "90 days",
    approved: bool = True,
    share: int = 100,
    extra: str = "",
    recipients: Sequence[Recipient] = (),
) -> Terms:
    """Terms of one source under a policy; ``extra`` is YAML appended to the source."""
    known = connector.find(product) if isinstance(product, str) else product
    lines = [f"connector: {known.name}", f"timezone: {timezone}", "policy: test"]
    if url:
        lines.append(f"url: {url!r}")
    if roots:
        pairs = ", ".join(f"{name}: {str(path)!r}" for name, path in roots.items())
        lines.append(f"roots: {{{pairs}}}")
    source = parse("\n".join([*lines, extra, ""]).encode(), "settings", Source).value
    classes = everything(known.manifest, keep) if isinstance(keep, str) else keep
    policy = parse(policy_text(classes, share=share).encode(), "policy", Policy)
    return Terms(
        name="office",
        source=source,
        connector=known,
        policy=policy.value,
        policy_digest=policy.digest,
        approved=approved,
        recipients=recipients,
    )


def make_site(folder: Path) -> Site:
    """A site with a fresh key; the same folder gives the same site."""
    place = folder / "keys"
    path = place / "runner.pem"
    if not path.exists():
        place.mkdir(mode=0o700, parents=True)
        keys.new_key(path)
        (folder / "installation").write_text(str(uuid4()))
    return Site(
        state=folder / "office",
        installation=(folder / "installation").read_text(),
        key=keys.load_key(path),
    )
