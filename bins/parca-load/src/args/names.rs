use clap::parser::ValueSource;

/// How mistakes name what was typed: `-url`, or `PARCA_LOAD_URL` where that was set.
pub(super) struct Names {
    variables: Vec<String>,
}

impl Names {
    pub(super) fn of(matches: &clap::ArgMatches) -> Self {
        let is_set = |id: &&clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::EnvVariable);
        Self { variables: matches.ids().filter(is_set).map(|id| id.as_str().replace('_', "-")).collect() }
    }

    /// The name of a flag, given without dashes.
    pub(super) fn name(&self, flag: &str) -> String {
        if self.variables.iter().any(|set| set == flag) {
            format!("PARCA_LOAD_{}", flag.replace('-', "_").to_ascii_uppercase())
        } else {
            format!("-{flag}")
        }
    }
}
