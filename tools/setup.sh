#!/usr/bin/env bash
# Makes .venv from the locked files and fetches the browser libraries. Needs python3 (3.11 or
# newer; PYTHON=path names one); everything else comes from the lock files. Safe to run again at
# any time.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[2m· %s\033[0m\n' "$*" >&2; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }

python=""
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
  if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || fail "Bayward needs Python 3.11 or newer. On Debian or Ubuntu: apt-get install python3"

as_root=""
if [ "$(id -u)" = 0 ]; then as_root="env"; elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root="sudo"; fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  version=$("$python" -c 'import sys; print(f"{sys.version_info.major}.{sys.version_info.minor}")')
  package="python$version-venv"
  [ -n "$as_root" ] || fail "Python's venv module is missing. Run this one line, then try again:  sudo apt-get install -y $package"
  say "installing $package"
  $as_root apt-get update -qq
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
fi

# How long it needs for a few thousand calls, in microseconds; nothing if it can make no .venv.
pace() {
  "$1" 2>/dev/null <<'END'
import ensurepip, sys, time, venv

def work():
    began, seen = time.process_time(), {}
    for number in range(30_000):
        seen[number % 100] = (str(number), min(number, 7))
    return time.process_time() - began

assert sys.version_info >= (3, 11)
print(int(1e6 * min(work() for _ in range(9))))
END
}

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then  # none, or interrupted half-way
  # A Python somebody compiled by hand is seldom built with profiles (`--enable-optimizations`), and
  # then needs half as much time again for everything; the distribution's own is.
  if [ -z "${PYTHON:-}" ] && [ -x /usr/bin/python3 ]; then
    found=$(pace "$python") packaged=$(pace /usr/bin/python3) || packaged=
    if [ -n "$packaged" ] && [ $((packaged * 10)) -lt $((found * 8)) ]; then python=/usr/bin/python3; fi
  fi
  say "making .venv with $python, $("$python" --version)"
  "$python" -m venv --clear .venv
fi
say "installing the installer"
.venv/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
say "installing locked versions (about 60 packages)"
# Behind a proxy with its own certificate the system's trust store knows it, uv's does not.
sync=(.venv/bin/uv pip sync -q --compile-bytecode --require-hashes requirements/dev.txt)
"${sync[@]}" 2>/dev/null || "${sync[@]}" --system-certs
.venv/bin/uv pip install -q --offline --no-deps --no-build-isolation -e .
say "fetching browser libraries"
.venv/bin/python tools/assets.py
touch .venv/.ready
say "ready"
