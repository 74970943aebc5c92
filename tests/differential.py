"""Documents bent at random, about each of which all verifiers must say the same.

A case is a number: it makes the same document every time. The document goes as a file to
`bayward verify` (the library), to `verify.py` and to the verifier of `verify.html`, as a stranger
would give it. `make fuzz` tries new numbers for a while; the first of them run with the tests.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from warnings import catch_warnings

from bayward.cli import main as bayward
from bayward.ledger.chain import chain_text
from bayward.ledger.keys import ed25519_signer
from bayward.ledger.leaf import SALT_BYTES, digest, seal
from bayward.ledger.log import Log
from bayward.ledger.note import sign
from bayward.ledger.receipt import Receipt
from bayward.ledger.strict import base64_text, base64url_text
from ledger_bench import LOG, Bench, MemoryStore, ed25519_key, event, witness
from mldsa_bench import everybodys
from pack_bench import (
    ANCHOR,
    ANCHOR_TOO,
    BANK,
    OUTSIDE,
    TENANT,
    PackBench,
    entered,
    happening,
    keys,
    policy,
    recorded,
    resealed,
    standalone,
    zipped,
)
from page_bench import Page
from revocation_bench import BEFORE, LATER, SERIAL, Reason, listed, own, pack
from stamp_bench import Token, ec_key, rsa_key

Verdict = tuple[Any, ...]
"""Findings, trust, and the fields that were proven; or why there is none."""

CANNOT_SAY: Verdict = ("cannot say",)
"""The question itself was not understood: a policy that is none."""

YOUNG, YOUNGER = (
    everybodys("young.example/w", bytes([n]) * 32, 1_795_000_000 + n) for n in range(2)
)
"""Two post-quantum witnesses of one name."""
TRUSTED = [LOG.key, witness().key, TENANT.key, BANK.key]
STRANGER = ed25519_signer("demo/bank/8/1", ed25519_key("stranger"))
"""Of a log that no key is known of."""
BENCH = Bench.of(9, LOG, witness(7), first_batch=4)
OTHER = Bench.of(7, LOG)
PIECES = [
    "", "0", "1", "9", "-0", "1.0", "1e0", str(2**53), str(2**63), '"', "\\", "\\n", "\\u0041",
    "\\ud800", "A", "=", "+", "/", "_", " ", "\n", "\r", "\t", "\x00", "\x7f", "\u0085", "\u00a0",
    "\u2014", "\u2028", "\ufeff", "\u00e9", "e\u0301", "\U0001f600", "null", "true", "NaN", "[",
    "]", "{}", ",", ":", '"v":1,', '"index":0,',
]  # fmt: skip
VALUES = [
    "0", "-0", "1", "-1", "1.0", "1e0", "1E2", "0.1", "01", str(2**53 - 1), str(2**53),
    str(-(2**53)), str(10**40), "NaN", "Infinity", "true", "null", "tru", '""', '"a"',
    '"\\u0061"', '"\\/"',
    '"/"', '"\\ud83d\\ude00"', '"\U0001f600"', '"\\ud800"', '"\\u2028"', '"\u2028"', '"\x7f"',
    '"\\u007f"',
    '"\x01"', '"\\u0001"', '"\\t"', '"\t"', '"\\b\\f\\n\\r"', '"\u00e9"', '"e\u0301"', '"\ufeff"',
    '"\ufffe"', '"\\"\\\\"', "[]", "{}", "[ ]", "[1,]", "[1,2]", "[[[[1]]]]", "[[[[[1]]]]]",
    '{"a":1}', '{"a":1,"a":2}', '{"b":1,"a":2}', '{"a":1,"b":2}', '{"10":1,"9":2}',
    '{"9":1,"10":2}', '{"__proto__":1}', '{"constructor":{}}', '{"A":1,"a":2}', '{"":1}',
    '{"\u00e9":1}',
    '{"_":1,"a":1}', "'a'", "", '"a" ', " 1",
]  # fmt: skip
NAMES = [
    "type",
    "a",
    "_a",
    "_sd",
    "_sd_alg",
    "v",
    "...",
    "",
    "A",
    "__proto__",
    "é",
    "a" * 64,
    "a" * 65,
]


@dataclass(frozen=True)
class Document:
    """What a case makes; `kind` is the end of its file's name."""

    kind: str
    raw: bytes
    older: tuple[str, ...] = ()
    """Of a log or a pack: what somebody kept from before."""
    policy: str | None = None
    """What the reader knows, instead of the keys he usually has."""
    receipt: str = ""
    """Of a pack: the receipt of its export."""


