use query::backend::Detail;
use query::{Content, Shown, Stacks};
use re2::Regex;
use report_render::Selection;
use report_render::peek::{self, PeekOptions};

use crate::args::{Peek, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::source::{self, Source};
use crate::{output, selection};

const DEFAULT_RANGE: &str = "10m";

/// Shows functions between those who call them and those they call.
pub(super) async fn run(context: &Context, mut args: Peek) -> Result<(), Failure> {
    let mut words = Words::new(std::mem::take(&mut args.words)).rest();
    let pattern = words.pop().ok_or_else(|| Failure::usage("expected FUNCTION, found no words"))?;
    let mut words = Words::new(words);
    let source = match words.only().filter(|word| source::is_file(word)) {
        Some(path) => Source::File { path, value: args.which.profile_type.clone() },
        None => {
            let deployment = context.deployment(&mut words)?;
            let service = selection::service(words.next())?;
            words.end()?;
            let window = selection::window(&args.which.time, DEFAULT_RANGE, context.now)?;
            let ask = selection::ask(&args.which, service, &window)?;
            Source::Server { backend: Box::new(context.backend(&deployment)?), ask: Box::new(ask) }
        }
    };
    let shown = source.shown(context, &args.filters, Detail::Whole).await?;
    write(&shown, &pattern, args.limit)
}

fn write(shown: &Shown, pattern: &str, limit: usize) -> Result<(), Failure> {
    let Content::Stacks(stacks) = &shown.content else { return Err(Failure::run("expected one profile")) };
    let profile = match stacks {
        Stacks::Tree(tree) => (**tree).clone().into_profile(),
        stacks => stacks.clone().into_profile(),
    };
    let selection = Selection::new(&profile, 0)
        .ok_or_else(|| Failure::run("expected a sample type, found none"))?
        .of_whole(shown.whole);
    // A name that was pasted is text: `(*Server).Serve` is no expression.
    let regex = Regex::new(pattern).ok();
    let is_wanted =
        |name: &str| name.contains(pattern) || regex.as_ref().is_some_and(|regex| regex.is_match(name));
    let found = peek::of(&selection, is_wanted);
    if found.is_empty() {
        return Err(Failure::no_data(format!(
            "no data: no function is called like `{}`",
            words::safe(pattern)
        )));
    }
    let mut options = PeekOptions::default();
    (options.width, options.limit) = (output::width(), limit);
    output::data(|mut out| {
        for line in std::iter::once(shown.title.as_str()).chain(shown.lines()) {
            writeln!(out, "{}", words::fitting(line, output::width()))?;
        }
        peek::text(&found, &selection, &options, &mut out)
    })
}
