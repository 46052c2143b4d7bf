use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::section::Section;
use super::{ConfigError, ConfigMistake, Deployment, Kind, build, lenient, strict};
use words::nearest;

/// The most of a file that is read.
const MAX_BYTES: u64 = 1 << 20;

/// The deployments of a file.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Deployments {
    /// In the order of the file.
    pub list: Vec<Listed>,
    /// What is odd about the file, in the order of the lines.
    pub warnings: Vec<ConfigMistake>,
}

/// A section of a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listed {
    /// What it is called.
    pub name: String,
    /// What runs there.
    pub kind: Kind,
    /// What it describes, or all that is wrong with it: a mistake here is none elsewhere.
    pub deployment: Result<Deployment, Vec<ConfigMistake>>,
}

impl Deployments {
    /// Reads a file, and warns of it if others may read secrets in it.
    ///
    /// # Errors
    /// There is no such file, or it cannot be read or understood at all.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let read = |source| match source {
            error if std::io::Error::kind(&error) == std::io::ErrorKind::NotFound => {
                ConfigError::Missing(path.to_owned())
            }
            source => ConfigError::Read { path: path.to_owned(), source },
        };
        let file = File::open(path).map_err(read)?;
        let mut text = String::new();
        file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(read)?;
        if text.len() as u64 > MAX_BYTES {
            let message = format!("expected a file of at most {MAX_BYTES} bytes, found a larger one");
            return Err(read(std::io::Error::other(message)));
        }
        let mut deployments = Self::parse(&text)?;
        deployments.warnings.extend(too_open(path, &deployments));
        Ok(deployments)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// If it cannot be understood at all. What is wrong with one deployment is in the list.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let (sections, mut warnings) = match strict::sections(text) {
            Ok(sections) => (sections, Vec::new()),
            Err(mistakes) => match lenient::sections(text) {
                Ok(sections) => (sections, mistakes.into_iter().map(tolerated).collect()),
                Err(_) => return Err(ConfigError::Syntax(mistakes)),
            },
        };
        let mut list = Vec::new();
        for section in &sections {
            let (listed, odd) = listed(section);
            warnings.extend(odd);
            list.push(listed);
        }
        Ok(Self { list, warnings })
    }

    /// The deployment of this name, of this kind if one is given.
    ///
    /// # Errors
    /// There is none, there are two, or it is described wrongly.
    pub fn find(&self, name: &str, kind: Option<Kind>) -> Result<&Deployment, ConfigError> {
        let of_kind = |listed: &&Listed| kind.is_none_or(|kind| listed.kind == kind);
        let mut found = self.list.iter().filter(of_kind).filter(|listed| listed.name == name);
        match (found.next(), found.next()) {
            (Some(listed), None) => listed.deployment.as_ref().map_err(|mistakes| ConfigError::Mistakes {
                name: name.to_owned(),
                mistakes: mistakes.clone(),
            }),
            (Some(_), Some(_)) => Err(ConfigError::Ambiguous(name.to_owned())),
            (None, _) => {
                let known: Vec<String> = self.list.iter().filter(of_kind).map(|l| l.name.clone()).collect();
                let nearest = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
                let name: String = name.chars().take(128).collect();
                Err(ConfigError::Unknown { name, known, nearest })
            }
        }
    }
}

fn listed(section: &Section) -> (Listed, Vec<ConfigMistake>) {
    let (deployment, odd) = build::deployment(section);
    (Listed { name: section.name.clone(), kind: section.kind, deployment }, odd)
}

fn tolerated(mistake: ConfigMistake) -> ConfigMistake {
    let message = format!("no TOML ({}); read as the older scripts did", mistake.message);
    ConfigMistake { message, ..mistake }
}

#[cfg(unix)]
fn too_open(path: &Path, deployments: &Deployments) -> Option<ConfigMistake> {
    use std::os::unix::fs::PermissionsExt;
    let mode = path.metadata().ok()?.permissions().mode() & 0o777;
    let has_secrets = |listed: &Listed| listed.deployment.as_ref().is_ok_and(Deployment::has_secrets);
    let message = format!(
        "`{}` holds secrets and has mode {mode:03o}: others can read it; `chmod 600` it",
        path.display()
    );
    (mode & 0o077 != 0 && deployments.list.iter().any(has_secrets)).then(|| ConfigMistake::new(0, message))
}

#[cfg(not(unix))]
fn too_open(_path: &Path, _deployments: &Deployments) -> Option<ConfigMistake> {
    None
}
