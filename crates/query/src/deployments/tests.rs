use http_config::Environment;

use super::*;

const SECRET: &str = "s3cr3t-value";

fn parse(text: &str) -> Deployments {
    Deployments::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn prod(keys: &str) -> Deployment {
    let deployments = parse(&format!("[pyroscope.deployments.prod]\n{keys}\n"));
    deployments.find("prod", None).unwrap_or_else(|error| panic!("{error}\n{keys}")).clone()
}

#[test]
fn every_line_that_the_scripts_took_is_taken() {
    let check = |text: &str, url: &str, token: Option<&str>, warned: bool| {
        let deployments = parse(text);
        let prod = deployments.find("prod", None).unwrap();
        assert_eq!(prod.url, url, "{text}");
        assert_eq!(prod.token.as_ref().map(|token| token.expose()), token, "{text}");
        assert_eq!(!deployments.warnings.is_empty(), warned, "{text}: {:?}", deployments.warnings);
    };
    let url = "https://a.example";
    check("[pyroscope.deployments.prod]\nurl = \"https://a.example\"\n", url, None, false);
    check("  [pyroscope.deployments.prod]\n\turl  =  \"https://a.example\" # note\n", url, None, false);
    // What the line matcher got wrong and TOML has right.
    check("[pyroscope.deployments.prod]\nurl=\"https://a.example\"", url, None, false);
    check("[pyroscope.deployments.prod] # note\nurl = 'https://a.example'", url, None, false);
    check(
        "[pyroscope.deployments]\nprod = { url = \"https://a.example\", token = \"a#b\" }",
        url,
        Some("a#b"),
        false,
    );
    check("[pyroscope.deployments.\"prod\"]\nurl = \"https://a.example\"", url, None, false);
    check("pyroscope.deployments.prod.url = \"https://a.example\"", url, None, false);
    check(
        "[pyroscope.deployments.prod]\nurl = \"https://a.example\"\ntoken = \"a\\\"$`b\"",
        url,
        Some("a\"$`b"),
        false,
    );
    // What is no TOML.
    check(
        "[pyroscope.deployments.prod]\nurl = https://a.example # note\ntoken = abc",
        url,
        Some("abc"),
        true,
    );
    check("[pyroscope.deployments.prod] note\nurl = \"https://a.example\"", url, None, true);
    check(
        "[pyroscope.deployments.prod]\nurl = \"https://a.example\"\ntoken = \"a\"\ntoken = \"b\"",
        url,
        Some("a"),
        true,
    );
    check(
        "[pyroscope.deployments.prod]\nurl = \"https://a.example\"\ntoken = \"a\\q#b\" # c",
        url,
        Some("a\\q#b"),
        true,
    );
    check(
        "[axiom.deployments.x]\nurl = ???\n[pyroscope.deployments.prod]\nurl = \"https://a.example\"",
        url,
        None,
        true,
    );
}

#[test]
fn other_sections_are_passed_over_and_names_may_have_dots() {
    let deployments = parse(
        "[axiom.deployments.prod]\nurl = 1\n[slack.workspaces.a]\ntoken = []\n\
         [pyroscope.deployments.eu.prod]\nurl = \"https://eu.example/base/\"\n\
         [parca.deployments.lab]\naddress = \"localhost:7070\"\nplaintext = true\nprotocol = \"grpc\"\n",
    );
    let list: Vec<String> =
        deployments.list.iter().map(|listed| format!("{} {}", listed.kind, listed.name)).collect();
    assert_eq!(list, ["pyroscope eu.prod", "parca lab"]);
    assert_eq!(deployments.find("eu.prod", None).unwrap().url, "https://eu.example/base");
    let lab = deployments.find("lab", None).unwrap();
    assert_eq!(
        (lab.url.as_str(), lab.protocol, lab.service_label()),
        ("http://localhost:7070", Protocol::Grpc, "job")
    );
    assert!(deployments.warnings.is_empty(), "{:?}", deployments.warnings);
}

#[test]
fn authentication_has_an_order() {
    let check = |keys: &str, expect: &str| {
        assert_eq!(prod(&format!("url = \"http://a\"\n{keys}")).auth().to_string(), expect, "{keys}");
    };
    check("", "none");
    check("username = \"a\"\npassword = \"b\"", "basic");
    check("username = \"a\"\ntoken = \"b\"", "token");
    check("cf_access_client_id = \"a\"\ncf_access_client_secret = \"b\"", "cloudflare");
    check(
        "cf_access_client_id = \"a\"\ncf_access_client_secret = \"b\"\ntoken = \"c\"",
        "cloudflare + token",
    );
    check("access_command = \"cloudflared access curl\"\ntoken = \"c\"", "access command `cloudflared`");
    check("token = \"\"\nusername = \"a\"", "basic");
}

#[test]
fn all_keys_are_known() {
    let deployment = prod(
        "url = \"https://a.example\"\ntoken = \"t\"\ntenant = \"a|b\"\nheaders = { X-A = \"1\" }\n\
         ca_file = \"/ca\"\ncert_file = \"/c\"\nkey_file = \"/k\"\nserver_name = \"b\"\n\
         insecure_skip_verify = true\ntimeout = \"90s\"\nservice_label = \"app\"\nui_url = \"https://g.example/a/\"\n\
         max_answer_bytes = 1048576\ndescription = \"note\"",
    );
    assert_eq!(deployment.timeout, Some(std::time::Duration::from_secs(90)));
    assert_eq!(deployment.ui_url.as_deref(), Some("https://g.example/a"));
    assert_eq!(deployment.headers.len(), 1);
    assert!(deployment.insecure_skip_verify && deployment.max_answer_bytes == Some(1 << 20));
    assert_eq!(deployment.service_label(), "app");
}

#[test]
fn the_guide_knows_all_keys() {
    let guide = include_str!("../../../../docs/profile-query.md");
    for key in build::KEYS {
        assert!(guide.contains(&format!("`{key}`")), "docs/profile-query.md: no `{key}`");
    }
}

#[test]
fn mistakes_are_all_said_with_their_lines_and_no_secret() {
    let check = |text: &str, expect: &[&str]| {
        let deployments = parse(text);
        let error = deployments.find("prod", None).unwrap_err();
        let ConfigError::Mistakes { mistakes, .. } = &error else { panic!("{error}") };
        let found: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        assert_eq!(found, expect, "{text}");
        assert!(!format!("{error} {error:?} {deployments:?}").contains(SECRET), "{text}");
    };
    check("[pyroscope.deployments.prod]\ntoken = \"a\"", &["line 1: expected `url`, found none"]);
    check(
        &format!(
            "[pyroscope.deployments.prod]\nurl = \"https://u:{SECRET}@a.example\"\ntoken = 5\ntimeout = \"soon\"\nheaders = \"X\""
        ),
        &[
            "line 2: `url`: expected no user in the URL: `username` and `password` are for that",
            "line 3: `token`: expected a text, found a number",
            "line 4: `timeout`: expected a duration such as `15m` or `1h30m`, found `soon`",
            "line 5: `headers`: expected a table such as { X-Name = \"value\" }, found a text",
        ],
    );
    check(
        "[pyroscope.deployments.prod]\nurl = \"https://a.example\"\ncf_access_client_id = \"x\"",
        &["line 1: expected both `cf_access_client_id` and `cf_access_client_secret`, found one"],
    );
    check(
        "[parca.deployments.prod]\nurl = \"http://a\"\naccess_command = \"curl\"",
        &[
            "line 3: `access_command`: expected it for a Pyroscope only, as gRPC needs a connection of its own",
        ],
    );
    check("[pyroscope.deployments]\nprod = 3", &["line 2: expected a table, found a number"]);
}

#[test]
fn an_unknown_key_is_a_warning_with_advice() {
    let deployments = parse("[pyroscope.deployments.prod]\nurl = \"https://a.example\"\ntokn = \"x\"\n");
    let warnings: Vec<String> = deployments.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["line 3: `prod`: expected a key that exists, found `tokn`; did you mean `token`?"]);
}

