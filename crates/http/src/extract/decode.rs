//! Content codings of request bodies (RFC 9110, section 8.4), undone within a bound.
//!
//! The framework's own decoder inflates each arriving chunk as a whole before anybody can look at its size: a
//! kilobyte of brotli is gigabytes then. Here the bounded, still compressed body is *pulled* through a decoder,
//! and nobody pulls more than one byte beyond the limit.

use std::io::{self, Read};

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, ContentEncoding, HeaderMap};

use crate::respond::Failure;

/// Compressed input is read through a buffer of this size.
const BUFFER: usize = 4096;
/// 8 MiB: what decoders should support at least (RFC 8878, section 3.1.1.1.2), and at most for us.
const ZSTD_WINDOW_LOG: u32 = 23;

/// The coding that a body says it has.
pub(super) fn coding(headers: &HeaderMap) -> Result<ContentEncoding, Failure> {
    let unsupported = || Failure::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let Some(value) = headers.get(CONTENT_ENCODING) else { return Ok(ContentEncoding::Identity) };
    let text = value.to_str().map_err(|_| unsupported())?;
    match text.parse().map_err(|_| unsupported())? {
        known @ (ContentEncoding::Identity
        | ContentEncoding::Gzip
        | ContentEncoding::Brotli
        | ContentEncoding::Zstd) => Ok(known),
        _ => Err(unsupported()),
    }
}

/// Undoes a coding. More than `limit` bytes are refused, however small the input is.
pub(super) fn decode(coding: ContentEncoding, body: Vec<u8>, limit: usize) -> Result<Vec<u8>, Failure> {
    let decoded = match coding {
        ContentEncoding::Gzip => pull(flate2::read::MultiGzDecoder::new(body.as_slice()), limit),
        ContentEncoding::Brotli => pull(brotli::Decompressor::new(body.as_slice(), BUFFER), limit),
        ContentEncoding::Zstd => zstd(&body, limit),
        _ => return Ok(body),
    };
    let decoded = decoded.map_err(|_| Failure::malformed("the body can't be decompressed"))?;
    if decoded.len() > limit { Err(Failure::of_status(StatusCode::PAYLOAD_TOO_LARGE)) } else { Ok(decoded) }
}

fn zstd(body: &[u8], limit: usize) -> io::Result<Vec<u8>> {
    let mut decoder = zstd::Decoder::with_buffer(body)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    pull(decoder, limit)
}

fn pull(decoder: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    decoder.take(limit as u64 + 1).read_to_end(&mut plain)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const LIMIT: usize = 100;

    fn packed(coding: ContentEncoding, plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        match coding {
            ContentEncoding::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(&mut out, flate2::Compression::best());
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap();
            }
            ContentEncoding::Brotli => {
                brotli::CompressorWriter::new(&mut out, BUFFER, 1, 22).write_all(plain).unwrap();
            }
            _ => out = zstd::encode_all(plain, 3).unwrap(),
        }
        out
    }

    #[test]
    fn bodies_come_back_and_bombs_do_not_unfold() {
        for coding in [ContentEncoding::Gzip, ContentEncoding::Brotli, ContentEncoding::Zstd] {
            let small = packed(coding, b"{\"a\":1}");
            assert_eq!(decode(coding, small, LIMIT).unwrap(), b"{\"a\":1}");
            let bomb = packed(coding, &vec![b'0'; 4 * 1024 * 1024]);
            let refused = decode(coding, bomb, LIMIT).expect_err("a bomb is refused");
            assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
            let broken = decode(coding, b"nonsense".to_vec(), LIMIT).expect_err("nonsense is refused");
            assert_eq!(broken.status, StatusCode::BAD_REQUEST);
        }
    }
}
