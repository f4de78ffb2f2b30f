//! `cargo xtask bench scale`: what one more stream, and one more decision, takes mixd when there are
//! many already. Prints lines of three words: what, of how many, nanoseconds.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use mixd::router::simulation::{self, PipeWire, default_sink, stream};
use mixd::router::{Event, Layout, Router};
use mixd::rules::Rules;

const SIZES: [usize; 7] = [1, 10, 100, 250, 500, 750, 1000];
/// How often each is measured.
const TURNS: usize = 15;
/// The node of the first stream.
const FIRST: u32 = 200;
/// A rule that no program of the bench matches, as many times as there are rules.
const RULE: &str = "Nobody";

struct World {
    router: Router,
    rules: Rules,
    pipewire: PipeWire,
    now: Instant,
}

impl World {
    fn new(rules: usize) -> Self {
        let mut world = Self {
            router: Router::default(),
            rules: listed(rules),
            pipewire: PipeWire::new(true),
            now: Instant::now(),
        };
        world.router.handle(world.pipewire.metadata());
        world.router.handle(default_sink("card"));
        for event in simulation::sink(30, "card", &Layout::stereo()) {
            world.router.handle(event);
        }
        world.router.handle(Event::Listed);
        world.reconcile();
        world
    }

    /// Obeys until nothing is left to do.
    fn reconcile(&mut self) {
        for _ in 0..64 {
            let commands = self.router.reconcile(&self.rules, self.now);
            let events: Vec<Event> = commands
                .iter()
                .flat_map(|command| self.pipewire.execute(command))
                .collect();
            if commands.is_empty() {
                return;
            }
            for event in events {
                self.router.handle(event);
            }
            self.now += Duration::from_millis(1);
        }
        panic!("mixd and its PipeWire do not come to rest");
    }

    /// What the daemon does when a stream comes: it is sent where it belongs, and told.
    fn appear(&mut self, id: u32) {
        for event in stream(id, "Firefox", &[]) {
            self.router.handle(event);
        }
        self.reconcile();
        black_box(self.router.audio());
    }

    fn vanish(&mut self, id: u32) {
        for event in self.pipewire.remove(id) {
            self.router.handle(event);
        }
        self.router.handle(Event::Removed(id));
        self.reconcile();
    }
}

fn listed(count: usize) -> Rules {
    let mut rules = Rules::default();
    for n in 0..count {
        let pattern = format!("{RULE} {n}").parse().unwrap();
        rules.push(wire::Rule::Program(pattern)).unwrap();
    }
    rules
}

fn main() {
    for size in SIZES {
        let mut world = World::new(1);
        for n in 0..size {
            world.appear(FIRST + u32::try_from(n).unwrap());
        }
        measure(&mut world, "streams", size);
        // Of a thousand streams' rules the most are asked where a stream comes that none matches.
        let mut world = World::new(size);
        for n in 0..10 {
            world.appear(FIRST + n);
        }
        measure(&mut world, "rules", size);
    }
}

/// One more stream comes, and goes.
fn measure(world: &mut World, what: &str, size: usize) {
    let id = FIRST + 2000;
    for _ in 0..TURNS {
        let start = Instant::now();
        world.appear(id);
        let time = start.elapsed().as_nanos();
        println!("{what} {size} {time}");
        world.vanish(id);
    }
}
