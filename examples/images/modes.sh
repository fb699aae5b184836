#!/bin/sh
# Lists what an image holds that has a setuid or setgid bit, or that everybody may write (sticky folders aside):
#   modes.sh IMAGE      ends with 1 where there is any
set -eu
work=$(mktemp -d) container=''
trap 'rm -rf "$work"; if [ -n "$container" ]; then docker rm "$container" > /dev/null; fi' EXIT
container=$(docker create "$1" never-started)
docker export --output "$work/image.tar" "$container"
tar --numeric-owner -tvf "$work/image.tar" > "$work/list"
awk '$1 ~ /^-..[sS]|^-.....[sS]|^[-d].......w[^tT]/ { print; found = 1 } END { exit found }' "$work/list"
