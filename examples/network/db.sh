#!/bin/sh
# Starts PostgreSQL; where there are no data yet, with one user `app`, whose password is a file.
set -eu
if [ ! -e "$PGDATA/PG_VERSION" ]; then
  initdb --username=app --pwfile="${PASSWORD_FILE:-/run/secrets/db_password}" --encoding=UTF8 --locale=C.UTF-8 \
    --auth-local=scram-sha-256 --auth-host=scram-sha-256 > /dev/null
  echo 'host all all samenet scram-sha-256' >> "$PGDATA/pg_hba.conf"
fi
exec postgres -c listen_addresses='*' -c unix_socket_directories=/tmp
