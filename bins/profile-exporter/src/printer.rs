//! Series on stdout instead of at a receiver.

use std::collections::BTreeSet;
use std::io::{self, Write};

use exporter::ShownSeries;
use ops::console::PrintError;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::args::Form;

/// Windows that may wait for a slow reader of stdout.
const WAITING: usize = 16;

/// Prints on a thread for blocking work.
pub(crate) struct Printing(JoinHandle<Result<(), PrintError>>);

impl Printing {
    /// Prints until the last sender is gone. If stdout cannot be written any more it cancels `stop`: with
    /// nobody to look, there is nothing left to do.
    pub(crate) fn start(form: Form, stop: CancellationToken) -> (mpsc::Sender<ShownSeries>, Self) {
        let (sender, mut shown) = mpsc::channel::<ShownSeries>(WAITING);
        let printing = tokio::task::spawn_blocking(move || {
            let mut page = Page { form, known: BTreeSet::new(), last_remote: None };
            while let Some(one) = shown.blocking_recv() {
                if let Err(error) = page.print(&one) {
                    stop.cancel();
                    return Err(error.into());
                }
            }
            Ok(())
        });
        (sender, Self(printing))
    }

    /// Waits until everything is printed, or gives the reason why it is not.
    pub(crate) async fn finished(self) -> Result<(), Error> {
        Ok(self.0.await??)
    }
}

/// What was printed so far, as far as the next lines depend on it.
struct Page {
    form: Form,
    known: BTreeSet<String>,
    last_remote: Option<String>,
}

impl Page {
    fn print(&mut self, shown: &ShownSeries) -> io::Result<()> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        match self.form {
            Form::Text => {
                let remote = &shown.remote_name;
                // With one receiver there is nothing to tell apart.
                if self.last_remote.as_ref().is_some_and(|last| last != remote) {
                    writeln!(out, "# for the receiver `{remote}`")?;
                }
                self.last_remote = Some(remote.clone());
                exporter::write_text(&shown.series, &mut self.known, &mut out)?;
            }
            Form::Json => exporter::write_json(&shown.series, &mut out)?,
        }
        out.flush()
    }
}
