# Prints what systemd does not understand of the service on stdin; it ignores such lines and only mentions them.
set -e
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cd "$folder"
cat >hullguard-limits.service
said=$(systemd-analyze verify ./hullguard-limits.service 2>&1 || true)
printf '%s\n' "$said" | sed -n 's/.*hullguard-limits\.service:[0-9]*: //p'
