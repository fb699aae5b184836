# The agent logs in as the role agent and keeps a file in memory up to date, for applications that read files alone.
vault {
  address = "https://vault:8200"
  ca_cert = "/run/tls/ca.pem"
}

auto_auth {
  method "approle" {
    config = {
      role_id_file_path                    = "/run/agent/role-id"
      secret_id_file_path                  = "/run/agent/secret-id"
      secret_id_response_wrapping_path     = "auth/approle/role/agent/secret-id"
      remove_secret_id_file_after_reading  = true
    }
  }
}

template_config {
  static_secret_render_interval = "2s"
}

template {
  contents             = "{{ with secret \"secret/data/app\" }}{{ .Data.data.signing_key }}{{ end }}"
  destination          = "/run/rendered/signing_key"
  perms                = "0400"
  error_on_missing_key = true
}
