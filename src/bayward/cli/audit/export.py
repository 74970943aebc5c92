"""`bayward audit export`: ask a control plane for an evidence pack, wait, fetch it, check it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from bayward.cli import pack_words
from bayward.cli.audit.told import EXIT_CODES, UNREADABLE, WELL, WRONG, Subparsers
from bayward.cli.chain_words import why
from bayward.cloud.audit.hideable import HIDEABLE, KEPT_BACK
from bayward.ledger.pack.verify import verify_zip, with_receipt
from bayward.ledger.receipt import lines_of_chain

PATH = "/api/v1/audit/exports"
TIMEOUT_S = 60
POLL_S = 1.0
EVERYTHING = "all"
_ACCEPTED = 202
_OK = 200


class Refused(Exception):
    """Raised when the control plane says no; says what it said."""


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Add `export` to the command line."""
    parser = subparsers.add_parser(
        "export",
        help="ask for an evidence pack and fetch it",
        description="Asks a control plane for an evidence pack, shows its progress, fetches pack "
        "and receipt, and checks the pack.",
        epilog=EXIT_CODES + " Example: bayward audit export https://lockers.example.com "
        "--origin demo/bank/… --authority 'Warrant 26-117' --handed-to 'Det. Ruiz' "
        "--reason theft --token-file token --code 123456",
    )
    parser.add_argument("url", help="of the control plane")
    parser.add_argument("--origin", required=True, help="which log")
    parser.add_argument("--authority", required=True, help="by what right; it is logged")
    parser.add_argument("--handed-to", required=True, help="who is to have it; it is logged")
    parser.add_argument("--reason", required=True, help="why; it is logged")
    parser.add_argument(
        "--token-file",
        type=Path,
        required=True,
        metavar="FILE",
        help="holds a session's token (docs/how-to/watch-the-logs.md has how to get one); the code "
        "renews it, and the file with it",
    )
    parser.add_argument("--code", required=True, help="a fresh code of the second factor")
    parser.add_argument("--first", type=int, metavar="N", help="first entry")
    parser.add_argument("--until", type=int, metavar="N", help="first entry behind the range")
    parser.add_argument("--since", type=int, metavar="MS", help="by time instead, in milliseconds")
    parser.add_argument("--before", type=int, metavar="MS", help="the end of that time")
    parser.add_argument(
        "--hide",
        action="append",
        default=[],
        choices=sorted(HIDEABLE),
        metavar="FIELD",
        help="a field to keep back beside those that can name somebody, which always are unless "
        "shown; may be repeated: " + ", ".join(sorted(HIDEABLE)),
    )
    parser.add_argument(
        "--show",
        action="append",
        default=[],
        choices=[*sorted(KEPT_BACK), EVERYTHING],
        metavar="FIELD",
        help="a field that can name somebody, not to be kept back; may be repeated: "
        + ", ".join(sorted(KEPT_BACK))
        + f"; `{EVERYTHING}`: all of these",
    )
    parser.add_argument(
        "--item",
        metavar="ITEM",
        help="label or id of an item; entries about anything else are in the pack without a field",
    )
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the files")
    parser.set_defaults(run=main)


def main(asked: argparse.Namespace) -> int:
    """Ask, wait, fetch, check."""
    try:
        token = asked.token_file.read_text(encoding="utf-8").strip()
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(
            base_url=asked.url.rstrip("/"), headers=headers, timeout=TIMEOUT_S, trust_env=False
        ) as client:
            pack, receipt, name = export(client, asked, time.sleep)
            (asked.out / f"{name}.zip").write_bytes(pack)
            is_chain = len(lines_of_chain(receipt.decode())) > 1
            kept = f"{name}.receipt.{'jsonl' if is_chain else 'json'}"
            (asked.out / kept).write_bytes(receipt)
    except Refused as error:
        print(f"bayward audit export: {asked.url} refuses: {error}", file=sys.stderr)
        return UNREADABLE
    except httpx.HTTPError as error:
        told = str(error) or type(error).__name__
        print(f"bayward audit export: {asked.url} cannot be reached: {told}", file=sys.stderr)
        return UNREADABLE
    except OSError as error:
        print(f"bayward audit export: {why(error)}", file=sys.stderr)
        return UNREADABLE
    verdict = with_receipt(verify_zip(pack), receipt.decode())
    print(f"{asked.out / name}.zip, {kept}\n{pack_words.in_words(verdict)}")
    return WELL if verdict.ok else WRONG


def export(
    client: httpx.Client, asked: argparse.Namespace, wait: Callable[[float], None]
) -> tuple[bytes, bytes, str]:
    """Pack, receipt and name; raises `Refused`."""
    names = ("origin", "authority", "handed_to", "reason", "first", "until", "since", "before")
    body = {name: getattr(asked, name) for name in (*names, "item")}
    shown = KEPT_BACK if EVERYTHING in asked.show else frozenset(asked.show)
    body["hidden"] = sorted((KEPT_BACK - shown) | frozenset(asked.hide))
    answer = client.post(PATH, json=body, headers={"Bayward-Code": asked.code})
    told = _json(answer, _ACCEPTED)
    renewed = answer.headers.get("Bayward-Session")
    if renewed is not None:  # the one before has ended; the next command needs this one
        client.headers["Authorization"] = f"Bearer {renewed}"
        asked.token_file.write_text(f"{renewed}\n", encoding="utf-8")
    url = f"{PATH}/{told['name']}"
    while told["state"] == "working":
        print(f"{told['done']} of {told['until'] - told['first']} entries", file=sys.stderr)
        wait(POLL_S)
        told = _json(client.get(url), _OK)
    if told["state"] != "ready":
        raise Refused(told["problem"] or told["state"])
    return _body(client.get(f"{url}/pack")), _body(client.get(f"{url}/receipt")), told["name"]


def _json(answer: httpx.Response, expected: int) -> dict[str, Any]:
    if answer.status_code != expected:
        raise Refused(_why(answer))
    found: dict[str, Any] = answer.json()
    return found


def _body(answer: httpx.Response) -> bytes:
    if answer.status_code != _OK:
        raise Refused(_why(answer))
    return answer.content


def _why(answer: httpx.Response) -> str:
    try:
        told = answer.json()
        return f"{told.get('code', answer.status_code)}: {told.get('detail', '')}"
    except (json.JSONDecodeError, AttributeError):
        return str(answer.status_code)
