"""What of a host changed between two evidence files, since when, and which controls that decided."""
