//! Cursors: the keys of the last row, signed. Opaque to callers, and good for the list, the order and the choice of
//! rows that they were made for.
//!
//! Base64url of: a version byte, the first 16 bytes of an HMAC-SHA-256 under a key of the ring, the keys. They hold
//! nothing that the caller has not just been shown. A row that has gone meanwhile does not matter, because the keys say
//! where it stood.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use ports::KeyValue;
use subtle::ConstantTimeEq;

use crate::keys::KeyRing;
use crate::{Error, Result};

/// Of this layout. One of another is refused like a stranger's.
const VERSION: u8 = 1;
/// 128 bits are out of reach of guessing (RFC 2104, section 5, allows half of the hash).
const MAC: usize = 16;

/// What a cursor is good for.
pub(super) struct Binding<'a> {
    pub(super) list: &'static str,
    pub(super) sort: String,
    pub(super) choice: &'a str,
}

pub(super) fn write(keys: &KeyRing, binding: &Binding<'_>, position: &[KeyValue]) -> Result<String> {
    let packed = pack(position);
    let mut bytes = vec![VERSION];
    bytes.extend(mac(keys, binding, &packed)?);
    bytes.extend(packed);
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

pub(super) fn read(keys: &KeyRing, binding: &Binding<'_>, text: &str) -> Result<Vec<KeyValue>> {
    let refused = || Error::field("cursor", "cursor", "is not one that was handed out for this list");
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refused())?;
    let (version, rest) = bytes.split_first().ok_or_else(refused)?;
    let (given, packed) = rest.split_at_checked(MAC).ok_or_else(refused)?;
    let genuine = bool::from(mac(keys, binding, packed)?.ct_eq(given));
    if *version != VERSION || !genuine {
        return Err(refused());
    }
    unpack(packed).ok_or_else(refused)
}

fn mac(keys: &KeyRing, binding: &Binding<'_>, packed: &[u8]) -> Result<[u8; MAC]> {
    let (list, sort, choice) = (binding.list.as_bytes(), binding.sort.as_bytes(), binding.choice.as_bytes());
    let whole = keys.derive(&[b"list-cursor", &[VERSION], list, sort, choice, packed])?;
    let mut half = [0; MAC];
    half.copy_from_slice(&whole[..MAC]);
    Ok(half)
}

/// Each key as a letter and its value; texts with their length in front.
fn pack(position: &[KeyValue]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for key in position {
        match key {
            KeyValue::Int(number) => {
                bytes.push(b'i');
                bytes.extend(number.to_be_bytes());
            }
            KeyValue::Time(moment) => {
                bytes.push(b't');
                bytes.extend(moment.timestamp_millis().to_be_bytes());
            }
            KeyValue::Text(text) => {
                bytes.push(b's');
                bytes.extend((text.len() as u64).to_be_bytes());
                bytes.extend(text.as_bytes());
            }
        }
    }
    bytes
}

fn unpack(mut bytes: &[u8]) -> Option<Vec<KeyValue>> {
    let mut position = Vec::new();
    while let Some((kind, rest)) = bytes.split_first() {
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let number = i64::from_be_bytes(*number);
        let (key, rest) = match kind {
            b'i' => (KeyValue::Int(number), rest),
            b't' => (KeyValue::Time(DateTime::from_timestamp_millis(number)?), rest),
            b's' => {
                let (text, rest) = rest.split_at_checked(usize::try_from(number).ok()?)?;
                (KeyValue::Text(std::str::from_utf8(text).ok()?.to_owned()), rest)
            }
            _ => return None,
        };
        position.push(key);
        bytes = rest;
    }
    Some(position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_as_they_were() {
        let moment = DateTime::from_timestamp_millis(1_772_366_400_123).unwrap();
        for position in [
            vec![],
            vec![KeyValue::Int(i64::MIN)],
            vec![KeyValue::Time(moment), KeyValue::Text("jürgen\u{0}✓".to_owned()), KeyValue::Int(7)],
            vec![KeyValue::Text(String::new()), KeyValue::Text("i".repeat(300)), KeyValue::Int(-1)],
        ] {
            assert_eq!(unpack(&pack(&position)), Some(position));
        }
        for broken in
            [b"i".as_slice(), b"x12345678", b"s\0\0\0\0\0\0\0\x05abc", b"s\xff\xff\xff\xff\xff\xff\xff\xff"]
        {
            assert_eq!(unpack(broken), None);
        }
    }
}
