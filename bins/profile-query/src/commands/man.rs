use crate::failure::Failure;
use crate::{args, output};

pub(super) fn run(command: Option<&str>) -> Result<(), Failure> {
    let mut all = args::command();
    all.build();
    let page = match command {
        None => all,
        Some(name) => {
            let found = all.get_subcommands().find(|known| known.get_name() == name).cloned();
            found.ok_or_else(|| {
                Failure::usage(format!("expected a command, found `{}`", words::safe(name)))
                    .hint("`profile-query --help` lists the commands")
            })?
        }
    };
    output::data(|out| {
        let mut out = out;
        clap_mangen::Man::new(page).render(&mut out)
    })
}
