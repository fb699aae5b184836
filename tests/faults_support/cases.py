"""Every case of the fault matrix."""

from __future__ import annotations

from faults_support.administrator import CASES as ADMINISTRATOR
from faults_support.case import Case
from faults_support.disk import CASES as DISK
from faults_support.engine import CASES as ENGINE
from faults_support.killed import CASES as KILLED
from faults_support.rollback import CASES as ROLLBACK

FAMILIES: tuple[tuple[Case, ...], ...] = (KILLED, ENGINE, DISK, ADMINISTRATOR, ROLLBACK)
CASES: tuple[Case, ...] = tuple(case for family in FAMILIES for case in family)
