"""What may a signed statement say, and do its figures agree with each other?

The allow list. A statement holds codes, counts, dates, digests and names from documents, in
fields that are listed here; there is no field into which text from a telephone system would
fit. Free text comes from settings, policy and manifest only. Reading and writing go through the
same models, so a report that contradicts itself can neither be signed nor verified.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from pbxretain.errors import EvidenceError
from pbxretain.evidence.attestations import (
    ApprovedPolicy,
    Attestation,
    EvidenceAccess,
    EvidenceShred,
    GapNote,
    Hold,
    KeyEvent,
    LedgerPlace,
    Observation,
    Review,
    Trust,
)
from pbxretain.evidence.fields import (
    Basis,
    Code,
    Count,
    Day,
    DocumentDigest,
    FileName,
    Hex,
    Instant,
    Keep,
    Model,
    Name,
    Text,
    Uuid,
    Version,
    Zone,
    require,
)
from pbxretain.evidence.merkle import EMPTY_ROOT
from pbxretain.signing import parse_canonical

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
BASE = "https://pbxretain.org/evidence/"
DELETION_REPORT = f"{BASE}deletion-report/v1"
PLAN = f"{BASE}plan/v1"
TRUST = f"{BASE}trust/v1"
_ROOT_DIGEST = "smdr2"


class ReportPlace(LedgerPlace):
    """A report's place; ``last_witness`` is the SHA-256 of the newest checkpoint that the
    officer's machine had cosigned when the report was written: it was made after that."""

    last_witness: Hex | None = None


RunOutcome = Literal[
    "complete", "incomplete", "failed", "refused", "nothing-due", "recovered", "interrupted"
]


class Run(Model):
    """One run. ``recovers`` is the dead run that a ``recovered`` report speaks for."""

    id: Uuid
    trigger: Literal["cron", "manual", "erasure-request"]
    started_at: Instant
    ended_at: Instant
    as_of: Instant
    timezone: Zone
    outcome: RunOutcome
    refused_reason: Code | None = None
    exit_code: Annotated[int, Field(ge=0, le=255)]
    recovers: Uuid | None = None
    plan: Hex | None = None
    """The SHA-256 of the plan file that named the records; null where the run chose them itself."""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        return require(
            self,
            self.started_at <= self.ended_at,
            (self.outcome == "refused") == (self.refused_reason is not None),
            (self.outcome == "recovered") == (self.recovers is not None),
        )


class Check(Model):
    """One guard and whether it passed."""

    code: Code
    passed: bool


class Clock(Model):
    """Source's clock minus the host's, whole seconds; null where the source has none."""

    database_skew_s: Annotated[int, Field(gt=-(2**53), lt=2**53)] | None = None
    checks: tuple[Check, ...] = ()


class Connector(Model):
    """Which manifest described the source."""

    name: Name
    digest: DocumentDigest
    contains_code: bool
    tried: bool
    accept_untried: bool


class Tool(Model):
    """What ran."""

    name: Literal["pbxretain"] = "pbxretain"
    version: Version
    python: Version
    os_family: Name
    connector: Connector


class Policy(Model):
    """Which rules applied; ``not_decided`` lists data classes that nobody has decided on."""

    name: Name
    version: Count
    digest: DocumentDigest
    approved: bool
    not_decided: tuple[Name, ...] = ()
    approved_by: Text | None = None
    """A function, never a person's name."""
    approved_on: Day | None = None
    signed_by: tuple[Hex, ...] = ()
    """Keys under whose statement of these very bytes the run acted."""
    consulted: bool | None = None
    """Whether the officer signed that they were consulted; null where nobody asked for it."""


class Rule(Model):
    """How long, from when, and why. ``cutoff`` is null when nothing is ever due. ``only`` names
    the facets that narrow the rule, never their values: those may be numbers."""

    name: Name | None = None
    action: Literal["delete", "redact"] = "delete"
    only: tuple[Name, ...] = ()
    keep: Keep
    minimum: Keep | None = None
    fallback: tuple[Name, ...] = ()
    """Start events that count where the one before is unknown."""
    start_event: Name | None = None
    cutoff: Instant | None = None
    basis: Basis
    deletion_class: Text = ""


