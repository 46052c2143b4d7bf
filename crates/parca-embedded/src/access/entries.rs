use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use credentials::Renewed;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::need::Need;

/// Who may read and write, out of a file that is read again when it changes.
///
/// A line for each: a name, `read`, `write` or `both`, the SHA-256 of a token or password in hexadecimal
/// (`printf %s TOKEN | sha256sum`), and for a store of one's own the name of a tenant. What stands behind `#` is a remark. Tokens are shown as
/// `Authorization: Bearer TOKEN`, or by HTTP Basic with the name as the user.
#[derive(Clone, Debug)]
pub struct Access {
    /// As the file has them now. One that is no good any more leaves those before.
    entries: Arc<Renewed<Arc<[Entry]>>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    reads: bool,
    writes: bool,
    digest: [u8; 32],
    tenant: Option<String>,
}

/// Why a file says of nobody what they may.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// The file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Lines that are none; all of them.
    #[error("`{}` has mistakes:\n  {}", path.display(), mistakes.join("\n  "))]
    Mistakes {
        /// The file.
        path: PathBuf,
        /// Each with its line.
        mistakes: Vec<String>,
    },
}

/// Whose store somebody gets to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tenant(pub(crate) String);

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// Nothing was shown, or nothing that is known.
    Unknown,
    /// Who it is is known, and may not do this.
    Forbidden,
}

impl Access {
    /// Reads a file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(path: impl Into<PathBuf>) -> Result<Self, AccessError> {
        let path = path.into();
        let refused = |error: AccessError| tracing::warn!(%error, "changed access is not used");
        let entries = Renewed::of(vec![path.clone()], move || entries(&path), refused)?;
        Ok(Self { entries: Arc::new(entries) })
    }

    /// Whether who shows these headers may do what is needed, and to whose store.
    pub(super) fn check(&self, headers: &HeaderMap, need: Need) -> Result<Option<Tenant>, Denied> {
        let may = |entry: &Entry| match need {
            Need::Nothing => true,
            Need::Read => entry.reads,
            Need::Write => entry.writes,
        };
        if need == Need::Nothing {
            return Ok(None);
        }
        let shown = shown(headers).ok_or(Denied::Unknown)?;
        let digest = ring::digest::digest(&ring::digest::SHA256, shown.secret.as_bytes());
        let entries = self.entries.current();
        // Digests of secrets may be compared in the open: whoever finds out one byte cannot choose the next.
        let known = |entry: &&Entry| {
            entry.digest == digest.as_ref() && shown.user.as_ref().is_none_or(|user| *user == entry.name)
        };
        let mut known = entries.iter().filter(known).peekable();
        known.peek().ok_or(Denied::Unknown)?;
        match known.find(|entry| may(entry)) {
            Some(entry) => Ok(entry.tenant.clone().map(Tenant)),
            None => Err(Denied::Forbidden),
        }
    }
}

/// What somebody shows.
struct Shown {
    user: Option<String>,
    secret: String,
}

fn shown(headers: &HeaderMap) -> Option<Shown> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = text.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Shown { user: None, secret: rest.to_owned() });
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some(Shown { user: Some(user.to_owned()), secret: password.to_owned() })
}

fn entries(path: &Path) -> Result<Arc<[Entry]>, AccessError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| AccessError::Read { path: path.to_owned(), source })?;
    let (mut entries, mut mistakes) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        match entry(line) {
            Ok(entry) => entries.push(entry),
            // The line itself may hold a secret, and is not shown.
            Err(mistake) => mistakes.push(format!("line {number}: {mistake}")),
        }
    }
    if entries.is_empty() && mistakes.is_empty() {
        mistakes.push("expected a line for each who may come in, found none".to_owned());
    }
    match mistakes.is_empty() {
        true => Ok(entries.into()),
        false => Err(AccessError::Mistakes { path: path.to_owned(), mistakes }),
    }
}

fn entry(line: &str) -> Result<Entry, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (name, access, digest, tenant) = match words.as_slice() {
        [name, access, digest] => (name, access, digest, None),
        [name, access, digest, tenant] => (name, access, digest, Some(*tenant)),
        _ => return Err(format!("expected NAME ACCESS SHA256 [TENANT], found {} words", words.len())),
    };
    if tenant.is_some_and(|tenant| !is_tenant(tenant)) {
        return Err("expected at most 64 letters, digits, `_` and `-` as the tenant, found others".to_owned());
    }
    let (reads, writes) = match *access {
        "read" => (true, false),
        "write" => (false, true),
        "both" => (true, true),
        _ => return Err("expected read, write or both as the second word, found another".to_owned()),
    };
    let digest = hexadecimal(digest)
        .ok_or("expected 64 hexadecimal digits as the third word: the SHA-256 of the token")?;
    Ok(Entry { name: (*name).to_owned(), reads, writes, digest, tenant: tenant.map(str::to_owned) })
}

/// A tenant may be the name of a folder.
fn is_tenant(name: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    name.len() <= 64 && name.bytes().all(is_good)
}

fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn digest(secret: &str) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, secret.as_bytes());
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn all_mistakes_are_said_and_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access");
        let check = |text: &str, expect: &[&str]| {
            std::fs::write(&path, text).unwrap();
            let found = Access::read(&path).err().map(|error| error.to_string()).unwrap_or_default();
            assert_eq!(found.is_empty(), expect.is_empty(), "{found}");
            assert!(!found.contains("hunter2"), "{found}");
            for words in expect {
                assert!(found.contains(words), "{found}");
            }
        };
        check(&format!("# who\n\nagent write {} # its token\n", digest("t")), &[]);
        check(
            "agent write hunter2\nx all 00\na b\nc read 00 ../x\n",
            &[
                "line 1: expected 64",
                "line 2: expected read",
                "line 3: expected NAME",
                "line 4: expected at most 64",
            ],
        );
        check("# nobody\n", &["found none"]);
    }

    #[test]
    fn a_changed_file_counts_and_a_broken_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access");
        let write = |text: String| std::fs::write(&path, text).unwrap();
        write(format!("a read {}\n", digest("one")));
        let access = Access::read(&path).unwrap();
        let check = |token: &str, expect: Result<Option<Tenant>, Denied>| {
            let headers = [(AUTHORIZATION, format!("Bearer {token}").parse().unwrap())].into_iter().collect();
            assert_eq!(access.check(&headers, Need::Read), expect, "{token}");
        };
        check("one", Ok(None));
        write(format!("a read {} # renewed\n", digest("two")));
        check("two", Ok(None));
        check("one", Err(Denied::Unknown));
        write("half".to_owned());
        check("two", Ok(None));
    }
}
