//! Server-Sent Events, as far as the feed uses them (HTML, "Interpreting an event stream").

/// The longest block that is taken. The feed's have some 300 bytes.
const LONGEST: usize = 64 * 1024;

/// What a block of the stream was.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// An event.
    Event {
        /// Its id, if it has one.
        id: Option<String>,
        /// What has happened.
        kind: String,
        /// What else is told.
        data: String,
    },
    /// A comment: the other end is there.
    Comment,
}

/// The stream is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no stream of events")]
pub(crate) struct NoEvents;

/// A stream that is read piece by piece.
#[derive(Default)]
pub(crate) struct Reader(Vec<u8>);

impl Reader {
    /// The blocks that a piece completes, in order.
    ///
    /// # Errors
    /// [`NoEvents`] for what is no text, or has no end.
    pub(crate) fn read(&mut self, piece: &[u8]) -> Result<Vec<Block>, NoEvents> {
        self.0.extend_from_slice(piece);
        let mut blocks = Vec::new();
        while let Some(end) = self.0.windows(2).position(|two| two == b"\n\n") {
            let block: Vec<u8> = self.0.drain(..end + 2).collect();
            blocks.extend(read_block(std::str::from_utf8(&block).map_err(|_| NoEvents)?));
        }
        if self.0.len() > LONGEST { Err(NoEvents) } else { Ok(blocks) }
    }
}

fn read_block(text: &str) -> Option<Block> {
    let (mut id, mut kind, mut data, mut comment) = (None, None, Vec::new(), false);
    for line in text.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => comment |= !line.is_empty(),
            "id" => id = Some(value.to_owned()),
            "event" => kind = Some(value.to_owned()),
            "data" => data.push(value),
            _ => {}
        }
    }
    match kind {
        Some(kind) => Some(Block::Event { id, kind, data: data.join("\n") }),
        None => comment.then_some(Block::Comment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_wherever_it_is_cut() {
        let stream =
            b"retry: 250\n\nid: 1-2\nevent: reset\ndata: {}\n\n:\n\nevent: x\ndata:a\ndata: b\nmore: c\n\n";
        let expected = [
            Block::Event { id: Some("1-2".to_owned()), kind: "reset".to_owned(), data: "{}".to_owned() },
            Block::Comment,
            Block::Event { id: None, kind: "x".to_owned(), data: "a\nb".to_owned() },
        ];
        for size in 1..stream.len() {
            let mut reader = Reader::default();
            let pieces = stream.chunks(size).map(|piece| reader.read(piece).expect("events"));
            assert_eq!(pieces.flatten().collect::<Vec<_>>(), expected, "{size}");
        }
    }

    #[test]
    fn what_has_no_end_is_no_event() {
        let mut reader = Reader::default();
        assert!((0..100).any(|_| reader.read(&[b'x'; 1024]).is_err()));
        assert_eq!(Reader::default().read(b"data: \xff\n\n"), Err(NoEvents));
    }
}