def document(case: int) -> Document:
    """The document of a case."""
    rng = random.Random(case)
    if case % 10 == 8:
        return kept(rng)
    if case % 10 == 9:
        return cosigned(rng)
    if case % 20 == 4:
        return bent_list(rng)
    makers: list[Callable[[random.Random], Document]] = [
        bent_receipt, bent_proof, resigned_note, sealed_value, sealed_value, bent_log, bent_pack,
        bent_archive, bent_chain, bent_chain, bent_policy, bent_stamp, bent_export,
    ]  # fmt: skip
    return rng.choice(makers)(rng)


# --- documents -----------------------------------------------------------------------------------


def bent(text: str, rng: random.Random, most: int = 2) -> str:
    """A few small pieces of a text exchanged."""
    for _ in range(rng.randint(1, most)):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(PIECES) + text[at + rng.randrange(4) :]
    return text


def bent_bytes(raw: bytes, rng: random.Random) -> bytes:
    """A few bytes exchanged, put in or left out."""
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(raw) + 1)
        raw = raw[:at] + rng.randbytes(rng.randrange(3)) + raw[at + rng.randrange(3) :]
    return raw


def receipt_told(rng: random.Random) -> dict[str, Any]:
    bench = rng.choice([BENCH, OTHER])
    told: dict[str, Any] = json.loads(bench.receipt(rng.randrange(7)).text)
    return told


def bent_receipt(rng: random.Random) -> Document:
    """As text, as bytes, or in its members."""
    told = receipt_told(rng)
    other = receipt_told(rng)
    name = rng.choice(list(told))
    way = rng.randrange(5)
    if way == 0:
        return Document("json", bent_bytes(json.dumps(told).encode(), rng))
    if way == 1:
        told[name] = other[name]
    elif way == 2:
        told[name] = rng.choice([None, 1, 2, True, "", [], {}, [1], "x", 1.0, {"v": 1}])
    elif way == 3:
        del told[name]
    else:
        told["disclosures"] = rng.sample([*told["disclosures"], *other["disclosures"]], 5)
    text = json.dumps(told, ensure_ascii=rng.random() < 0.5)
    return Document("json", (bent(text, rng) if rng.random() < 0.3 else text).encode())


def bent_proof(rng: random.Random) -> Document:
    """A receipt whose proof has lines exchanged, doubled, bent."""
    told = receipt_told(rng)
    lines = told["tlog_proof"].split("\n")
    for _ in range(rng.randint(1, 2)):
        at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        lines[at] = rng.choice([lines[other], bent(lines[at], rng), base64_text(rng.randbytes(32))])
        if rng.random() < 0.3:
            lines.insert(other, lines[at])
    told["tlog_proof"] = "\n".join(lines)
    return Document("json", json.dumps(told).encode())


def resigned_note(rng: random.Random) -> Document:
    """A receipt under any checkpoint that the log's key has signed all the same."""
    told = receipt_told(rng)
    head, _, note = told["tlog_proof"].partition("\n\n")
    text, _, signatures = note.partition("\n\n")
    lines = f"{text}\n"
    if rng.random() < 0.7:
        lines = bent(lines, rng)
    try:
        note = sign(lines, rng.sample([LOG, witness(3)], rng.randint(1, 2)))
    except Exception:  # noqa: BLE001 - no text of a note; the old one with another under it
        note = f"{lines}\n{signatures}"
    if rng.random() < 0.3:
        note = bent(note, rng, 1)
    told["tlog_proof"] = f"{head}\n\n{note}"
    return Document("json", json.dumps(told).encode())


