//! What every broker that keeps events does alike: members of groups, tries, refusals, the end, and what events look
//! like on the way.
//!
//! [`Crew`] knows who has subscribed in this process, and ends them; a [`Member`] tells one event until it is handled or
//! given up; [`Lanes`] do so side by side without mixing up subjects; [`wire`] is the form of events.
//! **Invariant:** it knows no server and no client library.

mod crew;
mod lanes;
mod member;
pub mod wire;

#[cfg(test)]
mod tests;

pub use crew::Crew;
pub use lanes::{InHand, LANES, Lanes, lane_of};
pub use member::{Member, Outcome, Patience};
