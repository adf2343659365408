//! From the names in a layer to the paths of the catalogue; what is not in it is a problem.

use super::catalogue::variables;

pub(super) const PREFIX: &str = "MAINSTAY_";

/// Every path that may be set: the catalogue, and `…_file` for what may be secret.
pub(super) fn paths() -> impl Iterator<Item = String> {
    variables().flat_map(|variable| std::iter::once(variable.path.to_owned()).chain(variable.file_path()))
}

/// `server.port` → `MAINSTAY_SERVER__PORT`
pub(super) fn name_of(path: &str) -> String {
    format!("{PREFIX}{}", path.to_uppercase().replace('.', "__"))
}

/// The path that a prefixed name stands for.
pub(super) fn path_of(name: &str) -> Option<String> {
    paths().find(|path| name_of(path) == name)
}

/// Whether an unknown name was meant for us. Kubernetes injects `MAINSTAY_PORT` and its
/// kin for a service of that name; none of them has a double underscore.
pub(super) fn is_ours(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|rest| rest.contains("__"))
}

/// The candidate that takes the fewest edits to reach.
pub(super) fn nearest(unknown: &str, candidates: impl Iterator<Item = String>) -> String {
    candidates.min_by_key(|known| edits(unknown, known)).unwrap_or_default()
}

/// Levenshtein distance, one row at a time.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.bytes().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}
