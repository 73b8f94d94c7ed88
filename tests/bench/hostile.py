"""What hostile pairs cost the judge: `python -P tests/bench/hostile.py`.

Each is compared, masked and kept in a process of its own. Prints seconds of the processor, and by how much
memory grew; the exit code is 1 where one takes over a second or 200 MB.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.hostile import MIB, PAIRS, cost  # beside this folder

SECONDS: Final = 1.0
BYTES: Final = 200 * MIB


def main() -> int:
    """Measure and print."""
    failed = False
    print(f"{'pair':<36} {'seconds':>8} {'MiB':>6}  what it says")
    for name in PAIRS:
        found = cost(name)
        over = found["seconds"] > SECONDS or found["bytes"] > BYTES
        failed |= over
        said = found["said"][0][:70] if found["said"] else ""
        print(f"{name:<36} {found['seconds']:>8.2f} {found['bytes'] / MIB:>6.0f}  {'OVER ' * over}{said}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
