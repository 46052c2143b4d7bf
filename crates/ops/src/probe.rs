//! What a health check runs in a container that has no shell and no curl.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);
/// Reasons are short; what listens there may be anything.
const MOST_BYTES: u64 = 4096;

/// Why a daemon is not ready.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// Nothing answers.
    #[error("expected an answer of http://{address}{path}")]
    Unreachable {
        /// Where it was looked for.
        address: String,
        /// What was asked for.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// Something answers that it is not ready, or not in HTTP.
    #[error("expected HTTP 200 of http://{address}{path}, found `{found}`")]
    NotReady {
        /// Where it was asked.
        address: String,
        /// What was asked for.
        path: String,
        /// The status line and the first line of the answer, safe to show.
        found: String,
    },
}

/// Asks a daemon on this machine whether it is ready: `GET path` at the address that it was told to listen on, where
/// `:7070` and `0.0.0.0:7070` are asked at `localhost:7070`. Blocks for at most some seconds. Speaks plain HTTP only.
///
/// # Errors
/// Anything but status 200 within five seconds.
pub fn probe(listen_address: &str, path: &str) -> Result<(), ProbeError> {
    let address = local(listen_address);
    let answer = ask(&address, path).map_err(|source| ProbeError::Unreachable {
        address: address.clone(),
        path: path.to_owned(),
        source,
    })?;
    let status = answer.lines().next().unwrap_or_default();
    if status.starts_with("HTTP/1.") && status.split(' ').nth(1) == Some("200") {
        return Ok(());
    }
    let body = answer.split("\r\n\r\n").nth(1).and_then(|body| body.lines().next()).unwrap_or_default();
    let found = words::safe(format!("{status} {body}").trim()).to_string();
    Err(ProbeError::NotReady { address, path: path.to_owned(), found })
}

fn ask(address: &str, path: &str) -> io::Result<String> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "no such address");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return answer(stream, path),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn answer(mut stream: TcpStream, path: &str) -> io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut bytes = Vec::new();
    let mut lines = BufReader::new(stream).take(MOST_BYTES);
    // Each line has the time that the whole may take at most once, and the size is bounded.
    while lines.read_until(b'\n', &mut bytes)? > 0 {}
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The address at which the same machine reaches what listens on `listen_address`.
fn local(listen_address: &str) -> String {
    match listen_address.rsplit_once(':') {
        Some(("" | "0.0.0.0" | "[::]", port)) => format!("localhost:{port}"),
        _ => listen_address.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// The probe's words about a server that answers so.
    fn probed(answer: &'static [u8]) -> Result<(), String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = BufReader::new(stream.try_clone().unwrap()).lines();
            assert_eq!(request.next().unwrap().unwrap(), "GET /readyz HTTP/1.1");
            while !request.next().unwrap().unwrap().is_empty() {}
            stream.write_all(answer).unwrap();
        });
        let result = probe(&address, "/readyz").map_err(|error| error.to_string().replace(&address, "A"));
        server.join().unwrap();
        result
    }

    #[test]
    fn only_200_is_ready() {
        let check = |answer, expect: &str| {
            let error = probed(answer).unwrap_err();
            assert_eq!(error, format!("expected HTTP 200 of http://A/readyz, found `{expect}`"));
        };
        assert_eq!(probed(b"HTTP/1.1 200 OK\r\n\r\nready\n"), Ok(()));
        check(
            b"HTTP/1.1 503 Service Unavailable\r\na: b\r\n\r\nnot ready: Parca away\nmore",
            "HTTP/1.1 503 Service Unavailable not ready: Parca away",
        );
        check(b"220 mail 200 ready\r\n", "220 mail 200 ready");
        check(b"", "");
    }

    #[test]
    fn nobody_there_is_named() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let error = probe(&address, "/-/ready").unwrap_err();
        assert_eq!(error.to_string(), format!("expected an answer of http://{address}/-/ready"));
    }

    #[test]
    fn every_interface_is_asked_at_this_machine() {
        let check = |listen: &str, expect: &str| assert_eq!(local(listen), expect);
        check(":7070", "localhost:7070");
        check("0.0.0.0:7070", "localhost:7070");
        check("[::]:7070", "localhost:7070");
        check("127.0.0.1:7070", "127.0.0.1:7070");
        check("[::1]:7070", "[::1]:7070");
    }
}
