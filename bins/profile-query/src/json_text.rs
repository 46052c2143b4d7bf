//! JSON as it came, indented: keys stay in the server's order and numbers as they are.

/// The text with a line for each entry, or nothing if it is no JSON.
pub(crate) fn indented(text: &[u8]) -> Option<Vec<u8>> {
    serde_json::from_slice::<serde::de::IgnoredAny>(text).ok()?;
    let mut out = Vec::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if in_string {
            out.push(byte);
            in_string = escaped || byte != b'"';
            escaped = byte == b'\\' && !escaped;
            continue;
        }
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b'"' => {
                in_string = true;
                out.push(byte);
            }
            b'{' | b'[' => {
                out.push(byte);
                while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
                if let Some(close) = bytes.next_if(|next| matches!(next, b'}' | b']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                new_line(&mut out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            other => out.push(other),
        }
    }
    out.push(b'\n');
    Some(out)
}

fn new_line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', 2 * depth));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn order_and_numbers_stay() {
        let check = |text: &str, expect: &str| {
            let found = indented(text.as_bytes()).map(|text| String::from_utf8(text).unwrap());
            assert_eq!(found.as_deref(), (!expect.is_empty()).then_some(expect), "{text}");
        };
        check(
            r#"{"b":"x{\"y\\","a":[1.10,{}, [ ] ,12345678901234567890]}"#,
            "{\n  \"b\": \"x{\\\"y\\\\\",\n  \"a\": [\n    1.10,\n    {},\n    [],\n    12345678901234567890\n  ]\n}\n",
        );
        check("{}", "{}\n");
        check("\"a\"", "\"a\"\n");
        check("{} x", "");
        check("<html>", "");
    }
}
