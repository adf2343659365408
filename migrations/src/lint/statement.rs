//! SQL as the rules read it: lower-case words without quotes, and what its comments say.

/// One statement.
#[derive(Debug)]
pub(super) struct Statement {
    /// Names, keywords and punctuation; literals are `'`.
    pub(super) words: Vec<String>,
    /// The migration that this one completes.
    pub(super) second_step_of: Option<String>,
    /// Its author says that it changes few rows.
    pub(super) bounded: bool,
}

impl Statement {
    pub(super) fn parse(sql: &str) -> Self {
        let (mut words, mut comments) = (Vec::new(), String::new());
        let mut rest = sql.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if rest.starts_with("/*") {
                let length = rest.find("*/").map_or(rest.len(), |end| end + 2);
                comments.push_str(&rest[..length]);
                length
            } else if rest.starts_with("--") {
                let length = rest.find('\n').unwrap_or(rest.len());
                comments.push_str(&rest[..length]);
                length
            } else if first == '\'' {
                words.push("'".to_owned());
                closing(rest, '\'')
            } else if first == '"' || first == '`' {
                let length = closing(rest, first);
                words.push(rest[..length].trim_matches(first).to_lowercase());
                length
            } else if is_word(first) {
                let length = rest.find(|other| !is_word(other)).unwrap_or(rest.len());
                words.push(rest[..length].to_lowercase());
                length
            } else {
                words.push(first.to_string());
                first.len_utf8()
            };
            rest = rest[length..].trim_start();
        }
        let second_step_of = comments
            .split_once("second step of ")
            .map(|(_, name)| name.chars().take_while(|char| is_word(*char)).collect::<String>());
        Self { words, second_step_of, bounded: comments.contains("bounded: ") }
    }

    /// Whether these words stand side by side somewhere in it.
    pub(super) fn has(&self, phrase: &str) -> bool {
        has(&self.words, phrase)
    }

    /// Whether it begins with these words.
    pub(super) fn begins(&self, phrase: &str) -> bool {
        phrase.split(' ').eq(self.words.iter().map(String::as_str).take(phrase.split(' ').count()))
    }

    /// The first name after a keyword, without `IF [NOT] EXISTS` and `ONLY`.
    pub(super) fn name_after(&self, keyword: &str) -> &str {
        const NOISE: [&str; 6] = ["if", "not", "exists", "only", "concurrently", "ignore"];
        let mut after = self.words.iter().skip_while(|word| *word != keyword).skip(1);
        after.find(|word| !NOISE.contains(&word.as_str())).map_or("", String::as_str)
    }

    /// The parts of an `ALTER TABLE`, each with its own verb.
    pub(super) fn actions(&self) -> Vec<&[String]> {
        let table = self.name_after("table");
        let begin = self.words.iter().position(|word| word == table).map_or(0, |at| at + 1);
        let mut depth = 0;
        let parts = self.words[begin..].split(|word| {
            match word.as_str() {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            depth == 0 && word == ","
        });
        parts.collect()
    }
}

/// Whether these words stand side by side somewhere among those.
pub(super) fn has(words: &[String], phrase: &str) -> bool {
    let wanted: Vec<&str> = phrase.split(' ').collect();
    words.windows(wanted.len()).any(|window| window.iter().map(String::as_str).eq(wanted.iter().copied()))
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_' || char == '.' || char == '$'
}

/// The length of a quoted thing; its quote doubled stands for itself.
fn closing(text: &str, quote: char) -> usize {
    let mut inside = text.char_indices().skip(1).peekable();
    while let Some((at, char)) = inside.next() {
        if char == quote && inside.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    text.len()
}
