//! The seal, the derivations, the columns and the master key's file.

mod columns;
mod master_key;
mod sealer;

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
