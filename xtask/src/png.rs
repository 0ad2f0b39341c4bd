//! Makes pictures smaller: those of pages have 256 colours at most, as letters have many greys, and pages little else.

use std::{
    collections::HashMap,
    io::{Read, Write},
};

use flate2::{Compression, Crc, read::ZlibDecoder, write::ZlibEncoder};

use crate::process::Result;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The most colours of a palette (PNG, section 11.2.2).
const COLOURS: usize = 256;

type Colour = [u8; 3];

/// The same picture with a palette. Colours that have no place in it are the nearest ones that have.
pub(crate) fn with_palette(png: &[u8]) -> Result<Vec<u8>> {
    let Picture { width, height, pixels } = Picture::read(png)?;
    let mut counted: HashMap<Colour, usize> = HashMap::new();
    for pixel in &pixels {
        *counted.entry(*pixel).or_default() += 1;
    }
    let mut colours: Vec<(Colour, usize)> = counted.into_iter().collect();
    // Of two that are equally frequent, always the same one comes first.
    colours.sort_by_key(|(colour, count)| (std::cmp::Reverse(*count), *colour));
    let palette: Vec<Colour> = colours.iter().take(COLOURS).map(|(colour, _)| *colour).collect();
    let place = |(colour, _): &(Colour, usize)| (*colour, nearest(&palette, *colour));
    let places: HashMap<Colour, u8> = colours.iter().map(place).collect();
    let mut lines = Vec::with_capacity(pixels.len() + pixels.len() / width.max(1));
    for line in pixels.chunks(width.max(1)) {
        // No filter: they are for colours that are numbers.
        lines.push(0);
        lines.extend(line.iter().map(|pixel| places.get(pixel).copied().unwrap_or_default()));
    }
    let mut deflated = ZlibEncoder::new(Vec::new(), Compression::best());
    deflated.write_all(&lines)?;
    let mut file = SIGNATURE.to_vec();
    let mut header = Vec::new();
    header.extend(u32::try_from(width)?.to_be_bytes());
    header.extend(u32::try_from(height)?.to_be_bytes());
    // Eight bits, each the place of a colour in the palette; the only methods there are; not interlaced.
    header.extend([8, 3, 0, 0, 0]);
    write_chunk(&mut file, *b"IHDR", &header)?;
    write_chunk(&mut file, *b"PLTE", &palette.concat())?;
    write_chunk(&mut file, *b"IDAT", &deflated.finish()?)?;
    write_chunk(&mut file, *b"IEND", &[])?;
    Ok(file)
}

/// The place of the colour that looks most like one.
fn nearest(palette: &[Colour], colour: Colour) -> u8 {
    let distance = |other: &Colour| -> u32 {
        other.iter().zip(colour).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
    };
    let nearest = palette.iter().enumerate().min_by_key(|(_, other)| distance(other));
    nearest.and_then(|(place, _)| u8::try_from(place).ok()).unwrap_or_default()
}

fn write_chunk(file: &mut Vec<u8>, kind: [u8; 4], content: &[u8]) -> Result {
    let mut checksum = Crc::new();
    checksum.update(&kind);
    checksum.update(content);
    file.extend(u32::try_from(content.len())?.to_be_bytes());
    file.extend(kind);
    file.extend(content);
    file.extend(checksum.sum().to_be_bytes());
    Ok(())
}

/// A picture, pixel by pixel.
struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<Colour>,
}

