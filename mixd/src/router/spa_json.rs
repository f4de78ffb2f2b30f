//! The relaxed JSON that PipeWire writes and takes (spa/utils/json.h): quotes, commas and colons may
//! be left out, and `=` stands for `:`. Only as much of it as session managers need for what
//! concerns us: one flat object or array.

/// The keys and values of an object; a value that is itself an object or an array is left out.
pub fn object(text: &str) -> Option<Vec<(String, String)>> {
    let mut tokens = Tokens(text);
    if tokens.next() != Some(Token::Open('{')) {
        return None;
    }
    let mut pairs = Vec::new();
    loop {
        let key = match tokens.next()? {
            Token::Close => return Some(pairs),
            Token::Open(_) => return None,
            Token::Bare(key) | Token::Quoted(key) => key,
        };
        match tokens.next()? {
            Token::Bare(value) | Token::Quoted(value) => pairs.push((key, value)),
            Token::Open(_) => tokens.skip_container()?,
            Token::Close => return None,
        }
    }
}

/// The elements of an array; those that are objects or arrays themselves are left out.
pub fn array(text: &str) -> Option<Vec<String>> {
    let mut tokens = Tokens(text);
    if tokens.next() != Some(Token::Open('[')) {
        return None;
    }
    let mut elements = Vec::new();
    loop {
        match tokens.next()? {
            Token::Close => return Some(elements),
            Token::Open(_) => tokens.skip_container()?,
            Token::Bare(element) | Token::Quoted(element) => elements.push(element),
        }
    }
}

/// A string, which has quotes.
pub fn string(text: &str) -> Option<String> {
    match Tokens(text).next()? {
        Token::Quoted(string) => Some(string),
        _ => None,
    }
}

/// True or false.
pub fn boolean(text: &str) -> Option<bool> {
    match Tokens(text).next()? {
        Token::Bare(word) => word.parse().ok(),
        _ => None,
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// `{` or `[`
    Open(char),
    /// `}` or `]`
    Close,
    /// Without quotes: a number, true, false, null, or a string.
    Bare(String),
    Quoted(String),
}

/// The rest of a text.
struct Tokens<'a>(&'a str);

impl Tokens<'_> {
    /// Goes to the end of the container that has just been opened.
    fn skip_container(&mut self) -> Option<()> {
        let mut depth = 1;
        while depth > 0 {
            match self.next()? {
                Token::Open(_) => depth += 1,
                Token::Close => depth -= 1,
                Token::Bare(_) | Token::Quoted(_) => {}
            }
        }
        Some(())
    }

    /// The string whose opening quote has been read.
    fn quoted(&mut self) -> Option<String> {
        let mut string = String::new();
        let mut chars = self.0.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => string.push(escaped(&mut chars)?),
                c => string.push(c),
            }
        }
        self.0 = chars.as_str();
        Some(string)
    }
}

/// The characters that those after a backslash stand for.
fn escaped(chars: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match chars.next()? {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'u' => {
            let digits: String = chars.by_ref().take(4).collect();
            // Half of a surrogate pair: no name has one.
            char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
        }
        c => c,
    })
}

fn is_separator(c: char) -> bool {
    c.is_ascii_whitespace() || matches!(c, ',' | ':' | '=')
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.0 = self.0.trim_start_matches(is_separator);
        while let Some(comment) = self.0.strip_prefix('#') {
            let (_, rest) = comment.split_once('\n')?;
            self.0 = rest.trim_start_matches(is_separator);
        }
        let mut chars = self.0.chars();
        let first = chars.next()?;
        let rest = chars.as_str();
        match first {
            '{' | '[' => {
                self.0 = rest;
                Some(Token::Open(first))
            }
            '}' | ']' => {
                self.0 = rest;
                Some(Token::Close)
            }
            '"' => {
                self.0 = rest;
                self.quoted().map(Token::Quoted)
            }
            _ => {
                let is_end = |c| is_separator(c) || matches!(c, '{' | '}' | '[' | ']' | '"' | '#');
                let end = self.0.find(is_end).unwrap_or(self.0.len());
                let (word, rest) = self.0.split_at(end);
                self.0 = rest;
                Some(Token::Bare(word.to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_in_every_spelling() {
        let expected = Some(vec![("node.name".to_owned(), "card-a".to_owned())]);
        for text in [
            r#"{"node.name":"card-a"}"#,
            r#"{ "node.name" = "card-a", }"#,
            "{ node.name = card-a }",
            "{ # the card\n node.name: card-a }",
            r#"{ nested = { a = [ 1 2 ] } node.name = "card\u002da" }"#,
        ] {
            assert_eq!(object(text), expected, "{text}");
        }
        for text in [
            "",
            "card-a",
            "[ a ]",
            "{ a",
            "{ a }",
            "{ a = \"b }",
            "{ { } }",
        ] {
            assert_eq!(object(text), None, "{text}");
        }
        assert_eq!(object("{}"), Some(Vec::new()));
    }

    #[test]
    fn arrays_strings_and_booleans_are_told_apart() {
        let names = Some(vec!["first".to_owned(), "second one".to_owned()]);
        assert_eq!(array("[ first \"second one\" { a = b } ]"), names);
        assert_eq!(array("{ a = b }"), None);
        assert_eq!(array("[ a"), None);
        assert_eq!(string("\"a name\""), Some("a name".to_owned()));
        assert_eq!(string("name"), None);
        assert_eq!(boolean("true"), Some(true));
        assert_eq!(boolean("false"), Some(false));
        assert_eq!(boolean("\"true\""), None);
        assert_eq!(boolean("1"), None);
    }
}
