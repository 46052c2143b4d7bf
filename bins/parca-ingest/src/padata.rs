//! Offline files of parca-agent: their batches go on as they are, by `WriteArrow`.

use std::time::Duration;

use ingest::send::{StoreKind, StoreSettings};
use ops::eprint_line;
use parca_client::{Client, Code, WriteArrowRequest};
use profile_codec::padata;

use crate::{Error, forms::Input};

/// How often a store that cannot be reached is tried again.
const ATTEMPTS: u32 = 5;

/// Sends every batch to every Parca; what is done is said.
pub(crate) async fn push(input: &Input, stores: &[StoreSettings]) -> Result<(), Error> {
    let batches =
        padata::batches(&input.bytes).map_err(|error| format!("`{}`: {error}", input.path.display()))?;
    for store in stores {
        if store.kind == StoreKind::Pyroscope {
            return Err(Box::from("offline files of parca-agent can only go to a Parca"));
        }
        let client = Client::new(&store.client)?;
        for (at, batch) in batches.iter().enumerate() {
            send(&client, &WriteArrowRequest::new(batch.to_vec())).await.map_err(|error| {
                // What was sent is not sent again: a Parca would count it twice.
                format!(
                    "{}: batch {} of {}, those before are stored: {error}",
                    store.name,
                    at + 1,
                    batches.len()
                )
            })?;
        }
        eprint_line(&format!(
            "{}: {} of `{}` stored",
            store.name,
            words::counted(batches.len() as u64, "batch", "batches"),
            input.path.display()
        ));
    }
    Ok(())
}

/// Tries again only while the store cannot be reached at all.
async fn send(client: &Client, request: &WriteArrowRequest) -> Result<(), parca_client::Error> {
    let prepared = client.prepare(request)?;
    let mut attempt = 0;
    loop {
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        let timed = client.timed(&prepared, deadline, parca_client::Keep::Nothing).await;
        attempt += 1;
        match timed.result {
            Err(error) if timed.bytes_out == 0 && error.code() == Code::Unavailable && attempt < ATTEMPTS => {
                tokio::time::sleep(Duration::from_secs(u64::from(attempt))).await;
            }
            result => return result.map(drop),
        }
    }
}
