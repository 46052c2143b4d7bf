//! From what discovery found to what is asked for: labels, rules, an address, a URL.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use relabel::{Labels, METRIC_NAME, NameRules};
use url::Url;

use crate::discovery::{ADDRESS, Group, LabelMap};
use crate::settings::{Job, ProfileSettings};

/// A profile of a process that is scraped.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// What discovery and the job say, before the rules.
    pub(crate) discovered: Labels,
    /// What the series will have, `__name__` among them.
    pub(crate) labels: Labels,
    pub(crate) url: Url,
    pub(crate) profile: ProfileSettings,
    /// What stays the same over restarts: labels and URL.
    pub(crate) identity: u64,
}

/// What became of something that discovery found.
#[derive(Clone, Debug)]
pub(crate) enum Placed {
    Active(Box<Target>),
    /// A rule left it out.
    Dropped(Labels),
    /// A target that cannot be scraped; others of its group can.
    Bad {
        discovered: Labels,
        reason: String,
    },
}

const SCHEME: &str = "__scheme__";
const PATH: &str = "__profile_path__";
const PARAM: &str = "__param_";
const INSTANCE: &str = "instance";
const JOB: &str = "job";

/// All profiles of all targets of a group.
pub(crate) fn place(job: &Arc<Job>, group: &Group) -> Vec<Placed> {
    let pairs =
        group.targets.iter().flat_map(|target| job.profiles.iter().map(move |profile| (target, profile)));
    pairs.map(|(target, profile)| one(job, &group.labels, target, profile)).collect()
}

fn one(job: &Job, group: &LabelMap, target: &LabelMap, profile: &ProfileSettings) -> Placed {
    let discovered = match discovered(job, group, target, profile) {
        Ok(labels) => labels,
        Err(reason) => return Placed::Bad { discovered: Labels::default(), reason },
    };
    let mut labels = discovered.clone();
    if !job.relabel.iter().all(|rule| rule.apply(&mut labels)) {
        return Placed::Dropped(discovered);
    }
    match active(job, profile, &discovered, labels) {
        Ok(Some(target)) => Placed::Active(Box::new(target)),
        Ok(None) => Placed::Dropped(discovered),
        Err(reason) => Placed::Bad { discovered, reason },
    }
}

fn discovered(
    job: &Job,
    group: &LabelMap,
    target: &LabelMap,
    profile: &ProfileSettings,
) -> Result<Labels, String> {
    let mut labels = LabelMap::from([
        (JOB.to_owned(), job.name.clone()),
        (SCHEME.to_owned(), job.scheme.as_str().to_owned()),
        (PATH.to_owned(), profile.path.clone()),
        (METRIC_NAME.to_owned(), profile.name.clone()),
    ]);
    for (key, values) in &job.params {
        labels.insert(format!("{PARAM}{key}"), values.first().cloned().unwrap_or_default());
    }
    for (name, value) in group.iter().chain(target) {
        labels.insert(name.clone(), value.clone());
    }
    Labels::new(labels).map_err(|error| error.to_string())
}

fn active(
    job: &Job,
    profile: &ProfileSettings,
    discovered: &Labels,
    labels: Labels,
) -> Result<Option<Target>, String> {
    let url = url(job, profile, &labels)?;
    let mut public = labels.clone();
    public.retain(|name, _| !name.starts_with("__"));
    if public.is_empty() {
        return Ok(None);
    }
    if public.get(INSTANCE).is_none() {
        public.set(INSTANCE, authority(&url));
    }
    let name = labels.get(METRIC_NAME).unwrap_or_default();
    if !NameRules::Legacy.is_metric_name(name) || name.contains(':') {
        return Err(format!("expected a name of letters, digits and `_` in `__name__`, found `{name}`"));
    }
    public.set(METRIC_NAME, name);
    let mut hasher = DefaultHasher::new();
    public.iter().for_each(|pair| pair.hash(&mut hasher));
    url.as_str().hash(&mut hasher);
    let identity = hasher.finish();
    Ok(Some(Target {
        discovered: discovered.clone(),
        labels: public,
        url,
        profile: profile.clone(),
        identity,
    }))
}

/// `host:port`, the port always written.
fn authority(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", url.host_str().unwrap_or_default())
}

fn url(job: &Job, profile: &ProfileSettings, labels: &Labels) -> Result<Url, String> {
    let scheme = labels.get(SCHEME).unwrap_or_default();
    if !matches!(scheme, "http" | "https") {
        return Err(format!("expected `http` or `https` in `__scheme__`, found `{scheme}`"));
    }
    let address = labels.get(ADDRESS).unwrap_or_default();
    if address.is_empty() {
        return Err("expected `host:port` in `__address__`, found nothing".to_owned());
    }
    if address.contains(['/', '?', '#', '@']) {
        return Err(format!("expected `host:port` in `__address__`, found `{address}`"));
    }
    let text = format!("{scheme}://{}", with_brackets(address));
    let mut url = Url::parse(&text)
        .map_err(|error| format!("expected `host:port` in `__address__`, found `{address}`: {error}"))?;
    url.set_path(labels.get(PATH).unwrap_or_default());
    let params = params(job, profile, labels);
    if !params.is_empty() {
        url.query_pairs_mut().extend_pairs(params);
    }
    Ok(url)
}

