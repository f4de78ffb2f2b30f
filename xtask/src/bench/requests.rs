//! Requests and events on open connections.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::process::Command;

use lab::Result;
use lab::mixd::{Mixd, unused_socket};
use lab::process::{Process, wait_for};
use lab::{Lab, TIMEOUT};
use serde::Serialize;
use wire::frame::{Header, Kind, MAX_REPLY, MAX_REQUEST};
use wire::{Hello, PROTOCOL, Request, Text, Topic, Topics, Volume, codec};

use super::Bench;
use super::floors::numbers;
use super::report::Case;
use super::sample::{quantiles, scaled};
use crate::tools;

/// How often each is measured in turn.
const TURNS: u32 = 15;
/// Where both sides run, of every pair: on two cores, most of the time is that of waking the other
/// one, which is the same for all and hides what differs.
const CORE: &str = "0";

/// What was measured in each turn.
type Turns = Vec<Vec<f64>>;

/// What a client sends, and what mixd says to that: the bytes.
pub struct Talk {
    /// The greeting of this program.
    pub hello: Vec<u8>,
    /// Its answer.
    pub welcome: Vec<u8>,
    /// A request.
    pub request: Vec<u8>,
    /// Its answer.
    pub reply: Vec<u8>,
}

impl Talk {
    /// Says it to a mixd, to learn the answers.
    pub fn with(mixd: &Mixd, program: &str, request: &Request) -> Result<Self> {
        let mut stream = connect(mixd)?;
        let hello = Hello {
            client: Text::truncated(program),
            protocol: PROTOCOL,
        };
        let hello = framed(Kind::Hello, 1, &hello)?;
        let welcome = ask(&mut stream, &hello)?;
        let request = framed(Kind::Request, 2, request)?;
        let reply = ask(&mut stream, &request)?;
        Ok(Self {
            hello,
            welcome,
            request,
            reply,
        })
    }
}

fn connect(mixd: &Mixd) -> Result<UnixStream> {
    let name = mixd.socket().trim_start_matches('@');
    let address = SocketAddr::from_abstract_name(name)?;
    Ok(UnixStream::connect_addr(&address)?)
}

/// Keeps a process on the one core.
fn pin(process: &Process) -> Result<()> {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", "--pid", CORE, &process.pid().to_string()]);
    tools::output(&mut command).map(drop)
}

fn framed(kind: Kind, id: u32, message: &impl Serialize) -> Result<Vec<u8>> {
    let mut body = vec![0; MAX_REQUEST];
    let length = codec::encode(message, &mut body)?;
    let header = Header {
        length: u16::try_from(length)?,
        kind,
        id,
    };
    Ok([&header.to_bytes()[..], &body[..length]].concat())
}

/// Sends a frame and returns the next that comes.
fn ask(stream: &mut UnixStream, frame: &[u8]) -> Result<Vec<u8>> {
    stream.write_all(frame)?;
    receive(stream)
}

fn receive(stream: &mut UnixStream) -> Result<Vec<u8>> {
    let mut header = [0; wire::frame::HEADER];
    stream.read_exact(&mut header)?;
    let parsed = Header::parse(header, MAX_REPLY)?;
    let mut body = vec![0; parsed.length.into()];
    stream.read_exact(&mut body)?;
    match parsed.kind {
        Kind::Error => Err("mixd says no".into()),
        _ => Ok([&header[..], &body].concat()),
    }
}

/// Bytes as the floors take them.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Two requests that change the volume each time.
fn changes() -> Result<[Request; 2]> {
    Ok([
        Request::SetVolume(Volume::try_from(250_000)?),
        Request::SetVolume(Volume::try_from(-250_000)?),
    ])
}

/// The floor's server, answering as mixd does.
fn floor(bench: &Bench, name: &str, talk: &Talk, event: Option<&[u8]>) -> Result<Process> {
    let mut command = Command::new(bench.floors.path("serve"));
    command.args([name, &hex(&talk.welcome), &hex(&talk.reply)]);
    if let Some(event) = event {
        command.arg(hex(event));
    }
    let server = Process::start(&mut command)?;
    pin(&server)?;
    let address = SocketAddr::from_abstract_name(name.trim_start_matches('@'))?;
    wait_for("the floor's socket", TIMEOUT, || {
        Ok(UnixStream::connect_addr(&address).ok())
    })?;
    Ok(server)
}

