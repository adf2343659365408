//! A disk that forgets, and somebody who may write where the archives lie.

use super::*;

#[tokio::test]
async fn a_changed_byte_anywhere_is_noticed() {
    let place = Place::new();
    let manifest = place.write(&noise(250_000)).await;
    let whole = place.blobs.all();
    assert_eq!(whole.len(), 4);
    for (name, bytes) in &whole {
        for at in [0, bytes.len() / 2, bytes.len() - 2] {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1;
            place.blobs.set(name, changed);
            let refusal = place.refusal(&manifest.name).await;
            assert!(
                refusal.contains("can't be trusted") || refusal.contains("open a sealed key"),
                "{refusal}"
            );
        }
        place.blobs.set(name, bytes.clone());
    }
    place.archives.verify(&manifest).await.unwrap();
}

#[tokio::test]
async fn a_cut_or_missing_part_is_noticed() {
    let place = Place::new();
    let manifest = place.write(&noise(250_000)).await;
    for (name, bytes) in place.blobs.all() {
        for length in [0, bytes.len() - 1] {
            place.blobs.set(&name, bytes.slice(..length));
            place.refusal(&manifest.name).await;
        }
        ports::BlobStore::delete(&place.blobs, &name).await.unwrap();
        place.refusal(&manifest.name).await;
        place.blobs.set(&name, bytes);
    }
}

#[tokio::test]
async fn parts_of_another_archive_are_noticed() {
    let place = Place::new();
    let (one, other) = (place.write(&noise(250_000)).await, place.write(&noise(250_000)).await);
    for file in ["part-000001", "part-000003", "manifest"] {
        let (ours, theirs) = (key(&format!("{}/{file}", one.name)), key(&format!("{}/{file}", other.name)));
        let kept = place.blobs.all()[&ours].clone();
        place.blobs.set(&ours, place.blobs.all()[&theirs].clone());
        let refusal = place.refusal(&one.name).await;
        assert!(refusal.contains("can't be trusted"), "{refusal}");
        place.blobs.set(&ours, kept);
    }
}

/// Whoever may write there knows SHA-256, too, but not the key.
#[tokio::test]
async fn an_edited_manifest_is_noticed() {
    let place = Place::new();
    let manifest = place.write(&noise(250_000)).await;
    let name = key(&format!("{}/manifest", manifest.name));
    let document = String::from_utf8(place.blobs.all()[&name].to_vec()).unwrap();
    for (from, to) in
        [("sqlite", "nothing"), ("\"contentBytes\":250000", "\"contentBytes\":1"), ("1.2.3", "9.9.9")]
    {
        let edited = document.replace(from, to);
        assert_ne!(edited, document);
        let first = edited.lines().next().unwrap();
        let plain = crate::manifest::hex(
            aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, first.as_bytes()).as_ref(),
        );
        for edited in [edited.clone(), format!("{first}\n{plain}\n")] {
            place.blobs.set(&name, edited);
            let refusal = place.refusal(&manifest.name).await;
            assert!(refusal.contains("its manifest was changed"), "{refusal}");
        }
    }
    place.blobs.set(&name, document.replace("\"format\":1", "\"format\":2"));
    assert!(place.refusal(&manifest.name).await.contains("use a newer one"));
}

/// Chunks are bound to their place: the parts' checksums are not what this rests on.
#[test]
fn chunks_open_only_where_they_belong() {
    use crate::chunks::{CHUNK, Opening, Sealing, TAG};
    use std::io::{Read, Write};

    let content = noise(3 * CHUNK + 5);
    let mut sealed = Vec::new();
    let mut sealing = Sealing::new(&mut sealed, &[7; 32], "name").unwrap();
    sealing.write_all(&content).unwrap();
    sealing.finish().unwrap();
    let open = |sealed: &[u8], key: [u8; 32], name: &str| {
        let mut opened = Vec::new();
        Opening::new(sealed, &key, name)
            .and_then(|mut opening| opening.read_to_end(&mut opened))
            .map(|_| opened)
    };
    assert!(open(&sealed, [7; 32], "name").unwrap() == content);
    assert!(open(&sealed, [8; 32], "name").is_err());
    assert!(open(&sealed, [7; 32], "other").is_err());
    let chunk =
        |number: usize| &sealed[number * (CHUNK + TAG)..sealed.len().min((number + 1) * (CHUNK + TAG))];
    for order in [
        vec![],
        vec![0],
        vec![0, 1, 2],
        vec![0, 2, 1, 3],
        vec![1, 2, 3],
        vec![0, 1, 2, 3, 3],
        vec![0, 1, 1, 2, 3],
    ] {
        let rearranged: Vec<u8> = order.iter().flat_map(|number| chunk(*number)).copied().collect();
        assert!(open(&rearranged, [7; 32], "name").is_err(), "{order:?}");
    }
}

#[tokio::test]
async fn another_master_key_opens_nothing() {
    let place = Place::new();
    let manifest = place.write(&noise(10)).await;
    let elsewhere = Place::at(place.blobs.clone(), [2; 32]);
    let refusal = elsewhere.refusal(&manifest.name).await;
    assert!(refusal.contains("its master key is not listed"), "{refusal}");
}
