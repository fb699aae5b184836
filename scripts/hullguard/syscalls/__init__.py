"""What a seccomp profile lets through, measured: every system call made under it, and who refused it.

An error number alone does not tell who refused: a filter says EPERM as a missing capability does. So the
filter that the engine has made of a profile is read back from the kernel, changed to answer with numbers
that no kernel gives, and loaded again where there is no other filter. What comes back then names the one
that answered, and has to agree with what the same call gave under the unchanged profile.

    python3 -m hullguard.syscalls < ask.json > measured.json     as root, on x86-64, beside an engine

reads {"profiles": {NAME: text of a profile in the engine's form}}; see measure.measure for what it writes.
"""
