"""Fetch what others have written for logs: `make system` runs it against our log and witness.

    python tools/foreign.py .venv/foreign       leaves programs in .venv/foreign/bin

litewitness (litetlog 0.4.3), the tools of the Sigsum project, and the packages of Go's checksum
database, all in Go, by people who have never seen this project. They are in Debian 13 and not
before; so this machine's own apt takes them from there, by a copy of its sources with another
release in them, into that folder. Nothing is installed, root is not needed, and apt checks
signatures as always.

Debian's build of litewitness answers no request: it was built as if for Go 1.20, whose router
takes no methods (so it runs with GODEBUG=httpmuxgo121=0, see `tests/foreign_witness.py`), and its
SQLite library panics for a hash. So it is built here, from Debian's source with Debian's Go, and
one argument of one call is written as text.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

RELEASE = "trixie"
PROGRAMS = (
    "litewitness",
    "witnessctl",
    "sigsum-key",
    "sigsum-witness",
    "mk-add-checkpoint-request",
    "add-checkpoint",
    "read-log",
)
TAKEN = {"litetlog": ("witnessctl",), "sigsum-go": ("sigsum-key", "sigsum-witness")}
GO = "golang-1.24"
SOURCES = (
    "github-anacrolix-chansync",
    "github-anacrolix-missinggo",
    "github-anacrolix-sync",
    "github-filosottile-litetlog",
    "github-go-llsqlite-crawshaw",
    "github-huandu-xstrings",
    "golang-x-crypto",
    "golang-x-mod",
    "golang-x-net",
    "golang-x-sync",
    "golang-x-sys",
    "golang-x-term",
    "golang-x-text",
    "sigsum-sigsum-go",
)
BUILT = (
    "filippo.io/litetlog/cmd/litewitness",
    "sigsum.org/sigsum-go/tests/mk-add-checkpoint-request",
    str(Path(__file__).resolve().with_name("add-checkpoint.go")),
    str(Path(__file__).resolve().with_name("read-log.go")),
)
MENDED = "filippo.io/litetlog/internal/witness/witness.go"
BROKEN, WHOLE = b"newSize, newHash, origin", b"newSize, newHash.String(), origin"
ADVICE = f"""
`make system` runs programs that others have written for logs ({", ".join(PROGRAMS)}).
On Debian 12 or newer, with the packages gcc and libc6-dev, they are fetched from Debian 13 and
built. Elsewhere put these programs into PATH; `tools/foreign.py` says what they are.
"""
_ONE_LINE = re.compile(r"deb\s+(?:\[[^]]*\]\s+)?\S+\s+(?P<suite>\S+)\s+(?:.*\s)?main\b")


class Unusable(Exception):
    """Raised with what is missing."""


def main(folder: Path) -> int:
    """Have the programs, unless they are in PATH; says how to get them where it cannot."""
    if all(shutil.which(one) for one in PROGRAMS):
        return 0
    try:
        fetch(folder)
    except (OSError, subprocess.CalledProcessError, Unusable) as error:
        told = error.stderr if isinstance(error, subprocess.CalledProcessError) else error
        sys.stderr.write(f"{told}\n{ADVICE}")
        return 1
    return 0


def fetch(folder: Path) -> None:
    """Download, build, and leave the programs; raises `Unusable` or what a command raises."""
    if shutil.which("gcc") is None:
        raise Unusable("there is no gcc")
    shutil.rmtree(folder, ignore_errors=True)
    work, programs = folder / "work", folder / "bin"
    programs.mkdir(parents=True)
    download(work)
    for one in sorted(work.glob("*.deb")):
        run(["dpkg-deb", "-x", str(one), str(work)], work)
    for package, names in TAKEN.items():
        sys.stderr.write(f"fetched {next(work.glob(f'{package}_*')).name}\n")
        for name in names:
            shutil.move(work / "usr" / "bin" / name, programs / name)
    build(work, programs)
    shutil.rmtree(work)


def download(work: Path) -> None:
    """The packages, from another release than this machine's; raises `Unusable`."""
    release = release_of(Path("/etc/os-release").read_text(encoding="utf-8"))
    found = list(sources_of(Path("/etc/apt"), release))
    if not found:
        raise Unusable(f"apt's sources have no {release!r}")
    for name in ("lists/partial", "cache/archives/partial"):
        (work / name).mkdir(parents=True)
    is_list = found[0].startswith("deb")
    sources = work / ("other.list" if is_list else "other.sources")
    sources.write_text(found[0] + "\n", encoding="utf-8")
    options = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::Lists": work / "lists",
        "Dir::Cache": work / "cache",
        "Acquire::Languages": "none",
        "Acquire::Retries": 3,
        "APT::Sandbox::User": "",
    }
    apt = ["apt-get", "-q", *(f"-o{name}={value}" for name, value in options.items())]
    run([*apt, "update"], work)
    libraries = [f"golang-{one}-dev" for one in SOURCES]
    run([*apt, "download", *TAKEN, f"{GO}-go", f"{GO}-src", *libraries], work)


