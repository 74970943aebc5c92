"""`python -m bayward.cli`."""

import sys

from bayward.cli import main

sys.exit(main())
