use crate::three_digits;

/// Names of units of size, as they are compared (in capitals), with their bytes.
const UNITS: [(&str, u64); 14] = [
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
    ("KI", 1 << 10),
    ("MI", 1 << 20),
    ("GI", 1 << 30),
    ("TI", 1 << 40),
];

/// Bytes, with or without a unit, decimal or binary: `1024`, `64MiB`, `1.5 GB`, `4Gi` as Kubernetes writes it.
/// Case does not count. Nothing where the text is no size or does not fit.
pub fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text[digits.len()..].to_ascii_uppercase();
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let digits = digits.trim_end();
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !plain {
        return None;
    }
    if let Ok(whole) = digits.parse::<u64>() {
        return whole.checked_mul(*factor);
    }
    let part: f64 = digits.parse().ok().filter(|_| digits.contains('.'))?;
    let product = (part * *factor as f64).round();
    // Beyond it floats skip whole numbers; such a size is a typing error.
    (product < 9e15).then_some(product as u64)
}

/// A size as it can be read back exactly: in the largest binary unit that divides it.
pub fn exact_bytes(bytes: u64) -> String {
    let units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let fitting = units.iter().find(|(_, shift)| bytes >= 1 << shift && bytes.is_multiple_of(1 << shift));
    match fitting {
        Some((unit, shift)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}

/// A size with three digits and the binary unit that fits: `1.5MiB`.
pub fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, next);
    }
    format!("{}{unit}", three_digits(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_units() {
        let check = |text: &str, expect: Option<u64>| assert_eq!(parse_bytes(text), expect, "{text}");
        check("0", Some(0));
        check("1024", Some(1024));
        check("64MiB", Some(64 << 20));
        check("64mib", Some(64 << 20));
        check("4Gi", Some(4 << 30));
        check("1.5 GB", Some(1_500_000_000));
        check("1.5KiB", Some(1536));
        check(" 2B ", Some(2));
        for text in
            ["", "B", "-1", "1e3", "1.5.5", "1 XB", "99999999999999999999", "20000000TiB", "inf", ".", "1M"]
        {
            check(text, None);
        }
    }

    #[test]
    fn sizes_are_shown_exactly_or_short() {
        assert_eq!([exact_bytes(1 << 30), exact_bytes(1500), exact_bytes(0)], ["1GiB", "1500", "0"]);
        assert_eq!(
            [bytes(0), bytes(1023), bytes(1536), bytes(10 << 30)],
            ["0B", "1023B", "1.50KiB", "10GiB"]
        );
    }

    proptest::proptest! {
        #[test]
        fn exact_sizes_are_read_back(size in 0_u64..1 << 50) {
            proptest::prop_assert_eq!(parse_bytes(&exact_bytes(size)), Some(size));
        }
    }
}
