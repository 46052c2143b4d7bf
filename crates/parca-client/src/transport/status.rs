use http::HeaderMap;

use crate::{Code, Error};

/// The outcome that trailers or trailers-only headers report; nothing if they do not say.
pub(crate) fn of_headers(headers: &HeaderMap) -> Option<Result<(), Error>> {
    let status = headers.get("grpc-status")?.as_bytes();
    Some(outcome(status, headers.get("grpc-message").map_or(&[][..], |value| value.as_bytes())))
}

/// The outcome that gRPC-Web's trailer frame reports: lines of `name: value`.
pub(crate) fn of_trailer_block(block: &[u8]) -> Option<Result<(), Error>> {
    let (mut status, mut message) = (None, &[][..]);
    for line in block.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"grpc-status") {
            status = Some(value);
        } else if name.eq_ignore_ascii_case(b"grpc-message") {
            message = value;
        }
    }
    Some(outcome(status?, message))
}

fn outcome(status: &[u8], message: &[u8]) -> Result<(), Error> {
    match Code::of_grpc_status(status) {
        Some(Code::Ok) => Ok(()),
        Some(code) => Err(Error::new(code, percent_decoded(message))),
        None => {
            let found = String::from_utf8_lossy(status);
            Err(Error::new(Code::Internal, format!("expected a number as grpc-status, found `{found}`")))
        }
    }
}

/// The text of a `grpc-message`: `%XX` is a byte, anything that is not a full escape stands for itself.
fn percent_decoded(message: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(message.len());
    let mut rest = message;
    while let Some((&first, tail)) = rest.split_first() {
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(hex(*high) << 4 | hex(*low));
                rest = after;
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_are_percent_decoded() {
        let check = |wire: &str, expect: &str| assert_eq!(percent_decoded(wire.as_bytes()), expect);
        check("", "");
        check("plain", "plain");
        check("a%20b%0A", "a b\n");
        check("%C3%A9", "é");
        check("100%", "100%");
        check("%4", "%4");
        check("%zz%41", "%zzA");
        check("%ff", "\u{fffd}");
        check("%+1", "%+1");
    }

    #[test]
    fn trailer_blocks() {
        let check = |block: &str, expect: Option<Result<(), (Code, &str)>>| {
            let found = of_trailer_block(block.as_bytes());
            let found = found.as_ref().map(|r| r.as_ref().map_err(|e| (e.code(), e.message())));
            assert_eq!(found, expect.as_ref().map(|r| r.as_ref().map_err(|e| *e)), "{block:?}");
        };
        check("grpc-status: 0\r\n", Some(Ok(())));
        check("Grpc-Status:5\r\nGrpc-Message:no%20data\r\nx: y\r\n", Some(Err((Code::NotFound, "no data"))));
        check("grpc-message: a:b\r\ngrpc-status: 3", Some(Err((Code::InvalidArgument, "a:b"))));
        check(
            "grpc-status: x\r\n",
            Some(Err((Code::Internal, "expected a number as grpc-status, found `x`"))),
        );
        check("", None);
        check("\r\n\r\n:", None);
        check("grpc-message: a", None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(block in prop::collection::vec(any::<u8>(), 0..60)) {
            of_trailer_block(&block);
            percent_decoded(&block);
        }
    }
}
