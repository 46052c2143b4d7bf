//! `types` and `labels`: what a query can ask for.

use std::path::{Path, PathBuf};

use ops::{Hint, console, eprint_line};
use parca_client::{Client, LabelsRequest, ProfileTypesRequest, Protocol, Settings, ValuesRequest};

use crate::args::{Labels, Reach};
use crate::{Error, Exit, advice, check};

/// Where a Parca listens unless it is told otherwise.
const USUAL_PORT: u16 = 7070;

pub(crate) async fn types(file: PathBuf, reach: Reach) -> Result<Exit, Error> {
    let Some(client) = client(&file, &reach)? else { return Ok(Exit::Mistakes) };
    let types = client.profile_types(&ProfileTypesRequest::default()).await.map_err(advised)?;
    if types.is_empty() {
        let words = format!("error: the Parca at `{}` has no profiles", client.url());
        eprint_line(&format!("{words}\nhint: does anything write to it? a target to scrape, an agent?"));
        return Ok(Exit::Failed);
    }
    lines(types.iter().map(ToString::to_string))
}

pub(crate) async fn labels(file: PathBuf, labels: Labels) -> Result<Exit, Error> {
    let Some(client) = client(&file, &labels.reach)? else { return Ok(Exit::Mistakes) };
    let matchers: Vec<String> = labels.selector.into_iter().collect();
    let mut all = LabelsRequest::default();
    all.matchers.clone_from(&matchers);
    let names = || async { client.labels(&all).await.map_err(advised) };
    let Some(name) = labels.name else { return lines(names().await?.into_iter()) };
    let mut request = ValuesRequest::new(&*name);
    request.matchers = matchers;
    let values = client.values(&request).await.map_err(advised)?;
    if values.is_empty() {
        let names = names().await?;
        let near = words::nearest(&name, names.iter().map(String::as_str));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", words::listed(names.iter().map(String::as_str), 20)),
        };
        eprint_line(&format!("error: no profile has a label `{}`\nhint: {hint}", words::short(&name, 64)));
        return Ok(Exit::Failed);
    }
    lines(values.into_iter())
}

fn client(file: &Path, reach: &Reach) -> Result<Option<Client>, Error> {
    let settings = match &reach.address {
        None => match check::settings(file)? {
            Some(settings) => settings.parca,
            None => return Ok(None),
        },
        Some(address) => {
            let mut settings = Settings::new(url(address));
            settings.protocol = Protocol::Grpc;
            settings
        }
    };
    Ok(Some(Client::new(&settings)?))
}

/// A scheme and a port where none is written; HTTP's own ports are not a Parca's.
fn url(address: &str) -> String {
    let url = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    let has_port = url.parse::<http::Uri>().map_or(true, |uri| uri.port().is_some());
    if has_port || url.starts_with("https://") {
        url
    } else {
        format!("{}:{USUAL_PORT}", url.trim_end_matches('/'))
    }
}

fn lines(lines: impl Iterator<Item = String>) -> Result<Exit, Error> {
    console::print(lines.map(|line| line + "\n").collect::<String>())?;
    Ok(Exit::Done)
}

fn advised(error: parca_client::Error) -> Error {
    match advice::of(&error) {
        Some(hint) => Hint::new(error, hint).into(),
        None => error.into(),
    }
}
