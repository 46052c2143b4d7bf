use std::path::Path;

use crate::args::{Query, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::{input, json_text, output};

/// The most of a body that is read.
const MAX_BODY_BYTES: u64 = 64 << 20;

pub(super) async fn run(context: &Context, args: Query) -> Result<(), Failure> {
    let mut words = Words::new(args.words);
    let deployment = context.deployment(&mut words)?;
    let method = words.expect("METHOD")?;
    let body = body(words.next())?;
    words.end()?;
    let backend = context.backend(&deployment)?;
    let answer = context.wait(&backend, backend.raw(&method, body)).await?;
    // Nothing but data is data: what a server says that went wrong is an error.
    let body = answer.into_body(&deployment.url)?;
    let indented = json_text::indented(&body).filter(|_| !args.raw);
    output::data(|out| out.write_all(indented.as_deref().unwrap_or(&body)))
}

/// What is to be sent: a text, a file, or what comes on stdin.
fn body(word: Option<String>) -> Result<Vec<u8>, Failure> {
    let Some(text) = word else { return Ok(b"{}".to_vec()) };
    let cannot_read = |from: &str, error: std::io::Error| {
        Failure::run(format!("cannot read {}: {error}", words::safe(from)))
    };
    let bytes = match text.strip_prefix('@') {
        _ if text == "-" => input::stdin(MAX_BODY_BYTES).map_err(|error| cannot_read("stdin", error))?,
        None => text.into_bytes(),
        Some(path) => input::file(Path::new(path), MAX_BODY_BYTES)
            .map_err(|error| cannot_read(&format!("`{path}`"), error))?,
    };
    // Before it is sent, as servers answer to it in many ways.
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes) {
        return Err(Failure::usage(format!("expected JSON: {error}")));
    }
    Ok(bytes)
}
