use std::path::{Path, PathBuf};

use super::{HttpClientConfig, TlsConfig};

impl HttpClientConfig {
    /// Makes relative paths relative to `directory`, where the configuration file is.
    ///
    /// Every file key is joined, also those that Prometheus forgets
    /// (`oauth2.client_certificate_key_file`, `azuread.workload_identity.token_file_path`).
    pub fn join_paths(&mut self, directory: &Path) {
        self.each_path(&mut |path| {
            if !path.as_os_str().is_empty() && path.is_relative() {
                *path = directory.join(&*path);
            }
        });
    }

    fn each_path(&mut self, change: &mut impl FnMut(&mut PathBuf)) {
        self.bearer_token_file.iter_mut().for_each(&mut *change);
        if let Some(basic_auth) = &mut self.basic_auth {
            basic_auth.username_file.iter_mut().for_each(&mut *change);
            basic_auth.password_file.iter_mut().for_each(&mut *change);
        }
        if let Some(authorization) = &mut self.authorization {
            authorization.credentials_file.iter_mut().for_each(&mut *change);
        }
        if let Some(oauth2) = &mut self.oauth2 {
            oauth2.client_secret_file.iter_mut().for_each(&mut *change);
            oauth2.client_certificate_key_file.iter_mut().for_each(&mut *change);
            oauth2.tls_config.iter_mut().for_each(|tls| tls.each_path(change));
        }
        if let Some(workload) = self.azuread.as_mut().and_then(|azuread| azuread.workload_identity.as_mut()) {
            workload.token_file_path.iter_mut().for_each(&mut *change);
        }
        self.tls_config.iter_mut().for_each(|tls| tls.each_path(change));
        self.http_headers.values_mut().flat_map(|sources| &mut sources.files).for_each(change);
    }
}

impl TlsConfig {
    fn each_path(&mut self, change: &mut impl FnMut(&mut PathBuf)) {
        let files = [&mut self.ca_file, &mut self.cert_file, &mut self.key_file];
        files.into_iter().flatten().for_each(change);
    }
}
