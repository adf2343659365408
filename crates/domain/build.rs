//! Makes a set to look up in out of the list of common passwords: a finite state transducer, which is half as large as
//! the list and needs no unpacking.

#![allow(clippy::print_stdout, reason = "that is how a build script speaks to Cargo")]

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

const LIST: &str = "lists/common-passwords.txt";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={LIST}");
    println!("cargo::rerun-if-changed=build.rs");
    let list = fs::read_to_string(LIST)?;
    // Refuses what is not sorted.
    let set = fst::Set::from_iter(list.lines())?;
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    fs::write(Path::new(&out).join("common-passwords.fst"), set.as_fst().as_bytes())?;
    Ok(())
}
