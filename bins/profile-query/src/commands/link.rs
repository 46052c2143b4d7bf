use pql::{Matcher, ProfileType, Query, Selector};
use query::backend::default_type;
use query::deployments::{Deployment, Kind};
use query::times::Window;
use serde_json::json;
use url::Url;

use crate::args::{Link, Time, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::{output, selection};

const DEFAULT_RANGE: &str = "1h";
/// What stands before the id of a data source in the address of Grafana's proxy.
const GRAFANA_PROXY: &str = "/api/datasources/proxy/uid/";

pub(super) fn run(context: &Context, mut args: Link) -> Result<(), Failure> {
    let mut words = Words::new(std::mem::take(&mut args.words));
    let deployment = context.deployment(&mut words)?;
    let what = words.expect("SERVICE or a query")?;
    let range = words.next();
    let view = words.next();
    words.end()?;
    let window = window(context, &args.which.time, range.as_deref())?;
    let query = query_of(&args, &deployment, &what)?;
    let view = match (&args.view, view) {
        (Some(_), Some(_)) => return Err(Failure::usage("expected one view, found two")),
        (Some(view), None) => view.clone(),
        (None, view) => view.unwrap_or_else(|| "single".to_owned()),
    };
    let link = match deployment.kind {
        Kind::Pyroscope => pyroscope(&deployment, &query, &window, &view)?,
        Kind::Parca if view == "single" => parca(&deployment, &query, &window)?,
        Kind::Parca => {
            let shown = words::safe(&view);
            return Err(Failure::usage(format!("expected the view single of a Parca, found `{shown}`"))
                .hint("`profile-query diff` compares two times or label sets"));
        }
    };
    output::data(|out| writeln!(out, "{link}"))
}

/// A range as the script took it: `30m`, or two times with a comma between them.
fn window(context: &Context, time: &Time, range: Option<&str>) -> Result<Window, Failure> {
    let has_flags = time.range.is_some() || time.start.is_some() || time.end.is_some();
    match range {
        None => selection::window(time, DEFAULT_RANGE, context.now),
        Some(_) if has_flags => Err(Failure::usage("expected one range, found two")),
        Some(range) => Ok(match range.split_once(',') {
            Some((start, end)) => Window::between(start, end, context.now)?,
            None => Window::last(range, context.now)?,
        }),
    }
}

/// A query in full, a selector, or the name of a service.
fn query_of(args: &Link, deployment: &Deployment, what: &str) -> Result<Query, Failure> {
    let (mut name, mut matchers) = selection::matching(&args.which.matching)?;
    if what.contains('{') {
        let selector = what.parse::<Selector>().map_err(|error| Failure::usage(error.report()))?;
        name = selector.metric_name.or(name);
        matchers.splice(0..0, selector.matchers);
    } else if what.parse::<ProfileType>().is_ok() {
        name = Some(what.to_owned());
    } else {
        let service = selection::service(Some(what.to_owned()))?.unwrap_or_default();
        matchers.insert(0, Matcher::equal(deployment.service_label(), service));
    }
    if deployment.kind == Kind::Parca {
        // A Parca searches with regular expressions; `top` asks it with anchors, too.
        matchers = matchers.iter().map(Matcher::anchored).collect();
    }
    let name = args.which.profile_type.clone().or(name).unwrap_or_else(|| "cpu".to_owned());
    let mut profile_type = default_type(&name).ok_or_else(|| {
        Failure::usage(format!("expected a profile type in full, found `{}`", words::safe(&name)))
            .hint("`profile-query profiles` lists them")
    })?;
    // What is measured over a time has a delta there, and of the short names that is CPU time.
    let is_short = name.parse::<ProfileType>().is_err();
    if is_short && deployment.kind == Kind::Parca && profile_type.period_type == "cpu" {
        profile_type.delta = true;
    }
    Ok(Query { profile_type, matchers })
}

fn pyroscope(deployment: &Deployment, query: &Query, window: &Window, view: &str) -> Result<String, Failure> {
    let path = match view {
        "single" => "/",
        "comparison" => "/comparison",
        "diff" => "/comparison-diff",
        "explore" => "/explore",
        other => {
            return Err(Failure::usage(format!(
                "expected the view single, comparison, diff or explore, found `{}`",
                words::safe(other)
            )));
        }
    };
    let base = deployment.ui_url.as_deref().unwrap_or(&deployment.url);
    if let Some((grafana, uid)) = base.split_once(GRAFANA_PROXY) {
        if !matches!(view, "single" | "explore") {
            return Err(Failure::usage(format!(
                "expected the view single or explore behind Grafana, found `{}`",
                words::safe(view)
            )));
        }
        return grafana_explore(grafana, uid.trim_matches('/'), query, window);
    }
    let mut url = parsed(&format!("{base}{path}"))?;
    url.query_pairs_mut()
        .append_pair("query", &query.to_string())
        .append_pair("from", &window.range.start.seconds().to_string())
        .append_pair("until", &window.range.end.seconds().to_string());
    Ok(url.into())
}

/// Where a server stands behind Grafana, people look at it there.
fn grafana_explore(grafana: &str, uid: &str, query: &Query, window: &Window) -> Result<String, Failure> {
    let selector = Selector { metric_name: None, matchers: query.matchers.clone() };
    let source = json!({ "type": "grafana-pyroscope-datasource", "uid": uid });
    let panes = json!({ "a": {
        "datasource": uid,
        "queries": [{
            "refId": "A", "datasource": source, "queryType": "profile", "groupBy": [],
            "labelSelector": selector.to_string(), "profileTypeId": query.profile_type.to_string(),
        }],
        "range": {
            "from": window.range.start.saturating_millis().to_string(),
            "to": window.range.end.saturating_millis().to_string(),
        },
    }});
    let mut url = parsed(&format!("{grafana}/explore"))?;
    url.query_pairs_mut().append_pair("schemaVersion", "1").append_pair("panes", &panes.to_string());
    Ok(url.into())
}

fn parca(deployment: &Deployment, query: &Query, window: &Window) -> Result<String, Failure> {
    let base = deployment.ui_url.as_deref().unwrap_or(&deployment.url);
    let mut url = parsed(&format!("{base}/"))?;
    url.query_pairs_mut()
        .append_pair("expression_a", &query.to_string())
        .append_pair("from_a", &window.range.start.saturating_millis().to_string())
        .append_pair("to_a", &window.range.end.saturating_millis().to_string());
    Ok(url.into())
}

fn parsed(text: &str) -> Result<Url, Failure> {
    Url::parse(text).map_err(|error| Failure::usage(format!("expected a URL: {error}")))
}
