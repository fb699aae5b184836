"""Look all the time for secrets in what processes are given and in Ansible's files on the host."""

# Twenty times a second.
# ruff: noqa: PTH104, PTH110, PTH116, PTH118, PTH123, PTH208

import json
import os
import sys
import time

EXPECTED, SEEN = "/root/expected.json", "/root/seen.json"


def read(path):
    """Return a file's bytes, none where it has gone again."""
    try:
        with open(path, "rb") as handle:
            return handle.read()
    except OSError:
        return b""


def places():
    """Return {where: path} of what to look at."""
    for name in os.listdir("/proc"):
        if name.isdecimal():
            yield "argument", f"/proc/{name}/cmdline"
            yield "environment", f"/proc/{name}/environ"
    for folder, _, names in os.walk("/root/.ansible"):
        for name in names:
            yield "file", os.path.join(folder, name)


def main():
    """Look, and write down what was seen."""
    words, changed = {}, None
    # After a reboot it goes on.
    seen = json.loads(read(SEEN) or b'{"rounds": 0, "found": []}')
    while True:
        if os.path.exists(EXPECTED) and os.stat(EXPECTED).st_mtime_ns != changed:
            changed = os.stat(EXPECTED).st_mtime_ns
            words = {name: word.encode() for name, word in json.loads(read(EXPECTED))["words"].items()}
        for where, path in places():
            text = read(path)
            for name, word in words.items():
                if word in text and [name, where] not in seen["found"]:
                    seen["found"] = sorted([*seen["found"], [name, where]])
        seen["rounds"] += 1
        if seen["rounds"] % 10 == 1:
            with open(f"{SEEN}.new", "w", encoding="utf-8") as handle:
                json.dump(seen, handle)
            os.rename(f"{SEEN}.new", SEEN)
        time.sleep(0.02)


sys.exit(main())
