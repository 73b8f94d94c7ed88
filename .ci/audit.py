"""Is anything that the image is built of known to be vulnerable? Fails if so, or says that nobody knows.

pip-audit asks PyPI's advisories. It calls a package clean that the registry has no advisories of, so what it
has left out is looked at here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

DEPLOY = Path(__file__).parents[1] / "deploy"
LOCKS = ("requirements.lock", "build.lock")


def judged(said: str, complaint: str = "") -> tuple[str, bool]:
    """One line for people, and whether no vulnerability is known; `said` is pip-audit's JSON."""
    try:
        packages: list[dict[str, Any]] = json.loads(said)["dependencies"]
    except (ValueError, KeyError):
        why = complaint.strip().rpartition("\n")[2]
        return f"not audited, no advisories can be had here: {why}", True
    asked = [one for one in packages if "vulns" in one]
    known = [f"{one['name']} {one['version']}: {found['id']}" for one in asked for found in one["vulns"]]
    if known:
        return f"known vulnerabilities: {', '.join(known)}", False
    if len(asked) < len(packages):
        missing = len(packages) - len(asked)
        return f"not audited, no advisories can be had here: of {missing} of {len(packages)} packages", True
    return f"audited: no vulnerability is known in {len(asked)} packages", True


def main() -> int:
    """0 if all is well or nobody can be asked."""
    ask = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format=json"]
    locks = [f"--requirement={DEPLOY / lock}" for lock in LOCKS]
    done = subprocess.run([*ask, *locks], capture_output=True, text=True)  # noqa: S603  words of ours
    line, well = judged(done.stdout, done.stderr)
    print(line)
    return not well


if __name__ == "__main__":
    sys.exit(main())
