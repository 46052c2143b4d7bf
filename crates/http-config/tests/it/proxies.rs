//! HTTP and SOCKS proxies, and who goes past them.

use std::sync::{Arc, Mutex};

use http_config::{Client, Environment};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::server::{Server, chain, client, config, get};

/// A proxy that knows CONNECT and SOCKS5, sends everything to one port, and remembers the heads.
async fn tunnel(target: u16) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let remembered = heads.clone();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let heads = remembered.clone();
            tokio::spawn(async move {
                let head = if client_speaks_socks(&client).await {
                    socks(&mut client).await
                } else {
                    connect(&mut client).await
                };
                heads.lock().unwrap().push(head);
                let mut server = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (port, heads)
}

async fn client_speaks_socks(client: &TcpStream) -> bool {
    let mut first = [0];
    client.peek(&mut first).await.unwrap() == 1 && first == [5]
}

async fn connect(client: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    String::from_utf8(head).unwrap()
}

/// RFC 1928 and 1929, for a name and a password.
async fn socks(client: &mut TcpStream) -> String {
    client.read_u8().await.unwrap();
    text(client).await;
    client.write_all(&[5, 2]).await.unwrap();
    client.read_u8().await.unwrap();
    let (user, password) = (text(client).await, text(client).await);
    client.write_all(&[1, 0]).await.unwrap();
    client.read_exact(&mut [0; 4]).await.unwrap();
    let host = text(client).await;
    let port = client.read_u16().await.unwrap();
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
    format!("{user} {password} {host}:{port}")
}

async fn text(client: &mut TcpStream) -> String {
    let mut bytes = vec![0; client.read_u8().await.unwrap().into()];
    client.read_exact(&mut bytes).await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn plain_requests_are_passed_on_by_the_proxy() {
    let proxy = Server::ok().await;
    let url = format!("http://user:p%40ss@127.0.0.1:{}", proxy.port);
    let client = client(json!({"proxy_url": url, "proxy_connect_header": {"X-Connect": ["c"]}}));
    get(&client, "http://receiver.test/api?x=1").await.unwrap();
    let seen = proxy.last();
    assert_eq!(seen.uri, "http://receiver.test/api?x=1");
    assert_eq!(seen.header("host"), "receiver.test");
    assert_eq!(seen.header("proxy-authorization"), "Basic dXNlcjpwQHNz");
    assert_eq!(seen.header("x-connect"), "", "for CONNECT alone");
}

#[tokio::test]
async fn tls_goes_through_a_tunnel_with_its_headers() {
    // What answers is no TLS server: the handshake fails after the tunnel stands, which is enough here.
    let target = Server::ok().await;
    let (port, heads) = tunnel(target.port).await;
    let client = client(json!({
        "proxy_url": format!("http://user:pass@127.0.0.1:{port}"),
        "proxy_connect_header": {"X-Connect": ["one", "two"]},
    }));
    assert!(get(&client, "https://receiver.test/").await.is_err());
    let head = heads.lock().unwrap()[0].to_ascii_lowercase();
    assert!(head.starts_with("connect receiver.test:443 http/1.1\r\n"), "{head}");
    for line in ["proxy-authorization: basic dxnlcjpwyxnz", "x-connect: one", "x-connect: two"] {
        assert!(head.contains(line), "{head}");
    }
}

#[tokio::test]
async fn socks_gets_the_name_and_the_credentials() {
    let target = Server::ok().await;
    let (port, heads) = tunnel(target.port).await;
    let client = client(json!({"proxy_url": format!("socks5://user:pass@127.0.0.1:{port}")}));
    get(&client, "http://receiver.test:8080/x").await.unwrap();
    assert_eq!(heads.lock().unwrap().as_slice(), ["user pass receiver.test:8080"]);
    assert_eq!(target.last().uri, "/x");
}

async fn check(json: Value, environment: &Environment, by_proxy: &Server, expect: usize) {
    let target = Server::ok().await;
    let before = by_proxy.seen().len();
    let client = Client::new(&config(json.clone()), environment).unwrap();
    get(&client, &target.url("/")).await.unwrap();
    assert_eq!(by_proxy.seen().len() - before, expect, "{json}");
    assert_eq!(target.seen().len(), 1 - expect, "{json}");
}

#[tokio::test]
async fn who_goes_past_the_proxy() {
    let proxy = Server::ok().await;
    let url = proxy.url("");
    let none = Environment::empty();
    check(json!({}), &none, &proxy, 0).await;
    check(json!({"proxy_url": url}), &none, &proxy, 1).await;
    // As in Go: with a list, loopback addresses are always direct.
    check(json!({"proxy_url": url, "no_proxy": "a.test"}), &none, &proxy, 0).await;

    let set: Environment = [("HTTP_PROXY", url.as_str())].into_iter().collect();
    check(json!({}), &set, &proxy, 0).await;
    check(json!({"proxy_from_environment": true}), &set, &proxy, 0).await;

    let small: Environment =
        [("http_proxy", url.as_str()), ("no_proxy", ".direct.test")].into_iter().collect();
    let client = Client::new(&config(json!({"proxy_from_environment": true})), &small).unwrap();
    let before = proxy.seen().len();
    get(&client, "http://receiver.test/").await.unwrap();
    assert_eq!(proxy.seen().len(), before + 1);
    assert!(get(&client, "http://a.direct.test/").await.is_err(), "goes past the proxy, to nowhere");
    assert_eq!(proxy.seen().len(), before + 1);
}

#[tokio::test]
async fn a_wrong_proxy_in_the_environment_is_named_and_not_shown() {
    let set: Environment = [("HTTPS_PROXY", "gopher://user:hunter2@proxy")].into_iter().collect();
    let error = Client::new(&config(json!({"proxy_from_environment": true})), &set).unwrap_err();
    let text = chain(&error);
    assert!(text.starts_with("`HTTPS_PROXY`: expected a proxy") && !text.contains("hunter2"), "{text}");
    assert!(!format!("{set:?}").contains("hunter2"));
}
