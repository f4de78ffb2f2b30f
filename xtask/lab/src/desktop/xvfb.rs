//! A bare X server: no window manager, its screen a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Desktop, run};
use crate::Result;
use crate::process::{Process, wait_for};
use crate::{Lab, TIMEOUT};

/// How long a window may take to read that it has the focus.
const FOCUS_TIME: Duration = Duration::from_millis(500);

/// A running Xvfb. Ended when dropped.
#[derive(Debug)]
pub struct Xvfb {
    /// The process.
    pub process: Process,
    display: String,
    screen: PathBuf,
}

impl Xvfb {
    /// Starts one with a screen of this size in a lab's session, and waits until it serves.
    pub fn start(lab: &Lab, width: u32, height: u32) -> Result<Self> {
        Self::start_with_depth(lab, width, height, 24)
    }

    /// The same with a screen of so many bits a pixel, of which a picture takes 24
    /// alone.
    pub fn start_with_depth(lab: &Lab, width: u32, height: u32, depth: u8) -> Result<Self> {
        let screen = lab.path("Xvfb_screen0");
        let number = lab.path("Xvfb.display");
        let mut command = lab.command("sh");
        // The server writes its number when it serves; sh becomes it.
        let script = "exec 3>\"$1\"; exec Xvfb -displayfd 3 -nolisten tcp -noreset -fbdir \"$2\" \
                      -screen 0 \"$3\"";
        command.args(["-c", script, "sh"]);
        command.arg(&number).arg(lab.path(""));
        command.arg(format!("{width}x{height}x{depth}"));
        let log = lab.path("Xvfb.log");
        let process = Process::start_logged(&mut command, &log)?;
        let serves = || {
            let text = fs::read_to_string(&number).unwrap_or_default();
            Ok(text.ends_with('\n').then(|| format!(":{}", text.trim())))
        };
        let display = wait_for("Xvfb", TIMEOUT, serves).map_err(|error| {
            let log = fs::read_to_string(&log).unwrap_or_default();
            format!("{error}; its log:\n{log}\n'cargo xtask setup' installs it")
        })?;
        Ok(Self {
            process,
            display,
            screen,
        })
    }

    /// The value of `DISPLAY` for its clients.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// The file that is the screen: an XWD (`X11/XWDFile.h`).
    pub fn screen(&self) -> &Path {
        &self.screen
    }

    fn xdotool(&self, lab: &Lab, args: &[&str]) -> Result<()> {
        let mut command = self.command(lab, Path::new("xdotool"));
        command.args(args);
        run(command, "xdotool")
    }
}

impl Desktop for Xvfb {
    fn command(&self, lab: &Lab, program: &Path) -> Command {
        let mut command = lab.command(program);
        command.env("DISPLAY", &self.display);
        command
    }

    #[cfg(feature = "windows")]
    fn picture(&self, _: &Lab, file: &Path) -> Result<()> {
        let bytes = fs::read(&self.screen)?;
        let (width, height, pixels) = parse_xwd(&bytes).ok_or("Xvfb's screen is no XWD file")?;
        let file = std::io::BufWriter::new(fs::File::create(file)?);
        let mut encoder = png::Encoder::new(file, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header()?.write_image_data(&pixels)?;
        Ok(())
    }

    fn focus(&self, lab: &Lab, class: &str) -> Result<()> {
        let class = format!("^{class}$");
        self.xdotool(
            lab,
            &[
                "search",
                "--sync",
                "--classname",
                &class,
                "windowfocus",
                "--sync",
            ],
        )?;
        // The X server has done so; nothing tells when the window has read that it did. Until then it takes a key
        // that is down for one that is held since before, and a click for one that raises it.
        std::thread::sleep(FOCUS_TIME);
        Ok(())
    }

    fn point(&self, lab: &Lab, x: u32, y: u32) -> Result<()> {
        self.xdotool(lab, &["mousemove", &x.to_string(), &y.to_string()])
    }

    fn button(&self, lab: &Lab, down: bool) -> Result<()> {
        let verb = if down { "mousedown" } else { "mouseup" };
        self.xdotool(lab, &[verb, "1"])
    }

    fn wheel(&self, lab: &Lab, up: bool) -> Result<()> {
        self.xdotool(lab, &["click", if up { "4" } else { "5" }])
    }

    fn middle_click(&self, lab: &Lab) -> Result<()> {
        self.xdotool(lab, &["click", "2"])
    }

    fn type_text(&self, lab: &Lab, text: &str) -> Result<()> {
        self.xdotool(lab, &["type", "--", text])
    }

    fn key(&self, lab: &Lab, modifiers: &[&str], key: &str) -> Result<()> {
        let chord = [modifiers, &[key]].concat().join("+");
        self.xdotool(lab, &["key", &chord])
    }

    fn hold(&self, lab: &Lab, key: &str, time: Duration) -> Result<()> {
        let seconds = time.as_secs_f32().to_string();
        self.xdotool(lab, &["keydown", key, "sleep", &seconds, "keyup", key])
    }
}

/// The size and the pixels, three bytes each, of a screen of 32 bits a pixel: X11/XWDFile.h.
#[cfg(feature = "windows")]
fn parse_xwd(bytes: &[u8]) -> Option<(u32, u32, Vec<u8>)> {
    let field = |at: usize| {
        let bytes = bytes.get(at * 4..at * 4 + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    let (header, width, height) = (field(0)?, field(4)?, field(5)?);
    let (bits, stride, colors) = (field(11)?, field(12)?, field(19)?);
    if bits != 32 {
        return None;
    }
    // A colour of the map has 12 bytes.
    let start = header as usize + colors as usize * 12;
    let rows = bytes.get(start..)?.chunks_exact(stride as usize);
    let rows = rows.take(height as usize);
    let pixels = rows.flat_map(|row| {
        let row = row.chunks_exact(4).take(width as usize);
        row.flat_map(|pixel| [pixel[2], pixel[1], pixel[0]])
    });
    Some((width, height, pixels.collect()))
}
