//! What several commands do: call cargo, find what it has built.

use std::path::PathBuf;
use std::process::Command;

use xtask::Result;

/// The cargo that runs this.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a command that must succeed.
///
/// # Errors
/// It can't be started, or fails.
pub fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .map_err(|error| format!("start {name}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        let args: Vec<_> = command
            .get_args()
            .map(|arg| arg.to_string_lossy())
            .collect();
        Err(format!("{name} {}: {status}", args.join(" ")).into())
    }
}

/// Builds the programs as they are shipped, and returns the folder that holds them.
///
/// # Errors
/// The build fails.
pub fn build_release() -> Result<PathBuf> {
    let build = [
        "build",
        "--release",
        "--locked",
        "-p",
        "mixd",
        "-p",
        "mixview",
    ];
    run(cargo().args(build))?;
    // Linked statically where the C library is there as an archive, as it is with Debian's: half of
    // the time of a program that short is its dynamic linker's.
    let mut mixctl = cargo();
    mixctl.args([
        "rustc",
        "--release",
        "--locked",
        "-p",
        "mixctl",
        "--bin",
        "mixctl",
    ]);
    if has_static_libc() {
        mixctl.args(["--", "-C", "target-feature=+crt-static"]);
    }
    run(&mut mixctl)?;
    Ok(target_folder()?.join("release"))
}

/// Whether the C compiler finds `libc.a`. It repeats the name of what it does not find.
fn has_static_libc() -> bool {
    let mut cc = Command::new("cc");
    let found = cc.arg("-print-file-name=libc.a").output();
    found.is_ok_and(|found| found.stdout.starts_with(b"/"))
}

/// Where cargo builds: xtask itself lies in a profile's folder there.
///
/// # Errors
/// It doesn't.
pub fn target_folder() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let target = own
        .ancestors()
        .nth(2)
        .ok_or("xtask is not in a target folder")?;
    Ok(target.into())
}
