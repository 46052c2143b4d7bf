//! String literals: three quotings and their escapes, as Prometheus reads them.

/// A fault in a literal: byte position from the start of the literal, and what is wrong.
pub(crate) struct StringFault {
    pub(crate) at: usize,
    pub(crate) message: String,
}

/// Reads the literal that `text` starts with (its first byte is the quote). Gives the value and
/// the byte length of the literal with both quotes.
pub(crate) fn read(text: &str) -> Result<(String, usize), StringFault> {
    let quote = text.chars().next().unwrap_or('"');
    let mut reader = Reader { text, at: quote.len_utf8(), value: Vec::new() };
    if quote == '`' {
        reader.raw()?
    } else {
        reader.quoted(quote)?
    };
    let length = reader.at;
    match String::from_utf8(reader.value) {
        Ok(value) => Ok((value, length)),
        // Go keeps such bytes; they equal no stored label, which is always UTF-8.
        Err(_) => Err(fault(0, "expected UTF-8 after unescaping, found other bytes")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    value: Vec<u8>,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.text[self.at..].chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn raw(&mut self) -> Result<(), StringFault> {
        loop {
            let start = self.at;
            match self.next() {
                None => return Err(unterminated('`')),
                Some('`') => return Ok(()),
                Some(c) => self.push_literal(c, start)?,
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<(), StringFault> {
        loop {
            let start = self.at;
            match self.next() {
                None => return Err(unterminated(quote)),
                Some(c) if c == quote => return Ok(()),
                Some('\n') => {
                    return Err(fault(start, format!("expected a closing {quote}, found a newline")));
                }
                Some('\\') => self.escape(quote, start)?,
                Some(c) => self.push_literal(c, start)?,
            }
        }
    }

    /// Go decodes broken UTF-8 to U+FFFD, so its lexer refuses that character where it is written out.
    fn push_literal(&mut self, c: char, start: usize) -> Result<(), StringFault> {
        if c == '\u{fffd}' {
            return Err(fault(
                start,
                "expected UTF-8, found U+FFFD (write \\ufffd for the character itself)",
            ));
        }
        self.push(c);
        Ok(())
    }

    fn push(&mut self, c: char) {
        self.value.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    fn escape(&mut self, quote: char, start: usize) -> Result<(), StringFault> {
        let Some(c) = self.next() else {
            return Err(fault(start, "expected an escape sequence, found the end"));
        };
        let byte = match c {
            'a' => 0x07,
            'b' => 0x08,
            'f' => 0x0c,
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            'v' => 0x0b,
            '\\' => b'\\',
            c if c == quote => c as u8,
            '0'..='7' => {
                self.at -= 1;
                self.byte(3, 8, start)?
            }
            'x' => self.byte(2, 16, start)?,
            'u' => return self.code_point(4, start),
            'U' => return self.code_point(8, start),
            c => {
                let shown = if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
                return Err(fault(start, format!("expected an escape sequence, found `\\{shown}`")));
            }
        };
        self.value.push(byte);
        Ok(())
    }

    fn byte(&mut self, digits: usize, radix: u32, start: usize) -> Result<u8, StringFault> {
        let number = self.number(digits, radix, start)?;
        u8::try_from(number)
            .map_err(|_| fault(start, format!("expected an octal escape up to \\377, found `\\{number:o}`")))
    }

    fn code_point(&mut self, digits: usize, start: usize) -> Result<(), StringFault> {
        let number = self.number(digits, 16, start)?;
        let c = char::from_u32(number)
            .ok_or_else(|| fault(start, format!("expected a Unicode code point, found {number:#x}")))?;
        self.push(c);
        Ok(())
    }

    fn number(&mut self, digits: usize, radix: u32, start: usize) -> Result<u32, StringFault> {
        let mut number = 0u32;
        for _ in 0..digits {
            let digit = self.next().and_then(|c| c.to_digit(radix));
            let kind = if radix == 8 { "octal" } else { "hexadecimal" };
            let digit = digit
                .ok_or_else(|| fault(start, format!("expected {digits} {kind} digits in the escape")))?;
            number = number.wrapping_mul(radix).wrapping_add(digit);
        }
        Ok(number)
    }
}

fn unterminated(quote: char) -> StringFault {
    fault(0, format!("expected a closing {quote}, found the end"))
}

fn fault(at: usize, message: impl Into<String>) -> StringFault {
    StringFault { at, message: message.into() }
}
