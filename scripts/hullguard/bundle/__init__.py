"""Evidence bundles: one archive of a run that tells when a byte of it was changed.

`make` packs, `verify` checks. `archive` is the form of the file, `manifest` what stands in it, `secrets` what
may not go in, `signing` who vouches for it.
"""
