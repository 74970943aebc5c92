"""How long a stranger waits: a pack and an export of ten thousand events, in each verifier."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from time import perf_counter, process_time

from playwright.sync_api import sync_playwright

import bayward.ledger.standalone
from bayward.cli.cores import on_cores, usable
from bayward.ledger.dense import Frontier
from bayward.ledger.export import LogEntry, LogHeader, parse_entry
from bayward.ledger.log import Log
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.pack.archive import read_zip, write_zip
from bayward.ledger.pack.build import LogSlice, build
from bayward.ledger.pack.range import prove_range
from bayward.ledger.pack.records import Record
from bayward.ledger.pack.verify import verify_files, verify_zip
from bayward.ledger.verify import verify_log
from bench import logs
from bench.machine import in_hashes, node_hash_s
from bench.table import Table

EVENTS = 10_000
BAG = "evidence-bench"
STANDALONE = Path(bayward.ledger.standalone.__file__).parent
LINES_PER_S = 50_000
PAGE_S = 2.0


def run(*, quick: bool) -> Table:
    count = EVENTS // 10 if quick else EVENTS
    table = Table(f"Verifying {count:,} events of 13 fields", "python -m bench verify")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pack, export = documents(folder, count)
        table.add("pack, export", f"{len(pack) / 1e6:.1f} MB, {len(b''.join(export)) / 1e6:.1f} MB")
        key = logs.SIGNER.key
        by_library = best(lambda: verify_log(export, [key]).ok)
        table.add("library, an export", f"{count / by_library:,.0f} lines per second of CPU")
        table.ratio("  / 50,000", count / by_library, LINES_PER_S, goal="≥ 1")
        on_all = best(lambda: verify_log(export, [key], read=on_cores).ok, clock=perf_counter)
        table.add(f"  on {usable()} cores", f"{count / on_all:,.0f} lines per second")
        table.ratio("    / 50,000", count / on_all, LINES_PER_S, goal="≥ 1")
        wanted = in_hashes(LINES_PER_S)
        in_nodes = by_library / count / node_hash_s()
        table.add("  a line in hashes of a node", f"{in_nodes:.0f}   (goal ≤ {wanted:.0f})")
        entries = [parse_entry(line) for line in export[1:]]
        table.ratio("  / its hashes alone", by_library, best(lambda: hashed(entries)), goal="≤ 5")
        few = [export[0], *(replace(one, disclosures=one.disclosures[:5]).line for one in entries)]
        by_library = best(lambda: verify_log(few, [key]).ok)
        table.add("  with 5 of the fields", f"{count / by_library:,.0f} lines per second of CPU")
        _, files = read_zip(pack)
        packed, unpacked = (
            best(lambda: verify_zip(pack, [key]).ok),
            best(lambda: verify_files(files, [key]).ok),
        )
        table.add("library, a pack", f"{count / packed:,.0f} records per second of CPU")
        table.add("  as a folder", f"{count / unpacked:,.0f} records per second of CPU")
        table.ratio("  / 50,000", count / unpacked, LINES_PER_S, goal="≥ 1")
        file = folder / "pack.zip"
        file.write_bytes(pack)
        table.add("verify.py, a pack", f"{script_s(file):.2f} s with the start of Python")
        taken = page_s(file)
        if taken is None:
            table.add("verify.html", "no Chromium here")
        else:
            table.add("verify.html in Chromium, a pack", f"{taken:.2f} s")
            wanted = PAGE_S * count / EVENTS
            table.ratio(f"  / {wanted:g} s", taken, wanted, goal="≤ 1")
    return table


def documents(folder: Path, count: int) -> tuple[bytes, list[bytes]]:
    """A log of `count` events: as a pack with every field disclosed, and as an export."""
    events = [logs.event() for _ in range(count)]
    with logs.opened(logs.sqlite_store(folder)) as store:
        log = Log(store, logs.signers)
        log.append([one.leaf for one in events])
        note, proof = log.note, prove_range(logs.ORIGIN, 0, count, count, store)
        hashes = next(store.segments()).leaf_hashes
    records = b"".join(Record.of(n, e.leaf, e.disclosures).line for n, e in enumerate(events))
    part = LogSlice("log", logs.SIGNER.key, note, proof, records)
    files = build(BAG, [part], logs.SIGNER, papers={}, info=[])
    lines = [LogHeader(logs.SIGNER.key, note).line] + [
        LogEntry(n, hashes[n], one.leaf, one.disclosures).line for n, one in enumerate(events)
    ]
    return write_zip(BAG, files), lines


def hashed(entries: Sequence[LogEntry]) -> bool:
    """What no verifier can leave out: each disclosure, each leaf, each node of the tree."""
    for one in entries:
        for text in one.disclosures:
            sha256(text.encode()).digest()
    return bool(Frontier().grow([leaf_hash(one.leaf) for one in entries]).root)


def best(
    verify: Callable[[], bool], rounds: int = 3, clock: Callable[[], float] = process_time
) -> float:
    """Seconds of the fastest round, of CPU or by another clock."""
    taken = []
    for _ in range(rounds):
        start = clock()
        assert verify(), "what is measured must verify"
        taken.append(clock() - start)
    return min(taken)


def script_s(pack: Path) -> float:
    start = perf_counter()
    done = subprocess.run(
        [sys.executable, "-I", STANDALONE / "verify.py", pack], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout.decode()
    return perf_counter() - start


def page_s(pack: Path) -> float | None:
    """From the file chosen to the verdict shown; None where there is no Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            page = browser.new_page()
            page.goto((STANDALONE / "verify.html").as_uri())
            start = perf_counter()
            page.locator("#file").set_input_files(pack)
            verdict = page.locator("main[data-verdict]", has_text=pack.name)
            verdict.wait_for(timeout=60_000)
            taken = perf_counter() - start
            assert "It verifies" in verdict.inner_text()
            return taken
        finally:
            browser.close()
