//! A fake mixd that answers as a test wants, at a socket of its own, in threads of this process.

use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::Arc;

use lab::mixd::unused_socket;
use wire::frame::{Full, HEADER, Kind, MAX_REPLY, Reader, Writer};
use wire::{Failure, Reply, Request, Welcome, codec};

/// An answer of the fake mixd.
pub enum Answer {
    /// This reply; to a Hello, in the place of the Welcome.
    Reply(Box<Reply<'static>>),
    /// An error.
    Refuse(Failure),
    /// Bytes that need not be a frame.
    Bytes(&'static [u8]),
    /// Nothing, and ends the connection.
    Close,
    /// Nothing at all.
    Nothing,
}

impl From<Reply<'static>> for Answer {
    fn from(reply: Reply<'static>) -> Self {
        Self::Reply(Box::new(reply))
    }
}

/// The fake mixd; its threads end with the process.
pub struct Fake {
    socket: String,
}

impl Fake {
    /// Starts one that welcomes each client and answers its requests with `answer`.
    pub fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::serve(answer, None::<fn() -> Answer>)
    }

    /// Starts one that also answers the Hello as `greeting` says.
    pub fn new(
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
        greeting: impl Fn() -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::serve(answer, Some(greeting))
    }

    fn serve(
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
        greeting: Option<impl Fn() -> Answer + Send + Sync + 'static>,
    ) -> Self {
        let socket = unused_socket();
        let address = SocketAddr::from_abstract_name(&socket[1..]).unwrap();
        let listener = UnixListener::bind_addr(&address).unwrap();
        let both = Arc::new((answer, greeting));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let both = Arc::clone(&both);
                std::thread::spawn(move || {
                    let (answer, greeting) = &*both;
                    // The client may go at any time.
                    let _ = converse(&mut stream?, answer, greeting.as_ref());
                    Ok::<(), std::io::Error>(())
                });
            }
        });
        Self { socket }
    }

    pub fn socket(&self) -> &str {
        &self.socket
    }
}

fn converse(
    stream: &mut UnixStream,
    answer: &impl Fn(&Request) -> Answer,
    greeting: Option<&impl Fn() -> Answer>,
) -> std::io::Result<()> {
    let mut reader = Reader::new(MAX_REPLY, 0);
    loop {
        while let Ok(Some(frame)) = reader.peek() {
            let answer = match (frame.kind, greeting) {
                (Kind::Hello, None) => {
                    let welcome = Welcome::new("mixd VERSION");
                    send(stream, Kind::Welcome, frame.id, |space| {
                        codec::encode(&welcome, space)
                    })?;
                    reader.consume();
                    continue;
                }
                (Kind::Hello, Some(greeting)) => greeting(),
                _ => answer(&codec::decode(frame.body).unwrap()),
            };
            match answer {
                Answer::Reply(reply) => send(stream, Kind::Reply, frame.id, |space| {
                    codec::encode(&*reply, space)
                })?,
                Answer::Refuse(failure) => send(stream, Kind::Error, frame.id, |space| {
                    codec::encode(&failure, space)
                })?,
                Answer::Bytes(bytes) => stream.write_all(bytes)?,
                Answer::Close => return Ok(()),
                Answer::Nothing => {}
            }
            reader.consume();
        }
        match stream.read(reader.space())? {
            0 => return Ok(()),
            count => reader.filled(count),
        }
    }
}

fn send(
    stream: &mut UnixStream,
    kind: Kind,
    id: u32,
    body: impl FnOnce(&mut [u8]) -> Result<usize, Full>,
) -> std::io::Result<()> {
    let mut writer = Writer::new(HEADER + MAX_REPLY);
    writer.push(kind, id, body).unwrap();
    stream.write_all(writer.pending())
}
