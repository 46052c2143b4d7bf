//! Names that differ with each start of a program, made one: as Pyroscope's parser does, so that profiles of two
//! processes can be added up.

use std::borrow::Cow;

/// The name of a class or a library that stands for all that were generated like it.
pub(super) fn merged(name: Cow<'_, str>) -> Cow<'_, str> {
    let merged = accessor(&name).or_else(|| lambda(&name)).or_else(|| library(&name));
    merged.map_or(name, Cow::Owned)
}

/// `jdk/internal/reflect/GeneratedMethodAccessor31`.
fn accessor(name: &str) -> Option<String> {
    let start = "jdk/internal/reflect/GeneratedMethodAccessor";
    let rest = name.strip_prefix(start)?;
    is_number(rest).then(|| format!("{start}_"))
}

/// `Main$$Lambda$4/1283928880`, `Main$$Lambda.0x00007ffa600c4da0` and, in recordings of a JDK's own,
/// `Main$$Lambda$88+0x00007f3dd0008000/728258269`.
fn lambda(name: &str) -> Option<String> {
    let (class, rest) = name.rsplit_once("$$Lambda")?;
    let is_generated = |c: char| c.is_ascii_hexdigit() || matches!(c, '$' | '.' | '/' | '+' | 'x');
    let is_told_apart = !class.is_empty() && rest.contains(|c: char| c.is_ascii_digit());
    (is_told_apart && rest.chars().all(is_generated)).then(|| format!("{class}$$Lambda_"))
}

/// Libraries that programs unpack into a new file with each start.
fn library(name: &str) -> Option<String> {
    let name = name.strip_suffix(" (deleted)").unwrap_or(name);
    let path = name.strip_prefix('.').unwrap_or(name);
    let name = path.strip_prefix("/tmp/").unwrap_or(name).strip_suffix(".so")?;
    let is = |found: Option<bool>| found.unwrap_or(false);
    match () {
        () if is(name.strip_prefix("libzstd-jni-").map(is_version_and_number)) => {
            Some("libzstd-jni-_.so".to_owned())
        }
        () if is(corretto(name)) => Some("libamazonCorrettoCryptoProvider_.so".to_owned()),
        () if is(name.strip_prefix("libasyncProfiler-").map(is_build)) => {
            Some("libasyncProfiler-_.so".to_owned())
        }
        () => None,
    }
}

/// `1.5.1-16931311898282279136`.
fn is_version_and_number(text: &str) -> bool {
    let Some((version, number)) = text.split_once('-') else { return false };
    let parts: Vec<&str> = version.split('.').collect();
    parts.len() == 3 && parts.into_iter().all(is_number) && is_number(number)
}

/// `libamazonCorrettoCryptoProvider109b39cf33c563eb` or
/// `amazonCorrettoCryptoProviderNativeLibraries.7382c2f79097f415/libcrypto`.
fn corretto(name: &str) -> Option<bool> {
    let rest = name.strip_prefix("lib").unwrap_or(name).strip_prefix("amazonCorrettoCryptoProvider")?;
    let rest = rest.strip_prefix("NativeLibraries.").unwrap_or(rest);
    let (hash, file) = rest.split_once('/').unwrap_or((rest, "libcrypto"));
    let is_hash = hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some(is_hash && ["libcrypto", "libamazonCorrettoCryptoProvider"].contains(&file))
}

/// `linux-x64-17b9a1d8156277a98ccc871afa9a8f69215f92` or `2888653844193502940`.
fn is_build(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expect: &str) {
        assert_eq!(merged(Cow::Borrowed(name)), expect, "{name}");
    }

    #[test]
    fn generated_classes_have_one_name() {
        check("a/Enclosing$$Lambda$4/1283928880", "a/Enclosing$$Lambda_");
        check("a/Enclosing$$Lambda$8/0x0000000800c01220", "a/Enclosing$$Lambda_");
        check("Fib$$Lambda.0x00007ffa600c4da0", "Fib$$Lambda_");
        check("Fib$$Lambda$669.0x0000000800fd7318", "Fib$$Lambda_");
        check("Fib$$Lambda14", "Fib$$Lambda_");
        check("Fib$$Lambda$88+0x00007f3dd0008000/728258269", "Fib$$Lambda_");
        check(
            "jdk/internal/reflect/GeneratedMethodAccessor31",
            "jdk/internal/reflect/GeneratedMethodAccessor_",
        );
        for kept in [
            "java/util/concurrent/Executors$RunnableAdapter",
            "jdk/internal/reflect/GeneratedMethodAccessor",
            "jdk/internal/reflect/GeneratedMethodAccessor3a",
            "Fib$$Lambda",
            "Fib$$Lambda$run",
            "$$Lambda$1/2",
            "",
        ] {
            check(kept, kept);
        }
    }

    #[test]
    fn unpacked_libraries_have_one_name() {
        let profiler = "libasyncProfiler-_.so";
        let corretto = "libamazonCorrettoCryptoProvider_.so";
        for (name, expect) in [
            ("libasyncProfiler-linux-arm64-17b9a1d8156277a98ccc871afa9a8f69215f92.so", profiler),
            ("libasyncProfiler-2888653844193502940.so", profiler),
            ("libamazonCorrettoCryptoProvider109b39cf33c563eb.so", corretto),
            ("amazonCorrettoCryptoProviderNativeLibraries.7382c2f79097f415/libcrypto.so", corretto),
            (
                "amazonCorrettoCryptoProviderNativeLibraries.24e42b0d5ecf5f50/libamazonCorrettoCryptoProvider.so",
                corretto,
            ),
            ("libzstd-jni-1.5.1-16931311898282279136.so", "libzstd-jni-_.so"),
        ] {
            check(name, expect);
            check(&format!("{name} (deleted)"), expect);
            check(&format!("/tmp/{name} (deleted)"), expect);
            check(&format!("./tmp/{name}"), expect);
        }
        for kept in [
            "libc.so.6",
            "libzstd-jni-1.5-7.so",
            "libjvm.so",
            "libamazonCorrettoCryptoProvider1.so",
            "/tmp/x.so",
        ] {
            check(kept, kept);
        }
    }
}
