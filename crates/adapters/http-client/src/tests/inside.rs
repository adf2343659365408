//! Targets that somebody chose do not lead inside.

use std::net::IpAddr;

use ports::{HttpClient, Kind};

use super::server::{Reply, Server};
use super::{chosen, client, client_of, get};
use crate::guard::Guard;

#[test]
fn public_addresses_are_admitted_and_all_others_are_not() {
    let guard = Guard::new(vec!["10.1.0.0/16".parse().unwrap(), "fd00:1::/32".parse().unwrap()]);
    for (address, admitted) in [
        ("1.1.1.1", true),
        ("100.128.0.1", true),
        ("172.32.0.1", true),
        ("10.1.2.3", true),
        ("10.2.0.1", false),
        ("0.0.0.0", false),
        ("0.1.2.3", false),
        ("100.64.0.1", false),
        ("127.0.0.1", false),
        ("127.255.255.254", false),
        ("169.254.169.254", false),
        ("172.16.0.1", false),
        ("172.31.255.255", false),
        ("192.0.0.8", false),
        ("192.168.1.1", false),
        ("198.18.0.1", false),
        ("224.0.0.1", false),
        ("240.0.0.1", false),
        ("255.255.255.255", false),
        ("2606:4700:4700::1111", true),
        ("fd00:1::7", true),
        ("::", false),
        ("::1", false),
        ("::7f00:1", false),
        ("::ffff:127.0.0.1", false),
        ("::ffff:1.1.1.1", true),
        ("::ffff:10.1.2.3", true),
        ("64:ff9b::127.0.0.1", false),
        ("64:ff9b::169.254.169.254", false),
        ("64:ff9b::1.1.1.1", true),
        ("64:ff9b:1::7f00:1", false),
        ("fc00::1", false),
        ("fd00:ec2::254", false),
        ("fe80::1", false),
        ("fec0::1", false),
        ("ff02::1", false),
        ("2001::1", false),
        ("2001:db8::1", false),
        ("2002:7f00:1::", false),
    ] {
        let parsed: IpAddr = address.parse().unwrap();
        assert_eq!(guard.admits(parsed), admitted, "{address}");
    }
}

/// However an address is written: nothing connects.
#[tokio::test]
async fn no_form_of_an_inner_address_is_connected_to() {
    let inside = Server::on("127.0.0.2", vec![Reply::status(200)]).await;
    let client = client();
    for host in [
        "127.0.0.2",
        "127.2",
        "2130706434",
        "0x7f000002",
        "0x7f.2",
        "0177.0.0.2",
        "017700000002",
        "[::ffff:127.0.0.2]",
        "[::ffff:7f00:2]",
        "[64:ff9b::7f00:2]",
        "[::7f00:2]",
        "0",
        "[::]",
    ] {
        let request = chosen(get(&format!("http://{host}:{}/", inside.port)));
        let refused = client.send(&request).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Unsupported, "{host}: {refused}");
        assert!(!refused.is_retryable());
    }
    assert_eq!(inside.connections(), 0);
    // The control: who runs the installation may have it go there.
    let configured = get(&format!("http://127.0.0.2:{}/", inside.port));
    assert_eq!(client.send(&configured).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_name_is_as_good_as_its_addresses() {
    let (outside, inside) = (
        Server::on("127.0.0.1", vec![Reply::status(200)]).await,
        Server::on("127.0.0.2", vec![Reply::status(200)]).await,
    );
    let inner = client_of(&[&["127.0.0.2", "::1", "10.0.0.1"]]);
    let url = format!("http://inner.example.com:{}/", inside.port);
    assert_eq!(inner.send(&chosen(get(&url))).await.unwrap_err().kind(), Kind::Unsupported);
    // The good half of a mixed answer is used, the other half is not.
    let mixed = client_of(&[&["127.0.0.2", "127.0.0.1"]]);
    let url = format!("http://mixed.example.com:{}/", outside.port);
    assert_eq!(mixed.send(&chosen(get(&url))).await.unwrap().status, 200);
    assert_eq!((outside.connections(), inside.connections()), (1, 0));
}

/// DNS rebinding: the first answer is for whoever looks, the second for whoever connects.
#[tokio::test]
async fn a_name_that_changes_its_mind_leads_nowhere() {
    let outside = Server::on("127.0.0.1", vec![Reply::status(200)]).await;
    let inside = std::net::TcpListener::bind(("127.0.0.2", outside.port)).unwrap();
    inside.set_nonblocking(true).unwrap();
    let client = client_of(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let request = chosen(get(&format!("http://rebinding.example.com:{}/", outside.port)));
    assert_eq!(client.send(&request).await.unwrap().status, 200);
    assert_eq!(client.send(&request).await.unwrap_err().kind(), Kind::Unsupported);
    let nobody = inside.accept().unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_redirect_inside_is_an_answer_and_nothing_more() {
    let inside = Server::on("127.0.0.2", vec![Reply::status(200)]).await;
    let to = format!("http://127.0.0.2:{}/", inside.port);
    for target in [chosen as fn(_) -> _, |request| request] {
        let outside = Server::on("127.0.0.1", vec![Reply::with(302, &[("location", &to)], b"")]).await;
        let answer = client().send(&target(get(&outside.url("/")))).await.unwrap();
        assert_eq!((answer.status, answer.header("location")), (302, Some(to.as_str())));
    }
    assert_eq!(inside.connections(), 0);
}
