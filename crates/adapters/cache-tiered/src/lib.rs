//! A near cache in front of a far one.
