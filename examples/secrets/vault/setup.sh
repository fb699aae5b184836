#!/bin/sh
# Sets the vault up for the application; what is there already stays, so it can run again. Needs `bao`, logged in.
#
#   setup.sh     DEMO is the folder of keys and certificates;
#                TOKEN_LIFE, TOKEN_LONGEST, LEASE_LIFE and LEASE_LONGEST are how long what it lends is good for
set -eu
cd "$(dirname "$0")"
quiet() { bao "$@" > /dev/null; }
has() { bao "$1" list -format=json | jq --exit-status --arg path "$2/" 'has($path)' > /dev/null; }

for policy in web agent operator; do
  quiet policy write "$policy" "policies/$policy.hcl"
done

has secrets secret || quiet secrets enable -path=secret -version=2 kv

has auth approle || quiet auth enable approle
for role in web agent; do
  quiet write "auth/approle/role/$role" token_policies="$role" token_type=service secret_id_ttl=24h \
    token_ttl="${TOKEN_LIFE:-1h}" token_max_ttl="${TOKEN_LONGEST:-24h}"
done

has secrets database || quiet secrets enable database
if ! bao read database/config/app > /dev/null 2>&1; then
  # Passwords go to the database as SCRAM hashes: its log can't hold one.
  quiet write database/config/app plugin_name=postgresql-database-plugin allowed_roles=web username=vault \
    password_authentication=scram-sha-256 password=- \
    connection_url='postgresql://{{username}}:{{password}}@database:5432/app?sslmode=verify-full&sslrootcert=/run/tls/ca.pem' \
    < "${DEMO:?the folder of keys and certificates}/database_first_password"
  # From here on nobody but the vault knows the password of its own account.
  quiet write -force database/rotate-root/app
fi
quiet write database/roles/web db_name=app default_ttl="${LEASE_LIFE:-1h}" max_ttl="${LEASE_LONGEST:-24h}" \
  creation_statements="CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE app" \
  revocation_statements="SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'" \
  revocation_statements="DROP ROLE IF EXISTS \"{{name}}\""
