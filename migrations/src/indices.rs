//! Indices, each described once for all engines.
//!
//! MySQL has no partial indices. Where only the size suffers, its index holds all rows. Where a condition decides
//! (what is unique, or what a query walks along), a generated column stands for it there: 1 for rows that fit and
//! null, which differs from all other nulls, for those that do not.

use sea_orm_migration::prelude::*;

/// An index of one table.
#[derive(Clone)]
pub(crate) struct TableIndex {
    pub(crate) table: &'static str,
    pub(crate) name: String,
    columns: Vec<&'static str>,
    descending: Option<&'static str>,
    unique: bool,
    only: Option<Expr>,
    key: Option<Key>,
}

/// MySQL's stand-in for a condition.
#[derive(Clone, Copy)]
struct Key {
    column: &'static str,
    /// The one that it has to be in any case.
    generation: Option<Generation>,
}

/// Stored columns are the more tried ones. Adding one to a table copies it, and MySQL allows none over a column whose
/// row goes with the row it refers to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generation {
    Stored,
    Virtual,
}

/// A plain index, named after what it covers.
pub(crate) fn index(table: &'static str, columns: &[&'static str]) -> TableIndex {
    let name = format!("{table}_{}", columns.join("_"));
    TableIndex {
        table,
        name,
        columns: columns.to_vec(),
        descending: None,
        unique: false,
        only: None,
        key: None,
    }
}

/// A unique index. Nulls differ from each other.
pub(crate) fn unique(table: &'static str, columns: &[&'static str]) -> TableIndex {
    TableIndex { unique: true, ..index(table, columns) }
}

/// Unique among rows that have a value. (Nulls never collide, so the condition only saves space.)
pub(crate) fn unique_present(table: &'static str, column: &'static str) -> TableIndex {
    unique(table, &[column]).and_where(Expr::col(column).is_not_null())
}

/// Unique among rows that are not soft-deleted: a name is free again once its owner is gone.
pub(crate) fn unique_live(table: &'static str, columns: &[&'static str]) -> TableIndex {
    unique(table, columns).keyed("live", Expr::col("deleted_at").is_null())
}

impl TableIndex {
    /// Named otherwise than after its columns.
    pub(crate) fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// One of its columns from great to small, for lists whose keys go different ways.
    pub(crate) fn descending(self, column: &'static str) -> Self {
        Self { descending: Some(column), ..self }
    }

    /// Only of rows that fit, to save space; on MySQL of all rows.
    pub(crate) fn and_where(self, condition: Expr) -> Self {
        Self { only: Some(condition), ..self }
    }

    /// Only of rows that fit, because it matters; on MySQL by a generated column of that name, with which queries have
    /// to ask (`column = 1`). Each condition of a table needs a name of its own.
    pub(crate) fn keyed(self, column: &'static str, condition: Expr) -> Self {
        Self { key: Some(Key { column, generation: None }), ..self.and_where(condition) }
    }

    /// The same over columns with a foreign key.
    pub(crate) fn keyed_by_reference(self, column: &'static str, condition: Expr) -> Self {
        Self { key: Some(Key { column, generation: Some(Generation::Virtual) }), ..self.and_where(condition) }
    }

    /// For engines with partial indices.
    pub(crate) fn partial(&self) -> IndexCreateStatement {
        let mut index = self.over(&self.columns);
        if let Some(condition) = &self.only {
            index.and_where(condition.clone());
        }
        index
    }

    /// For MySQL, over [`TableIndex::generated`] where there is one: first for queries to walk along, last where it
    /// makes unique, because foreign keys want an index that begins with their own columns.
    pub(crate) fn whole(&self) -> IndexCreateStatement {
        let mut columns = self.columns.clone();
        if let Some(key) = self.key {
            columns.insert(if self.unique { columns.len() } else { 0 }, key.column);
        }
        self.over(&columns)
    }

    /// The column that MySQL needs for it, generated like this if nothing speaks against it.
    pub(crate) fn generated(&self, generation: Generation) -> Option<ColumnDef> {
        let (key, condition) = (self.key?, self.only.clone()?);
        let fits = CaseStatement::new().case(condition, Expr::cust("1"));
        let stored = key.generation.unwrap_or(generation) == Generation::Stored;
        Some(ColumnDef::new(key.column).tiny_integer().generated(fits, stored).to_owned())
    }

    fn over(&self, columns: &[&'static str]) -> IndexCreateStatement {
        let mut index = Index::create().name(self.name.as_str()).table(self.table).to_owned();
        for column in columns {
            if self.descending == Some(*column) {
                index.col((*column, IndexOrder::Desc));
            } else {
                index.col(*column);
            }
        }
        if self.unique {
            index.unique();
        }
        index
    }
}
