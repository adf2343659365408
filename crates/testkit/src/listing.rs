//! What every list keeps to, whatever is in it: the contract of [`ports::list`], asked page by page.

use std::fmt::Debug;

use ports::{Kind, Order, Page, PageOf, Result, SortKey, Start};

/// Reads a list as callers do and compares it with `rows`, which are in the first of the orders. Each order is
/// followed in both directions, in pages of several sizes, by cursor and by number. `place` says where a row belongs
/// in an order that ascends.
pub(crate) async fn keeps_its_orders<T: Clone + PartialEq + Debug, K: Ord>(
    orders: &[Order],
    rows: &[T],
    place: impl Fn(Order, &T) -> K,
    list: impl AsyncFn(Page) -> Result<PageOf<T>>,
) {
    for order in orders {
        let mut ascending = rows.to_vec();
        ascending.sort_by_key(|row| place(order, row));
        let descending: Vec<T> = ascending.iter().rev().cloned().collect();
        let reverse: Vec<SortKey> = order.iter().map(|key| key.reversed()).collect();
        for (sort, expected) in [(order.to_vec(), ascending), (reverse, descending)] {
            for limit in [1, 2, 3, rows.len() as u64, u64::MAX] {
                assert_eq!(by_cursor(&sort, limit, &list).await, expected, "{sort:?} by {limit}");
            }
            let second = Page { limit: 2, sort: sort.clone(), start: Start::Skip(2) };
            assert_eq!(list(second).await.unwrap().rows, expected[2..4], "{sort:?}");
            for beyond in [rows.len() as u64, u64::MAX] {
                let none = Page { limit: 2, sort: sort.clone(), start: Start::Skip(beyond) };
                assert_eq!(list(none).await.unwrap(), PageOf { rows: vec![], next: None }, "{sort:?}");
            }
        }
    }
    refuses_the_unknown(orders[0], list).await;
}

/// All rows, a page at a time.
pub(crate) async fn by_cursor<T>(
    sort: &[SortKey],
    limit: u64,
    list: impl AsyncFn(Page) -> Result<PageOf<T>>,
) -> Vec<T> {
    let (mut rows, mut start) = (Vec::new(), Start::First);
    loop {
        let page = list(Page { limit, sort: sort.to_vec(), start }).await.unwrap();
        assert!(page.rows.len() as u64 <= limit);
        rows.extend(page.rows);
        match page.next {
            Some(position) => start = Start::After(position),
            None => return rows,
        }
    }
}

/// "`Unsupported` for another order, or a position with more or fewer keys".
async fn refuses_the_unknown<T: Debug>(order: Order, list: impl AsyncFn(Page) -> Result<PageOf<T>>) {
    let unknown = Page { limit: 1, sort: vec![SortKey::asc("colour")], start: Start::First };
    assert_eq!(list(unknown).await.unwrap_err().kind(), Kind::Unsupported);
    let nowhere = Page { limit: 1, sort: order.to_vec(), start: Start::After(vec![]) };
    assert_eq!(list(nowhere).await.unwrap_err().kind(), Kind::Unsupported);
}
