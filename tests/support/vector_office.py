"""Files for ``pbxretain verify`` in which the officer's side takes part, and sealed evidence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from pbxretain.evidence import attestations as at
from pbxretain.evidence import merkle, proofs
from pbxretain.evidence import statements as st
from pbxretain.evidence.fields import instant
from pbxretain.ledger import ROSTER
from pbxretain.signing import canonical
from support import office, reports
from support.office import Book
from support.vector_cases import (
    KEYS,
    WEEK,
    Files,
    Tampered,
    Vector,
    one,
    report_name,
    weekly,
)
from support.vector_sealed import RUN, Sealed

FINE = "LEVEL_COUNTS"


# --- keys and roles ---------------------------------------------------------------------------


def handed(*signers: office.Key, what: Callable[[Book], st.Predicate]) -> tuple[Files, Book]:
    """A good small bundle to which somebody handed back a statement."""
    small = Tampered()
    small.book.file("statement", what(small.book), *signers)
    return small.files(), small.book


def officers() -> Iterator[tuple[str, Vector]]:
    """Reviews, looks, policies, and the ends of keys, by whoever may say so and who may not."""

    def of(
        about: str,
        who: Any,
        what: Callable[[Book], st.Predicate],
        exit_: int,
        codes: str,
        level: str | None = "L2",
        **more: Any,
    ) -> Vector:
        files, book = handed(*(who if isinstance(who, tuple) else (who,)), what=what)
        return Vector(about, files, exit_, f"{FINE} {codes}".strip(), level, now=book.now, **more)

    both = (office.CONTROLLER, office.DPO)
    yield (
        "review",
        of(
            "The officer accepts a report.",
            office.DPO,
            lambda b: office.review(b, 1),
            0,
            "REVIEWED",
        ),
    )
    yield (
        "review-rejected",
        of(
            "The officer rejects a report.",
            office.DPO,
            lambda b: office.review(b, 1, verdict="rejected"),
            3,
            "REVIEW_REJECTED",
        ),
    )
    yield (
        "review-stray",
        of(
            "A review of a report that isn't in this ledger.",
            office.DPO,
            lambda b: office.review(b, 1, report="ab" * 32),
            3,
            "REVIEW_STRAY",
        ),
    )
    yield (
        "review-by-runner",
        of(
            "The runner's key signs a review of its own report.",
            office.RUNNER,
            lambda b: office.review(b, 1),
            7,
            "WRONG_ROLE",
            None,
        ),
    )
    yield (
        "review-by-stranger",
        of(
            "A stranger signs a review.",
            office.STRANGER,
            lambda b: office.review(b, 1),
            0,
            "OTHER_SIGNERS",
        ),
    )
    early = instant(office.START - 9 * office.DAY)
    yield (
        "review-too-early",
        of(
            "A review dated before its key was valid.",
            office.DPO,
            lambda b: office.review(b, 1, at=early),
            7,
            "RETIRED_KEY",
            None,
        ),
    )
    yield (
        "review-unchecked",
        of(
            "Without a roster nobody says who the officer is.",
            office.DPO,
            lambda b: office.review(b, 1),
            0,
            "OTHER_SIGNERS",
            "L1",
            trust=("runner",),
        ),
    )
    yield (
        "observed",
        of(
            "An independent look finds nothing overdue.",
            office.OBSERVER,
            lambda b: office.observation(b.now, overdue=0),
            0,
            "",
        ),
    )
    yield (
        "observed-overdue",
        of(
            "An independent look finds more overdue than the report told.",
            office.OBSERVER,
            lambda b: office.observation(b.now, overdue=3),
            3,
            "OBSERVED_OVERDUE",
        ),
    )
    yield (
        "policy-other",
        of(
            "The signed policy isn't the one that was used.",
            both,
            lambda b: office.approved(b.now - timedelta(days=2)),
            3,
            "UNAPPROVED_POLICY",
            "L1",
        ),
    )
    yield (
        "policy-one-signer",
        of(
            "A policy that only the officer signed.",
            office.DPO,
            lambda b: office.approved(b.now),
            3,
            "UNDECIDED_POLICY",
        ),
    )
    yield (
        "policy-controller",
        of(
            "A policy that only the controller signed: decided on, without the officer.",
            office.CONTROLLER,
            lambda b: office.approved(b.now),
            0,
            "NOT_CONSULTED",
        ),
    )
    yield (
        "policy-ended-key",
        of(
            "A policy signed before the controller's key was valid.",
            office.CONTROLLER,
            lambda b: office.approved(office.START - 9 * office.DAY),
            7,
            "RETIRED_KEY",
            None,
        ),
    )
    yield from _claims()
    yield (
        "revoked",
        of(
            "The runner's key is revoked from number 1 on.",
            office.AUTHORITY,
            lambda b: office.revocation(b.now, office.RUNNER, last_good=0),
            8,
            "REVOKED_KEY",
            None,
        ),
    )
    yield (
        "revoked-by-runner",
        of(
            "The runner tries to revoke its own key.",
            office.RUNNER,
            lambda b: office.revocation(b.now, office.RUNNER, last_good=0),
            7,
            "WRONG_ROLE",
            None,
        ),
    )
    yield (
        "policy-since",
        of(
            "Another policy was signed before the last run and after the first.",
            both,
            lambda b: office.approved(b.now - timedelta(days=1)),
            3,
            "UNAPPROVED_POLICY",
            "L1",
        ),
    )
    yield (
        "policy-later",
        of(
            "Another policy was signed after the last run.",
            both,
            lambda b: office.approved(b.now),
            0,
            "",
        ),
    )


def _claims() -> Iterator[tuple[str, Vector]]:
    """Reports that say whose signatures their policy bore."""
    first, second = office.ident(office.CONTROLLER), office.ident(office.DPO)
    both = (office.CONTROLLER, office.DPO)

    def of(
        about: str,
        claim: tuple[str, ...],
        who: tuple[office.Key, ...],
        exit_: int,
        codes: str,
        *,
        days: int = -1,
        level: str = "L2",
    ) -> Vector:
        book = Book()
        agreed = office.approved(book.now + days * office.DAY)
        policy = reports.policy(
            digest=agreed.digest, signed_by=claim, consulted=second in claim or None
        )
        book.run(policy=policy)
        book.cosign()
        book.checkpoint(office.RUNNER)
        if who:
            book.file("policy", agreed, *who)
        found = f"{FINE} {codes}".strip()
        return Vector(about, book.bundle(sums=False), exit_, found, level, now=book.now)

    yield "approval", of("Signed as the report says.", (first, second), both, 0, "")
    yield (
        "approval-absent",
        of("The signed policy isn't enclosed.", (first, second), (), 0, "APPROVAL_ABSENT"),
    )
    yield (
        "approval-false",
        of(
            "The report names the officer, who didn't sign.",
            (first, second),
            (office.CONTROLLER,),
            3,
            "FALSE_APPROVAL NOT_CONSULTED",
        ),
    )
    yield (
        "approval-stranger",
        of("The report names somebody else.", ("ab" * 32,), both, 3, "FALSE_APPROVAL"),
    )
    yield (
        "approval-later",
        of(
            "The policy was signed after the run.",
            (first, second),
            both,
            3,
            "FALSE_APPROVAL",
            days=1,
        ),
    )


def rotations() -> Iterator[tuple[str, Vector]]:
    """One key follows another."""

    def rotated(change: Callable[[Book], None]) -> tuple[Files, Book]:
        book = Book()
        book.run()
        book.cosign()
        change(book)
        return book.bundle(keys=KEYS, sums=False), book

    def of(
        about: str,
        change: Callable[[Book], None],
        exit_: int,
        codes: str,
        level: str | None = None,
        **more: Any,
    ) -> Vector:
        files, book = rotated(change)
        return Vector(about, files, exit_, f"{FINE} {codes}".strip(), level, now=book.now, **more)

    def sound(book: Book) -> None:
        book.rotate(office.RUNNER, office.NEXT)
        book.run(office.NEXT)
        book.checkpoint(office.NEXT)

    def retired(book: Book) -> None:
        book.rotate(office.RUNNER, office.NEXT)
        book.run(office.RUNNER)
        book.checkpoint(office.NEXT)

    def one_sided(book: Book) -> None:
        book.rotate(office.RUNNER, office.NEXT, office.NEXT)
        book.run(office.NEXT)
        book.checkpoint(office.NEXT)

    yield "rotation", of("A key follows another, both signed.", sound, 0, "", "L2")
    yield (
        "rotation-by-key",
        of(
            "The same under the first key by name.",
            sound,
            0,
            "OTHER_SIGNERS",
            level="L1",
            trust=("runner",),
        ),
    )
    yield "retired-key", of("The old key signs after it was followed.", retired, 7, "RETIRED_KEY")
    yield (
        "rotation-one-sided",
        of("Only the new key signs its own beginning.", one_sided, 7, "CHECKPOINT UNTRUSTED_KEY"),
    )


# --- time and numbers -------------------------------------------------------------------------


def times() -> Iterator[tuple[str, Vector]]:
    """Runs that are missing, clocks that are wrong, records that are gone or back."""

    def of(
        about: str,
        make: Callable[[Book], None],
        exit_: int,
        codes: str,
        level: str | None = "L2",
        **more: Any,
    ) -> Vector:
        book = Book()
        make(book)
        book.checkpoint(office.RUNNER)
        more.setdefault("now", book.now)
        return Vector(
            about, book.bundle(sums=False), exit_, f"{FINE} {codes}".strip(), level, **more
        )

    def missed(book: Book) -> None:
        book.run(days=5)
        book.run()
        book.cosign()

    def explained(book: Book) -> None:
        since = book.now
        book.run(days=5)
        book.put(lambda p: office.gap_note(book, p, since=since, until=book.now), office.RUNNER)
        book.run()
        book.cosign()

    def back(book: Book) -> None:
        book.run()
        book.now -= 2 * office.DAY
        book.run()
        book.cosign()

    def backdated(book: Book) -> None:
        book.run()
        book.cosign(at_=book.now + 3 * office.DAY)
        book.run()
        book.now += 2 * office.DAY

    def postdated(book: Book) -> None:
        book.run()
        book.cosign(at_=office.START - office.DAY)

    def counted(left: int, there: int, oldest: str) -> Callable[[Book], None]:
        first = reports.dataset().model_copy(
            update={
                "total_after": st.Total(count=left),
                "range": st.Range(oldest_remaining="2026-09-01"),
            }
        )
        second = reports.dataset().model_copy(
            update={
                "total_before": st.Total(count=there),
                "range": st.Range(oldest_deleted=oldest),
            }
        )

        def make(book: Book) -> None:
            book.run(datasets=(first,))
            book.run(datasets=(second,))
            book.cosign()

        return make

    def changed_rule(book: Book) -> None:
        first = reports.dataset().model_copy(update={"total_after": st.Total(count=10)})
        rule = first.rule.model_copy(update={"keep": "P30D"})
        book.run(datasets=(first,))
        book.run(datasets=(reports.dataset().model_copy(update={"rule": rule}),))
        book.cosign()

    def twice(book: Book) -> None:
        book.run()
        book.run()
        book.cosign()

    yield "missed-runs", of("Three daily runs are missing between two.", missed, 3, "MISSED_RUNS")
    yield "gap-explained", of("A note explains the missing runs.", explained, 0, "GAP_EXPLAINED")
    yield (
        "overdue",
        of("The next run is overdue.", twice, 3, "OVERDUE", now=office.START + 5 * office.DAY),
    )
    yield "clock-back", of("Time goes back.", back, 3, "CLOCK_BACK")
    yield (
        "backdated",
        of(
            "A report names a checkpoint that is younger than itself.",
            backdated,
            3,
            "BACKDATED OVERDUE",
        ),
    )
    yield (
        "postdated",
        of("A report is younger than the checkpoint that holds it.", postdated, 3, "POSTDATED"),
    )
    yield (
        "unexplained-rows",
        of("Records went between two runs.", counted(12, 10, "2026-09-02"), 3, "UNEXPLAINED_ROWS"),
    )
    yield "policy-changed", of("A period is shorter now.", changed_rule, 0, "POLICY_CHANGED")
    yield (
        "watermark",
        of(
            "Older records are back after a restore.", counted(10, 12, "2026-08-31"), 3, "WATERMARK"
        ),
    )


# --- sealed evidence --------------------------------------------------------------------------


def sealed() -> Iterator[tuple[str, Vector]]:
    """Files beside a sealed report, and proofs out of them."""
    evidence = Sealed()
    names = sorted(evidence.files)

    def book(*, shred: tuple[str, ...] = (), **fields: Any) -> Book:
        made = Book()
        when = instant(made.now)
        run = reports.run(id=RUN, started_at=when, ended_at=when, as_of=when)
        made.run(run=run, **evidence.fields(**fields))
        made.cosign()
        made.checkpoint(office.RUNNER)
        if shred:
            told = at.EvidenceShred(**office.about(made.now), reason="ordered", files=shred)
            made.file("shred", told, office.DPO)
        return made

    def of(
        about: str,
        exit_: int,
        codes: str,
        *,
        files: Mapping[str, bytes],
        level: str | None = "L2",
        of_: Book | None = None,
        **more: Any,
    ) -> Vector:
        made = of_ or book()
        more.setdefault("now", made.now)
        return Vector(about, {**made.bundle(sums=False), **files}, exit_, codes, level, **more)

    whole = evidence.files
    less = {name: data for name, data in whole.items() if name != names[0]}
    bent = {**whole, names[0]: whole[names[0]][:-1] + b"\x00"}
    hashes = tuple(name.removeprefix("sidecars/").removesuffix(".bin") for name in names)
    yield "sealed", of("Sealed evidence, all files there.", 0, "", files=whole)
    yield (
        "sidecars-absent",
        of("The bundle was made without the files.", 0, "SIDECARS_ABSENT", files={}),
    )
    yield "sidecar-missing", of("One of the files is missing.", 3, "MISSING_SIDECAR", files=less)
    yield (
        "sidecar-changed",
        of("One of the files was changed.", 7, "SIDECAR", files=bent, level=None),
    )
    yield (
        "sidecar-shredded",
        of(
            "One of the files was destroyed by order.",
            0,
            "",
            files=less,
            of_=book(shred=hashes[:1]),
        ),
    )
    yield (
        "sidecars-over",
        of(
            "All files went when their time was over.",
            0,
            "",
            files={},
            of_=book(shred_after="2026-11-01"),
        ),
    )
    report = book().files[report_name(0)]
    first = evidence.record_proof(report, 1)
    entry = evidence.entry_proof(report, "+491711234567", 1)

    def proof(about: str, data: bytes, exit_: int, codes: str, **more: Any) -> Vector:
        return one(about, data, exit_, codes, name="proof.json", **more)

    def changed(**change: Any) -> bytes:
        return canonical({**json.loads(first), **change}) + b"\n"

    node = merkle.node_hash(*evidence.leaves[:2])
    yield "proof-record", proof("That one record was deleted.", first, 0, "PROVED", level="L1")
    yield (
        "proof-entry",
        proof("That one number's record was deleted.", entry, 0, "PROVED", level="L1"),
    )
    yield (
        "proof-roster",
        proof("The same under the roster.", first, 0, "PROVED", level="L1", trust=("roster",)),
    )
    other = json.loads(first)["opened"]
    yield (
        "proof-other-record",
        proof(
            "Another record is opened.",
            changed(opened={**other, "key": ["1767225662.3"]}),
            7,
            "PROOF_BAD",
        ),
    )
    yield "proof-index", proof("An index beyond the tree.", changed(index=3), 7, "PROOF_BAD")
    yield (
        "proof-node",
        proof(
            "An interior node is offered as a leaf.",
            changed(path=[node.hex()], index=2, key="00" * 32),
            7,
            "PROOF_BAD",
        ),
    )
    yield "proof-text", proof("A proof with another text.", changed(text={}), 7, "MALFORMED")
    yield (
        "proof-stranger",
        proof(
            "Its report is signed by somebody unknown.",
            first,
            8,
            "UNKNOWN_KEY",
            trust=("stranger",),
        ),
    )
    assert proofs.is_proof(first)
    yield (
        "pdf",
        one("A report in a PDF.", pdf(report), 0, "PDF_PAGES", name="report.pdf", level="L1"),
    )
    yield (
        "pdf-without",
        one("A PDF without a report.", pdf(None), 6, "ATTACHMENT", name="report.pdf"),
    )


def pdf(envelope: bytes | None) -> bytes:
    """The smallest file with one attachment, or none; a reader shows an empty page."""
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
    ]
    if envelope is not None:
        head = b"<< /Type /EmbeddedFile /Length %d >>" % len(envelope)
        bodies.append(head + b"\nstream\n" + envelope + b"\nendstream")
    objects = [b"%d 0 obj\n%s\nendobj\n" % (n, body) for n, body in enumerate(bodies, 1)]
    return b"%PDF-1.7\n" + b"".join(objects) + b"trailer << /Root 1 0 R >>\n%%EOF\n"


# --- three months -----------------------------------------------------------------------------


def quarter() -> Iterator[tuple[str, Vector]]:
    """Three months of weekly runs with all that belongs to them."""
    book, runner = Book(), office.RUNNER
    document = office.approved(book.now)
    policy = reports.policy(digest=document.digest)

    def month(runs: int) -> None:
        for _ in range(runs):
            book.run(runner, days=7, policy=policy)
        book.cosign(runner=runner)

    month(4)
    book.rotate(runner, office.NEXT)
    runner = office.NEXT
    month(2)
    since = book.now - WEEK
    book.now += 2 * WEEK
    book.put(lambda p: office.gap_note(book, p, since=since, until=book.now), runner)
    month(1)
    book.rotate(runner, office.THIRD)
    runner = office.THIRD
    book.put(lambda place: office.hold(book, place), runner)
    month(4)
    book.checkpoint(runner)
    book.file("policy", document, office.CONTROLLER, office.DPO)
    book.file("review", office.review(book, 0), office.DPO)
    book.file("observation", office.observation(book.now, overdue=0), office.OBSERVER)
    files = book.bundle(keys=(*KEYS, office.THIRD), sums=False) | {ROSTER: weekly()}
    yield (
        "quarter",
        Vector(
            "Three months: roster, rotations, cosigned checkpoints, a policy, a review, an "
            "observation, a hold, and a note for two weeks without a run.",
            office.with_sums(files),
            0,
            f"GAP_EXPLAINED {FINE} REVIEWED",
            "L2",
            trust=("weekly",),
            now=book.now - timedelta(days=1),
        ),
    )
