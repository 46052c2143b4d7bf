use std::io::{self, Write};

use query::Shown;
use query::backend::Detail;
use query::report::{self, Form, Look};

use crate::args::{Filters, Top, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::source::{self, Source};
use crate::{forms, output, selection};

const DEFAULT_RANGE: &str = "10m";
const FORMS: [(&str, Form); 3] = [("text", Form::Top), ("json", Form::TopJson), ("csv", Form::Csv)];

/// What is ranked, and how it looks.
pub(super) struct Plan {
    pub(super) source: Source,
    filters: Filters,
    form: Form,
    look: Look,
}

pub(super) async fn run(context: &Context, args: Top) -> Result<(), Failure> {
    let plan = Plan::of(context, args, DEFAULT_RANGE)?;
    let shown = plan.fetch(context).await?;
    output::data(|out| plan.write(&shown, out))
}

impl Plan {
    pub(super) fn of(context: &Context, mut args: Top, default_range: &str) -> Result<Self, Failure> {
        let default = if context.json() { "json" } else { "text" };
        let form = forms::named("--output", args.output.as_deref().unwrap_or(default), &FORMS)?;
        let mut look = Look::default();
        (look.sort, look.limit, look.sum) = (forms::sort(&args.sort)?, args.limit, args.sum);
        (look.width, look.color) = (output::width(), context.color);
        let mut words = Words::new(std::mem::take(&mut args.words));
        let source = match words.only().filter(|word| source::is_file(word)) {
            Some(path) => {
                words.rest();
                Source::File { path, value: args.which.profile_type.clone() }
            }
            None => {
                let deployment = context.deployment(&mut words)?;
                let service = selection::service(words.next())?;
                words.end()?;
                let window = selection::window(&args.which.time, default_range, context.now)?;
                let ask = selection::ask(&args.which, service, &window)?;
                Source::Server { backend: Box::new(context.backend(&deployment)?), ask: Box::new(ask) }
            }
        };
        Ok(Self { source, filters: args.filters, form, look })
    }

    pub(super) async fn fetch(&self, context: &Context) -> Result<Shown, Failure> {
        self.source.shown(context, &self.filters, Detail::Whole).await
    }

    pub(super) fn write(&self, shown: &Shown, out: &mut dyn Write) -> io::Result<()> {
        let mut out = out;
        report::write(shown, self.form, &self.look, &mut out)
    }
}