class Balances(Model):
    """Records before the cut-off: what was due and became of it. The last three lie outside."""

    due: Count = 0
    arrived: Count = 0
    deleted: Count = 0
    redacted: Count = 0
    already_absent: Count = 0
    held: Count = 0
    minimum: Count = 0
    straddling: Count = 0
    kept_for_part: Count = 0
    failed: Count = 0
    residue: Count = 0
    undated: Count = 0
    future: Count = 0
    late: Count = 0

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        became = self.deleted + self.redacted + self.already_absent + self.held + self.minimum
        became += self.straddling + self.kept_for_part + self.failed + self.residue
        return require(self, self.due + self.arrived == became)


class Total(Model):
    """Records of a dataset at one moment; null where counting would cost a full scan."""

    count: Count | None = None
    exact: bool = True


class Range(Model):
    """Dates, never times, in the source's zone."""

    oldest_deleted: Day | None = None
    newest_deleted: Day | None = None
    oldest_remaining: Day | None = None


class Merkle(Model):
    """The root over the leaves of all deleted records."""

    scheme: Literal["SMDR-2"] = "SMDR-2"
    size: Count = 0
    root: Hex = EMPTY_ROOT.hex()

    @model_validator(mode="after")
    def _empty_has_empty_root(self) -> Self:
        return require(self, (self.size == 0) == (self.root == EMPTY_ROOT.hex()))


class Finding(Model):
    """Something worth knowing, by code."""

    code: Code
    count: Count


class Exemption(Model):
    """Records that something kept from being deleted, by code and dataset."""

    code: Code
    dataset: Name
    count: Count


class Copy(Model):
    """A copy that this tool can't reach, in the manifest's words."""

    code: Name
    text: dict[Literal["de", "en"], Text]


class Lookup(Model):
    """The root over the entries by which the deleted records can be found."""

    size: Count = 0
    root: Hex = EMPTY_ROOT.hex()

    @model_validator(mode="after")
    def _empty_has_empty_root(self) -> Self:
        return require(self, (self.size == 0) == (self.root == EMPTY_ROOT.hex()))


class KeptFile(Model):
    """A file that stays beside the report: leaves, lookup index, or the run key sealed."""

    name: FileName
    role: Literal["leaves", "index", "sealed-key"]
    dataset: Name | None = None
    sha256: Hex
    bytes: Count

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        return require(
            self,
            self.name == f"{self.sha256}.bin",
            (self.role == "sealed-key") == (self.dataset is None),
        )


class Evidence(Model):
    """How much can be proved later. At level counts, single records can't be proved. At level
    sealed the recipients can open ``files``, until these are destroyed after ``shred_after``."""

    level: Literal["counts", "sealed"]
    note: Code = "SINGLE_RECORDS_NOT_PROVABLE"
    files: tuple[KeptFile, ...] = ()
    recipients: tuple[Hex, ...] = ()
    shred_after: Day | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        sealed = self.level == "sealed"
        return require(
            self,
            sealed == bool(self.recipients),
            sealed == (self.shred_after is not None),
            sealed or not self.files,
            sealed == (self.note != "SINGLE_RECORDS_NOT_PROVABLE"),
            len(set(self.recipients)) == len(self.recipients),
            len({file.sha256 for file in self.files}) == len(self.files),
        )


class Limits(Model):
    """The limits in force; ``confirmed`` is the number given with ``--confirm-count``."""

    share: Annotated[int, Field(ge=0, le=100)] | None = None
    count: Count | None = None
    confirmed: Count | None = None


DatasetOutcome = Literal[
    "complete", "incomplete", "failed", "refused", "nothing-due", "kept", "not-reached"
]
Kind = Literal["table", "tree", "spool", "lines", "api", "command"]


class Settled(Model):
    """How many records of a dataset lay before an instant that no late writer reaches: ``count``
    before ``until`` when this run had ended, ``again`` before ``last``, the run's before, when it
    began. Null where counting would cost a full scan."""

    until: Instant | None = None
    count: Count | None = None
    last: Instant | None = None
    again: Count | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        return require(
            self,
            (self.until is None) == (self.count is None),
            (self.last is None) == (self.again is None),
        )


