//! A pprof file as folded stacks on stdout: `pprof_to_folded FILE > stacks.folded`.

use std::{error::Error, fs, io};

use profile_codec::pprof::{self, Limits};
use report_render::{Selection, folded};

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("expected FILE")?;
    let profile = pprof::decode(&fs::read(file)?, &Limits::default())?;
    let selection = Selection::preferred(&profile).ok_or("expected a sample type, found none")?;
    let graph = selection.flame_graph(Default::default());
    folded::write(&selection.flame(&graph), &mut io::stdout().lock())?;
    Ok(())
}
