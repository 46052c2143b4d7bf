use query::deployments::{Deployment, Listed};
use serde_json::{Value, json};

use super::list;
use crate::args::{List, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::output;

pub(super) fn run(context: &Context, args: List) -> Result<(), Failure> {
    let json = list::is_json(context, &args)?;
    let mut words = Words::new(args.words);
    if let Some(name) = words.next() {
        words.end()?;
        let deployment = context.named(&name)?;
        return if json { list::print_json(&one(&deployment)) } else { details(&deployment) };
    }
    let deployments = context.deployments()?;
    let kind = context.kind()?;
    let listed: Vec<&Listed> =
        deployments.list.iter().filter(|listed| kind.is_none_or(|kind| listed.kind == kind)).collect();
    for listed in &listed {
        for mistake in listed.deployment.as_ref().err().into_iter().flatten() {
            context.warn(&format!("`{}`: {mistake}", listed.name));
        }
    }
    if json {
        return list::print_json(&Value::Array(listed.iter().map(|listed| entry(listed)).collect()));
    }
    if listed.is_empty() {
        return output::data(|out| writeln!(out, "(none configured)"));
    }
    let head = ["NAME", "KIND", "URL", "AUTH"].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> =
        std::iter::once(head).chain(listed.iter().map(|listed| row(listed))).collect();
    output::data(|out| output::columns(&rows, out))
}

fn row(listed: &Listed) -> Vec<String> {
    let (url, auth) = match &listed.deployment {
        Ok(deployment) => (deployment.url.clone(), deployment.auth().to_string()),
        Err(_) => ("-".to_owned(), "(mistakes)".to_owned()),
    };
    [listed.name.clone(), listed.kind.to_string(), url, auth].map(|cell| words::safe(&cell)).to_vec()
}

fn entry(listed: &Listed) -> Value {
    match &listed.deployment {
        Ok(deployment) => one(deployment),
        Err(mistakes) => {
            let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            json!({ "name": listed.name, "kind": listed.kind.as_str(), "mistakes": mistakes })
        }
    }
}

fn one(deployment: &Deployment) -> Value {
    json!({
        "name": deployment.name,
        "kind": deployment.kind.as_str(),
        "url": deployment.url,
        "auth": deployment.auth().to_string(),
        "tenant": deployment.tenant,
        "service_label": deployment.service_label(),
    })
}

/// What there is to know about one; of headers the names only.
fn details(deployment: &Deployment) -> Result<(), Failure> {
    let path = |option: &Option<std::path::PathBuf>| option.as_ref().map(|path| path.display().to_string());
    let names: Vec<&str> = deployment.headers.iter().map(|(name, _)| name.as_str()).collect();
    let rows = [
        ("Name", Some(deployment.name.clone())),
        ("Kind", Some(deployment.kind.to_string())),
        ("URL", Some(deployment.url.clone())),
        ("Auth", Some(deployment.auth().to_string())),
        ("User", deployment.username.clone()),
        ("Tenant", deployment.tenant.clone()),
        ("Headers", (!names.is_empty()).then(|| names.join(", "))),
        ("Service label", Some(deployment.service_label().to_owned())),
        ("UI", deployment.ui_url.clone()),
        ("CA file", path(&deployment.ca_file)),
        ("Certificate", path(&deployment.cert_file)),
        ("Server name", deployment.server_name.clone()),
        ("Verification", deployment.insecure_skip_verify.then(|| "off: any certificate is taken".to_owned())),
        ("Timeout", deployment.timeout.map(|timeout| format!("{timeout:?}"))),
    ];
    output::data(|out| {
        for (name, value) in rows {
            if let Some(value) = value {
                writeln!(out, "{name}: {}", words::safe(&value))?;
            }
        }
        Ok(())
    })
}