impl Picture {
    /// Reads what browsers write: eight bits a colour, with or without transparency, which pictures of pages have none of.
    fn read(png: &[u8]) -> Result<Self> {
        let mut rest = png.strip_prefix(SIGNATURE).ok_or("not a PNG")?;
        let (mut header, mut deflated) = (&[][..], Vec::new());
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let length = usize::try_from(u32::from_be_bytes(*length))?;
            let (kind, after) = after.split_first_chunk::<4>().ok_or("a chunk without a name")?;
            let content = after.get(..length).ok_or("a chunk that is cut off")?;
            match kind {
                b"IHDR" => header = content,
                b"IDAT" => deflated.extend(content),
                _ => {}
            }
            // A checksum follows.
            rest = after.get(length + 4..).unwrap_or_default();
        }
        let &[w0, w1, w2, w3, h0, h1, h2, h3, 8, kind @ (2 | 6), 0, 0, 0] = header else {
            return Err("a kind of PNG that browsers do not write".into());
        };
        let width = usize::try_from(u32::from_be_bytes([w0, w1, w2, w3]))?;
        let height = usize::try_from(u32::from_be_bytes([h0, h1, h2, h3]))?;
        let bytes = if kind == 2 { 3 } else { 4 };
        let mut lines = Vec::new();
        ZlibDecoder::new(deflated.as_slice()).read_to_end(&mut lines)?;
        let mut pixels = Vec::with_capacity(width * height);
        let mut before = vec![0; width * bytes];
        for line in lines.chunks_exact(width * bytes + 1) {
            let (filter, line) = line.split_first().ok_or("an empty line")?;
            let line = unfiltered(*filter, line, &before, bytes)?;
            pixels.extend(line.chunks_exact(bytes).map(|pixel| [pixel[0], pixel[1], pixel[2]]));
            before = line;
        }
        if pixels.len() != width * height {
            return Err("a PNG that is cut off".into());
        }
        Ok(Self { width, height, pixels })
    }
}

/// A line as it was before it was filtered (PNG, section 9.2).
fn unfiltered(filter: u8, line: &[u8], before: &[u8], bytes: usize) -> Result<Vec<u8>> {
    let mut whole: Vec<u8> = Vec::with_capacity(line.len());
    for (at, byte) in line.iter().enumerate() {
        let left = at.checked_sub(bytes).map_or(0, |left| whole[left]);
        let upper_left = at.checked_sub(bytes).map_or(0, |left| before[left]);
        let up = before[at];
        let guessed = match filter {
            0 => 0,
            1 => left,
            2 => up,
            3 => left.midpoint(up),
            4 => {
                let guess = i16::from(left) + i16::from(up) - i16::from(upper_left);
                // The first of those that are equally near.
                let by_distance = |value: &&u8| (i16::from(**value) - guess).abs();
                [left, up, upper_left].iter().min_by_key(by_distance).copied().unwrap_or_default()
            }
            _ => return Err("an unknown filter".into()),
        };
        whole.push(byte.wrapping_add(guessed));
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file as browsers write it, with these lines, each after its filter.
    fn png(width: u32, lines: &[&[u8]]) -> Vec<u8> {
        let mut file = SIGNATURE.to_vec();
        let mut header = [width.to_be_bytes(), (lines.len() as u32).to_be_bytes()].concat();
        header.extend([8, 2, 0, 0, 0]);
        write_chunk(&mut file, *b"IHDR", &header).expect("a header");
        let mut deflated = ZlibEncoder::new(Vec::new(), Compression::fast());
        deflated.write_all(&lines.concat()).expect("lines");
        write_chunk(&mut file, *b"IDAT", &deflated.finish().expect("lines")).expect("lines");
        file
    }

    #[test]
    fn whatever_its_lines_are_filtered_by_a_picture_is_read() {
        let (black, grey, white) = ([0; 3], [7; 3], [255; 3]);
        let same: Vec<Colour> = [black, grey, white].into_iter().cycle().take(15).collect();
        let picture = png(
            3,
            &[
                &[0, 0, 0, 0, 7, 7, 7, 255, 255, 255],
                &[1, 0, 0, 0, 7, 7, 7, 248, 248, 248],
                &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                &[3, 0, 0, 0, 4, 4, 4, 124, 124, 124],
                &[4, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            ],
        );
        assert_eq!(Picture::read(&picture).expect("a picture").pixels, same);
        // What is written is read by others; here, that it has three colours and their places.
        let small = with_palette(&picture).expect("a smaller one");
        let palette = small.windows(4).position(|name| name == b"PLTE").expect("a palette");
        assert_eq!(small[palette + 4..palette + 13], [black, grey, white].concat());
        assert!(Picture::read(b"GIF89a").is_err());
        assert!(Picture::read(&picture[..picture.len() - 6]).is_err());
    }

    #[test]
    fn a_colour_without_a_place_becomes_the_nearest() {
        let palette: Vec<Colour> = (0..=255).map(|grey| [grey; 3]).collect();
        assert_eq!(nearest(&palette, [9, 10, 12]), 10);
        assert_eq!(nearest(&palette, [255, 255, 255]), 255);
    }
}
