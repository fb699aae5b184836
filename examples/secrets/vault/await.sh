#!/bin/sh
# Asks until the answer holds a text, and prints that answer; fails after so many seconds and prints the last one.
#
#   await.sh SECONDS TEXT CURL_ARGUMENTS...
set -eu
seconds=$1 text=$2
shift 2
end=$(($(date +%s) + seconds))
while :; do
  answer=$(curl -sS -m 10 "$@" 2>&1) || true
  case $answer in
    *"$text"*) break ;;
  esac
  if [ "$(date +%s)" -ge "$end" ]; then
    printf 'after %s seconds still: %s\n' "$seconds" "$answer"
    exit 1
  fi
  sleep 0.2
done
printf '%s\n' "$answer"
