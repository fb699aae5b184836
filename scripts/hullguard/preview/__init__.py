"""What hardening would do to a host, from its evidence alone."""
