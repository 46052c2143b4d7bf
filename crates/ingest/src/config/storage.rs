//! `object_storage`, which a Parca needs and we do not.

use config_file::Field;

const TYPES: [&str; 10] =
    ["FILESYSTEM", "GCS", "S3", "AZURE", "SWIFT", "COS", "ALIYUNOSS", "BOS", "OCI", "OBS"];

/// Checks what a Parca would check, so that the file stays good for both.
pub(super) fn read(field: &Field<'_>) -> Option<()> {
    field.warning(
        "accepted and not used: profiles go to --store-address, or into the embedded server's --data-dir",
    );
    let mut reader = field.reader()?;
    let bucket = reader.optional("bucket");
    reader.finish();
    let mut bucket = bucket?.reader()?;
    if let Some(kind) = bucket.optional("type") {
        let known = |text: &str| match TYPES.iter().any(|one| one.eq_ignore_ascii_case(text)) {
            true => Ok(()),
            false => Err(format!("expected one of {}, found `{text}`", TYPES.join(", "))),
        };
        kind.parse(known);
    }
    bucket.optional("config");
    bucket.optional("prefix");
    bucket.finish();
    Some(())
}
