//! `cargo xtask bench codec`: what it takes to write and read each message, beside plain ciborium
//! (without the check of the canonical form), `serde_json` and minicbor. Prints lines of three words:
//! what, by whom, nanoseconds.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wire::frame::{self, Kind, MAX_REPLY};
use wire::vectors::{self, Vector};
use wire::{Event, Failure, Hello, Reply, Request, Welcome, codec};

/// How often each is measured, in turn with the others.
const TURNS: usize = 9;
/// How long a measurement takes at least, in nanoseconds.
const LEAST: u128 = 200_000;

fn main() {
    for vector in vectors::all() {
        let (frame, _) = frame::parse(&vector.frame, MAX_REPLY).unwrap().unwrap();
        match frame.kind {
            Kind::Hello => measure::<Hello>(&vector),
            Kind::Welcome => measure::<Welcome>(&vector),
            Kind::Request => measure::<Request>(&vector),
            Kind::Reply => measure::<Reply<'static>>(&vector),
            Kind::Error => measure::<Failure>(&vector),
            Kind::Event => measure::<Event<'static>>(&vector),
        }
    }
}

fn measure<T: Serialize + DeserializeOwned>(vector: &Vector) {
    let body = vector.body();
    let message: T = codec::decode(body).unwrap();
    let json = serde_json::to_vec(&message).unwrap();
    let mini = minicbor_serde::to_vec(&message).unwrap();
    let mut ours = vec![0; MAX_REPLY];
    let mut plain = vec![0; MAX_REPLY];
    let mut text = Vec::with_capacity(MAX_REPLY);
    let mut small = Vec::with_capacity(MAX_REPLY);
    in_turn(
        &format!("encode/{}", vector.name),
        &mut [
            ("wire", &mut || {
                black_box(codec::encode(black_box(&message), &mut ours).unwrap());
            }),
            ("ciborium", &mut || {
                ciborium::into_writer(black_box(&message), &mut plain[..]).unwrap();
            }),
            ("serde_json", &mut || {
                text.clear();
                serde_json::to_writer(&mut text, black_box(&message)).unwrap();
            }),
            ("minicbor", &mut || {
                small.clear();
                let mut serializer = minicbor_serde::Serializer::new(&mut small);
                black_box(&message).serialize(&mut serializer).unwrap();
            }),
        ],
    );
    in_turn(
        &format!("decode/{}", vector.name),
        &mut [
            ("wire", &mut || {
                black_box(codec::decode::<T>(black_box(body)).unwrap());
            }),
            ("ciborium", &mut || {
                let mut scratch = [0; 256];
                let read =
                    ciborium::de::from_reader_with_buffer::<T, _>(black_box(body), &mut scratch);
                black_box(read.unwrap());
            }),
            ("serde_json", &mut || {
                black_box(serde_json::from_slice::<T>(black_box(&json)).unwrap());
            }),
            ("minicbor", &mut || {
                black_box(minicbor_serde::from_slice::<T>(black_box(&mini)).unwrap());
            }),
        ],
    );
}

/// Measures each in turn, and prints a line for each time.
fn in_turn(what: &str, work: &mut [(&str, &mut dyn FnMut())]) {
    for _ in 0..TURNS {
        for (who, work) in &mut *work {
            let mut count = 64_u32;
            let nanoseconds = loop {
                let start = Instant::now();
                for _ in 0..count {
                    work();
                }
                let time = start.elapsed().as_nanos();
                if time >= LEAST {
                    #[allow(clippy::cast_precision_loss)]
                    break time as f64 / f64::from(count);
                }
                count *= 4;
            };
            println!("{what} {who} {nanoseconds:.1}");
        }
    }
}