def sealed_value(rng: random.Random) -> Document:
    """A field of any spelling, truly in the log: leaf, proof and signature all hold."""
    parts = [json.dumps(base64url_text(rng.randbytes(18))), json.dumps("type"), rng.choice(VALUES)]
    way = rng.randrange(4)
    if way == 0:
        parts[1] = json.dumps(rng.choice(NAMES), ensure_ascii=rng.random() < 0.5)
    elif way == 1:
        parts[2] = f"[{rng.choice(VALUES)},{rng.choice(VALUES)}]"
    elif way == 2:
        parts[2] = f'{{"a":{rng.choice(VALUES)},"b":{rng.choice(VALUES)}}}'
    told = f"[{','.join(parts)}]"
    if rng.random() < 0.2:
        told = bent(told, rng, 1)
    shown = [base64url_text(told.encode("utf-8", "surrogatepass")), *event(3).disclosures[:1]]
    digests = sorted([digest(shown[0]), *map(digest, event(3).disclosures)])
    leaf = '{"_sd":[' + ",".join(f'"{one}"' for one in digests) + '],"v":1}'
    if rng.random() < 0.2:
        leaf = bent(leaf, rng, 1)
    bench = Bench.of(2)
    bench.log.append([leaf.encode()])
    receipt = bench.receipt(1)
    text = json.loads(receipt.text) | {
        "leaf": base64_text(leaf.encode()),
        "disclosures": shown[: rng.randint(1, 2)],
        "tlog_proof": bench.log.prove(2).text,
    }
    return Document("json", json.dumps(text).encode())


def bent_log(rng: random.Random) -> Document:
    """An export with lines exchanged, left out, bent."""
    lines = rng.choice([BENCH, OTHER]).lines()
    for _ in range(rng.randint(1, 2)):
        at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        way = rng.randrange(4)
        if way == 0:
            lines[at], lines[other] = lines[other], lines[at]
        elif way == 1:
            del lines[at]
        elif way == 2:
            lines.insert(at, lines[other])
        else:
            lines[at] = bent_bytes(lines[at], rng)
        if not lines:
            break
    kept = [BENCH.store.notes[0], BENCH.receipt(8).text, OTHER.note, Bench.of(12, LOG).note]
    older = rng.choice(kept)
    if rng.random() < 0.3:
        older = bent(older, rng, 1)
    return Document("ndjson", b"".join(lines), (older,) if rng.random() < 0.5 else ())


@cache
def pack_files() -> dict[str, bytes]:
    return pack_bench().files()


def bent_pack(rng: random.Random) -> Document:
    """Files of a pack bent, exchanged, renamed; half the time sealed anew by who holds the key."""
    files = dict(pack_files())
    for _ in range(rng.randint(1, 2)):
        name, other = rng.choice(list(files)), rng.choice(list(files))
        way = rng.randrange(5)
        if way == 0:
            del files[name]
        elif way == 1:
            files[bent(name, rng, 1)] = files[name]
        elif way == 2:
            files[name] = files[other]
        else:
            files[name] = bent_bytes(files[name], rng)
    is_resealed = rng.random() < 0.6
    try:
        with catch_warnings(action="ignore"):  # two names that are one behind their zero byte
            return Document("zip", zipped(resealed(files) if is_resealed else files))
    except Exception:  # noqa: BLE001 - a name that no archive of ours can hold
        return bent_archive(rng)


def bent_archive(rng: random.Random) -> Document:
    """Bytes of the archive itself."""
    raw = zipped(pack_files())
    at = rng.choice([0, len(raw) - 2000, rng.randrange(len(raw))])
    window = bent_bytes(raw[at : at + 2000], rng)
    return Document("zip", b"PK" + (raw[:at] + window + raw[at + 2000 :])[2:])


