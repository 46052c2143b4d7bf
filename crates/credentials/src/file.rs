//! Files that hold a secret.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::Secret;

/// The longest file of a token, password or key; the usual one has under 4 KiB.
const MAX_SECRET_BYTES: u64 = 1 << 20;

/// The text of a file without white space around it.
///
/// # Errors
/// The file cannot be read, is no UTF-8, or is longer than 1 MiB: nothing is cut.
pub fn read_secret(path: &Path) -> io::Result<Secret> {
    let text = Secret::new(read(path, MAX_SECRET_BYTES)?);
    Ok(Secret::new(text.expose().trim()))
}

/// The text of a file of at most so many bytes.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(most + 1).read_to_string(&mut text)?;
    if text.len() as u64 > most {
        return Err(io::Error::other(format!("expected at most {most} bytes, found more")));
    }
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_cut_in_silence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let most = usize::try_from(MAX_SECRET_BYTES).unwrap();
        std::fs::write(&path, format!("  {}\n", "x".repeat(70_000))).unwrap();
        assert_eq!(read_secret(&path).unwrap().expose().len(), 70_000);
        std::fs::write(&path, "x".repeat(most)).unwrap();
        assert_eq!(read_secret(&path).unwrap().expose().len(), most);
        std::fs::write(&path, "x".repeat(most + 1)).unwrap();
        assert!(read_secret(&path).unwrap_err().to_string().contains("1048576"));
        assert_eq!(read_secret(&folder.path().join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
