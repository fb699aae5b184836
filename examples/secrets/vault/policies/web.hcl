# What the application may: read one entry, and ask for one kind of account. Renewing is in the policy `default`.
path "secret/data/app" {
  capabilities = ["read"]
}

path "database/creds/web" {
  capabilities = ["read"]
}