@cache
def pack_bench() -> PackBench:
    return PackBench()


def bent_chain(rng: random.Random) -> Document:
    """The receipts from an entry up to the anchor: exchanged, left out, doubled, bent; alone or in
    a pack that is sealed anew."""
    bench = pack_bench()
    at = (BANK.key.name, rng.choice([44, 45, 45, 45]), bench.note.split("\n")[2])
    lower, above = recorded(rng.choice(["bank_log.accepted", "door.opened"]), at, TENANT)
    told: dict[str, Any] = {"type": "tenant_log.anchored", "origin": above[0], "log_size": above[1]}
    told["log_root"] = above[2]
    told["log_key"] = rng.choice([TENANT.key.vkey, BANK.key.vkey, "x", 1, True, None])
    told[rng.choice(list(told))] = rng.choice([*told.values(), 2, True, ["a"], "", "a\nb"])
    signers = rng.sample([ANCHOR_TOO, *OUTSIDE], 2)
    made = entered(told, ANCHOR, *signers)[0]
    links = [lower, rng.choice([made, bench.chain[1]])]
    lines = chain_text(rng.choice([[*bench.chain], links])).splitlines(keepends=True)
    is_pack = rng.random() < 0.5
    if not is_pack:
        lines = [chain_text([bench.receipt(rng.randrange(45))]), *lines]
    for _ in range(rng.choice([0, 0, 1, 2])):
        way, at_ = rng.randrange(4), rng.randrange(len(lines))
        if way == 0:
            rng.shuffle(lines)
        elif way == 1:
            lines.insert(at_, rng.choice(lines))
        elif way == 2:
            lines[at_] = bent(lines[at_], rng)
        else:
            del lines[at_]
        if not lines:
            lines = ["\n"]
    text = "".join(lines).encode("utf-8", "replace")
    given = known(rng) if rng.random() < 0.8 else None
    if not is_pack:
        return Document("json", text, policy=given)
    files = resealed({**pack_files(), "data/chain.txt": text})
    return Document("zip", zipped(files), policy=given)


def known(rng: random.Random) -> str:
    """Some reader's keys, groups and quorum, all in order."""
    logs = rng.sample([ANCHOR.key, ANCHOR_TOO.key, TENANT.key, BANK.key], rng.randrange(3))
    lines = rng.choice(
        [
            [],
            ["quorum none"],
            [f"quorum {rng.choice('abc')}"],
            [f"group g {rng.choice(['any', 'all', '1', '2', '3'])} a b c", "quorum g"],
            ["group g any a b", "group h all g c", f"quorum {rng.choice('gh')}"],
        ]
    )
    return policy(*lines, logs=logs)


def bent_policy(rng: random.Random) -> Document:
    """A document nobody bent, and a policy that somebody did."""
    lines = known(rng).splitlines(keepends=True)
    way = rng.randrange(4)
    if way == 0:
        rng.shuffle(lines)
    elif way == 1:
        lines.insert(rng.randrange(len(lines)), rng.choice(lines))
    elif way == 2:
        del lines[rng.randrange(len(lines))]
    text = "".join(lines)
    text = bent(text, rng) if way == 3 else text
    if rng.random() < 0.5:
        return Document(
            "json", chain_text([pack_bench().receipt(3), *pack_bench().chain]).encode(), policy=text
        )
    return Document("zip", zipped(pack_files()), policy=text)