/// An IPv6 address without brackets has no port.
fn with_brackets(address: &str) -> String {
    match address.parse::<std::net::Ipv6Addr>() {
        Ok(ip) => format!("[{ip}]"),
        Err(_) => address.to_owned(),
    }
}

/// The job's, changed by `__param_` labels, and the window.
fn params(job: &Job, profile: &ProfileSettings, labels: &Labels) -> Vec<(String, String)> {
    let mut params: std::collections::BTreeMap<String, Vec<String>> = job.params.clone();
    for (name, value) in labels.iter() {
        if let Some(key) = name.strip_prefix(PARAM) {
            match params.entry(key.to_owned()).or_default() {
                values if values.is_empty() => values.push(value.to_owned()),
                values => values[0] = value.to_owned(),
            }
        }
    }
    if let Some(seconds) = profile.seconds {
        params.insert("seconds".to_owned(), vec![seconds.to_string()]);
    }
    params
        .into_iter()
        .flat_map(|(key, values)| values.into_iter().map(move |value| (key.clone(), value)))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::*;

    fn job(text: &str) -> Arc<Job> {
        let text = format!(
            "scrape_configs:\n- job_name: j\n  static_configs: [{{targets: [x]}}]\n  profiling_config: {{pprof_config: {{memory: {{enabled: false}}, block: {{enabled: false}}, mutex: {{enabled: false}}, goroutine: {{enabled: false}}}}}}\n{text}"
        );
        let (config, _) =
            crate::config::parse(&text, "f", Path::new("")).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        Arc::new(config.jobs.into_iter().next().unwrap())
    }

    fn shown(job: &Arc<Job>, address: &str) -> String {
        let group = Group::of_addresses(
            "s".into(),
            vec![address.into()],
            LabelMap::from([("zone".into(), "a".into())]),
        );
        match place(job, &group).into_iter().next().unwrap() {
            Placed::Active(target) => format!("{} {:?}", target.url, target.labels).replace('"', ""),
            Placed::Dropped(_) => "dropped".into(),
            Placed::Bad { reason, .. } => reason,
        }
    }

    #[test]
    fn addresses_become_urls_and_labels() {
        let plain = job("");
        let check = |job: &Arc<Job>, address: &str, expect: &str| {
            assert_eq!(shown(job, address), expect, "{address}")
        };
        check(
            &plain,
            "h:7070",
            "http://h:7070/debug/pprof/profile?seconds=10 process_cpu{instance=h:7070,job=j,zone=a}",
        );
        check(&plain, "h", "http://h/debug/pprof/profile?seconds=10 process_cpu{instance=h:80,job=j,zone=a}");
        check(
            &plain,
            "::1",
            "http://[::1]/debug/pprof/profile?seconds=10 process_cpu{instance=[::1]:80,job=j,zone=a}",
        );
        check(
            &plain,
            "[::1]:99",
            "http://[::1]:99/debug/pprof/profile?seconds=10 process_cpu{instance=[::1]:99,job=j,zone=a}",
        );
        check(&plain, "http://h", "expected `host:port` in `__address__`, found `http://h`");
        check(&plain, "", "expected `host:port` in `__address__`, found nothing");
        let https = job("  scheme: https\n  params: {a: [1, 2], seconds: [9]}\n");
        check(
            &https,
            "h",
            "https://h/debug/pprof/profile?a=1&a=2&seconds=10 process_cpu{instance=h:443,job=j,zone=a}",
        );
        let rules = job(
            "  relabel_configs:\n  - {source_labels: [__name__], target_label: __param_kind}\n  - {source_labels: [__address__], regex: (.*), replacement: $1:1, target_label: __address__}\n  - {target_label: __profile_path__, replacement: /p}\n  - {target_label: instance, replacement: me}\n",
        );
        check(&rules, "h", "http://h:1/p?kind=process_cpu&seconds=10 process_cpu{instance=me,job=j,zone=a}");
        check(&job("  relabel_configs: [{action: drop, source_labels: [zone], regex: a}]\n"), "h", "dropped");
        check(&job("  relabel_configs: [{action: labelkeep, regex: __.*}]\n"), "h", "dropped");
        check(
            &job("  relabel_configs: [{target_label: __scheme__, replacement: ftp}]\n"),
            "h",
            "expected `http` or `https` in `__scheme__`, found `ftp`",
        );
        check(
            &job("  relabel_configs: [{target_label: __name__, replacement: a-b}]\n"),
            "h",
            "expected a name of letters, digits and `_` in `__name__`, found `a-b`",
        );
    }
}
