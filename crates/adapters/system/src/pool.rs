//! Random bytes in stock, so that an id does not cost a system call.

use std::sync::{Arc, Mutex, PoisonError};

use ports::{Random, Result};
use secrecy::zeroize::Zeroize;

const SIZE: usize = 1024;

/// Buffered randomness. A byte is handed out once and wiped as it goes, so that a later look at the memory
/// does not tell which ids were made.
pub(crate) struct RandomPool {
    random: Arc<dyn Random>,
    stock: Mutex<Stock>,
}

struct Stock {
    bytes: [u8; SIZE],
    used: usize,
}

impl RandomPool {
    pub(crate) fn new(random: Arc<dyn Random>) -> Self {
        Self { random, stock: Mutex::new(Stock { bytes: [0; SIZE], used: SIZE }) }
    }

    /// `N` fresh random bytes; `N` is far below the size of the stock.
    pub(crate) fn take<const N: usize>(&self) -> Result<[u8; N]> {
        // Nothing below panics halfway, so a poisoned stock is as good as any other.
        let mut stock = self.stock.lock().unwrap_or_else(PoisonError::into_inner);
        if SIZE - stock.used < N {
            self.random.fill(&mut stock.bytes)?;
            stock.used = 0;
        }
        let from = stock.used;
        stock.used += N;
        let mut taken = [0; N];
        taken.copy_from_slice(&stock.bytes[from..from + N]);
        stock.bytes[from..from + N].zeroize();
        Ok(taken)
    }
}
