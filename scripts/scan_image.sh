#!/bin/sh
# Scans an image before it is shipped, and says by its exit code whether it may be: `hullguard scan image` with what a
# pipeline wants of it, a report in SARIF and a stop at high findings and at what could not be looked at.
#
#   scan_image.sh [-s SEVERITY] [-o FILE] IMAGE|ARCHIVE.tar [OPTION]...
#
#   -s SEVERITY   stop at this and worse: low, medium, high (when left out), critical, never
#   -o FILE       the report; image.sarif when left out
#   OPTION        goes to hullguard, stronger than the two above: --databases FOLDER, --policy default, --format junit
#
# Exit codes are hullguard's: 0 nothing to stop for, 10 to 13 the worst finding, 1 nobody could look, 2 wrong usage.
set -eu
usage() {
  sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0" >&2
  exit 2
}
severity=high
report=image.sarif
while getopts s:o: option; do
  case $option in
    s) severity=$OPTARG ;;
    o) report=$OPTARG ;;
    *) usage ;;
  esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || usage
case $1 in
  *.tar) kind=tar ;;
  *) kind=image ;;
esac
exec hullguard scan "$kind" --fail-on "$severity" --strict --format sarif --output "$report" "$@"