def kept(rng: random.Random) -> Document:
    """A pack, and what somebody kept of its log: of the same history or of another, some bent."""
    start = rng.randrange(44)
    files = pack_bench().files(pack_bench().slice(start, rng.randint(start + 1, 45)), chain=False)
    older = [kept_one(rng) for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.2:
        name = rng.choice(list(files))
        files = resealed({**files, name: bent_bytes(files[name], rng)})
    if rng.random() < 0.3:
        older.append(exported_one(files, rng))
    return Document("zip", zipped(files), tuple(older))


def exported_one(files: dict[str, bytes], rng: random.Random) -> str:
    """The receipt of the export of a pack, in the log that the pack is of; or nearly that."""
    size = rng.choice([40, 46, 46, 60])
    body = files.get("tagmanifest-sha256.txt", b"")
    told: dict[str, Any] = {"type": rng.choice(["evidence.exported"] * 3 + ["evidence.requested"])}
    told["detail"] = rng.choice([sha256(body).hexdigest()] * 3 + [sha256(b"x").hexdigest(), 1])
    sealed = seal(told, rng.randbytes(2 * SALT_BYTES))
    log = Log(MemoryStore(), lambda: [rng.choice([BANK, BANK, BANK, STRANGER])])
    log.append([*(happening(n).leaf for n in range(size - 1)), sealed.leaf])
    shown = sealed.disclosures[: rng.choice([2, 2, 2, 1])]
    receipt = Receipt(BANK.key, log.prove(size - 1), sealed.leaf, tuple(shown)).text
    return bent(receipt, rng, 1) if rng.random() < 0.2 else receipt


def kept_one(rng: random.Random) -> str:
    size, changed = rng.randint(1, 50), rng.choice([-1, -1, rng.randrange(50)])
    events = [happening(n + 900 if n == changed else n) for n in range(size)]
    log = Log(MemoryStore(), lambda: [rng.choice([BANK, BANK, BANK, TENANT, STRANGER])])
    log.append([one.leaf for one in events])
    place = rng.randrange(size)
    proof = log.prove(place)
    receipt = Receipt(BANK.key, proof, events[place].leaf, events[place].disclosures).text
    text = rng.choice([log.note, proof.text, receipt, receipt])
    return bent(text, rng, 1) if rng.random() < 0.2 else text


def cosigned(rng: random.Random) -> Document:
    """Witnesses of both kinds under the checkpoint of an entry, or under that of the anchor above
    it; some signatures bent. The reader demands some of them."""
    signers = rng.sample([YOUNG, YOUNGER, *OUTSIDE], rng.randint(1, 3))
    bench = pack_bench()
    if rng.random() < 0.5:
        place = ("demo/bank/7/1", 45, bench.note.split("\n")[2])
        lower, above = recorded("bank_log.accepted", place, TENANT)
        upper, _ = recorded("tenant_log.anchored", above, ANCHOR, *signers)
        text = chain_text([bench.receipt(rng.randrange(45)), lower, upper])
    else:
        told = json.loads(bench.receipt(rng.randrange(45)).text)
        head, _, note = told["tlog_proof"].partition("\n\n")
        lines = note.partition("\n\n")[0] + "\n" + rng.choice(["", "", "", "more\n"])
        try:
            note = sign(bent(lines, rng, 1) if rng.random() < 0.2 else lines, [BANK, *signers])
        except Exception:  # noqa: BLE001 - no text of a checkpoint, so nothing to cosign
            note = sign(lines, [BANK])
        told["tlog_proof"] = f"{head}\n\n{note}"
        text = json.dumps(told, ensure_ascii=False) + "\n"
    if rng.random() < 0.5:
        text = with_bent_signature(text, rng)
    names = "abcyo"
    quorum = rng.choice(
        [
            [],
            [f"quorum {rng.choice(names)}"],
            ["group g 2 a y o", "quorum g"],
            ["group g any y o", "group h all g a", f"quorum {rng.choice('gh')}"],
        ]
    )
    logs = rng.sample([ANCHOR.key, BANK.key], rng.randrange(3))
    young = [f"witness y {YOUNG.key.vkey}", f"witness o {YOUNGER.key.vkey}"]
    return Document("json", text.encode(), policy=policy(*young, *quorum, logs=logs))


def with_bent_signature(text: str, rng: random.Random) -> str:
    """A bit of one signature line exchanged, behind the id of its key."""
    found = list(re.finditer(r"\u2014 \S+ ([A-Za-z0-9+/]+=*)", text))
    if not found:
        return text
    one = rng.choice(found)
    raw = base64.b64decode(one[1])
    # Half the time in what comes first or last: the time, and the hints of ML-DSA.
    at = rng.choice(
        [rng.randrange(4, len(raw)), rng.randrange(4, 12), len(raw) - rng.randint(1, 60)]
    )
    changed = raw[:at] + bytes([raw[at] ^ 1 << rng.randrange(8)]) + raw[at + 1 :]
    return text[: one.start(1)] + base64_text(changed) + text[one.end(1) :]


@cache
def stamped() -> dict[str, bytes]:
    return pack_bench().files(stamped=True)


def bent_stamp(rng: random.Random) -> Document:
    """A time stamp with a few bytes exchanged, or of another make."""
    files = dict(stamped())
    body = files["tagmanifest-sha256.txt"]
    token = rng.choice([Token(), Token(key=ec_key(384)), Token(key=rsa_key()),
                        Token(key=rsa_key(), is_bare=True, digest="sha512"), Token(older=True),
                        Token(status=rng.randrange(4)),
                        Token(nonce=rng.getrandbits(70))])  # fmt: skip
    raw = token.over(body if rng.random() < 0.9 else b"other")
    if rng.random() < 0.8:
        raw = bent_bytes(raw, rng) if rng.random() < 0.3 else flipped(raw, rng)
    files["tagmanifest-sha256.txt.tsr"] = raw
    pin = rng.choice(["", "", f"tsa {'0' * 64}\n"])
    return Document("zip", zipped(files), policy=policy(logs=[TENANT.key]) + pin)


def bent_list(rng: random.Random) -> Document:
    """What a time-stamp authority's issuer has revoked, or that issuer's certificate, bent."""
    lists, issuers = revocations()
    crl, issuer = rng.choice(lists), rng.choice(issuers)
    if rng.random() < 0.6:
        crl = bent_bytes(crl, rng) if rng.random() < 0.3 else flipped(crl, rng)
    if rng.random() < 0.3:
        issuer = bent_bytes(issuer, rng) if rng.random() < 0.3 else flipped(issuer, rng)
    return Document("zip", zipped(pack(crl, issuer)), policy=policy(logs=[TENANT.key]))


@cache
def revocations() -> tuple[list[bytes], list[bytes]]:
    """Lists and certificates of issuers, right and wrong."""
    reasons = (None, Reason.superseded, Reason.key_compromise)
    lists = [listed((SERIAL, at, one), (9, at, one)) for at in (BEFORE, LATER) for one in reasons]
    lists += [listed(), listed(is_part=True), listed(root=ec_key(384))]
    return lists, [own(), own(), own(ec_key(384)), own(issuer="Toor")]


def flipped(raw: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ 1 << rng.randrange(8)]) + raw[at + 1 :]