/// The load on one of the servers: how long each answer took, in microseconds.
fn load(
    bench: &Bench,
    name: &str,
    clients: u32,
    rounds: u32,
    frames: &[&[u8]; 4],
) -> Result<Vec<f64>> {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", CORE]);
    command.arg(bench.floors.path("load"));
    command.args([name, &clients.to_string(), &rounds.to_string()]);
    command.args(frames.map(hex));
    let times = numbers(&mut command)?;
    // Until caches and the clock of the processor have settled.
    let warm = times.len() / 10;
    Ok(times[warm..].iter().map(|time| time / 1e3).collect())
}

/// Requests on an open connection, of one client and of 31 at once.
pub fn roundtrip(bench: &Bench) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for clients in [1, 31] {
        let [ours, floor, bus] = exchange(bench, clients)?;
        for (name, quantile, is_median) in [("p50", 0.5, true), ("p99", 0.99, false)] {
            let times = |turns: &[Vec<f64>]| quantiles(turns, quantile);
            let what = match clients {
                1 => format!("1 client, {name}"),
                clients => format!("{clients} clients, {name}"),
            };
            let case = Case::new("roundtrip", what, "µs", times(&ours))
                .floor("poll server in C", times(&floor), is_median.then_some(1.25))
                .peer("D-Bus call", times(&bus), is_median.then_some(0.2));
            cases.push(case);
        }
    }
    Ok(cases)
}

/// How long the answers of mixd, of the floor and of a service on D-Bus take.
fn exchange(bench: &Bench, clients: u32) -> Result<[Turns; 3]> {
    let mixd = bench.mixd_alone()?;
    pin(&mixd.process)?;
    let [request, other] = changes()?;
    let talk = Talk::with(&mixd, "bench", &request)?;
    let other = framed(Kind::Request, 2, &other)?;
    let name = unused_socket();
    let _server = floor(bench, &name, &talk, None)?;
    let frames: [&[u8]; 4] = [&talk.hello, &[], &talk.request, &other];
    let rounds = bench.rounds(7_000) / clients;
    let lab = Lab::prepare(&[])?;
    let mut serve = lab.command(bench.floors.path("bus"));
    let log = lab.path("service.log");
    let service = Process::start_logged(serve.arg("serve"), &log)?;
    pin(&service)?;
    pin(lab.bus())?;
    wait_for("the service on D-Bus", TIMEOUT, || {
        Ok(std::fs::read_to_string(&log)?
            .contains("ready")
            .then_some(()))
    })?;
    let (mut ours, mut least, mut bus) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        ours.push(load(bench, mixd.socket(), clients, rounds, &frames)?);
        least.push(load(bench, &name, clients, rounds, &frames)?);
        let mut call = lab.command("taskset");
        call.args(["--cpu-list", CORE]);
        call.arg(bench.floors.path("bus"));
        call.args([clients.to_string(), (rounds / 4).to_string()]);
        bus.push(scaled(&numbers(&mut call)?, 1e-3));
    }
    Ok([ours, least, bus])
}

/// How many subscribe: all places for clients but that of the one who sets, and one.
const SUBSCRIBERS: u32 = 30;

/// A change of the volume, until the last of the subscribers has read it, from mixd and from the floor.
pub fn fanout(bench: &Bench) -> Result<Vec<Case>> {
    let mixd = bench.mixd_alone()?;
    pin(&mixd.process)?;
    let [request, other] = changes()?;
    let talk = Talk::with(&mixd, "bench", &request)?;
    let mut topics = Topics::NONE;
    topics.insert(Topic::Volume);
    let subscribe = framed(Kind::Request, 3, &Request::Subscribe(topics))?;
    let mut stream = connect(&mixd)?;
    ask(&mut stream, &talk.hello)?;
    ask(&mut stream, &subscribe)?;
    let event = receive(&mut stream)?;
    drop(stream);
    let other = framed(Kind::Request, 2, &other)?;
    let name = unused_socket();
    let _server = floor(bench, &name, &talk, Some(&event))?;
    // The other first: a volume that is set already is no change, and no event.
    let frames: [&[u8]; 4] = [&talk.hello, &subscribe, &other, &talk.request];
    let rounds = bench.rounds(700);
    let (mut ours, mut least) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        ours.push(load(
            bench,
            mixd.socket(),
            SUBSCRIBERS + 1,
            rounds,
            &frames,
        )?);
        least.push(load(bench, &name, SUBSCRIBERS + 1, rounds, &frames)?);
    }
    let what = "a set, until the last of 30 has read it";
    let case = Case::new("fanout", what, "µs", quantiles(&ours, 0.5));
    let least = quantiles(&least, 0.5);
    Ok(vec![case.floor("30 writes in C", least, 1.3)])
}
