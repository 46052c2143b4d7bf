//! From what was typed to stores.

use ingest::send::{SpoolSettings, StoreKind, StoreSettings};
use parca_client::{Protocol, Secret, Settings, Token};

use crate::args::Stores;

/// The settings of each store.
pub(crate) fn settings(args: &Stores) -> Vec<StoreSettings> {
    args.store_address.iter().map(|address| one(args, address.trim())).collect()
}

fn one(args: &Stores, address: &str) -> StoreSettings {
    let (kind, url, protocol) = reached(args, address);
    let mut client = Settings::new(url);
    client.protocol = protocol;
    client.headers.clone_from(&args.grpc_headers);
    client.user_agent = concat!("parca-ingest/", env!("CARGO_PKG_VERSION")).to_owned();
    client.token = match (&args.bearer_token, &args.bearer_token_file) {
        (Some(token), _) if !token.is_empty() => Token::Value(Secret::new(token.clone())),
        (_, Some(file)) => Token::File(file.clone()),
        _ => Token::None,
    };
    client.tls.insecure_skip_verify = args.insecure_skip_verify;
    client.tls.ca_file.clone_from(&args.tls_ca_file);
    client.tls.cert_file.clone_from(&args.tls_cert_file);
    client.tls.key_file.clone_from(&args.tls_key_file);
    client.tls.server_name.clone_from(&args.tls_server_name);
    let mut settings = StoreSettings::new(client);
    settings.name = address.to_owned();
    settings.kind = kind;
    settings.external_labels.clone_from(&args.external_label);
    settings.sample_labels.clone_from(&args.sample_labels);
    settings.max_series_per_profile = args.sample_labels_limit;
    settings.queue_bytes = usize::try_from(args.queue_size).unwrap_or(usize::MAX);
    settings.timeout = args.store_timeout;
    settings.on_unknown = args.on_unknown.into();
    settings.spool = args.spool.as_ref().map(|folder| SpoolSettings {
        folder: folder.join(folder_name(address)),
        max_bytes: args.spool_size,
    });
    settings
}

/// What speaks there, its URL, and how it is spoken with.
fn reached(args: &Stores, address: &str) -> (StoreKind, String, Protocol) {
    let usual = Settings::default().protocol;
    match address.split_once("://") {
        Some((scheme, rest)) if scheme.starts_with("pyroscope+") => {
            (StoreKind::Pyroscope, format!("{}://{rest}", &scheme["pyroscope+".len()..]), usual)
        }
        Some(_) => (StoreKind::Parca, address.to_owned(), usual),
        None => {
            let scheme = if args.insecure { "http" } else { "https" };
            (StoreKind::Parca, format!("{scheme}://{address}"), Protocol::Grpc)
        }
    }
}

/// An address as the name of a folder.
fn folder_name(address: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' };
    address.chars().map(fit).collect()
}
