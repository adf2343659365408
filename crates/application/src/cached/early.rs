//! When to load a value anew before its end, so that not everybody misses it at once.
//!
//! The probabilistic rule of Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede Prevention"
//! (VLDB 2015): each caller draws a moment before the end that is exponentially distributed around what loading
//! costs, and loads if that moment has come. Dear values are refreshed earlier, often read ones more surely, and
//! callers need not agree on anything.

use std::time::Duration;

use ports::Random;

/// Whether this caller should load a value that took so many milliseconds to load and has so long left.
pub(super) fn is_due(cost: u64, left: Duration, random: &dyn Random) -> bool {
    let mut bytes = [0; 4];
    if cost == 0 || random.fill(&mut bytes).is_err() {
        return false;
    }
    // Above 0, so that the logarithm is a number; at most 1.
    let drawn = (f64::from(u32::from_le_bytes(bytes)) + 1.0) / (f64::from(u32::MAX) + 1.0);
    let cost = f64::from(u32::try_from(cost).unwrap_or(u32::MAX)) / 1_000.0;
    cost * -drawn.ln() >= left.as_secs_f64()
}
