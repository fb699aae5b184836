#!/bin/sh
# In place of the part of apparmor_parser that only a kernel with AppArmor answers: keeps the list of loaded profiles as it would.
case $1 in
    --replace | --remove) ;;
    *) exec /sbin/apparmor_parser "$@" ;;
esac
for file in "$@"; do :; done
list=/sys/kernel/security/apparmor/profiles
if grep -q '^# The kernel refuses this one' "$file"; then
    echo "apparmor_parser: Unable to replace \"$file\". Profile doesn't conform to protocol" >&2
    exit 234
fi
mode=enforce
[ ! -e "/etc/apparmor.d/force-complain/$(basename "$file")" ] || mode=complain
for name in $(/sbin/apparmor_parser --skip-kernel-load --skip-cache --names "$file"); do
    sed "/^$name (/d" "$list" >/run/profiles
    [ "$1" = --remove ] || echo "$name ($mode)" >>/run/profiles
    cat /run/profiles >"$list"
done
