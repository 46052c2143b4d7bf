use std::fs::File;
use std::io::Read;

use crate::args::{Query, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::{json_text, output};

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
    let indented = json_text::indented(&answer.body).filter(|_| !args.raw);
    output::data(|out| out.write_all(indented.as_deref().unwrap_or(&answer.body)))?;
    answer.into_body(&deployment.url)?;
    Ok(())
}

/// What is to be sent: a text, a file, or what comes on stdin.
fn body(word: Option<String>) -> Result<Vec<u8>, Failure> {
    let text = match word {
        None => return Ok(b"{}".to_vec()),
        Some(text) => text,
    };
    let read = |from: &mut dyn Read| {
        let mut bytes = Vec::new();
        from.take(MAX_BODY_BYTES + 1).read_to_end(&mut bytes).map(|_| bytes)
    };
    let bytes = match text.strip_prefix('@') {
        _ if text == "-" => read(&mut std::io::stdin().lock()).map_err(Failure::run)?,
        None => text.into_bytes(),
        Some(path) => File::open(path)
            .and_then(|mut file| read(&mut file))
            .map_err(|error| Failure::run(format!("cannot read `{path}`: {error}")))?,
    };
    if bytes.len() as u64 > MAX_BODY_BYTES {
        return Err(Failure::usage(format!("expected a body of at most {MAX_BODY_BYTES} bytes, found more")));
    }
    // Before it is sent, as servers answer to it in many ways.
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes) {
        return Err(Failure::usage(format!("expected JSON: {error}")));
    }
    Ok(bytes)
}
