//! A way to a store that fails as networks do.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

/// What happens to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mode {
    /// Connections work.
    Good,
    /// Nobody is there.
    Away,
    /// The store gets all, and its answer is lost.
    Reset,
    /// Answers come after the client has given up.
    Late,
}

/// Longer than the time that the tests' clients wait for an answer.
const LATE: Duration = Duration::from_millis(1500);

/// A proxy in front of a store.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    mode: Arc<AtomicU8>,
    /// How often a fault struck.
    faults: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) fn start(store: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (mode, faults) = (Arc::new(AtomicU8::new(Mode::Good as u8)), Arc::new(AtomicUsize::new(0)));
        let proxy = Self { address, mode: Arc::clone(&mode), faults: Arc::clone(&faults) };
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (mode, faults) = (Arc::clone(&mode), Arc::clone(&faults));
                std::thread::spawn(move || pass(client, store, &mode, &faults));
            }
        });
        proxy
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.faults.store(0, Ordering::SeqCst);
        self.mode.store(mode as u8, Ordering::SeqCst);
    }

    pub(crate) fn faults(&self) -> usize {
        self.faults.load(Ordering::SeqCst)
    }
}

fn pass(client: TcpStream, store: SocketAddr, mode: &AtomicU8, faults: &AtomicUsize) {
    let is = |one: Mode| mode.load(Ordering::SeqCst) == one as u8;
    if is(Mode::Away) {
        faults.fetch_add(1, Ordering::SeqCst);
        return;
    }
    let Ok(server) = TcpStream::connect(store) else { return };
    let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || {
        let (mut from, mut to) = (from, to);
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let (mut client, mut server) = (client, server);
    let mut answer = [0; 16 << 10];
    while let Ok(read @ 1..) = server.read(&mut answer) {
        if is(Mode::Reset) || is(Mode::Away) {
            faults.fetch_add(1, Ordering::SeqCst);
            let _ = client.shutdown(Shutdown::Both);
            return;
        }
        if is(Mode::Late) {
            faults.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(LATE);
        }
        if client.write_all(&answer[..read]).is_err() {
            return;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}
