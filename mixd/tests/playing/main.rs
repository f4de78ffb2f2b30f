//! What plays real audio, through a PipeWire and a session manager of its own: a file a matter, and one program,
//! because linking it takes longer than compiling a file.

mod audio;
mod awaited;
mod burst;
mod cards;
mod filters;
mod glide;
mod layouts;
mod links;
mod load;
mod moves;
mod muted;
#[path = "../other/mod.rs"]
mod other;
mod outputs;
mod patterns;
mod players;
mod programs;
mod remote;
mod restarts;
mod stage;
mod starts;
mod streams;
mod targets;
mod two_cards;
mod unmanaged;
mod untold;
