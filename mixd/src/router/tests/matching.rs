//! Whose process a stream is.

use super::*;
use wire::Channel;

/// A stream of a `PulseAudio` program that says that it is process 8, of this file name.
fn pulse_stream(binary: Option<&str>) -> Vec<Event> {
    let mut client = props(&[
        ("client.api", "pipewire-pulse"),
        ("pipewire.sec.pid", "7"),
        ("application.process.id", "8"),
    ]);
    client.extend(binary.map(|binary| ("application.process.binary".into(), binary.into())));
    let mut events = vec![Event::ClientInfo(60, client)];
    events.extend(client_stream(60));
    events
}

/// What the kernel says of the process 8 here is "program", called "process-8".
#[test]
fn a_process_of_another_program_than_the_stream_says_does_not_decide() {
    for (binary, pid) in [
        (Some("program"), Some(8)),
        (Some("another"), None),
        (None, None),
    ] {
        let mut world = World::new(&["comm=process-8"]);
        world.run(pulse_stream(binary));
        let stream = world.stream(STREAM);
        let channel = match pid {
            Some(_) => Channel::Aux,
            None => Channel::Default,
        };
        assert_eq!((stream.pid, stream.channel), (pid, channel), "{binary:?}");
        assert_eq!(
            stream.state,
            StreamState::Routed,
            "it is waited for all the same"
        );
    }
}

#[test]
fn a_name_that_the_kernel_has_cut_will_do_where_the_file_may_not_be_read() {
    let plausible = |comm: &str, binary: &str| {
        let mut world = World::new(&[]);
        world.handle(pulse_stream(Some(binary)));
        let process = Process {
            comm: Some(comm.into()),
            exe: None,
        };
        world.handle([Event::Process(8, process)]);
        world.stream(STREAM).pid.is_some()
    };
    assert!(plausible("mpv", "mpv"));
    assert!(plausible("a-long-program-", "a-long-program-name"));
    assert!(!plausible("mp", "mpv"));
    assert!(!plausible("systemd", "paplay"));
}