def bent_export(rng: random.Random) -> Document:
    """A pack with the receipt of its export, or of something else."""
    files = dict(pack_files())
    if rng.random() < 0.3:
        files = resealed({**files, "README.txt": b"other\n"})
    told: dict[str, Any] = {"type": rng.choice(["evidence.exported", "evidence.requested"])}
    told["detail"] = resealed(pack_files())["tagmanifest-sha256.txt"].hex()
    receipt = rng.choice([pack_bench().exported(files), pack_bench().exported(pack_files()),
                          entered(told, TENANT)[0]]).text  # fmt: skip
    if rng.random() < 0.3:
        receipt = chain_text([pack_bench().exported(files), *pack_bench().chain])
    if rng.random() < 0.3:
        receipt = bent(receipt, rng)
    given = known(rng) if rng.random() < 0.5 else None
    return Document("zip", zipped(files), policy=given, receipt=receipt)


# --- verifiers -----------------------------------------------------------------------------------


def by_command(made: Document, folder: Path) -> Verdict:
    """What `bayward verify` says of it."""
    words = _words(made, folder)
    return _ran(lambda: bayward(["verify", *words]))


def verdicts(made: Document, page: Page, folder: Path) -> dict[str, Verdict]:
    """What each of them says."""
    words = _words(made, folder)
    vkeys = [key.vkey for key in TRUSTED] if made.policy is None else []
    more = {"policy": made.policy or "", "receipt": made.receipt}
    told = page.ask("verify", file=made.raw, keys=vkeys, older=list(made.older), **more)
    return {
        "bayward verify": by_command(made, folder),
        "verify.py": _ran(lambda: standalone().main(words)),
        "verify.html": CANNOT_SAY if "error" in told else _said(told),
    }


