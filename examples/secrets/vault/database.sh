#!/bin/sh
# Starts PostgreSQL; at the first start it makes the database, its role and the one by which the vault makes accounts.
set -eu

# The engine makes this folder for us alone; PostgreSQL insists on its own mode.
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --auth-local=peer --auth-host=reject --encoding=UTF8 --locale=C.UTF-8 > /dev/null
  echo 'hostssl app all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  # The vault exchanges this password for one that it alone knows, at once.
  {
    echo 'CREATE DATABASE app;'
    echo 'CREATE ROLE app NOLOGIN;'
    printf "CREATE ROLE vault LOGIN CREATEROLE PASSWORD '%s';\n" "$(cat /run/secrets/database_first_password)"
    echo 'GRANT app TO vault WITH ADMIN OPTION;'
    echo 'GRANT pg_signal_backend TO vault;'
  } | postgres --single -D "$PGDATA" postgres > /dev/null
fi

exec postgres -c listen_addresses='*' -c unix_socket_directories=/run/postgresql -c log_statement=none \
  -c ssl=on -c ssl_cert_file=/run/tls/database.pem -c ssl_key_file=/run/tls/database.key
