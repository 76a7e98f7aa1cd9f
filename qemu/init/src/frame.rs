//! Frames: a length, then a message. A reader takes bytes as they come and gives whole messages.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// No message is longer. Output is cut into pieces far below it; an environment that passes it is refused.
pub const LONGEST: usize = 4 << 20;

/// Bytes before a message: its length, little-endian.
const HEAD: usize = 4;

/// Bytes that are no frame, or a message that does not fit into one.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The length is none that anybody sends.
    #[error("a frame of {0} bytes: at most {LONGEST} can be")]
    Length(usize),
    /// The length is right and what follows is no message.
    #[error("a frame that holds no message: {0}")]
    Message(postcard::Error),
}

/// One message as the bytes of its frame.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, FrameError> {
    let mut bytes = vec![0; HEAD];
    bytes = postcard::to_extend(message, bytes).map_err(FrameError::Message)?;
    let length = bytes.len() - HEAD;
    let head = u32::try_from(length).map_err(|_| FrameError::Length(length))?;
    if length > LONGEST {
        return Err(FrameError::Length(length));
    }
    bytes[..HEAD].copy_from_slice(&head.to_le_bytes());
    Ok(bytes)
}

/// Takes bytes in pieces of any size, gives messages.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    /// Where the first frame that was not given yet begins.
    start: usize,
}

impl Decoder {
    /// Takes what came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, if it is whole.
    pub fn message<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        let rest = &self.bytes[self.start..];
        let Some((head, rest)) = rest.split_first_chunk::<HEAD>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*head) as usize;
        if length > LONGEST {
            return Err(FrameError::Length(length));
        }
        let Some(message) = rest.get(..length) else {
            return Ok(None);
        };
        let message = postcard::from_bytes(message).map_err(FrameError::Message)?;
        self.start += HEAD + length;
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{FromGuest, Stream};

    #[test]
    fn messages_come_whole_from_pieces_of_any_size() {
        let sent = [
            FromGuest::Output(Stream::Out, b"abc".to_vec()),
            FromGuest::Idle { id: 7 },
        ];
        let bytes: Vec<u8> = sent.iter().flat_map(|m| encode(m).unwrap()).collect();
        for size in 1..bytes.len() {
            let mut decoder = Decoder::default();
            let mut got = Vec::new();
            for piece in bytes.chunks(size) {
                decoder.push(piece);
                while let Some(message) = decoder.message::<FromGuest>().unwrap() {
                    got.push(message);
                }
            }
            assert_eq!(got, sent, "pieces of {size}");
        }
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let mut decoder = Decoder::default();
        decoder.push(b"\xff\xff\xff\xff");
        assert!(matches!(
            decoder.message::<FromGuest>(),
            Err(FrameError::Length(0xffff_ffff))
        ));
        let mut decoder = Decoder::default();
        decoder.push(b"\x01\0\0\0\xee");
        assert!(matches!(
            decoder.message::<FromGuest>(),
            Err(FrameError::Message(_))
        ));
    }

    #[test]
    fn a_message_that_no_frame_holds_is_refused() {
        let message = FromGuest::Output(Stream::Out, vec![0; LONGEST]);
        assert!(matches!(encode(&message), Err(FrameError::Length(_))));
    }
}
