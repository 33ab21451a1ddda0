//! AES in the modes of WebCrypto (NIST SP 800-38A and D).

use aes::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit, StreamCipher};
use aes_gcm::AesGcm;
use aes_gcm::aead::consts::{U12, U13, U14, U15, U16};
use aes_gcm::aead::{Aead, KeyInit, Payload};
use cbc::cipher::block_padding::Pkcs7;

use super::Made;

/// Seals or opens. With GCM `more` is what is authenticated beside, and how many bytes the tag has.
pub(super) fn apply(
    mode: &str,
    seals: bool,
    key: &[u8],
    iv: &[u8],
    data: &[u8],
    (more, tag): (&[u8], usize),
) -> Made {
    macro_rules! by_key {
        ($function:ident, $($argument:expr),*) => {
            match key.len() {
                16 => $function::<aes::Aes128>(seals, key, iv, data, $($argument),*),
                24 => $function::<aes::Aes192>(seals, key, iv, data, $($argument),*),
                32 => $function::<aes::Aes256>(seals, key, iv, data, $($argument),*),
                other => Err(format!("invalid key length {other} bytes")),
            }
        };
    }
    match mode {
        "AES-CBC" => by_key!(chained,),
        "AES-CTR" => by_key!(counted,),
        "AES-GCM" => match tag {
            12 => by_key!(galois12, more),
            13 => by_key!(galois13, more),
            14 => by_key!(galois14, more),
            15 => by_key!(galois15, more),
            _ => by_key!(galois16, more),
        },
        other => Err(format!("there is no mode {other}")),
    }
}

fn chained<C>(seals: bool, key: &[u8], iv: &[u8], data: &[u8]) -> Made
where
    C: aes::cipher::BlockCipher
        + aes::cipher::BlockEncryptMut
        + aes::cipher::BlockDecryptMut
        + aes::cipher::KeyInit
        + aes::cipher::BlockSizeUser<BlockSize = aes::cipher::consts::U16>,
{
    if seals {
        let cipher = cbc::Encryptor::<C>::new_from_slices(key, iv).map_err(|e| e.to_string())?;
        return Ok(cipher.encrypt_padded_vec_mut::<Pkcs7>(data));
    }
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).map_err(|e| e.to_string())?;
    cipher.decrypt_padded_vec_mut::<Pkcs7>(data).map_err(|_| "invalid padding".to_owned())
}

fn counted<C>(_seals: bool, key: &[u8], iv: &[u8], data: &[u8]) -> Made
where
    C: aes::cipher::BlockCipher
        + aes::cipher::BlockEncryptMut
        + aes::cipher::KeyInit
        + aes::cipher::BlockSizeUser<BlockSize = aes::cipher::consts::U16>,
{
    let mut cipher = ctr::Ctr128BE::<C>::new_from_slices(key, iv).map_err(|e| e.to_string())?;
    let mut bytes = data.to_vec();
    cipher.apply_keystream(&mut bytes);
    Ok(bytes)
}

macro_rules! galois {
    ($($name:ident $tag:ty),*) => {
        $(fn $name<C>(seals: bool, key: &[u8], iv: &[u8], data: &[u8], more: &[u8]) -> Made
        where
            C: aes::cipher::BlockCipher
                + aes::cipher::BlockEncrypt
                + aes::cipher::KeyInit
                + aes::cipher::BlockSizeUser<BlockSize = aes::cipher::consts::U16>,
        {
            let cipher = AesGcm::<C, U12, $tag>::new_from_slice(key).map_err(|e| e.to_string())?;
            let payload = Payload { msg: data, aad: more };
            if seals {
                cipher.encrypt(iv.into(), payload).map_err(|e| e.to_string())
            } else {
                cipher.decrypt(iv.into(), payload).map_err(|_| "could not decrypt ciphertext".to_owned())
            }
        })*
    };
}

galois!(galois12 U12, galois13 U13, galois14 U14, galois15 U15, galois16 U16);
