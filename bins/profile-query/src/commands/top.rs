use std::io::{self, Write};

use profile_model::Profile;
use query::backend::{Ask, Backend, Detail, Merged};
use query::times::Window;
use report_render::transform::Filter;
use report_render::{Selection, top};

use crate::args::{Top, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::render::{self, Form, Look};
use crate::{output, selection};

const DEFAULT_RANGE: &str = "10m";

/// What is ranked, and how it looks.
pub(super) struct Plan {
    pub(super) backend: Backend,
    pub(super) window: Window,
    pub(super) ask: Ask,
    filter: Option<Filter>,
    form: Form,
    title: String,
    limit: usize,
    sort: top::Sort,
    color: bool,
}

pub(super) async fn run(context: &Context, args: Top) -> Result<(), Failure> {
    let plan = Plan::of(context, args, DEFAULT_RANGE)?;
    let merged = plan.fetch(context).await?;
    output::data(|out| plan.write(&merged, out))
}

impl Plan {
    pub(super) fn of(context: &Context, mut args: Top, default_range: &str) -> Result<Self, Failure> {
        let default = if context.json() { "json" } else { "text" };
        let form = args.output.as_deref().unwrap_or(default);
        let form = Form::named(form, &[Form::Text, Form::Json, Form::Csv])?;
        let sort = render::sort(&args.sort)?;
        let mut words = Words::new(std::mem::take(&mut args.words));
        let deployment = context.deployment(&mut words)?;
        let service = words.next();
        words.end()?;
        let window = selection::window(&args.which.time, default_range, context.now)?;
        let ask = selection::ask(&args.which, service.clone(), &window)?;
        Ok(Self {
            backend: context.backend(&deployment)?,
            window,
            ask,
            filter: selection::stacks(&args.filters)?,
            form,
            title: service.unwrap_or_else(|| "all services".to_owned()),
            limit: args.limit,
            sort,
            color: context.color,
        })
    }

    pub(super) async fn fetch(&self, context: &Context) -> Result<Merged, Failure> {
        let mut merged = context.wait(&self.backend, self.backend.fetch(&self.ask, Detail::Whole)).await?;
        merged.profile = selection::left_by(self.filter.as_ref(), merged.profile)?;
        Ok(merged)
    }

    pub(super) fn write(&self, merged: &Merged, out: &mut dyn Write) -> io::Result<()> {
        let mut out = out;
        let look = Look { title: &self.title, limit: self.limit, sort: self.sort, color: self.color };
        let profile: &Profile = &merged.profile;
        match self.form {
            Form::Text => {
                writeln!(
                    out,
                    "{}, {}, {}",
                    query::plain(&self.title),
                    merged.query.profile_type,
                    self.window.in_utc()
                )?;
                render::report(profile, Form::Top, &look, out)
            }
            Form::Json => {
                let selection =
                    Selection::new(profile, 0).ok_or_else(|| io::Error::other("expected a sample type"))?;
                top::json(&render::ranked(&selection, &look), &mut out)?;
                out.write_all(b"\n")
            }
            form => render::report(profile, form, &look, out),
        }
    }
}
