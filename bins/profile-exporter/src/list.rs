//! `types` and `labels`: what a query can ask for.

use std::path::{Path, PathBuf};

use ops::Hint;
use parca_client::{Client, LabelsRequest, ProfileTypesRequest, Protocol, Settings, ValuesRequest};

use crate::args::{Labels, Reach};
use crate::{Error, Exit, check, print};

pub(crate) async fn types(file: PathBuf, reach: Reach) -> Result<Exit, Error> {
    let Some(client) = client(&file, &reach)? else { return Ok(Exit::Mistakes) };
    let types = client.profile_types(&ProfileTypesRequest::default()).await.map_err(advised)?;
    lines(types.iter().map(ToString::to_string));
    Ok(Exit::Done)
}

pub(crate) async fn labels(file: PathBuf, labels: Labels) -> Result<Exit, Error> {
    let Some(client) = client(&file, &labels.reach)? else { return Ok(Exit::Mistakes) };
    let selector: Vec<String> = labels.selector.into_iter().collect();
    let found = match labels.name {
        None => {
            let mut request = LabelsRequest::default();
            request.matchers = selector;
            client.labels(&request).await
        }
        Some(name) => {
            let mut request = ValuesRequest::new(name);
            request.matchers = selector;
            client.values(&request).await
        }
    };
    lines(found.map_err(advised)?.into_iter());
    Ok(Exit::Done)
}

fn client(file: &Path, reach: &Reach) -> Result<Option<Client>, Error> {
    let settings = match &reach.address {
        None => match check::settings(file)? {
            Some(settings) => settings.parca,
            None => return Ok(None),
        },
        Some(address) => {
            let with_scheme = address.starts_with("http://") || address.starts_with("https://");
            let url = if with_scheme { address.clone() } else { format!("http://{address}") };
            let mut settings = Settings::new(url);
            settings.protocol = Protocol::Grpc;
            settings
        }
    };
    Ok(Some(Client::new(&settings)?))
}

fn lines(lines: impl Iterator<Item = String>) {
    let text: String = lines.map(|line| line + "\n").collect();
    print(text.as_bytes());
}

fn advised(error: parca_client::Error) -> Error {
    match error.hint() {
        Some(hint) => Hint::new(error, hint).into(),
        None => error.into(),
    }
}
