use clap_complete::{Shell, generate};

use crate::failure::Failure;
use crate::{args, output};

pub(super) fn run(shell: Shell) -> Result<(), Failure> {
    let mut text = Vec::new();
    generate(shell, &mut args::command(), "profile-query", &mut text);
    output::data(|out| out.write_all(&text))
}
