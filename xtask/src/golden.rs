//! `cargo xtask golden`: draws the pictures that mixview's windows are compared with anew, and makes a page of
//! those that differ; or takes the README's picture of a desktop.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use lab::Result;
use lexopt::{Arg, Parser, ValueExt};

use crate::test::{Cases, Which};
use crate::{setup, system, tools};

const PICTURES: &str = "mixview/tests/golden";

/// The README's picture of a desktop, and the case that takes it.
const DESKTOP: &str = "mixview/dist/desktop.png";
const DESKTOP_CASE: &str = "bars::waybar_wob_and_mixview";

/// Draws them, and shows those that differ from a commit's beside those.
pub fn golden(mut rest: Parser) -> Result<()> {
    let (mut commit, mut takes_desktop) = ("HEAD".to_owned(), false);
    while let Some(argument) = rest.next()? {
        match argument {
            Arg::Long("beside") => commit = rest.value()?.string()?,
            Arg::Long("desktop") => takes_desktop = true,
            argument => return Err(argument.unexpected().into()),
        }
    }
    if takes_desktop {
        return desktop();
    }
    let mut draw = tools::cargo("test -p mixview --test golden --locked");
    tools::run(draw.env("MIXVIEW_GOLDEN", "write"))?;
    let page = page(&commit)?;
    println!("Look at each picture before you commit it: {page}");
    Ok(())
}

/// Takes the picture of a sway with waybar, wob and mixview at work.
fn desktop() -> Result<()> {
    setup::to_test(&[system::home()])?;
    let cases = Cases::build(Some(&[DESKTOP_CASE]), Which::All)?;
    let outcome = cases.run(system::home(), &[], Vec::new(), Vec::new())?;
    if cases.is_empty() || !outcome.failures.is_empty() {
        return Err("no picture of a desktop was taken".into());
    }
    fs::copy(
        tools::target_folder()?.join("pictures/desktop.png"),
        DESKTOP,
    )?;
    println!("Look at it before you commit it: {DESKTOP}");
    Ok(())
}

/// Makes a page of the pictures that differ from a commit's, each beside what it was. Returns its path.
fn page(commit: &str) -> Result<String> {
    let folder = tools::target_folder()?.join("pictures/golden");
    let before = tools::emptied(folder)?;
    let mut text = "<!doctype html><title>mixview</title><table>\n".to_owned();
    let files = fs::read_dir(PICTURES)?.map(|file| Ok(file?.path()));
    let mut files: Vec<PathBuf> = files.collect::<Result<_>>()?;
    files.sort();
    let pictures = files.into_iter();
    for file in pictures.filter(|file| file.extension().is_some_and(|end| end == "png")) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let mut show = tools::command("git show");
        let out = show.arg(format!("{commit}:{PICTURES}/{name}")).output()?;
        if out.stdout == fs::read(&file)? {
            continue;
        }
        let old = match out.status.success() {
            true => format!("<img src=\"{name}\">"),
            false => "new".into(),
        };
        fs::write(before.join(&*name), out.stdout)?;
        let new = std::path::absolute(&file)?;
        let new = new.display();
        writeln!(
            text,
            "<tr><th colspan=2>{name}<tr><td>{old}<td><img src=\"file://{new}\">"
        )?;
        println!("  {name}");
    }
    let page = before.join("index.html");
    fs::write(&page, text)?;
    Ok(page.display().to_string())
}