class Dataset(Model):
    """What became of one dataset under one rule. ``of`` is the manifest's name where several
    rules share a dataset and each has a name of its own here."""

    dataset: Name
    of: Name | None = None
    data_class: Name
    kind: Kind
    rule: Rule
    balances: Balances = Balances.model_construct()
    total_before: Total = Total.model_construct()
    total_after: Total = Total.model_construct()
    range: Range = Range.model_construct()
    also: dict[Name, Count] = {}
    method: Literal["db_delete", "db_update", "file_unlink", "rewrite", "product"]
    findings: tuple[Finding, ...] = ()
    outcome: DatasetOutcome
    merkle: Merkle = Merkle.model_construct()
    lookup: Lookup | None = None
    """At level sealed only."""
    settled: Settled | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        balances, redacts = self.balances, self.rule.action == "redact"
        done = balances.residue == balances.failed == 0
        went = balances.deleted + balances.redacted
        return require(
            self,
            self.merkle.size == went,
            (balances.deleted if redacts else balances.redacted) == 0,
            redacts == (self.method == "db_update"),
            self.outcome not in ("complete", "nothing-due") or done,
            self.outcome not in ("nothing-due", "kept") or went == 0,
        )


class _Predicate(Model):
    schema_: int = Field(default=1, ge=1, le=1, alias="schema")
    report_id: Uuid
    installation: Uuid
    source: Name
    controller: Text
    processing_activity: Text = ""
    dpia_ref: Text = ""
    tool: Tool
    policy: Policy
    not_covered: tuple[Name, ...] = ()
    copies_out_of_reach: tuple[Copy, ...] = ()
    limits: Limits = Limits.model_construct()

    def subjects(self) -> list[dict[str, object]]:
        """What the statement is about: the policy, by its digest."""
        digest = {"sha256": self.policy.digest.removeprefix("sha256:")}
        return [{"name": f"policy/{self.policy.name}", "digest": digest}]


class Holds(Model):
    """Holds in force when the run began; ``register`` is the digest that hold statements quote."""

    active: Count = 0
    restrictions: Count = 0
    register_: Hex | None = Field(default=None, alias="register")


class DeletionReport(_Predicate):
    """A real run, also one that found nothing due, refused or failed."""

    ledger: ReportPlace
    run: Run
    holds: Holds | None = None
    clock: Clock = Clock.model_construct()
    datasets: tuple[Dataset, ...] = ()
    exceptions: tuple[Exemption, ...] = ()
    evidence: Evidence

    @property
    def is_erasure(self) -> bool:
        """Whether a data subject demanded it (Art. 17 GDPR): that is no scheduled run."""
        return self.run.trigger == "erasure-request"

    def subjects(self) -> list[dict[str, object]]:
        """The policy, and each dataset's root."""
        roots: list[dict[str, object]] = [
            {"name": f"{self.source}/{d.dataset}", "digest": {_ROOT_DIGEST: d.merkle.root}}
            for d in self.datasets
        ]
        return super().subjects() + roots

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        names = Counter(d.dataset for d in self.datasets)
        deleted = sum(d.balances.deleted + d.balances.redacted for d in self.datasets)
        outcomes = {d.outcome for d in self.datasets}
        fine = outcomes <= {"complete", "nothing-due", "kept"}
        residue = any(d.balances.residue or d.balances.failed for d in self.datasets)
        return require(
            self,
            not names or max(names.values()) == 1,
            self.run.outcome not in ("complete", "nothing-due") or (fine and not residue),
            self.run.outcome not in ("nothing-due", "refused") or deleted == 0,
            self._files_fit(),
        )

    def _files_fit(self) -> bool:
        """At level sealed each dataset has exactly the files that its trees need, and where
        anything was deleted each recipient has the run key."""
        evidence, sealed = self.evidence, self.evidence.level == "sealed"
        needed: list[tuple[str, str]] = []
        for dataset in self.datasets:
            needed += [("leaves", dataset.dataset)] * (sealed and dataset.merkle.size > 0)
            if dataset.lookup is not None:
                needed += [("index", dataset.dataset)] * (dataset.lookup.size > 0)
        needed += [("sealed-key", "")] * (len(evidence.recipients) if needed else 0)
        there = sorted((file.role, file.dataset or "") for file in evidence.files)
        return there == sorted(needed) and all(
            sealed == (dataset.lookup is not None)
            and (dataset.lookup is None or not dataset.lookup.size or dataset.merkle.size > 0)
            for dataset in self.datasets
        )


class PlannedDataset(Model):
    """What a run would do with one dataset, as counted."""

    dataset: Name
    of: Name | None = None
    data_class: Name
    kind: Kind
    rule: Rule
    due: Count = 0
    held: Count = 0
    minimum: Count = 0
    straddling: Count = 0
    kept_for_part: Count = 0
    undated: Count = 0
    future: Count = 0
    total: Total = Total.model_construct()
    oldest: Day | None = None
    newest: Day | None = None
    over_limit: bool = False
    findings: tuple[Finding, ...] = ()


