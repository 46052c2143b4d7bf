use manual::Manual;

use crate::failure::Failure;
use crate::{args, output};

pub(super) fn run(asked: Manual) -> Result<(), Failure> {
    let text = asked.text(args::command()).map_err(Failure::usage)?;
    output::data(|out| out.write_all(&text))
}
