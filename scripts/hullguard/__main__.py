"""Entry point of `python -m hullguard`."""

from hullguard.cli import main

if __name__ == "__main__":
    main(prog_name="hullguard")