#[test]
fn what_is_no_toml_and_no_line_is_an_error_without_the_line_itself() {
    let text = format!("[pyroscope.deployments.prod]\nurl = \"https://a.example\"\ntoken = \"{SECRET}\n");
    let error = Deployments::parse(&text).unwrap_err();
    assert!(matches!(error, ConfigError::Syntax(_)), "{error}");
    let words = format!("{error} {error:?}");
    assert!(words.contains("line 3") && !words.contains(SECRET), "{words}");
    // The same, where it is tolerated.
    let deployments = parse(&format!("[pyroscope.deployments.prod]\nurl = http://a\ntoken = {SECRET}\n"));
    assert!(!format!("{:?}", deployments.warnings).contains(SECRET));
}

#[test]
fn one_broken_deployment_breaks_no_other() {
    let deployments = parse(
        "[pyroscope.deployments.prod]\nurl = \"https://a.example\"\n[pyroscope.deployments.bad]\nurl = \"x\"",
    );
    assert!(deployments.find("prod", None).is_ok());
    assert!(deployments.find("bad", None).is_err());
}

#[test]
fn names_are_found_by_kind_and_nearly_right_ones_are_offered() {
    let deployments = parse(
        "[pyroscope.deployments.prod]\nurl = \"http://a\"\n[parca.deployments.prod]\nurl = \"http://b\"",
    );
    assert!(matches!(deployments.find("prod", None), Err(ConfigError::Ambiguous(_))));
    assert_eq!(deployments.find("prod", Some(Kind::Parca)).unwrap().url, "http://b");
    let error = deployments.find("prdo", Some(Kind::Parca)).unwrap_err();
    assert_eq!(error.to_string(), "expected a deployment, found `prdo`; there are prod");
    assert_eq!(error.hint().as_deref(), Some("did you mean `prod`?"));
    assert_eq!(
        parse("").find("a", None).unwrap_err().to_string(),
        "expected a deployment, found `a`; there are none"
    );
}

