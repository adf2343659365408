//! A browser and the authenticator behind it, in software, as far as a relying party of WebAuthn can tell. What it signs
//! it really signs; where it lies is up to a test.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::value::Value as Cbor;
use serde_json::{Value, json};

/// Somebody touched it.
pub const PRESENT: u8 = 1;
/// Somebody unlocked it.
pub const UNLOCKED: u8 = 1 << 2;
/// Its keys may be copied from device to device.
pub const BACKUP_ELIGIBLE: u8 = 1 << 3;
/// They have been.
pub const BACKED_UP: u8 = 1 << 4;
/// Its data holds a new credential.
const ATTESTED: u8 = 1 << 6;

/// One passkey (ES256), and the page that uses it.
pub struct Authenticator {
    /// What the browser takes the page for.
    pub origin: String,
    /// The relying party that it signs for; whoever asks, unless a test says otherwise.
    pub rp_id: Option<String>,
    /// What it says about the person before it, and about copies.
    pub flags: u8,
    /// How many signatures it says it has made; 0 for one that does not count.
    pub counter: u32,
    /// Whose account it says it is for; told at the registration.
    pub handle: String,
    id: Vec<u8>,
    key: EcdsaKeyPair,
}

impl Authenticator {
    /// A new one, whose owner touches and unlocks it whenever asked.
    pub fn new(origin: &str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        Self {
            origin: origin.to_owned(),
            rp_id: None,
            flags: PRESENT | UNLOCKED,
            counter: 0,
            handle: String::new(),
            id: digest(&SHA256, key.public_key().as_ref()).as_ref().to_vec(),
            key,
        }
    }

    /// What `navigator.credentials.create` resolves to, as JSON.
    pub fn create(&mut self, options: &Value) -> Value {
        options["user"]["id"].as_str().unwrap().clone_into(&mut self.handle);
        let client = self.client_data("webauthn.create", options);
        let mut data = self.data(options["rp"]["id"].as_str().unwrap(), ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(cbor(&self.cose_key()));
        let object = Cbor::Map(vec![
            ("fmt".into(), "none".into()),
            ("attStmt".into(), Cbor::Map(vec![])),
            ("authData".into(), Cbor::Bytes(data)),
        ]);
        self.credential(&json!({
            "clientDataJSON": text(&client),
            "attestationObject": text(&cbor(&object)),
            "transports": ["internal", "hybrid"],
        }))
    }

    /// What `navigator.credentials.get` resolves to, as JSON. One that counts has counted then.
    pub fn get(&mut self, options: &Value) -> Value {
        self.counter += u32::from(self.counter > 0);
        let client = self.client_data("webauthn.get", options);
        let data = self.data(options["rpId"].as_str().unwrap(), 0);
        let signed = [data.as_slice(), digest(&SHA256, &client).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        self.credential(&json!({
            "clientDataJSON": text(&client),
            "authenticatorData": text(&data),
            "signature": text(signature.as_ref()),
            "userHandle": self.handle,
        }))
    }

    fn credential(&self, response: &Value) -> Value {
        json!({
            "id": text(&self.id),
            "rawId": text(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        })
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let (challenge, origin) = (&options["challenge"], &self.origin);
        let data = json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false });
        data.to_string().into_bytes()
    }

    fn data(&self, asked_by: &str, more: u8) -> Vec<u8> {
        let rp_id = self.rp_id.as_deref().unwrap_or(asked_by);
        let mut data = digest(&SHA256, rp_id.as_bytes()).as_ref().to_vec();
        data.push(self.flags | more);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// EC2, ES256, P-256 (RFC 9053, sections 2.1 and 7.1.1).
    fn cose_key(&self) -> Cbor {
        let point = self.key.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        let entries: [(i64, Cbor); 5] = [
            (1, 2.into()),
            (3, (-7).into()),
            (-1, 1.into()),
            (-2, Cbor::Bytes(x.to_vec())),
            (-3, Cbor::Bytes(y.to_vec())),
        ];
        Cbor::Map(entries.into_iter().map(|(label, value)| (label.into(), value)).collect())
    }
}

fn cbor(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
