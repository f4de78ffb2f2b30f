//! The file as people and editors treat it.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;
use lab::process::Folder;

/// Long enough for whatever is to be seen; each test goes on as soon as it has been.
const TIMEOUT: Duration = Duration::from_secs(10);

struct World {
    folder: Folder,
    file: ConfigFile,
}

impl World {
    /// A folder for a configuration, which is not there yet.
    fn new() -> Self {
        let folder = Folder::new("mixd-config").unwrap();
        let path = folder.path().join("config/mixd/mixd.conf");
        let file = ConfigFile::new(Some(path));
        Self { folder, file }
    }

    /// One with this configuration, which has been read.
    fn with(text: &str) -> Self {
        let mut world = Self::new();
        world.write(text);
        world.file.open(Instant::now()).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn conf(&self) -> PathBuf {
        self.path("config/mixd/mixd.conf")
    }

    fn write(&self, text: &str) {
        fs::create_dir_all(self.path("config/mixd")).unwrap();
        fs::write(self.conf(), text).unwrap();
    }

    fn text(&self) -> String {
        fs::read_to_string(self.conf()).unwrap()
    }

    /// What the file says when that has become another thing.
    fn next(&mut self) -> Result<Config, String> {
        let start = Instant::now();
        while start.elapsed() < TIMEOUT {
            if let Some(config) = self.file.dispatch(true, Instant::now()) {
                return config;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the change was not seen");
    }

    fn next_patterns(&mut self) -> Vec<String> {
        let config = self.next().unwrap();
        let rules = config.rules.list().iter();
        rules.map(|rule| rule.pattern().to_string()).collect()
    }

    /// Nothing is to be seen for as long as that takes to be sure.
    fn is_quiet(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < AWAY + 4 * SETTLE {
            if self.file.dispatch(true, Instant::now()).is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }
}

#[test]
fn a_missing_file_says_the_defaults_and_is_seen_when_it_comes() {
    let mut world = World::new();
    assert_eq!(world.file.open(Instant::now()), Ok(Config::default()));
    world.write("program a\n");
    assert_eq!(world.next_patterns(), ["a"]);
}

#[test]
fn a_write_in_place_is_seen_whole() {
    let mut world = World::with("program a\n");
    world.write("program b\n");
    assert_eq!(world.next_patterns(), ["b"]);
}

#[test]
fn a_rename_over_the_file_is_seen() {
    let mut world = World::with("program a\n");
    fs::write(world.path("config/mixd/.new"), "program b\n").unwrap();
    fs::rename(world.path("config/mixd/.new"), world.conf()).unwrap();
    assert_eq!(world.next_patterns(), ["b"]);
}

#[test]
fn a_file_that_is_removed_and_made_again_is_never_taken_for_an_empty_one() {
    let mut world = World::with("program a\n");
    fs::rename(world.conf(), world.path("config/mixd/mixd.conf~")).unwrap();
    let start = Instant::now();
    while start.elapsed() < AWAY / 2 {
        assert_eq!(world.file.dispatch(true, Instant::now()), None);
        std::thread::sleep(Duration::from_millis(5));
    }
    world.write("program b\n");
    assert_eq!(world.next_patterns(), ["b"]);
}

#[test]
fn a_file_that_stays_away_says_the_defaults() {
    let mut world = World::with("program a\n");
    fs::remove_file(world.conf()).unwrap();
    assert_eq!(world.next(), Ok(Config::default()));
}

#[test]
fn a_change_is_read_after_a_moment_and_a_file_is_gone_when_it_has_been_away_for_a_second() {
    let mut world = World::with("program a\n");
    let just_before = |due: Instant| due.checked_sub(Duration::from_nanos(1)).unwrap();
    let written = Instant::now();
    world.write("program b\n");
    assert_eq!(world.file.dispatch(true, written), None);
    let due = written + SETTLE;
    assert_eq!(world.file.deadline(), Some(due));
    assert_eq!(world.file.dispatch(false, just_before(due)), None);
    assert!(world.file.dispatch(false, due).is_some());
    fs::remove_file(world.conf()).unwrap();
    assert_eq!(world.file.dispatch(true, due), None);
    let away = due + SETTLE;
    assert_eq!(world.file.dispatch(false, away), None);
    let due = away + AWAY;
    assert_eq!(world.file.deadline(), Some(due));
    assert_eq!(world.file.dispatch(false, just_before(due)), None);
    assert_eq!(world.file.dispatch(false, due), Some(Ok(Config::default())));
}

#[test]
fn a_watch_that_fails_is_tried_again_after_twice_as_long_and_at_last_each_minute() {
    // It is in no folder that could be watched.
    let mut file = ConfigFile::new(Some("/".into()));
    let mut now = Instant::now();
    assert!(file.open(now).is_err());
    assert!(file.unwatched().is_some());
    for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
        let due = now + Duration::from_secs(wait);
        assert_eq!(file.deadline(), Some(due));
        assert_eq!(file.dispatch(false, due), None);
        now = due;
    }
}

#[test]
fn a_link_into_a_repository_is_followed_when_either_end_changes() {
    let mut world = World::new();
    fs::create_dir_all(world.path("config/mixd")).unwrap();
    fs::create_dir_all(world.path("dotfiles")).unwrap();
    fs::write(world.path("dotfiles/mixd.conf"), "program a\n").unwrap();
    symlink("../../dotfiles/mixd.conf", world.conf()).unwrap();
    assert!(world.file.open(Instant::now()).is_ok());
    fs::write(world.path("dotfiles/mixd.conf"), "program b\n").unwrap();
    assert_eq!(world.next_patterns(), ["b"]);
    fs::write(world.path("dotfiles/other.conf"), "program c\n").unwrap();
    symlink("../../dotfiles/other.conf", world.path("config/mixd/new")).unwrap();
    fs::rename(world.path("config/mixd/new"), world.conf()).unwrap();
    assert_eq!(world.next_patterns(), ["c"]);
    world.file.save(b"program c\nprogram d\n").unwrap();
    let text = fs::read_to_string(world.path("dotfiles/other.conf")).unwrap();
    assert_eq!(text, "program c\nprogram d\n", "edited where it leads to");
    assert!(fs::symlink_metadata(world.conf()).unwrap().is_symlink());
}

#[test]
fn as_many_links_are_followed_as_the_kernel_follows() {
    let mut world = World::new();
    fs::create_dir_all(world.path("config/mixd")).unwrap();
    fs::write(world.path("0"), "program a\n").unwrap();
    for link in 1..40 {
        symlink((link - 1).to_string(), world.path(&link.to_string())).unwrap();
    }
    symlink("../../39", world.conf()).unwrap();
    assert!(world.file.open(Instant::now()).is_ok());
    fs::write(world.path("0"), "program b\n").unwrap();
    assert_eq!(world.next_patterns(), ["b"]);
}

#[test]
fn a_folder_that_takes_the_place_of_the_files_own_is_followed() {
    let mut world = World::with("program a\n");
    fs::create_dir_all(world.path("config/new")).unwrap();
    fs::write(world.path("config/new/mixd.conf"), "program b\n").unwrap();
    fs::rename(world.path("config/mixd"), world.path("config/old")).unwrap();
    fs::rename(world.path("config/new"), world.path("config/mixd")).unwrap();
    assert_eq!(world.next_patterns(), ["b"]);
}

#[test]
fn a_folder_that_is_a_link_and_is_turned_elsewhere_is_followed() {
    let mut world = World::new();
    for (name, text) in [("one", "program a\n"), ("two", "program b\n")] {
        fs::create_dir_all(world.path(name)).unwrap();
        fs::write(world.path(name).join("mixd.conf"), text).unwrap();
    }
    fs::create_dir_all(world.path("config")).unwrap();
    symlink("../one", world.path("config/mixd")).unwrap();
    assert!(world.file.open(Instant::now()).is_ok());
    symlink("../two", world.path("config/new")).unwrap();
    fs::rename(world.path("config/new"), world.path("config/mixd")).unwrap();
    assert_eq!(world.next_patterns(), ["b"]);
    fs::write(world.path("two/mixd.conf"), "program c\n").unwrap();
    assert_eq!(world.next_patterns(), ["c"]);
}

#[test]
fn a_folder_that_is_a_link_is_followed_when_what_it_leads_to_is_made_anew() {
    let mut world = World::new();
    let checked_out = |world: &World, text: &str| {
        fs::create_dir_all(world.path("dotfiles/sound/mixd")).unwrap();
        fs::write(world.path("dotfiles/sound/mixd/mixd.conf"), text).unwrap();
    };
    checked_out(&world, "program a\n");
    fs::create_dir_all(world.path("config")).unwrap();
    symlink("../dotfiles/sound/mixd", world.path("config/mixd")).unwrap();
    assert!(world.file.open(Instant::now()).is_ok());
    fs::remove_dir_all(world.path("dotfiles")).unwrap();
    assert_eq!(world.next(), Ok(Config::default()));
    checked_out(&world, "program b\n");
    assert_eq!(world.next_patterns(), ["b"]);
}

#[test]
fn a_link_anywhere_on_the_way_is_followed_when_it_is_turned_elsewhere() {
    let mut world = World::new();
    for (name, text) in [("one", "program a\n"), ("two", "program b\n")] {
        fs::create_dir_all(world.path(name).join("config/mixd")).unwrap();
        fs::write(world.path(name).join("config/mixd/mixd.conf"), text).unwrap();
    }
    symlink("one", world.path("dotfiles")).unwrap();
    symlink("dotfiles/../dotfiles/config", world.path("config")).unwrap();
    assert!(world.file.open(Instant::now()).is_ok());
    symlink("two", world.path("new")).unwrap();
    fs::rename(world.path("new"), world.path("dotfiles")).unwrap();
    assert_eq!(world.next_patterns(), ["b"]);
}

#[test]
fn a_link_that_leads_to_itself_is_told_and_mended_later() {
    let mut world = World::new();
    fs::create_dir_all(world.path("config/mixd")).unwrap();
    symlink("mixd.conf", world.conf()).unwrap();
    assert!(
        world
            .file
            .open(Instant::now())
            .unwrap_err()
            .contains("symbolic links")
    );
    fs::remove_file(world.conf()).unwrap();
    world.write("program a\n");
    assert_eq!(world.next_patterns(), ["a"]);
}

#[test]
fn an_edit_that_nobody_could_read_again_is_not_saved() {
    let mut world = World::with("program a\n");
    let full = format!("program a\n#{}\n", "#".repeat(65_536 - 12));
    world.write(&full);
    assert!(world.next().is_ok());
    let full = full.replace("program a", "program b");
    world.file.save(full.as_bytes()).unwrap();
    let error = world.file.save(format!("{full}\n").as_bytes()).unwrap_err();
    assert!(
        error.contains("would have more than 65536 bytes"),
        "{error}"
    );
    assert_eq!(world.text(), full);
}

#[test]
fn a_bad_line_is_told_with_the_files_name_and_mended_later() {
    let mut world = World::with("curve cubic\n");
    world.write("curv cubic\n");
    let problem = "mixd.conf:1: unknown directive 'curv', did you mean 'curve'?";
    assert_eq!(world.next(), Err(problem.to_owned()));
    world.write("curve cubic\n");
    assert!(world.next().is_ok());
}

#[test]
fn what_we_save_ourselves_is_no_change() {
    let mut world = World::with("# mine\nprogram a\n");
    world.file.save(b"# mine\nprogram b\n").unwrap();
    assert_eq!(world.text(), "# mine\nprogram b\n");
    assert!(world.is_quiet());
}

#[test]
fn a_change_of_this_very_moment_is_seen_before_a_save() {
    let mut world = World::with("program a\n");
    assert!(world.file.refresh().is_none());
    world.write("program a\n# just written\nglide 0\n");
    let config = world.file.refresh().unwrap().unwrap();
    assert_eq!(config.glide, Duration::ZERO);
    assert_eq!(world.file.text(), world.text().as_bytes());
    // An editor that removes it first, to write it anew.
    fs::remove_file(world.conf()).unwrap();
    assert!(world.file.refresh().is_none());
    world.file.save(b"program a\n").unwrap();
    assert_eq!(world.text(), "program a\n");
}

#[test]
fn what_is_no_file_or_too_large_is_told() {
    let mut world = World::new();
    fs::create_dir_all(world.conf()).unwrap();
    assert!(
        world
            .file
            .open(Instant::now())
            .unwrap_err()
            .ends_with("it is not a file")
    );
    fs::remove_dir(world.conf()).unwrap();
    world.write(&"#".repeat(65_537));
    assert!(world.next().unwrap_err().contains("more than"));
    assert!(
        world
            .file
            .save(b"program a\n")
            .unwrap_err()
            .contains("more than")
    );
}

#[test]
fn other_files_of_the_folder_do_not_matter() {
    let world = World::with("program a\n");
    let watch = world.file.watch.as_ref().unwrap();
    while watch.take() {}
    fs::write(world.path("config/mixd/other"), "x").unwrap();
    fs::write(world.path("config/neighbour"), "x").unwrap();
    assert!(!watch.take());
}
