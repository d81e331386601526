//! What the kernel says of a TCP connection: bytes and segments, from `getsockopt(TCP_INFO)`.
//!
//! The layout is that of `struct tcp_info` in `linux/tcp.h`, which only grows at its end; an older kernel fills less of it,
//! and a field that it does not have is then no figure at all. One reading takes less than a microsecond.
//!
//! Bytes on an Ethernet are made of it: headers of Ethernet (14), IP (20, or 40 for IPv6) and TCP (20, and 12
//! for timestamps, RFC 7323) for each segment, acknowledgements included. The link's own preamble, checksum and gap are left out.

use std::os::fd::AsRawFd as _;

use tokio::net::TcpStream;

/// Bytes of an Ethernet header.
const ETHERNET: u64 = 14;
/// Bit of `tcpi_options`: both ends send timestamps.
const TIMESTAMPS: u8 = 1;
/// States in which the peer has said that it sends no more: its FIN counts as a received byte.
const PEER_HAS_ENDED: [u8; 4] = [CLOSE, CLOSE_WAIT, LAST_ACK, CLOSING];
const ESTABLISHED: u8 = 1;
const FIN_WAIT_1: u8 = 4;
const FIN_WAIT_2: u8 = 5;
const CLOSE: u8 = 7;
const CLOSE_WAIT: u8 = 8;
const LAST_ACK: u8 = 9;
const CLOSING: u8 = 11;

/// The beginning of the kernel's record, as far as it is used here; offsets from `linux/tcp.h`.
const LENGTH: usize = 208;
const STATE: usize = 0;
const OPTIONS: usize = 5;
const BYTES_RECEIVED: usize = 128;
const SEGMENTS_OUT: usize = 136;
const SEGMENTS_IN: usize = 140;
/// Since Linux 4.19; retransmitted bytes are in it.
const BYTES_SENT: usize = 200;

/// What has crossed one connection so far, at the accepting end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wire {
    /// Segments that came in.
    pub segments_in: u64,
    /// Segments that were sent, retransmitted ones included.
    pub segments_out: u64,
    /// Their bytes, headers included.
    pub bytes_in: u64,
    /// Their bytes, headers included.
    pub bytes_out: u64,
    state: u8,
    /// Headers of one segment without options of its own.
    header: u64,
}

/// Reads an accepted connection's counters. `None` where the kernel is older than 4.19, or the socket is no TCP connection.
pub fn read(socket: &TcpStream) -> Option<Wire> {
    let version_6 = socket.local_addr().is_ok_and(|address| address.is_ipv6());
    raw(socket.as_raw_fd()).map(|record| of_record(&record, version_6))
}

/// As [`read`], of a descriptor that is known to be open, and whose family is known.
pub(super) fn read_descriptor(descriptor: std::os::fd::RawFd, version_6: bool) -> Option<Wire> {
    raw(descriptor).map(|record| of_record(&record, version_6))
}

fn raw(descriptor: std::os::fd::RawFd) -> Option<[u8; LENGTH]> {
    let mut record = [0_u8; LENGTH];
    let mut length = LENGTH as libc::socklen_t;
    #[expect(unsafe_code, reason = "nix has no safe form of TCP_INFO; the kernel writes at most `length` bytes into a buffer of that length")]
    let result = unsafe { libc::getsockopt(descriptor, libc::IPPROTO_TCP, libc::TCP_INFO, record.as_mut_ptr().cast(), &raw mut length) };
    (result == 0 && length as usize == LENGTH).then_some(record)
}

/// The accepting end does not count the SYN+ACK that was sent before there was a connection: it is added. SYN segments have
/// options that others have not.
fn of_record(record: &[u8; LENGTH], version_6: bool) -> Wire {
    let word = |at: usize| u64::from(u32::from_ne_bytes(std::array::from_fn(|place| record[at + place])));
    let long = |at: usize| u64::from_ne_bytes(std::array::from_fn(|place| record[at + place]));
    let timestamps = record[OPTIONS] & TIMESTAMPS != 0;
    let header = ETHERNET + if version_6 { 40 } else { 20 } + if timestamps { 32 } else { 20 };
    // Largest segment (4), SACK permitted (2), window scale (3), padding; with timestamps (10) there is less to pad.
    let more_of_a_syn = if timestamps { 8 } else { 12 };
    let state = record[STATE];
    let (segments_in, segments_out) = (word(SEGMENTS_IN), word(SEGMENTS_OUT) + 1);
    let received = long(BYTES_RECEIVED) - u64::from(PEER_HAS_ENDED.contains(&state) && long(BYTES_RECEIVED) > 0);
    Wire {
        segments_in,
        segments_out,
        bytes_in: received + segments_in * header + more_of_a_syn,
        bytes_out: long(BYTES_SENT) + segments_out * header + more_of_a_syn,
        state,
        header,
    }
}

