//! The programs that ship: how they start, stop, fall and come back.

mod cluster;
mod crash;
mod lifecycle;
mod outage;
