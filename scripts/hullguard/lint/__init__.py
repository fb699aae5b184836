"""Judge compose files and Dockerfiles before anything runs, by the controls that hosts are audited by."""

from __future__ import annotations

from hullguard.lint.judgement import Judged, Unseen, judge

__all__ = ["Judged", "Unseen", "judge"]