def build(work: Path, programs: Path) -> None:
    """Build with the Go that lies in `work`, without modules, as Debian does."""
    path = work / "usr" / "share" / "gocode"
    mended = path / "src" / MENDED
    text = mended.read_bytes()
    if text.count(BROKEN) != 1:
        raise Unusable(f"{MENDED} is another one than it was")
    mended.write_bytes(text.replace(BROKEN, WHOLE))
    root = work / "usr" / "lib" / GO.replace("golang", "go")
    environment = {
        **os.environ,
        "GOROOT": str(root),
        "GOPATH": str(path),
        "GOCACHE": str(work / "built"),
        "GOENV": "off",
        "GOFLAGS": "",
        "GO111MODULE": "off",
        "CGO_ENABLED": "1",
        "CGO_CFLAGS": "-O0",  # SQLite, for four rows
    }
    for one in BUILT:
        command = [str(root / "bin" / "go"), "build", "-o", f"{programs}/", one]
        run(command, work, environment)


def sources_of(apt: Path, release: str) -> Iterator[str]:
    """What a folder of apt says of `release` with component main, each with `RELEASE` instead."""
    parts = sorted((apt / "sources.list.d").glob("*"))
    for path in (apt / "sources.list", *parts):
        if path.is_file() and path.suffix in {".list", ".sources"}:
            moved = moved_lines if path.suffix == ".list" else moved_stanzas
            yield from moved(path.read_text(encoding="utf-8"), release)


def moved_lines(text: str, release: str) -> Iterator[str]:
    """Of a file with one source a line."""
    for line in text.splitlines():
        found = _ONE_LINE.match(line)
        if found is not None and found["suite"] == release:
            yield line[: found.start("suite")] + RELEASE + line[found.end("suite") :]


def moved_stanzas(text: str, release: str) -> Iterator[str]:
    """Of a file of stanzas (deb822)."""
    for stanza in text.split("\n\n"):
        lines = [line for line in stanza.splitlines() if not line.startswith("#")]
        told = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
        if release in told.get("Suites", ()) and "main" in told.get("Components", ()):
            is_suite = [line.startswith("Suites:") for line in lines]
            moved = (
                f"Suites: {RELEASE}" if is_it else line
                for line, is_it in zip(lines, is_suite, strict=True)
            )
            yield "\n".join(moved)


def release_of(text: str) -> str:
    """The name of a release, of the text of os-release; raises `Unusable`."""
    found = re.search(r'^VERSION_CODENAME="?([a-z]+)', text, re.MULTILINE)
    if found is None:
        raise Unusable("this is no release of Debian")
    return found[1]


def run(command: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run a command; raises `CalledProcessError` with what it said."""
    subprocess.run(  # noqa: S603 - what stands above
        command, cwd=folder, env=environment, check=True, capture_output=True, text=True
    )


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]).resolve()))
