//! `multipart/form-data` that is in memory already.

use bytes::Bytes;

use crate::ApiError;

/// A part with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) content: Bytes,
}

/// More parts than any client sends.
const MOST_PARTS: usize = 32;

/// The boundary that a content type names, if it is a form's.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters.split(';').find_map(|parameter| value(parameter, "boundary"))?;
    (!boundary.is_empty() && boundary.len() <= 200).then_some(boundary)
}

/// The parts of a body.
pub(crate) fn parts(body: &Bytes, boundary: &str) -> Result<Vec<Part>, ApiError> {
    let cut_off =
        || ApiError::invalid("expected parts of a form with its boundary around each, found none or too few");
    let first = format!("--{boundary}");
    let mut at = find(body, 0, first.as_bytes()).ok_or_else(cut_off)? + first.len();
    let between = format!("\r\n--{boundary}");
    let mut parts = Vec::new();
    while !body[at..].starts_with(b"--") {
        if parts.len() == MOST_PARTS {
            return Err(ApiError::invalid(format!("expected at most {MOST_PARTS} parts of a form")));
        }
        // The end of the line of the boundary belongs to it.
        let head_end = find(body, at, b"\r\n\r\n").ok_or_else(cut_off)?;
        let content = head_end + 4;
        // Without content, the end of the head is also what stands before the boundary.
        let end = find(body, content.saturating_sub(2), between.as_bytes()).ok_or_else(cut_off)?;
        let name = name(&body[at..head_end]).unwrap_or_default();
        parts.push(Part { name, content: body.slice(content.min(end)..end) });
        at = end + between.len();
    }
    Ok(parts)
}

fn name(head: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    let disposition = head.lines().find_map(|line| {
        let (name, rest) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(rest)
    })?;
    disposition.split(';').find_map(|parameter| value(parameter, "name"))
}

/// The value of `name=value` or `name="value"`.
fn value(parameter: &str, name: &str) -> Option<String> {
    let (found, value) = parameter.split_once('=')?;
    found.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
}

fn find(body: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    let rest = body.get(from..)?;
    rest.windows(what.len()).position(|window| window == what).map(|at| from + at)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_names_and_contents() {
        let body = Bytes::from_static(
            b"preamble\r\n--xx\r\nContent-Disposition: form-data; name=\"profile\"; filename=\"p\"\r\nContent-Type: a/b\r\n\r\n\x1f\x8b\r\n--x\r\n\r\n--xx\r\ncontent-disposition: form-data; name=config\r\n\r\n\r\n--xx--\r\n",
        );
        let found = parts(&body, "xx").unwrap();
        let shown: Vec<(&str, &[u8])> =
            found.iter().map(|part| (part.name.as_str(), &part.content[..])).collect();
        assert_eq!(shown, [("profile", b"\x1f\x8b\r\n--x\r\n".as_slice()), ("config", b"")]);
    }

    #[test]
    fn boundaries_are_quoted_or_not() {
        let check =
            |text: &str, expect: Option<&str>| assert_eq!(boundary(text).as_deref(), expect, "{text}");
        check("multipart/form-data; boundary=abc", Some("abc"));
        check("Multipart/Form-Data; charset=x; Boundary=\"a b\"", Some("a b"));
        check("multipart/mixed; boundary=abc", None);
        check("multipart/form-data", None);
        check("application/octet-stream", None);
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_parts_or_an_error(body in proptest::collection::vec(proptest::sample::select(b"-x\r\n:=\"a;".to_vec()), 0..200)) {
            let _ = parts(&Bytes::from(body), "x");
        }
    }
}
