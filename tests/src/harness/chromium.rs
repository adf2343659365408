//! A headless Chromium with a virtual authenticator, driven by the Chrome DevTools Protocol.

use std::collections::VecDeque;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use testkit::services::require_or_skip;
use testkit::temp::TempDir;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::client::Client;
use super::program::Program;
use super::wait::{PATIENCE, eventually};

/// As distributions call it.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
];

/// One page of a browser of its own. Both go when it goes out of scope.
pub(crate) struct Page {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    sent: u64,
    heard: VecDeque<Value>,
    _browser: Program,
    _profile: TempDir,
}

impl Page {
    /// Starts a browser. `None` when there is none, after that has been said.
    pub(crate) async fn start() -> Option<Self> {
        let profile = TempDir::new();
        let Some(browser) = NAMES.into_iter().find_map(|name| spawn(name, &profile)) else {
            require_or_skip("Chromium", "apt-get install chromium");
            return None;
        };
        let address = eventually("a browser that listens", PATIENCE, async || {
            let output = browser.output();
            assert!(browser.is_running(), "the browser ended:\n{output}");
            let (_, rest) = output.split_once("DevTools listening on ws://")?;
            rest.split_once('/')?.0.parse().ok()
        })
        .await;
        let targets = Client::new(address).get("/json/list").gives(200).await.json();
        let page = targets.as_array().unwrap().iter().find(|target| target["type"] == "page");
        let page = page.unwrap_or_else(|| panic!("no page in {targets}"));
        let (socket, _) = connect_async(page["webSocketDebuggerUrl"].as_str().unwrap()).await.unwrap();
        Some(Self { socket, sent: 0, heard: VecDeque::new(), _browser: browser, _profile: profile })
    }

    /// Opens an address at which the browser finds this page instead of what the server has there.
    pub(crate) async fn open(&mut self, url: &str, page: &str) {
        self.call("Page.enable", json!({})).await;
        self.call("Fetch.enable", json!({ "patterns": [{ "urlPattern": url }] })).await;
        let navigation = self.send("Page.navigate", json!({ "url": url })).await;
        let paused = self.event("Fetch.requestPaused").await;
        let html = json!({
            "requestId": paused["requestId"],
            "responseCode": 200,
            "responseHeaders": [{ "name": "content-type", "value": "text/html; charset=utf-8" }],
            "body": STANDARD.encode(page),
        });
        self.call("Fetch.fulfillRequest", html).await;
        self.answer(navigation).await;
        self.event("Page.loadEventFired").await;
        self.call("Fetch.disable", json!({})).await;
    }

    /// Gives the page an authenticator like that of a telephone, whose owner always unlocks it; its id.
    pub(crate) async fn add_authenticator(&mut self) -> Value {
        self.call("WebAuthn.enable", json!({})).await;
        let options = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserVerified": true,
            "automaticPresenceSimulation": true,
        });
        let added = self.call("WebAuthn.addVirtualAuthenticator", json!({ "options": options })).await;
        added["authenticatorId"].clone()
    }

    /// What an expression of the page resolves to, or the text of what it throws.
    pub(crate) async fn evaluate(&mut self, expression: &str) -> Result<Value, String> {
        let asked = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true });
        let answer = self.call("Runtime.evaluate", asked).await;
        match answer["exceptionDetails"]["exception"]["description"].as_str() {
            Some(thrown) => Err(thrown.to_owned()),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// Calls a method of the protocol.
    pub(crate) async fn call(&mut self, method: &str, parameters: Value) -> Value {
        let id = self.send(method, parameters).await;
        self.answer(id).await
    }

    async fn send(&mut self, method: &str, parameters: Value) -> u64 {
        self.sent += 1;
        let message = json!({ "id": self.sent, "method": method, "params": parameters });
        self.socket.send(Message::text(message.to_string())).await.unwrap();
        self.sent
    }

    async fn answer(&mut self, id: u64) -> Value {
        let answer = self.hear(|message| message["id"] == id).await;
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].clone()
    }

    async fn event(&mut self, name: &str) -> Value {
        self.hear(|message| message["method"] == name).await["params"].clone()
    }

    /// The first message that fits, of those that have been heard and those to come.
    async fn hear(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(position) = self.heard.iter().position(&fits) {
            return self.heard.remove(position).unwrap();
        }
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("the browser is silent");
            let Message::Text(text) = message.expect("the browser has gone").unwrap() else { continue };
            let message: Value = serde_json::from_str(&text).unwrap();
            if fits(&message) {
                return message;
            }
            self.heard.push_back(message);
        }
    }
}

fn spawn(name: &str, profile: &TempDir) -> Option<Program> {
    let found = Command::new(name).arg("--version").output();
    found.is_ok_and(|output| output.status.success()).then(|| {
        let mut command = Command::new(name);
        command.args(FLAGS).arg(format!("--user-data-dir={}", profile.path().display()));
        command.arg("about:blank");
        Program::spawn(command)
    })
}
