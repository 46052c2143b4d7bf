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
    const UNITS: [(&str, u64); 10] = [
        ("", 1),
        ("B", 1),
        ("KB", 1000),
        ("MB", 1000_u64.pow(2)),
        ("GB", 1000_u64.pow(3)),
        ("TB", 1000_u64.pow(4)),
        ("KIB", 1 << 10),
        ("MIB", 1 << 20),
        ("GIB", 1 << 30),
        ("TIB", 1 << 40),
    ];
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text[digits.len()..].to_ascii_uppercase();
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let digits = digits.trim_end();
    if let Ok(whole) = digits.parse::<u64>() {
        return whole.checked_mul(*factor);
    }
    let part = float(digits).filter(|number| *number >= 0.0 && digits.contains('.'))?;
    let product = (part * *factor as f64).round();
    // Beyond it floats skip whole numbers; such a size is a typing error.
    (product < 9e15).then_some(product as u64)
}

/// A size as people read it: in the largest unit that divides it.
pub(crate) fn print_bytes(bytes: u64) -> String {
    let units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let fitting = units.iter().find(|(_, shift)| bytes >= 1 << shift && bytes.is_multiple_of(1 << shift));
    match fitting {
        Some((unit, shift)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
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
