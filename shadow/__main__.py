"""`shadow` and `python -m shadow`."""

from __future__ import annotations

import signal
import sys

try:
    from shadow.cli import main
except KeyboardInterrupt:  # while it was loaded; then `Commands.main` sees to it
    sys.exit(128 + signal.SIGINT)

if __name__ == "__main__":
    main()
