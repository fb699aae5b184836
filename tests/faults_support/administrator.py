"""Somebody else is at work on the same host at the same time."""

from __future__ import annotations

from faults_support.case import Case

SECOND = "A second administrator changes daemon.json"


def edit(change: str) -> str:
    """Return shell that changes the file as an editor does: a new one takes its place."""
    program = f"import json; path = '/etc/docker/daemon.json'; config = json.load(open(path)); {change}; json.dump(config, open(path + '.edited', 'w'))"
    return f'python3 -c "{program}"\ncd /etc/docker\nchmod 0640 daemon.json.edited\nmv daemon.json.edited daemon.json'


LABEL = edit("config['labels'].append('edited=by-hand')")
UNKNOWN = edit("config['no-such-option'] = True")
STAYS = "the run refuses to overwrite it and says so; the next one has both"
CHANGED = "somebody else has changed it meanwhile"

CASES: tuple[Case, ...] = (
    Case(
        "edited-after-read", SECOND, "Decide whether the engine has to start anew, and why", STAYS,
        ends="failed", config="edited", do=LABEL, says=(CHANGED, "nothing was changed"), suite="debian-12",
    ),
    Case(
        "edited-before-write", SECOND, "Write the engine's configuration", STAYS,
        ends="failed", config="edited", do=LABEL, says=(CHANGED, "nothing was changed"), long=False,
    ),
    Case(
        "edited-before-restart", SECOND, "Restart Docker", "the engine starts with both",
        ends="passed", config="edited", do=LABEL, long=False,
    ),
    Case(
        "edited-wrongly-before-restart", f"{SECOND} so that the engine does not start", "Restart Docker",
        "the role goes back to what the engine ran with; their file is kept as daemon.json.refused",
        ends="failed", config="old", do=UNKNOWN, says=("no-such-option", "daemon.json.refused"),
        then="grep -q no-such-option /var/lib/hullguard/daemon.json.refused",
    ),
    Case(
        "edited-wrongly-after-restart", f"{SECOND} so that the engine will not start", "Keep the configuration that the engine has started with",
        "their file stays; what is kept as good is what the engine has started with",
        ends="passed", config="wrong", do=UNKNOWN, then="! grep -q no-such-option /var/lib/hullguard/daemon.json.good",
        undo=edit("del config['no-such-option']"),
    ),
    Case(
        "second-run", "A second run of harden.yml", "Write the engine's configuration",
        "the second one says who is at work, and changes nothing; the first goes on to its end",
        ends="passed", config="new", beside=("Another run is at work on", "harden.yml as process", "Nothing was changed"), long=False,
    ),
)  # fmt: skip
