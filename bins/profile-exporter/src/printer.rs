//! Series on stdout instead of at a receiver.

use std::collections::BTreeSet;
use std::io::{self, Write};

use exporter::Shown;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::args::Form;

/// Windows that may wait for a slow reader of stdout.
const WAITING: usize = 16;

/// Prints until the last sender is gone, or stdout is.
pub(crate) fn start(form: Form) -> (mpsc::Sender<Shown>, JoinHandle<()>) {
    let (sender, mut shown) = mpsc::channel::<Shown>(WAITING);
    let printing = tokio::task::spawn_blocking(move || {
        let mut known = BTreeSet::new();
        while let Some(one) = shown.blocking_recv() {
            if print(&one, form, &mut known).is_err() {
                return;
            }
        }
    });
    (sender, printing)
}

fn print(shown: &Shown, form: Form, known: &mut BTreeSet<String>) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match form {
        Form::Text => exporter::write_text(&shown.series, known, &mut out)?,
        Form::Json => exporter::write_json(&shown.series, &mut out)?,
    }
    out.flush()
}
