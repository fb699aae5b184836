# validate NEW PRESENT SUM [DOCKERD]: whether NEW may take the place of PRESENT. It may not when PRESENT no longer has the
# SHA-256 sum that it had when NEW was made from it (empty: there was none): somebody else's change would be lost.
if [ "$(sha256sum 2>/dev/null <"$2" | cut -c 1-64)" != "$3" ]; then
  echo "$2 is not what it was when this run read it: somebody else has changed it meanwhile, and their change stays. Run this again to have both." >&2
  exit 1
fi
if [ -n "$4" ]; then
  exec "$4" --validate --config-file="$1"
fi
