use std::io::{Read, Write};
use std::net::TcpListener;

/// Answers every request with these bytes until the test ends; its `host:port`. What is scraped has no more to do.
///
/// # Panics
/// No port is free.
pub fn target(body: impl Into<Vec<u8>>) -> String {
    let body = body.into();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound").to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&body);
        }
    });
    address
}
