//! Compressing the body of a request, coding after coding.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

/// Codings that there are.
pub(super) const CODINGS: [&str; 4] = ["gzip", "deflate", "zstd", "br"];

/// What is said of another.
pub(super) fn unknown(coding: &str) -> String {
    format!("unknown compression algorithm {coding}, supported algorithms are [{}]", CODINGS.join(" "))
}

/// The body after all `codings`, in their order.
pub(super) fn compress(codings: &[String], body: &[u8]) -> Result<Vec<u8>, String> {
    let mut coded = body.to_vec();
    for coding in codings {
        let done = match coding.as_str() {
            "gzip" => through(GzEncoder::new(Vec::new(), Compression::default()), &coded, GzEncoder::finish),
            // What HTTP calls deflate is zlib's format (RFC 9110, 8.4.1.2).
            "deflate" => {
                through(ZlibEncoder::new(Vec::new(), Compression::default()), &coded, ZlibEncoder::finish)
            }
            "br" => brotli(&coded),
            "zstd" => {
                Ok(ruzstd::encoding::compress_to_vec(&coded[..], ruzstd::encoding::CompressionLevel::Fastest))
            }
            other => return Err(unknown(other)),
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
        let of =
            |codings: &[&str]| compress(&codings.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>(), &body);
        for codings in [&["gzip"][..], &["deflate"], &["br"], &["zstd"], &["gzip", "deflate"]] {
            let coded = of(codings).unwrap();
            assert!(coded.len() < 1_000 && !coded.is_empty(), "{codings:?}: {}", coded.len());
        }
        assert!(of(&["gzip"]).unwrap().starts_with(&[0x1f, 0x8b]));
        assert!(of(&["lzma"]).unwrap_err().contains("lzma"));
    }
}
