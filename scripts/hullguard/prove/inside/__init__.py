"""What runs in the containers: the standard library alone, Python 3.9 or newer."""
