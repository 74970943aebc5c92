"""`bayward audit witness serve`: a witness (and, if asked, a mirror) as a small HTTP server."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import uvicorn

from bayward.cli.audit import told
from bayward.cloud.cosigning import CosigningKeys
from bayward.cloud.web.server import listen
from bayward.cloud.witness.http import WitnessApp
from bayward.cloud.witness.memory import WitnessFile
from bayward.cloud.witness.service import Witness
from bayward.core.errors import BaywardError
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import VerifierKey, check_name

PORT = 8460
DATABASE = "witness.db"
SECRET_BYTES = 32
CONNECTIONS_MAX = 200  # a witness has few clients, and each waits for one fsync


def add_parser(subparsers: told.Subparsers[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add `serve`; what `pull` takes as well is added by the caller."""
    parser = subparsers.add_parser(
        "serve",
        help="a small HTTP server that logs ask for cosignatures",
        description="Serves POST /witness/add-checkpoint and GET /witness/<hash>/checkpoint "
        "(c2sp.org/tlog-witness) for the logs it is told to know, until SIGINT or SIGTERM. The "
        "first start makes a key; its public half is printed at each start.",
        epilog="Put TLS in front of it, or bind it to a private address. Exit code 2: it could "
        "not start. Example: bayward audit witness serve --name example.org/witness "
        "--state /var/lib/bayward-witness --policy logs.txt",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, default=PORT, help="port to listen at; 0: any")
    parser.add_argument(
        "--mirror",
        metavar="NAME",
        help="keep the logs' entries too, and serve them under /mirror; cosigns under this name",
    )
    parser.set_defaults(run=main)
    return parser


def main(asked: argparse.Namespace) -> int:
    """Serve until told to stop."""
    try:
        witness = open_witness(asked, told.logs_of(told.keys_of(asked)), asked.mirror)
        listening = listen(asked.host, asked.port)
    except (told.Unusable, BaywardError, LedgerError, OSError) as error:
        return told.complain("witness serve", error)
    for one in (*witness.cosigners(), *(witness.mirror_cosigners or list)()):
        print(one.key.vkey, flush=True)
    host, port = listening.getsockname()[:2]
    print(f"listening at http://{host}:{port}/witness for {len(witness.logs)} logs", flush=True)
    config = uvicorn.Config(
        WitnessApp(witness),
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        limit_concurrency=CONNECTIONS_MAX,
    )
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        witness.file.close()
    return told.WELL


def open_witness(
    asked: argparse.Namespace, logs: dict[str, list[VerifierKey]], mirror: str | None = None
) -> Witness:
    """The witness in a state directory; raises `BaywardError`, `LedgerError` or `OSError`."""
    check_name(asked.name)
    state: Path = asked.state
    keys = CosigningKeys.open(state, asked.name, "witness", is_young=asked.post_quantum)
    mirror_keys: CosigningKeys | None = None
    if mirror is not None:
        check_name(mirror)
        if mirror == asked.name:
            raise told.Unusable("the mirror needs a name of its own: its signature says more")
        mirror_keys = CosigningKeys.open(state, mirror, "mirror", is_young=asked.post_quantum)
    return Witness(
        file=WitnessFile(state / DATABASE, asked.name),
        logs=logs,
        cosigners=lambda: keys.signers(_now()),
        mirror_cosigners=None if mirror_keys is None else lambda: mirror_keys.signers(_now()),
        secret=os.urandom(SECRET_BYTES),
    )


def _now() -> int:
    return time.time_ns() // 1_000_000_000
