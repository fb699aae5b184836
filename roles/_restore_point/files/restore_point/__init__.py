"""Restore points of a host: what Hullguard's roles may change, as it is now, and the way back to it."""
