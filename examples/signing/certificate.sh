#!/bin/sh
# Makes an authority and a certificate below it, for notation or for a server.
#
#   certificate.sh NAME SUBJECT EXTENSION...     NAME-ca.pem, NAME.pem, NAME.key, and NAME.crt: both certificates
#
# Keys are P-256. The authority's is thrown away: here it signs nothing else.
set -eu
name=$1 subject=$2
shift 2
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
  printf '[leaf]\nbasicConstraints=critical,CA:false\n'
  printf '%s\n' "$@"
} > "$work/extensions"
new="openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
$new -x509 -days 3650 -keyout "$work/ca.key" -out "$name-ca.pem" -subj "$subject/CN=authority" \
  -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign 2> /dev/null
$new -keyout "$name.key" -out "$work/request" -subj "$subject/CN=release" 2> /dev/null
openssl x509 -req -in "$work/request" -CA "$name-ca.pem" -CAkey "$work/ca.key" -days 365 \
  -extfile "$work/extensions" -extensions leaf -out "$name.pem" 2> /dev/null
cat "$name.pem" "$name-ca.pem" > "$name.crt"
