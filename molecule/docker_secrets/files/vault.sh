#!/bin/sh
# A vault with one secret and one who may read it. Contents come on standard input.
set -eu
export BAO_ADDR=https://127.0.0.1:8200 BAO_CACERT=/etc/openbao/vault-ca.pem BAO_TOKEN=lab
cat >/etc/systemd/system/openbao.service <<UNIT
[Service]
ExecStart=/opt/openbao/bao server -dev -dev-tls -dev-tls-cert-dir=/etc/openbao -dev-root-token-id=lab \
  -dev-listen-address=127.0.0.1:8200 -dev-no-store-token
[Install]
WantedBy=multi-user.target
UNIT
mkdir -p /etc/openbao
systemctl daemon-reload
systemctl enable --quiet --now openbao
for _ in $(seq 100); do
  /opt/openbao/bao status >/dev/null 2>&1 && break
  sleep 0.1
done
IFS=' ' read -r secret_id password
bao() { /opt/openbao/bao "$@" >/dev/null; }
bao auth enable approle
echo 'path "secret/data/app" { capabilities = ["read"] }' | bao policy write app -
bao write auth/approle/role/app token_policies=app token_ttl=1h
printf %s "$secret_id" | bao write auth/approle/role/app/custom-secret-id secret_id=-
printf %s "$password" | bao kv put secret/app password=-
umask 077
/opt/openbao/bao read -field=role_id auth/approle/role/app/role-id >/etc/openbao/role-id
