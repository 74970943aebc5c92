"""`python -m bayward.edge`: the edge without the rest of the command line."""

from __future__ import annotations

import sys

from bayward.edge.cli import main

sys.exit(main())
