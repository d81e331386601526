//! One helper sets the options of every socket, on both ends and for every contender: without TCP_NODELAY alone,
//! a naive poller's median went from 3 ms to 64 ms.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Connections that may wait to be accepted, as far as the system allows (`net.core.somaxconn`, 4,096 by default). With the usual 128, more
/// clients than that at once made the kernel drop the rest, and each of them tried again a second or more later: a storm of connections then
/// measured the kernel's patience.
const BACKLOG: u32 = 4_096;

/// Listens at `address`, ready for many at once; port 0 lets the system choose.
///
/// # Errors
/// The port is taken, or the address is not one of this machine.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As every server does: a port whose last connections have not quite ended may be taken again.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Sets the options that all our sockets share: TCP_NODELAY.
///
/// # Errors
/// The socket is no longer connected.
pub fn prepare(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)
}

/// Accepts the next connection, with options set. Waits out moments without descriptors instead of failing.
///
/// # Errors
/// The listener itself is broken.
pub async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                if prepare(&socket).is_ok() {
                    return Ok(socket);
                }
            }
            Err(error) if is_passing(&error) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            Err(error) => return Err(error),
        }
    }
}

/// Whether accepting may work again in a moment: the peer gave up, or descriptors or buffers ran out.
fn is_passing(error: &io::Error) -> bool {
    use nix::errno::Errno;
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted)
        || [Errno::EMFILE, Errno::ENFILE, Errno::ENOBUFS, Errno::ENOMEM].iter().any(|errno| error.raw_os_error() == Some(*errno as i32))
}
