"""Whether an image may run: which registries and which signatures a trust policy asks for."""
