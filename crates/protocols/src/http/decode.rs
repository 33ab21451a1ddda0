//! Content codings: gzip, deflate, br, zstd.

use std::io::Read;

use super::error::HttpError;

/// Undoes the codings that `Content-Encoding` names, last applied first. `bytes_max` bounds the result.
pub(crate) fn decode(codings: &str, mut body: Vec<u8>, bytes_max: u64) -> Result<Vec<u8>, HttpError> {
    for coding in codings.split(',').rev().map(|c| c.trim().to_ascii_lowercase()) {
        body = decode_one(&coding, body, bytes_max)?;
    }
    Ok(body)
}

fn decode_one(coding: &str, body: Vec<u8>, bytes_max: u64) -> Result<Vec<u8>, HttpError> {
    let bad = |e: String| HttpError::Protocol("bad coding", format!("the body is not valid {coding}: {e}"));
    let bytes = body.as_slice();
    let reader: Box<dyn Read + '_> = match coding {
        "" | "identity" => return Ok(body),
        "gzip" | "x-gzip" => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
        // Servers disagree on whether deflate has a zlib header; browsers accept both.
        "deflate" if bytes.first().is_some_and(|b| b & 0x0f == 8) => {
            Box::new(flate2::read::ZlibDecoder::new(bytes))
        }
        "deflate" => Box::new(flate2::read::DeflateDecoder::new(bytes)),
        "br" => Box::new(brotli_decompressor::Decompressor::new(bytes, 4096)),
        "zstd" => Box::new(ruzstd::decoding::StreamingDecoder::new(bytes).map_err(|e| bad(e.to_string()))?),
        other => {
            return Err(HttpError::Protocol(
                "unknown coding",
                format!("the body is coded as {other}, which Plimsoll cannot read"),
            ));
        }
    };
    let mut decoded = Vec::new();
    reader.take(bytes_max + 1).read_to_end(&mut decoded).map_err(|e| bad(e.to_string()))?;
    if decoded.len() as u64 > bytes_max {
        return Err(HttpError::Protocol(
            "body too large",
            format!("the decoded body is larger than the {bytes_max} bytes the plan allows"),
        ));
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;
    use crate::garbled::garbled;
    use proptest::prelude::*;

    #[test]
    fn codings_are_undone() {
        let text = b"hello hello hello".to_vec();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&text).unwrap();
        let gzip = gzip.finish().unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&gzip).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(&text).unwrap();
        assert_eq!(decode("gzip", gzip, 100).unwrap(), text);
        assert_eq!(decode("gzip, deflate", zlib.finish().unwrap(), 1_000).unwrap(), text);
        assert_eq!(decode("deflate", raw.finish().unwrap(), 100).unwrap(), text);
        assert_eq!(decode("identity", text.clone(), 100).unwrap(), text);
        // "hello" by the reference encoders.
        let brotli = [0x0b, 0x02, 0x80, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x03];
        assert_eq!(decode("br", brotli.to_vec(), 100).unwrap(), b"hello");
        let zstd = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x05, 0x29, 0x00, 0x00, 0x68, 0x65, 0x6c, 0x6c, 0x6f];
        assert_eq!(decode("zstd", zstd.to_vec(), 100).unwrap(), b"hello");
    }

    #[test]
    fn bombs_and_lies_are_refused() {
        let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
        bomb.write_all(&vec![0; 1_000_000]).unwrap();
        assert!(matches!(
            decode("gzip", bomb.finish().unwrap(), 1_000),
            Err(HttpError::Protocol("body too large", _))
        ));
        assert!(matches!(decode("gzip", b"plain".to_vec(), 100), Err(HttpError::Protocol("bad coding", _))));
        assert!(matches!(decode("lzma", vec![], 100), Err(HttpError::Protocol("unknown coding", _))));
    }

    const CODED: &[&[u8]] = &[
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xcbH\xcd\xc9\xc9\x07\x00\x86\xa6\x106\x05\x00\x00\x00",
        b"x\x9c\xcbH\xcd\xc9\xc9\x07\x00\x06,\x02\x15",
        b"\x0b\x02\x80hello\x03",
        b"(\xb5/\xfd\x04X)\x00\x00hello\x93\x11~\xe6",
    ];

    proptest! {
        /// Whatever comes is undone within its limit, or refused.
        #[test]
        fn whatever_comes_is_undone_or_refused(bytes in garbled(CODED)) {
            for coding in ["gzip", "deflate", "br", "zstd"] {
                if let Ok(body) = decode(coding, bytes.clone(), 1_000) {
                    prop_assert!(body.len() <= 1_000);
                }
            }
        }
    }
}
