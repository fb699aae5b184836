#!/bin/sh
# Makes a certificate authority in memory, certificates for vault and database, and forgets the authority's key.
#
#   certificates.sh FOLDER
set -eu
umask 077
mkdir -p "$1"
cd "$1"
# A key of its own for each certificate.
request() { openssl req -quiet -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 30 "$@" 2> /dev/null; }
request -keyout ca.key -subj '/CN=Secrets demo' -addext keyUsage=critical,keyCertSign -out ca.pem
for name in vault database; do
  request -keyout "$name.key" -CA ca.pem -CAkey ca.key -subj "/CN=$name" -out "$name.pem" \
    -addext "subjectAltName=DNS:$name,IP:127.0.0.1" -addext basicConstraints=critical,CA:false \
    -addext keyUsage=critical,digitalSignature -addext extendedKeyUsage=serverAuth
done
rm ca.key
chmod 0711 .
chmod 0444 ./*.pem
# The numbers that the two containers run as.
chown 65532 vault.key
chown 65531 database.key
chmod 0400 ./*.key
