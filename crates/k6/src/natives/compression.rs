//! Compressing the body of a request, coding after coding.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

/// The body after all `codings` (`gzip, br`), in their order.
pub(super) fn compress(codings: &str, body: &[u8]) -> Result<Vec<u8>, String> {
    let mut coded = body.to_vec();
    for coding in codings.split(',').map(str::trim) {
        let done = match coding {
            "gzip" => through(GzEncoder::new(Vec::new(), Compression::default()), &coded, GzEncoder::finish),
            // What HTTP calls deflate is zlib's format (RFC 9110, 8.4.1.2).
            "deflate" => {
                through(ZlibEncoder::new(Vec::new(), Compression::default()), &coded, ZlibEncoder::finish)
            }
            "br" => brotli(&coded),
            "zstd" => {
                Ok(ruzstd::encoding::compress_to_vec(&coded[..], ruzstd::encoding::CompressionLevel::Fastest))
            }
            other => {
                return Err(format!(
                    "unknown compression algorithm {other}; there are gzip, deflate, br and zstd"
                ));
            }
        };
        coded = done.map_err(|e| format!("failed to compress with {coding}: {e}"))?;
    }
    Ok(coded)
}

fn through<W: Write>(
    mut encoder: W,
    bytes: &[u8],
    finish: impl FnOnce(W) -> std::io::Result<Vec<u8>>,
) -> std::io::Result<Vec<u8>> {
    encoder.write_all(bytes)?;
    finish(encoder)
}

fn brotli(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut coded = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut coded, &brotli::enc::BrotliEncoderParams::default())?;
    Ok(coded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_follow_each_other_and_unknown_ones_are_named() {
        let body = vec![b'x'; 10_000];
        for coding in ["gzip", "deflate", "br", "zstd", "gzip, deflate"] {
            let coded = compress(coding, &body).unwrap();
            assert!(coded.len() < 1_000 && !coded.is_empty(), "{coding}: {}", coded.len());
        }
        assert!(compress("gzip", &body).unwrap().starts_with(&[0x1f, 0x8b]));
        assert!(compress("lzma", &body).unwrap_err().contains("lzma"));
    }
}
