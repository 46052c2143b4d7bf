//! `--config-path`: the server scrapes targets into its own store, so that one command is a small Parca.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ingest::scrape::{ScrapeOptions, Scraper};
use ingest::{Config, Outgoing, Refused, Sink};
use ops::eprint_line;
use parca_embedded::Store;
use profile_codec::pprof::Limits;
use profile_store::{Named, NewProfile, NewWrite};
use tokio_util::sync::CancellationToken;

use crate::Failure;

/// How often the config is looked at.
const LOOK: Duration = Duration::from_secs(5);

/// The server's own store: no wire between.
#[derive(Clone)]
pub(crate) struct Own(Store);

impl Sink for Own {
    async fn take(&self, profile: Outgoing) -> Result<(), Refused> {
        let (store, (done, outcome)) = (self.0.clone(), tokio::sync::oneshot::channel());
        // Reading the profile takes its time, and storing it may wait for the disk.
        tokio::task::spawn_blocking(move || match checked(profile) {
            Ok(write) => {
                store.submit(write, move |written| drop(done.send(written.map(drop).map_err(refused))))
            }
            Err(error) => drop(done.send(Err(error))),
        });
        outcome.await.unwrap_or_else(|_| Err(Refused("the store is closing".to_owned())))
    }
}

fn checked(profile: Outgoing) -> Result<NewWrite, Refused> {
    let named = Named::new(profile.labels.iter()).map_err(refused)?;
    let infos = profile.executable_info.len();
    let new = NewProfile::from_pprof(&named, profile.pprof.into_bytes(), infos, &Limits::default())
        .map_err(refused)?;
    Ok(NewWrite::new(vec![new]))
}

fn refused(error: impl std::fmt::Display) -> Refused {
    Refused(error.to_string())
}

/// A scraper at work.
pub(crate) struct Scraping {
    pub(crate) scraper: Arc<Scraper<Own>>,
    path: PathBuf,
    /// The config as it was before it was read: what changed since is seen by the first look.
    known: Option<Vec<u8>>,
}

impl Scraping {
    /// Reads the config and starts its jobs; `None` after all its mistakes are told.
    pub(crate) fn start(path: &Path, store: Store) -> Result<Option<Self>, Failure> {
        let known = std::fs::read(path).ok();
        let config = match read(path)? {
            Ok((config, warnings)) => {
                warnings.iter().for_each(|warning| eprint_line(warning));
                config
            }
            Err(mistakes) => {
                eprint_line(&mistakes);
                return Ok(None);
            }
        };
        let mut options = ScrapeOptions::default();
        options.environment = ops::environment().collect();
        let scraper = Arc::new(Scraper::new(Own(store), options));
        let jobs = config.jobs.len();
        apply(&scraper, config)?;
        tracing::info!(jobs, config = %path.display(), "scraping");
        Ok(Some(Self { scraper, path: path.to_owned(), known }))
    }

    /// Reads the config again when it changes, until told to stop; then ends the loops.
    pub(crate) async fn follow(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(LOOK) => {}
            }
            let now = std::fs::read(&self.path).ok();
            if now.is_none() || now == self.known {
                continue;
            }
            self.known = now;
            match self.reload() {
                Ok(()) => tracing::info!("the config was reloaded"),
                Err(words) => tracing::error!("the config was not reloaded, the old one goes on: {words}"),
            }
        }
        let given_up = self.scraper.stop().await;
        tracing::info!(given_up, "scrapes under way are given up");
    }

    fn reload(&self) -> Result<(), String> {
        let (config, warnings) = read(&self.path).map_err(|error| error.to_string())??;
        warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        apply(&self.scraper, config).map_err(|error| error.to_string())
    }
}

fn apply(scraper: &Scraper<Own>, config: Config) -> Result<(), Failure> {
    Ok(scraper.apply(config).map_err(|(job, error)| format!("job `{job}`: {error}"))?)
}

type Read = Result<(Config, Vec<String>), String>;

fn read(path: &Path) -> Result<Read, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("read the config `{}`: {error}", path.display()))?;
    let name = path.display().to_string();
    let parsed = ingest::config::parse(&text, &name, path.parent().unwrap_or(Path::new("")));
    Ok(match parsed {
        Ok((config, warnings)) => {
            Ok((config, warnings.iter().map(|warning| warning.display(&name).to_string()).collect()))
        }
        Err(mistakes) => Err(mistakes.to_string()),
    })
}
