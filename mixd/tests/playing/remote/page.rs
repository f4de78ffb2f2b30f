//! The page that browsers play, and the server that has it: each tab tells it ten times a second how
//! far it has come, and is told what to do.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use lab::Result;

/// What a tab has said, and is to be told.
#[derive(Default)]
struct Tab {
    position: f64,
    word: &'static str,
}

/// The server. It ends with this process.
pub struct Pages {
    address: String,
    tabs: Arc<Mutex<BTreeMap<String, Tab>>>,
}

impl Pages {
    /// Serves the page, and the tone in this file to it.
    pub fn serve(tone: &Path) -> Result<Self> {
        let listener =
            TcpListener::bind("127.0.0.1:0").map_err(|error| format!("bind 127.0.0.1: {error}"))?;
        let address = format!("http://{}/page", listener.local_addr()?);
        let tone = Arc::new(fs::read(tone)?);
        let tabs = Arc::new(Mutex::new(BTreeMap::new()));
        let answers = Arc::clone(&tabs);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (tone, tabs) = (Arc::clone(&tone), Arc::clone(&answers));
                thread::spawn(move || answer(connection, &tone, &tabs));
            }
        });
        Ok(Self { address, tabs })
    }

    /// The page's address; after it comes `?element` or `?webaudio`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How far each tab has come, in seconds.
    pub fn positions(&self) -> Vec<f64> {
        self.tabs
            .lock()
            .unwrap()
            .values()
            .map(|tab| tab.position)
            .collect()
    }

    /// Has all tabs do something.
    pub fn tell(&self, word: &'static str) {
        for tab in self.tabs.lock().unwrap().values_mut() {
            tab.word = word;
        }
    }
}

/// Answers one request: the page, the tone, or a tab's `/tell/NAME/POSITION`.
fn answer(connection: TcpStream, tone: &[u8], tabs: &Mutex<BTreeMap<String, Tab>>) -> Option<()> {
    let mut reader = BufReader::new(connection);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
    }
    let mut path = first.split(' ').nth(1)?.split('/').skip(1);
    let (kind, body) = match path.next()? {
        "tell" => {
            let (name, position) = (path.next()?, path.next()?.parse().ok()?);
            let mut tabs = tabs.lock().ok()?;
            let tab = tabs.entry(name.to_owned()).or_default();
            tab.position = position;
            ("text/plain", std::mem::take(&mut tab.word).as_bytes())
        }
        "tone" => ("audio/wav", tone),
        page if page.starts_with("page") => ("text/html", PAGE.as_bytes()),
        _ => ("text/plain", &b""[..]),
    };
    let mut connection = reader.into_inner();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).ok()?;
    connection.write_all(body).ok()
}

const PAGE: &str = r"<!doctype html><title>tone</title><script>
const kind = location.search.slice(1);
const tab = {};
if (kind === 'element') {
  const audio = new Audio();
  audio.loop = true;
  fetch('/tone').then(answer => answer.blob()).then(blob => {
    audio.src = URL.createObjectURL(blob);
    audio.play();
  });
  tab.position = () => audio.currentTime;
  tab.pause = () => audio.pause();
  tab.resume = () => audio.play();
  tab.seek = () => { audio.currentTime += 20; };
} else {
  const context = new AudioContext();
  const tone = new OscillatorNode(context, { frequency: 700 });
  tone.connect(new GainNode(context, { gain: 0.25 })).connect(context.destination);
  tone.start();
  tab.position = () => context.currentTime;
  tab.pause = () => context.suspend();
  tab.resume = () => context.resume();
  tab.seek = () => {};
}
setInterval(() => {
  fetch(`/tell/${kind}/${tab.position()}`).then(answer => answer.text()).then(word => {
    if (word) tab[word]();
  });
}, 100);
</script>";
