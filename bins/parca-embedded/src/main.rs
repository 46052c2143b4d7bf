//! `parca-embedded`: arguments to a server, a signal to a stop, an error to an exit code.

mod args;
mod check;
mod export;
mod page;
mod scrape;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::{CommandFactory, Parser};
use ops::daemon::Listen;
use ops::{console, describe, eprint_line, init_logs, stop_on_signals};
use parca_embedded::{
    Access, DiskSettings, OpenError, ServerTls, Settings, StartError, Store, TenantStores, start_on,
};
use tokio_util::sync::CancellationToken;

use args::{Args, Command, Serve};
use scrape::Scraping;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return console::usage(&error.render().to_string(), error.use_stderr()),
    };
    if let Err(error) = init_logs(&args.serve.log_level, args.serve.log_format) {
        eprint_line(&describe(&error));
        return ExitCode::from(2);
    }
    let done = match args.command {
        Some(Command::Check { dir }) => check::run(&dir),
        Some(Command::Export(export)) => export::run(&export),
        Some(Command::Probe { address }) => {
            ops::probe(&address, "/readyz").map(|()| ExitCode::SUCCESS).map_err(Failure::from)
        }
        Some(Command::Manual(asked)) => return console::asked(asked.text(Args::command())),
        None => serve(&args.serve),
    };
    done.unwrap_or_else(|error| console::fail(error.as_ref()))
}

type Failure = Box<dyn std::error::Error>;

fn serve(args: &Serve) -> Result<ExitCode, Failure> {
    ops::allow_open_files();
    let runtime = tokio::runtime::Runtime::new()?;
    let store = open(args)?;
    let served = runtime.block_on(run(args, store.clone()));
    let closing = Instant::now();
    store.close();
    if let Some(stats) = store.disk_stats() {
        let (log_bytes, blocks) = (stats.log_bytes, stats.blocks);
        tracing::info!(log_bytes, blocks, took = ?closing.elapsed(), "closed the data folder");
    }
    served
}

fn open(args: &Serve) -> Result<Store, Failure> {
    let Some(folder) = &args.data_dir else {
        tracing::info!("no --data-dir: profiles are kept in memory and are gone when this process ends");
        return Ok(Store::in_memory(args.storage_active_memory));
    };
    Ok(open_folder(disk_settings(args, folder.clone()), &args.http_address)?)
}

fn disk_settings(args: &Serve, folder: PathBuf) -> DiskSettings {
    let mut settings = DiskSettings::new(folder);
    settings.memory_limit_bytes = args.storage_active_memory;
    settings.seal_bytes = args.seal_size;
    settings.seal_after = args.seal_after;
    settings.retention = args.retention;
    settings.retention_bytes = args.retention_size;
    settings.min_free_bytes = args.storage_min_free;
    settings
}

fn open_folder(settings: DiskSettings, address: &str) -> Result<Store, OpenError> {
    let folder = settings.folder.clone();
    let store = Store::open(settings, &format!("http address {address}"))?;
    if let Some(stats) = store.disk_stats() {
        tracing::info!(
            folder = %folder.display(),
            blocks = stats.blocks,
            block_bytes = stats.block_bytes,
            log_records = stats.replayed_records,
            seconds = stats.open_seconds,
            "opened the data folder"
        );
    }
    Ok(store)
}

/// Tenants have folders of their own beside the data folder's; each as large as all else.
fn tenant_stores(args: &Serve) -> Option<TenantStores> {
    let folder = args.data_dir.as_ref()?.join("tenants");
    let (settings, address) = (disk_settings(args, folder.clone()), args.http_address.clone());
    Some(TenantStores::new(move |tenant| {
        let mut settings = settings.clone();
        settings.folder = folder.join(tenant);
        open_folder(settings, &address).map_err(|error| describe(&error))
    }))
}

async fn run(args: &Serve, store: Store) -> Result<ExitCode, Failure> {
    let stop = CancellationToken::new();
    stop_on_signals(stop.clone())?;
    let scraping = match &args.config_path {
        None => None,
        Some(path) => match Scraping::start(path, store.clone())? {
            Some(scraping) => Some(scraping),
            None => return Ok(ExitCode::from(2)),
        },
    };
    let mut settings = Settings::default();
    settings.memory_limit_bytes = args.storage_active_memory;
    settings.self_profile_every = Some(args.self_profile_interval).filter(|every| !every.is_zero());
    settings.copy_to.clone_from(&args.copy_to);
    settings.access = args.auth_file.as_ref().map(Access::read).transpose()?;
    settings.tls = tls(args);
    settings.tenant_stores = tenant_stores(args);
    settings.query_limits.time = args.query_timeout;
    settings.query_limits.answer_bytes = args.query_answer_size;
    settings.slow_client_timeout = args.slow_client_timeout;
    settings.request_memory = args.request_memory;
    if let Some(concurrency) = args.query_concurrency {
        settings.query_limits.concurrency = concurrency.get();
    }
    settings.path_prefix.clone_from(&args.path_prefix);
    settings.cors_origins.clone_from(&args.cors_allowed_origins);
    settings.span_memory_bytes = args.span_memory;
    if !args.service_labels.is_empty() {
        settings.service_labels.clone_from(&args.service_labels);
    }
    settings.page = Some(page::page);
    if let Some(scraping) = &scraping {
        settings.routes =
            Some(ingest::web::pages(Arc::clone(&scraping.scraper), None, profile_ui::BASE_STYLE.text));
        settings.scrape_service = Some(ingest::web::scrape_service(Arc::clone(&scraping.scraper)));
    }
    let server = start_on(store, &args.http_address, settings, stop.clone());
    let server = server.await.map_err(|error| hinted(error, &args.http_address))?;
    let scheme = if args.tls_cert_file.is_some() { "https" } else { "http" };
    tracing::info!(url = %format_args!("{scheme}://{}", server.address()), "serving");
    match scraping {
        Some(scraping) => tokio::join!(server.finished(), scraping.follow(stop)).0,
        None => server.finished().await,
    }
    Ok(ExitCode::SUCCESS)
}

fn hinted(error: StartError, address: &str) -> Failure {
    let listen = Listen { address, flag: "--http-address", program: "parca-embedded", is_optional: false };
    match error {
        StartError::Serve(error) => listen.hinted(error).into(),
        other => other.into(),
    }
}

fn tls(args: &Serve) -> Option<ServerTls> {
    let mut tls = ServerTls::new(args.tls_cert_file.as_ref()?, args.tls_key_file.as_ref()?);
    tls.client_ca.clone_from(&args.tls_client_ca_file);
    Some(tls)
}
