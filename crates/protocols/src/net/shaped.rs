//! A connection over a network that is slower than ours. A task of its own carries bytes between the user and the socket, each
//! when it is due (`lane.rs`); connections without such a network know nothing of it.
//!
//! What is written counts as sent when the task has it, as it does when a socket's buffer has it.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use plimsoll_model::dial::NetworkConditions;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use super::lane::Lane;

/// Bytes between the user and the task, as in a socket's buffer.
const BUFFER_BYTES: usize = 64 * 1024;

/// Bytes under way in one direction; more wait with whoever sends them.
const UNDER_WAY_BYTES_MAX: usize = 1024 * 1024;

/// Carried at once.
const PIECE_BYTES: usize = 16 * 1024;

/// The user's end.
pub(crate) struct Shaped {
    near: DuplexStream,
    /// Why the socket was lost: without it a reset would look like an end.
    lost: Arc<OnceLock<(io::ErrorKind, String)>>,
    task: AbortHandle,
}

impl Shaped {
    /// Puts a network in front of a socket. `number` tells its chances from those of other connections.
    pub(crate) fn new(tcp: TcpStream, conditions: NetworkConditions, number: u64) -> Self {
        let (near, far) = duplex(BUFFER_BYTES);
        let lost = Arc::<OnceLock<_>>::default();
        let lanes = [0, 1].map(|direction| Lane::new(conditions, number * 2 + direction));
        let task = tokio::spawn(between(far, tcp, lanes, lost.clone())).abort_handle();
        Self { near, lost, task }
    }

    fn reason(&self) -> Option<io::Error> {
        self.lost.get().map(|(kind, why)| io::Error::new(*kind, why.clone()))
    }
}

impl Drop for Shaped {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn between(
    far: DuplexStream,
    tcp: TcpStream,
    [there, back]: [Lane; 2],
    lost: Arc<OnceLock<(io::ErrorKind, String)>>,
) {
    let (mut from_user, mut to_user) = tokio::io::split(far);
    let (mut from_target, mut to_target) = tcp.into_split();
    let note = |ended: io::Result<()>| {
        if let Err(error) = ended {
            // Whatever came first is the reason.
            let _known = lost.set((error.kind(), error.to_string()));
        }
    };
    let up = async { note(carry(&mut from_user, &mut to_target, there).await) };
    let down = async {
        note(carry(&mut from_target, &mut to_user, back).await);
        // The user learns of the end; how long it goes on sending is its own affair.
        pending::<()>().await;
    };
    tokio::select! { () = up => {}, () = down => {} }
}

/// Carries bytes until there are no more, each when it is due.
async fn carry(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mut lane: Lane,
) -> io::Result<()> {
    let began = Instant::now();
    let mut buffer = vec![0; PIECE_BYTES];
    let mut under_way: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
    let (mut bytes, mut ended) = (0, None);
    loop {
        let next = under_way.front().map(|(due, _)| *due);
        tokio::select! {
            () = async { sleep_until(next.unwrap_or(began)).await }, if next.is_some() => {
                if let Some((_, piece)) = under_way.pop_front() {
                    to.write_all(&piece).await?;
                    bytes -= piece.len();
                }
            }
            read = from.read(&mut buffer), if ended.is_none() && bytes < UNDER_WAY_BYTES_MAX => {
                match read {
                    Ok(0) => ended = Some(Ok(())),
                    Ok(count) => {
                        let due_ns = lane.due(began.elapsed().as_nanos() as u64, count);
                        under_way.push_back((began + Duration::from_nanos(due_ns), buffer[..count].to_vec()));
                        bytes += count;
                    }
                    Err(error) => ended = Some(Err(error)),
                }
            }
            else => break,
        }
    }
    to.shutdown().await?;
    ended.unwrap_or(Ok(()))
}

impl AsyncRead for Shaped {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let shaped = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut shaped.near).poll_read(cx, buffer))?;
        match shaped.reason().filter(|_| buffer.filled().len() == before) {
            Some(reason) => Poll::Ready(Err(reason)),
            None => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Shaped {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let shaped = self.get_mut();
        let written = ready!(Pin::new(&mut shaped.near).poll_write(cx, bytes));
        Poll::Ready(written.map_err(|error| shaped.reason().unwrap_or(error)))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().near).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().near).poll_shutdown(cx)
    }
}
