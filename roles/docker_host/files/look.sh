# Reads patterns below /proc/sys from stdin and prints, one a line and with tabs between: what kind of host this is, what the
# files of sysctl.d(5) set in the order in which they count, the role's note, and every parameter with its value.
tab=$(printf '\t')
if kind=$(systemd-detect-virt --container); then printf 'container\t%s\n' "$kind"; fi
# Only the first network namespace has it.
if [ -e /proc/sys/net/core/netdev_max_backlog ]; then printf 'init\tnet\n'; fi

folders='/etc/sysctl.d /run/sysctl.d /usr/local/lib/sysctl.d /usr/lib/sysctl.d /lib/sysctl.d'
names=$(for folder in $folders; do [ ! -d "$folder" ] || ls "$folder"; done | grep '\.conf$' | sort -u)
settings() { [ ! -f "$1" ] || grep -E '^[[:space:]]*-?[a-z][^=]*=' "$1" | tr '\t' ' ' | sed "s|^|set$tab$1$tab|"; }
for name in $names; do
  for folder in $folders; do
    # A file in an earlier folder hides those of its name in later ones.
    if [ -e "$folder/$name" ] || [ -L "$folder/$name" ]; then settings "$folder/$name"; break; fi
  done
done
settings /etc/sysctl.conf

cd /proc/sys || exit 1
show() {
  if [ ! -f "$2" ] || ! value=$(cat "$2" 2>&1); then return; fi
  writable=r
  if [ -w "$2" ]; then writable=w; fi
  printf 'now\t%s\t%s\t%s\t%s\n' "$1" "$2" "$writable" "$(printf %s "$value" | tr '\t\n' '  ')"
}
if [ -f "$NOTE" ]; then
  printf 'note\t%s\n' "$(tr -d '\n' <"$NOTE")"
  # Paths have a slash in them, and values none.
  grep -oE '"[a-z0-9_]+/[^"]+"' "$NOTE" | tr -d '"' | while read -r path; do show '' "$path"; done
fi
while read -r pattern; do
  for path in $pattern; do show "$pattern" "$path"; done
done
exit 0
