//! The catalogue of kinds and the handlers belong together.
