//! Pictures of the window as it is to look, pixel by pixel. `cargo xtask golden` makes them anew:
//! look at each one that has changed.
#![allow(clippy::unwrap_used)]

mod scenes;

use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use mixview::canvas::Canvas;
use mixview::geometry::Pixels;
use mixview::model::Model;
use mixview::theme::{DARK, LIGHT, Theme};
use mixview::view::{Viewport, view};

/// Set, the pictures are written instead of compared.
const WRITE: &str = "MIXVIEW_GOLDEN";

/// How much a colour may differ from the picture's, of 255: another processor's rounding.
const TOLERANCE: u8 = 3;

struct Picture {
    width: u32,
    height: u32,
    /// 0xFFRRGGBB.
    pixels: Vec<u32>,
}

fn drawn(model: &mut Model, theme: &Theme, (width, height): (u32, u32), scale: f32) -> Picture {
    let fonts = scenes::fonts();
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )]
    let viewport = Viewport {
        width: (width as f32 * scale).round() as u32,
        height: (height as f32 * scale).round() as u32,
        scale,
    };
    let frame = view(model, &fonts, theme, viewport);
    model.set_scroll(frame.scroll);
    let mut pixels = vec![0; viewport.width as usize * viewport.height as usize];
    Canvas::default().draw(
        &frame.items,
        &fonts,
        Pixels::of_size(viewport.width, viewport.height),
        &mut pixels,
        viewport.width as usize,
    );
    Picture {
        width: viewport.width,
        height: viewport.height,
        pixels,
    }
}

fn write(path: &Path, picture: &Picture) {
    let file = BufWriter::new(File::create(path).unwrap());
    let mut encoder = png::Encoder::new(file, picture.width, picture.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    let bytes = picture.pixels.iter();
    let bytes: Vec<u8> = bytes
        .flat_map(|pixel| pixel.to_be_bytes()[1..].to_vec())
        .collect();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&bytes).unwrap();
}

fn read(path: &Path) -> Picture {
    let file = File::open(path).unwrap_or_else(|error| {
        panic!(
            "open {}: {error}; 'cargo xtask golden' makes it",
            path.display()
        )
    });
    let mut reader = png::Decoder::new(BufReader::new(file)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let pixels = bytes.chunks_exact(3);
    Picture {
        width: info.width,
        height: info.height,
        pixels: pixels
            .map(|pixel| u32::from_be_bytes([255, pixel[0], pixel[1], pixel[2]]))
            .collect(),
    }
}

/// Compares, or writes; what differs is kept where the build's files are.
fn check(name: &str, picture: &Picture) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(format!("{name}.png"));
    if std::env::var_os(WRITE).is_some() {
        write(&path, picture);
        return None;
    }
    let golden = read(&path);
    let differs = |(a, b): (&u32, &u32)| {
        let bytes = a.to_be_bytes().into_iter().zip(b.to_be_bytes());
        // Most are the same, and this is most of the time of the test.
        a != b && bytes.map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0) > TOLERANCE
    };
    let count = match (golden.width, golden.height) == (picture.width, picture.height) {
        true => golden
            .pixels
            .iter()
            .zip(&picture.pixels)
            .filter(|pair| differs(*pair))
            .count(),
        false => picture.pixels.len(),
    };
    if count == 0 {
        return None;
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(&folder).unwrap();
    let found = folder.join(format!("{name}.png"));
    write(&found, picture);
    Some(format!(
        "{name}: {count} pixels differ from {}; drawn: {}",
        path.display(),
        found.display()
    ))
}

#[test]
fn every_picture_is_as_it_was_approved() {
    let mut wrong = Vec::new();
    for scene in scenes::all() {
        for &(scale, suffix) in scene.scales {
            for (theme, shade) in [(DARK, "dark"), (LIGHT, "light")] {
                if !scene.shades.contains(&shade) {
                    continue;
                }
                let mut model = (scene.make)();
                let picture = drawn(&mut model, &theme, scene.size, scale);
                let name = format!("{}-{shade}{suffix}", scene.name);
                wrong.extend(check(&name, &picture));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_picture_belongs_to_a_scene() {
    let mut known = Vec::new();
    for scene in scenes::all() {
        for (_, suffix) in scene.scales {
            for shade in scene.shades {
                known.push(format!("{}-{shade}{suffix}.png", scene.name));
            }
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            known.contains(&name),
            "{name} belongs to no scene: remove it"
        );
    }
}
