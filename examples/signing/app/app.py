"""Tells its version."""

import os

print("app", os.environ["VERSION"])
