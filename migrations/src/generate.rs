//! Writes the beginning of a new migration: a file from a template, and its line in `lib.rs`.

/// Compiled with the tests, so that what is generated compiles.
const TEMPLATE: &str = include_str!("generate/template.rs");
/// What the template calls its table.
const TABLE: &str = "template_rows";

/// A migration's file, and the `lib.rs` that knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The module; its file is beside `lib.rs`.
    pub module: String,
    /// What stands in it.
    pub text: String,
    /// The new text of `lib.rs`.
    pub lib: String,
}

/// A migration that creates the table `name`, numbered after those that `lib` has; `day` is `yyyymmdd`.
///
/// # Errors
/// With what is wrong: the name, or a `lib.rs` that looks otherwise than expected.
pub fn generate(lib: &str, day: &str, name: &str) -> Result<Generated, String> {
    let is_name = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_';
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) || !name.chars().all(is_name) {
        return Err(format!("{name:?} is no name for a module; write it like `invoice_lines`"));
    }
    let is_dated =
        |name: &&str| name.starts_with('m') && name[1..].starts_with(|next: char| next.is_ascii_digit());
    let modules = lib.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let last = modules.filter(is_dated).max().ok_or("no migration is declared in lib.rs")?;
    let mut parts = last.splitn(3, '_');
    let (newest, number) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let number: u32 = number.parse().map_err(|_| format!("{last} has no number"))?;
    // Names sort in the order of application, whatever this machine takes for today.
    let day = format!("m{day}");
    let module = format!("{}_{:06}_{name}", day.as_str().max(newest), number + 1);

    let declaration = format!("mod {last};\n");
    let registration = format!("            Box::new({last}::Migration),\n");
    if !lib.contains(&declaration) || !lib.contains(&registration) {
        return Err(format!("lib.rs does not declare and register {last} as it does the others"));
    }
    let lib = lib.replace(&declaration, &format!("{declaration}mod {module};\n"));
    let lib = lib.replace(&registration, &format!("{registration}{}", registration.replace(last, &module)));
    Ok(Generated { module, text: TEMPLATE.replace(TABLE, name), lib })
}

#[cfg(test)]
mod template;

#[cfg(test)]
mod tests {
    use sea_orm_migration::prelude::{MigrationTrait, SchemaManager};
    use sea_orm_migration::sea_orm::Database;

    use super::generate;
    use super::template::Migration;

    const LIB: &str = include_str!("lib.rs");

    #[test]
    fn the_new_one_comes_last() {
        let last = crate::known().pop().unwrap();
        let number: u32 = last.split('_').nth(1).unwrap().parse().unwrap();
        let generated = generate(LIB, "29990102", "invoices").unwrap();
        assert_eq!(generated.module, format!("m29990102_{:06}_invoices", number + 1));
        assert!(generated.module > last);
        assert!(generated.text.contains(r#"aggregate(manager, "invoices")"#));
        assert!(!generated.text.contains("template"), "{}", generated.text);
        let added: Vec<&str> =
            generated.lib.lines().filter(|line| line.contains(&generated.module)).collect();
        let module = &generated.module;
        assert_eq!(added, [format!("mod {module};"), format!("            Box::new({module}::Migration),")]);
        assert_eq!(generated.lib.lines().count(), LIB.lines().count() + 2);
        // And the one after it.
        let next = generate(&generated.lib, "29990102", "lines").unwrap();
        assert_eq!(next.module, format!("m29990102_{:06}_lines", number + 2));
    }

    #[test]
    fn a_clock_that_is_behind_does_not_put_it_in_front() {
        let generated = generate(LIB, "19990102", "invoices").unwrap();
        assert!(generated.module > crate::known().pop().unwrap(), "{}", generated.module);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for name in ["", "Invoices", "1st", "in-voices", "../x", "a b", "_x"] {
            assert!(generate(LIB, "29990102", name).is_err(), "{name}");
        }
    }

    /// What is generated goes up, down and up again.
    #[tokio::test]
    async fn the_template_works() {
        let folder = testkit::temp::TempDir::new();
        let url = format!("sqlite://{}/x.db?mode=rwc", folder.path().display());
        let connection = Database::connect(url).await.unwrap();
        let manager = SchemaManager::new(&connection);
        Migration.up(&manager).await.unwrap();
        assert!(manager.has_table("template_rows").await.unwrap());
        Migration.down(&manager).await.unwrap();
        assert!(!manager.has_table("template_rows").await.unwrap());
        Migration.up(&manager).await.unwrap();
    }
}
