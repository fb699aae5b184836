# Who changes values and hands out logins. Reads neither values nor accounts.
path "secret/data/app" {
  capabilities = ["create", "update"]
}

path "auth/approle/role/+/role-id" {
  capabilities = ["read"]
}

path "auth/approle/role/+/secret-id" {
  capabilities     = ["update"]
  min_wrapping_ttl = "1s"
  max_wrapping_ttl = "5m"
}

path "auth/approle/role/+/secret-id-accessor/destroy" {
  capabilities = ["update"]
}

path "sys/leases/lookup/database/creds/web" {
  capabilities = ["list", "sudo"]
}

path "sys/leases/revoke-prefix/*" {
  capabilities = ["update", "sudo"]
}

path "sys/seal" {
  capabilities = ["update", "sudo"]
}
