"""The witness of a control plane, as its settings want it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from bayward.cloud.keys import Keys
from bayward.cloud.settings import CloudSettings
from bayward.cloud.witness.memory import WitnessFile
from bayward.cloud.witness.service import Witness
from bayward.core.clock import SECOND_MS, Clock
from bayward.core.errors import Misconfigured
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import Signer, VerifierKey
from bayward.ledger.policy import parse_policy

DATABASE = "witness.db"
SECRET_BYTES = 32


@contextmanager
def started(
    settings: CloudSettings, keys: Keys, clock: Clock, random: Callable[[int], bytes]
) -> Iterator[Witness | None]:
    """Witness and mirror of the logs in `witness_policy` while in use; None without that setting.

    Raises `Misconfigured` when the file cannot be read, names no log, or names one of ours: a
    deployment that witnesses itself tells nobody anything.
    """
    if settings.witness_policy is None:
        yield None
        return
    logs = _logs(settings)
    name, mirror = f"{settings.name}/witness", f"{settings.name}/mirror"

    def cosigners() -> list[Signer]:
        return list(keys.cosigners("witness", name, clock.now() // SECOND_MS))

    def mirror_cosigners() -> list[Signer]:
        return list(keys.cosigners("mirror", mirror, clock.now() // SECOND_MS))

    with closing(WitnessFile(settings.state / DATABASE, name)) as file:
        yield Witness(
            file=file,
            logs=logs,
            cosigners=cosigners,
            mirror_cosigners=mirror_cosigners,
            secret=random(SECRET_BYTES),
        )


def _logs(settings: CloudSettings) -> dict[str, list[VerifierKey]]:
    path = settings.witness_policy
    assert path is not None, "asked for"
    try:
        policy = parse_policy(path.read_bytes())
    except OSError as error:
        raise Misconfigured("settings.unreadable", file=str(path), why=str(error)) from error
    except LedgerError as error:
        raise Misconfigured("settings.value", file=str(path), expected=str(error)) from error
    logs: dict[str, list[VerifierKey]] = {}
    for one in policy.logs:
        logs.setdefault(one.key.name, []).append(one.key)
    ours = next((origin for origin in logs if origin.startswith(f"{settings.name}/")), None)
    if not logs or ours is not None:
        raise Misconfigured("settings.value", file=str(path), expected="logs of others")
    return logs
