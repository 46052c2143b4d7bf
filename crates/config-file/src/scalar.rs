//! What texts mean where something other than a text is wanted.

/// YAML 1.1's words, in the three usual cases.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    const YES: [&str; 4] = ["true", "yes", "on", "y"];
    const NO: [&str; 4] = ["false", "no", "off", "n"];
    let lower = text.to_ascii_lowercase();
    let capitalised = text.get(1..).is_some_and(|rest| rest == &lower[1..]);
    let usual = text == lower || capitalised || text == text.to_ascii_uppercase();
    match lower.as_str() {
        word if usual && YES.contains(&word) => Some(true),
        word if usual && NO.contains(&word) => Some(false),
        _ => None,
    }
}

/// Decimal digits.
pub(crate) fn integer(text: &str) -> Option<i128> {
    text.parse().ok()
}

/// A decimal number; YAML's `.inf` and `.nan` are none that anybody wants.
pub(crate) fn float(text: &str) -> Option<f64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse::<f64>().ok().filter(|number| digits && number.is_finite())
}

/// Bytes, with or without a unit: `1024`, `64MiB`, `1.5 GB`.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    words::parse_bytes(text)
}

/// A size as people read it: in the largest unit that divides it.
pub(crate) fn print_bytes(bytes: u64) -> String {
    words::exact_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_of_yaml_1_1() {
        let check = |text: &str, expect| assert_eq!(boolean(text), expect, "{text}");
        for text in ["true", "True", "TRUE", "yes", "Yes", "on", "ON", "y", "Y"] {
            check(text, Some(true));
        }
        for text in ["false", "no", "No", "NO", "off", "Off", "n"] {
            check(text, Some(false));
        }
        for text in ["", "tRue", "1", "0", "t", "é", "nope", "oN"] {
            check(text, None);
        }
    }

    #[test]
    fn sizes_with_units() {
        let check = |text: &str, expect| assert_eq!(bytes(text), expect, "{text}");
        check("0", Some(0));
        check("1024", Some(1024));
        check("64MiB", Some(64 << 20));
        check("64 mib", Some(64 << 20));
        check("10kB", Some(10_000));
        check("1.5GB", Some(1_500_000_000));
        for text in ["", "MiB", "-1", "1.5.5MB", "1 2", "5 parsecs", "99999999999TiB", "1e3", "1M", "é"] {
            check(text, None);
        }
        for size in [0, 1, 1023, 1024, 5 << 20, (5 << 20) + 1, 1 << 40] {
            check(&print_bytes(size), Some(size));
        }
    }

    #[test]
    fn decimal_numbers() {
        let check = |text: &str, expect| assert_eq!(float(text), expect, "{text}");
        check("0.25", Some(0.25));
        check("-1", Some(-1.0));
        check("1e-3", Some(0.001));
        for text in ["", "inf", "nan", ".inf", "1e999", "0x1", "1,5"] {
            check(text, None);
        }
    }
}
