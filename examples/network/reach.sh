#!/bin/sh
# Tries a connection from where a service is: reach.sh SERVICE HOST PORT. It ends with 1 where nobody answers.
#
# The service needs no tools for that: a container with Python in it is put into its network namespace for the moment.
set -eu
container=$(docker compose ps --quiet "$1")
shift
docker run --rm --interactive --read-only --cap-drop ALL --security-opt no-new-privileges --user 65532:65532 \
  --network "container:$container" --entrypoint /usr/bin/python3 "$RUNTIME_BASE" - "$@" < connect.py
