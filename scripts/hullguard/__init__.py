"""Hullguard: audits, scans and reports on Docker hosts."""

__version__ = "0.1.0"
