"""A commit of the control plane's log that fails at every step, before or after it took effect."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from bayward.cloud.audit import export
from bayward.cloud.audit import service as audit
from bayward.cloud.unit import Place
from bayward.core.errors import Unavailable
from bayward.core.events import Event, EventType
from bayward.core.ids import PersonId, TenantId
from bayward.ledger.verify import verify_log, verify_receipt
from cloud_bench import HOUSE, CloudBench, keys, named

ACTOR = PersonId(named(PersonId, 9))
FAILED, PERSISTED = "failed", "failed but persisted"


def broken() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_IOERR, "SQLITE_IOERR"
    return error


class Fault:
    """Counts the statements of a connection, and its commit; the n-th of them fails."""

    def __init__(self, step: int, mode: str) -> None:
        self.left = step
        self.mode = mode
        self.last = ""

    def before(self, what: str) -> None:
        self.left -= 1
        self.last = what
        if self.left == 0 and self.mode == FAILED:
            raise broken()

    def after(self) -> None:
        if self.left == 0 and self.mode == PERSISTED:
            raise broken()


@contextmanager
def failing(tx: sa.Connection, step: int, mode: str) -> Iterator[Fault]:
    fault = Fault(step, mode)

    def before(_tx: object, _cursor: object, statement: str, *_: object) -> None:
        fault.before(statement)

    def after(*_: object) -> None:
        fault.after()

    def commit(connection: sa.Connection) -> None:
        fault.before("COMMIT")
        if fault.left == 0:
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.commit()
        fault.after()

    listeners: dict[str, Any] = {
        "before_cursor_execute": before, "after_cursor_execute": after, "commit": commit,
    }  # fmt: skip
    for name, listener in listeners.items():
        sa.event.listen(tx, name, listener)
    try:
        yield fault
    finally:
        for name, listener in listeners.items():
            sa.event.remove(tx, name, listener)


async def note(cloud: CloudBench, tenant: TenantId, detail: str) -> None:
    event = Event(type=EventType.SIGN_IN_REFUSED, time=cloud.clock.at, method="code", reason=detail)
    await cloud.unit.write(lambda work: work.emit(event, tenant=tenant))


@pytest.mark.parametrize("mode", ["failed", "failed but persisted"])
async def test_audit_11_each_step_failed_or_failed_but_persisted(
    cloud: CloudBench, mode: str
) -> None:
    tenant = await cloud.tenant()
    origin = f"{HOUSE}/tenant/{tenant}"
    key = keys().log_signer(origin).key
    receipts, failed_at, step = [], [], 0
    while True:
        step += 1
        [before] = await cloud.do(audit.logs, tenant)
        with failing(cloud.tx, step, mode) as fault:
            try:
                await note(cloud, tenant, f"at {step}")
            except (Unavailable, sqlite3.OperationalError):
                failed_at.append(fault.last)
        [after] = await cloud.do(audit.logs, tenant)
        is_kept = fault.left > 0 or (mode == PERSISTED and fault.last == "COMMIT")
        assert after.size == before.size + is_kept, "all of it or nothing"
        await note(cloud, tenant, "goes on")
        receipt = await cloud.do(audit.receipt, tenant, Place(origin, after.size))
        receipts.append(receipt.text)
        if fault.left > 0:
            break
    assert failed_at[0].startswith("BEGIN")
    assert failed_at[-1] == "COMMIT"
    for table in ("log_segment", "log_hash_run"):
        assert any(f"INSERT INTO {table} " in one for one in failed_at), "entries and hashes"
    assert any("UPDATE log " in one for one in failed_at), "the head"
    assert all(verify_receipt(one, [key]).ok for one in receipts)
    begun = await cloud.do(export.begin, tenant, origin, ACTOR)
    lines = [begun.header]
    while page := await cloud.do(export.page, tenant, begun, len(lines) - 1, frozenset[str]()):
        lines += page
    assert verify_log(lines, [key], receipts).ok, "each receipt ever given is a prefix of the log"
