//! The seal, the derivations and the master key's file.

mod master_key;
mod sealer;