def _words(made: Document, folder: Path) -> list[str]:
    """The document as a file, and what a command line says of it."""
    place = folder / f"document.{made.kind}"
    place.write_bytes(made.raw)
    words = [str(place), "--json", *([] if made.policy is not None else keys(*TRUSTED))]
    for name, more in (("policy", made.policy), ("receipt", made.receipt or None)):
        if more is not None:
            (folder / name).write_bytes(more.encode("utf-8", "replace"))
            words += [f"--{name}", str(folder / name)]
    for number, text in enumerate(made.older):
        kept = folder / f"older-{number}"
        kept.write_bytes(text.encode())
        words += ["--older", str(kept)]
    return words


def _ran(run: Callable[[], int]) -> Verdict:
    told = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    with redirect_stdout(told), redirect_stderr(io.StringIO()):
        code = run()
    told.seek(0)
    if code not in {0, 1}:
        return CANNOT_SAY
    said = json.load(told)
    assert said["ok"] is (code == 0)
    return _said(said)


def _said(told: dict[str, Any]) -> Verdict:
    findings = [(one["fault"], one["at"]) for one in told["findings"]]
    fields = json.dumps(told.get("fields") or {}, sort_keys=True)
    return findings, told["trust"], fields, sorted(told["unexamined"])


def disagreement(case: int, page: Page, folder: Path) -> str:
    """How to see it again, or "" when all agree."""
    made = document(case)
    said = verdicts(made, page, folder)
    if len({repr(one) for one in said.values()}) == 1:
        return ""
    lines = [f"case {case}: they do not agree about a .{made.kind} of {len(made.raw)} bytes"]
    lines += [f"  {name:<15} {one}" for name, one in said.items()]
    lines.append(f"again: make fuzz ARGS='--case {case}'; it leaves the document in out/fuzz")
    return "\n".join(lines)


# --- the command ---------------------------------------------------------------------------------


def main() -> int:
    """Try cases until the time is over; every disagreement is printed, its file kept."""
    parser = argparse.ArgumentParser(description="All verifiers must agree about any document.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="the first case; else any")
    parser.add_argument("--case", type=int, default=None, help="this one only")
    asked = parser.parse_args()
    first = asked.seed if asked.seed is not None else random.randrange(10**9)
    found = tried = 0
    with Page() as page, TemporaryDirectory() as folder:
        for case in [asked.case] if asked.case is not None else _cases(first, asked.seconds):
            tried += 1
            said = disagreement(case, page, Path(folder))
            if said or asked.case is not None:
                made = document(case)
                kept = Path("out/fuzz") / f"{case}.{made.kind}"
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(made.raw)
                for name, more in (("policy", made.policy), ("receipt", made.receipt)):
                    if more:
                        kept.with_suffix(f".{name}").write_text(more)
                for number, text in enumerate(made.older):
                    kept.with_suffix(f".older-{number}").write_bytes(text.encode())
                print(said or verdicts(made, page, Path(folder)))
            found += bool(said)
    print(f"{tried} cases from {first}: {found} disagreements")
    return 1 if found else 0


def _cases(first: int, seconds: float) -> Iterator[int]:
    until = time.monotonic() + seconds
    case = first
    while time.monotonic() < until:
        yield case
        case += 1


if __name__ == "__main__":
    sys.exit(main())