impl Wire {
    /// With the segments that are still to come once the socket is closed, which nobody can count any more: FIN and ACK both ways,
    /// as far as they have not crossed yet. Off by one segment each way at most, where the peer acknowledges first and ends
    /// later, or a reset ends the connection.
    pub fn with_goodbye(self) -> Self {
        let (more_in, more_out) = match self.state {
            // Our FIN, their FIN with the ACK of ours, our ACK.
            ESTABLISHED => (1, 2),
            // Their FIN, our ACK; or our FIN, their ACK.
            FIN_WAIT_1 | FIN_WAIT_2 | CLOSE_WAIT => (1, 1),
            _ => (0, 0),
        };
        Self {
            segments_in: self.segments_in + more_in,
            segments_out: self.segments_out + more_out,
            bytes_in: self.bytes_in + more_in * self.header,
            bytes_out: self.bytes_out + more_out * self.header,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    fn record(state: u8, options: u8, received: u64, sent: u64, segments: (u32, u32)) -> [u8; LENGTH] {
        let mut record = [0; LENGTH];
        record[STATE] = state;
        record[OPTIONS] = options;
        record[BYTES_RECEIVED..BYTES_RECEIVED + 8].copy_from_slice(&received.to_ne_bytes());
        record[BYTES_SENT..BYTES_SENT + 8].copy_from_slice(&sent.to_ne_bytes());
        record[SEGMENTS_IN..SEGMENTS_IN + 4].copy_from_slice(&segments.0.to_ne_bytes());
        record[SEGMENTS_OUT..SEGMENTS_OUT + 4].copy_from_slice(&segments.1.to_ne_bytes());
        record
    }

    #[test]
    fn headers_are_those_of_the_rfcs() {
        // SYN, ACK, request in; response out, and the SYN+ACK that the kernel does not count.
        let wire = of_record(&record(ESTABLISHED, TIMESTAMPS, 100, 1_000, (3, 1)), false);
        assert_eq!((wire.segments_in, wire.bytes_in), (3, 74 + 66 + 66 + 100));
        assert_eq!((wire.segments_out, wire.bytes_out), (2, 74 + 66 + 1_000));
        let wire = of_record(&record(ESTABLISHED, 0, 100, 1_000, (3, 1)), true);
        assert_eq!(wire.bytes_in, 86 + 74 + 74 + 100, "no timestamps, IPv6");
        let ended = of_record(&record(CLOSE_WAIT, TIMESTAMPS, 101, 1_000, (4, 1)), false);
        assert_eq!(ended.bytes_in, 74 + 3 * 66 + 100, "a FIN is no byte");
        let goodbye = ended.with_goodbye();
        assert_eq!((goodbye.bytes_in - ended.bytes_in, goodbye.bytes_out - ended.bytes_out), (66, 66));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn the_kernel_counts_what_crosses() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        client.write_all(&[b'x'; 100]).await.unwrap();
        server.read_exact(&mut [0; 100]).await.unwrap();
        server.write_all(&[b'y'; 1_000]).await.unwrap();
        client.read_exact(&mut [0; 1_000]).await.unwrap();
        let wire = read(&server).unwrap();
        let header = wire.header;
        assert_eq!(wire.bytes_in - wire.segments_in * header, 100 + if header == 66 { 8 } else { 12 });
        assert_eq!(wire.bytes_out - wire.segments_out * header, 1_000 + if header == 66 { 8 } else { 12 });
        assert!(wire.segments_in >= 3 && wire.segments_out >= 2, "{wire:?}");
        drop(client);
        server.readable().await.unwrap();
        assert_eq!(read(&server).unwrap().state, CLOSE_WAIT);
        assert_eq!(read(&server).unwrap().bytes_in % header, (wire.bytes_in % header), "a FIN is a segment without bytes");
    }
}