#[test]
fn the_path_comes_from_the_environment_that_is_handed_in() {
    let check = |variables: &[(&str, &str)], expect: Option<&str>| {
        let environment: Environment = variables.iter().copied().collect();
        assert_eq!(config_path(&environment), expect.map(Into::into), "{variables:?}");
    };
    check(&[("HOME", "/h")], Some("/h/.config/axiom-sre/config.toml"));
    check(&[("HOME", "/h"), ("SRE_CONFIG_DIR", "/d")], Some("/d/config.toml"));
    check(&[("HOME", "/h"), ("SRE_CONFIG_DIR", "/d"), ("SRE_CONFIG", "/f.toml")], Some("/f.toml"));
    check(&[], None);
}

#[test]
fn variables_make_a_deployment() {
    let check = |variables: &[(&str, &str)], expect: Result<(&str, &str), &str>| {
        let environment: Environment = variables.iter().copied().collect();
        let found = from_environment(None, &environment);
        let found = found.map(|d| (d.url.clone(), format!("{} {}", d.kind, d.auth())));
        match (found, expect) {
            (Ok((url, rest)), Ok(expect)) => assert_eq!((url.as_str(), rest.as_str()), expect),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (found, expect) => panic!("{found:?} {expect:?}"),
        }
    };
    let url = ("PROFILECLI_URL", "http://a:4040");
    check(&[url], Ok(("http://a:4040", "pyroscope none")));
    check(&[url, ("PROFILECLI_TOKEN", "t")], Ok(("http://a:4040", "pyroscope token")));
    check(
        &[url, ("PROFILECLI_TOKEN", "t"), ("PROFILECLI_USERNAME", "u"), ("PROFILECLI_PASSWORD", "p")],
        Ok(("http://a:4040", "pyroscope basic")),
    );
    check(&[("PARCA_URL", "http://b:7070")], Ok(("http://b:7070", "parca none")));
    check(&[url, ("PARCA_URL", "http://b:7070")], Err("expected one of PROFILECLI_URL and PARCA_URL"));
    check(&[], Err("expected `PROFILECLI_URL`, found none"));
    check(&[("PROFILECLI_URL", "nonsense")], Err("expected a URL"));
}

#[cfg(unix)]
#[test]
fn a_file_with_secrets_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let check = |text: &str, mode: u32, expect: bool| {
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let warnings = Deployments::load(&path).unwrap().warnings;
        assert_eq!(warnings.iter().any(|w| w.message.contains("chmod 600")), expect, "{mode:o} {text}");
    };
    check("[pyroscope.deployments.a]\nurl = \"http://a\"\ntoken = \"t\"", 0o644, true);
    check("[pyroscope.deployments.a]\nurl = \"http://a\"\ntoken = \"t\"", 0o600, false);
    check("[pyroscope.deployments.a]\nurl = \"http://a\"", 0o644, false);
    assert!(matches!(Deployments::load(&folder.path().join("none")), Err(ConfigError::Missing(_))));
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "(\\[pyroscope\\.deployments\\.[a-z\"]{0,3}\\]?|[a-z_]{1,5} ?= ?[\"'a-z#{}\\[\\]=]{0,9}|.{0,20}|\n){0,12}") {
        let _ = Deployments::parse(&text);
    }
}
