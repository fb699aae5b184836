"""What of the role's variables can't be right on a host, and what its rules have to know about it."""
