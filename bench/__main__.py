"""Run the benchmarks named on the command line, or all."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence

from bench.machine import node_hash_s
from bench.measures import MEASURES


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASURES))
    parser.add_argument("--quick", action="store_true", help="fewer rounds, for CI")
    asked = parser.parse_args(arguments)
    unknown = set(asked.names) - set(MEASURES)
    if unknown:
        parser.error(
            f"no benchmark called {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}"
        )
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load}, "
        f"a node of the tree is hashed in {node_hash_s() * 1e6:.2f} µs"
    )
    for name in asked.names or MEASURES:
        print(MEASURES[name](quick=asked.quick), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
