"""Wait until the hub has opened all it received: an export before that has the versions of before."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

if __name__ == "__main__":
    command = [sys.executable, "-m", "jindang", "hub", "status", "--home", sys.argv[1], "--json"]
    while json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])["unopened_deltas"]:
        threading.Event().wait(1)
