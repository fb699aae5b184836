# The server: storage on a volume, TLS, and an audit log among the container's logs, in which values are hashed.
ui           = false
api_addr     = "https://vault:8200"
cluster_addr = "https://127.0.0.1:8201"

storage "raft" {
  path                   = "/var/lib/openbao"
  node_id                = "vault"
  performance_multiplier = 1
}

listener "tcp" {
  address         = "0.0.0.0:8200"
  cluster_address = "127.0.0.1:8201"
  tls_cert_file   = "/run/tls/vault.pem"
  tls_key_file    = "/run/tls/vault.key"
}

audit "file" "log" {
  options {
    file_path = "/dev/stdout"
  }
}