class Plan(_Predicate):
    """A dry run: what would be deleted. A type of its own, so that it never passes for a run."""

    made_at: Instant
    as_of: Instant
    timezone: Zone
    datasets: tuple[PlannedDataset, ...] = ()


Account = DeletionReport | Plan
"""What tells of records: a run, real or dry."""

Predicate = Account | Attestation
InLedger = DeletionReport | KeyEvent | GapNote | Hold
"""What may stand in a ledger."""

TYPES: Mapping[str, type[Predicate]] = {
    DELETION_REPORT: DeletionReport,
    PLAN: Plan,
    TRUST: Trust,
    f"{BASE}policy/v1": ApprovedPolicy,
    f"{BASE}review/v1": Review,
    f"{BASE}hold/v1": Hold,
    f"{BASE}gap-note/v1": GapNote,
    f"{BASE}observation/v1": Observation,
    f"{BASE}key-event/v1": KeyEvent,
    f"{BASE}evidence-access/v1": EvidenceAccess,
    f"{BASE}evidence-shred/v1": EvidenceShred,
}
"""Every type that this version knows."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that was read, with its type and its checked content."""

    type: str
    predicate: Predicate


def place(predicate: Predicate) -> LedgerPlace | None:
    """Where a statement stands in its source's ledger; None for one that stands alone."""
    return predicate.ledger if isinstance(predicate, InLedger) else None


def made_at(predicate: Predicate) -> str:
    """When the statement was made, by its own word."""
    if isinstance(predicate, DeletionReport):
        return predicate.run.ended_at
    return predicate.made_at if isinstance(predicate, Plan) else predicate.at


def file_type(predicate_type: str) -> str:
    """The word for a statement type in file names: ``deletion-report``, ``plan``."""
    return predicate_type.removeprefix(BASE).partition("/")[0]


def statement(predicate: Predicate) -> dict[str, Any]:
    """The in-toto statement around a predicate, ready to be sealed."""
    kind = next(name for name, model in TYPES.items() if type(predicate) is model)
    return {
        "_type": STATEMENT_TYPE,
        "subject": predicate.subjects(),
        "predicateType": kind,
        "predicate": predicate.model_dump(mode="json", by_alias=True),
    }


def parse_statement(payload: bytes) -> Statement:
    """Reads and checks the payload of an envelope whose signature was checked before.

    Raises EvidenceError: code MALFORMED or NOT_CANONICAL for the form, UNKNOWN_TYPE for a type or
    schema that this version doesn't know, SCHEMA for fields that aren't on the list, BALANCE for
    figures that contradict each other, SUBJECT for subjects that aren't the predicate's.
    """
    outer = parse_canonical(payload)
    predicate = outer.get("predicate")
    if outer.get("_type") != STATEMENT_TYPE or not isinstance(predicate, dict):
        raise EvidenceError("The content is not an in-toto statement.", code="MALFORMED")
    kind = outer.get("predicateType")
    model = TYPES.get(kind) if isinstance(kind, str) else None
    if model is None or not isinstance(kind, str) or _is_newer(predicate):
        raise EvidenceError(
            "The statement is of a kind that this version doesn't know.", code="UNKNOWN_TYPE"
        )
    read = _read(model, predicate)
    if set(outer) != {"_type", "subject", "predicateType", "predicate"}:
        raise EvidenceError("The statement holds fields it must not have.", code="SCHEMA")
    if outer["subject"] != read.subjects():
        raise EvidenceError("The statement's subjects aren't its own.", code="SUBJECT")
    return Statement(kind, read)


def _is_newer(predicate: Mapping[str, object]) -> bool:
    schema = predicate.get("schema")
    return type(schema) is int and schema > 1


def _read(model: type[Predicate], predicate: dict[str, Any]) -> Predicate:
    try:
        return model.model_validate(_tuples(predicate))
    except ValidationError as error:
        kinds = {item["type"] for item in error.errors(include_url=False, include_input=False)}
        contradiction = kinds == {"contradiction"}
    except RecursionError:
        contradiction = False
    if contradiction:
        raise EvidenceError("The figures of the statement contradict each other.", code="BALANCE")
    raise EvidenceError("The statement doesn't follow its schema.", code="SCHEMA")


def _tuples(value: Any) -> Any:
    # Strict models take tuples from Python and lists from JSON text; this spares a second parse.
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    return value
