//! Python's pickles, taken apart and never run.
//!
//! A pickle is a program for a stack machine that builds objects. Here each call that it asks for is written down as a
//! [`Node::Called`] and made by nobody. Opcodes: Python's `pickletools`; protocols 0 to 5.

use crate::ModelError;

const FORMAT: &str = "Python pickle";
/// More objects than any network of the allowed size has.
const MAX_NODES: usize = 1_000_000;

/// Place of an object in [`Pickle::nodes`].
pub(crate) type Id = usize;

/// An object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// What has no meaning here: `None`, bytes, sets.
    Other,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// A tuple or a list.
    Sequence(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A class or a function, by its module and name.
    Global(String, String),
    /// A call that was asked for, and the state that its result would be given.
    Called {
        callable: Id,
        arguments: Id,
        state: Option<Id>,
    },
    /// Something that lies outside of the pickle.
    Persistent(Id),
}

/// The objects of a pickle.
pub(crate) struct Pickle {
    nodes: Vec<Node>,
    /// The object that it builds.
    pub(crate) root: Id,
    /// Bytes that it takes.
    pub(crate) length: usize,
}

impl Pickle {
    pub(crate) fn node(&self, id: Id) -> &Node {
        &self.nodes[id]
    }

    /// Every object.
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn text(&self, id: Id) -> Option<&str> {
        match self.node(id) {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn size(&self, id: Id) -> Option<usize> {
        match self.node(id) {
            Node::Int(value) => usize::try_from(*value).ok(),
            _ => None,
        }
    }

    pub(crate) fn sequence(&self, id: Id) -> Option<&[Id]> {
        match self.node(id) {
            Node::Sequence(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn global(&self, id: Id) -> Option<(&str, &str)> {
        match self.node(id) {
            Node::Global(module, name) => Some((module, name)),
            _ => None,
        }
    }

    /// Every class and function that it names.
    pub(crate) fn globals(&self) -> impl Iterator<Item = (&str, &str)> {
        (0..self.nodes.len()).filter_map(|id| self.global(id))
    }
}

/// Takes the pickle apart that begins here.
pub(crate) fn read(bytes: &[u8]) -> Result<Pickle, ModelError> {
    let mut machine =
        Machine { bytes, at: 0, nodes: Vec::new(), stack: Vec::new(), marks: Vec::new(), memo: Vec::new() };
    while machine.step()? {}
    let root = machine.pop()?;
    Ok(Pickle { nodes: machine.nodes, root, length: machine.at })
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    stack: Vec<Id>,
    /// Heights of the stack at which a mark lies.
    marks: Vec<usize>,
    memo: Vec<Option<Id>>,
}

fn damaged(why: impl core::fmt::Display) -> ModelError {
    ModelError::damaged(FORMAT, why)
}

impl<'a> Machine<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ModelError> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.bytes.len());
        let end = end.ok_or_else(|| damaged("it ends too early"))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ModelError> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| damaged("it ends too early"))
    }

    fn byte(&mut self) -> Result<usize, ModelError> {
        Ok(usize::from(self.take(1)?[0]))
    }

    fn word(&mut self) -> Result<usize, ModelError> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    fn long_word(&mut self) -> Result<usize, ModelError> {
        usize::try_from(u64::from_le_bytes(self.array()?)).map_err(|_| damaged("a length is impossible"))
    }

    /// Up to the end of the line, which is left out.
    fn line(&mut self) -> Result<&'a str, ModelError> {
        let rest = &self.bytes[self.at..];
        let length =
            rest.iter().position(|&byte| byte == b'\n').ok_or_else(|| damaged("it ends too early"))?;
        let line = self.take(length + 1)?;
        core::str::from_utf8(&line[..length]).map_err(damaged)
    }

    fn text(&mut self, count: usize) -> Result<String, ModelError> {
        Ok(String::from_utf8_lossy(self.take(count)?).into_owned())
    }

    fn push(&mut self, node: Node) -> Result<(), ModelError> {
        if self.nodes.len() == MAX_NODES {
            return Err(damaged(format!("it has more than {MAX_NODES} objects")));
        }
        self.stack.push(self.nodes.len());
        self.nodes.push(node);
        Ok(())
    }

    fn pop(&mut self) -> Result<Id, ModelError> {
        // Nothing may be taken from below a mark.
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(damaged("it takes more from its stack than there is"));
        }
        self.stack.pop().ok_or_else(|| damaged("it takes more from its stack than there is"))
    }

    fn top(&self) -> Result<Id, ModelError> {
        self.stack.last().copied().ok_or_else(|| damaged("its stack is empty"))
    }

    /// Everything above the last mark.
    fn pop_mark(&mut self) -> Result<Vec<Id>, ModelError> {
        let mark = self.marks.pop().ok_or_else(|| damaged("a mark is missing"))?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn remember(&mut self, place: usize) -> Result<(), ModelError> {
        let top = self.top()?;
        // A memo is filled in turn; one far beyond the end is no honest pickle.
        if place >= MAX_NODES {
            return Err(damaged("its memo is too large"));
        }
        if self.memo.len() <= place {
            self.memo.resize(place + 1, None);
        }
        self.memo[place] = Some(top);
        Ok(())
    }

    fn recall(&mut self, place: usize) -> Result<(), ModelError> {
        let id = self
            .memo
            .get(place)
            .copied()
            .flatten()
            .ok_or_else(|| damaged("it recalls what was not there"))?;
        self.stack.push(id);
        Ok(())
    }

    fn append(&mut self, items: Vec<Id>) -> Result<(), ModelError> {
        let top = self.top()?;
        // Items of a set or of an object that is a list itself are of no use here.
        if let Node::Sequence(list) = &mut self.nodes[top] {
            list.extend(items);
        }
        Ok(())
    }

    fn set_items(&mut self, items: &[Id]) -> Result<(), ModelError> {
        let top = self.top()?;
        if let Node::Dict(dict) = &mut self.nodes[top] {
            dict.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1])));
        }
        Ok(())
    }

    fn call(&mut self, callable: Id, arguments: Id) -> Result<(), ModelError> {
        let is_dict = matches!(&self.nodes[callable], Node::Global(module, name)
            if module == "collections" && (name == "OrderedDict" || name == "defaultdict"));
        self.push(if is_dict {
            Node::Dict(Vec::new())
        } else {
            Node::Called { callable, arguments, state: None }
        })
    }

    /// One opcode; false at the last one.
    fn step(&mut self) -> Result<bool, ModelError> {
        match self.byte()? as u8 {
            b'.' => return Ok(false),
            0x80 => drop(self.byte()?),
            0x95 => drop(self.take(8)?),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_mark()?),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }
            b'N' => self.push(Node::Other)?,
            0x88 => self.push(Node::Bool(true))?,
            0x89 => self.push(Node::Bool(false))?,
            opcode @ (b'I' | b'L' | b'F' | b'J' | b'K' | b'M' | b'G' | 0x8a | 0x8b) => self.number(opcode)?,
            opcode @ (b'X' | 0x8c | 0x8d | b'V' | b'S' | b'T' | b'U') => self.string(opcode)?,
            opcode @ (b'B' | b'C' | 0x8e | 0x96) => {
                let length = match opcode {
                    b'C' => self.byte()?,
                    b'B' => self.word()?,
                    _ => self.long_word()?,
                };
                self.take(length)?;
                self.push(Node::Other)?;
            }
            opcode @ (b')' | b']' | b'}' | 0x8f | b't' | b'l' | b'd' | 0x85 | 0x86 | 0x87 | 0x91) => {
                self.container(opcode)?;
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' | 0x90 => {
                let items = self.pop_mark()?;
                self.append(items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.set_items(&items)?;
            }
            opcode @ (b'q' | b'r' | b'p' | 0x94 | b'h' | b'j' | b'g') => self.memory(opcode)?,
            opcode @ (b'c' | 0x93 | b'R' | 0x81 | 0x92 | b'o' | b'i' | b'b') => self.object(opcode)?,
            b'Q' => {
                let id = self.pop()?;
                self.push(Node::Persistent(id))?;
            }
            b'P' => {
                let name = self.line()?.to_owned();
                self.push(Node::Text(name))?;
                let id = self.pop()?;
                self.push(Node::Persistent(id))?;
            }
            other => return Err(damaged(format!("there is no opcode {other:#04x}"))),
        }
        Ok(true)
    }

    fn number(&mut self, opcode: u8) -> Result<(), ModelError> {
        let node = match opcode {
            b'J' => Node::Int(i64::from(i32::from_le_bytes(self.array()?))),
            b'K' => Node::Int(self.byte()? as i64),
            b'M' => Node::Int(i64::from(u16::from_le_bytes(self.array()?))),
            b'G' => Node::Float(f64::from_be_bytes(self.array()?)),
            0x8a | 0x8b => {
                let length = if opcode == 0x8a { self.byte()? } else { self.word()? };
                let bytes = self.take(length)?;
                match little_endian(bytes) {
                    Some(value) => Node::Int(value),
                    None => Node::Other,
                }
            }
            _ => match self.line()?.trim_end_matches('L') {
                "01" if opcode == b'I' => Node::Bool(true),
                "00" if opcode == b'I' => Node::Bool(false),
                text if opcode == b'F' => Node::Float(text.parse().map_err(damaged)?),
                text => Node::Int(text.parse().map_err(damaged)?),
            },
        };
        self.push(node)
    }

    fn string(&mut self, opcode: u8) -> Result<(), ModelError> {
        let text = match opcode {
            b'V' => self.line()?.to_owned(),
            b'S' => self.line()?.trim_matches(['\'', '"']).to_owned(),
            0x8c | b'U' => {
                let length = self.byte()?;
                self.text(length)?
            }
            b'X' | b'T' => {
                let length = self.word()?;
                self.text(length)?
            }
            _ => {
                let length = self.long_word()?;
                self.text(length)?
            }
        };
        self.push(Node::Text(text))
    }

    fn container(&mut self, opcode: u8) -> Result<(), ModelError> {
        let node = match opcode {
            b')' | b']' => Node::Sequence(Vec::new()),
            b'}' => Node::Dict(Vec::new()),
            0x8f => Node::Other,
            b'd' => {
                let items = self.pop_mark()?;
                Node::Dict(items.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
            }
            0x85..=0x87 => {
                let mut items = Vec::new();
                for _ in 0..opcode - 0x84 {
                    items.push(self.pop()?);
                }
                items.reverse();
                Node::Sequence(items)
            }
            _ => Node::Sequence(self.pop_mark()?),
        };
        self.push(node)
    }

    fn memory(&mut self, opcode: u8) -> Result<(), ModelError> {
        let place = match opcode {
            b'q' | b'h' => self.byte()?,
            b'r' | b'j' => self.word()?,
            0x94 => self.memo.len(),
            _ => self.line()?.parse().map_err(damaged)?,
        };
        if matches!(opcode, b'h' | b'j' | b'g') { self.recall(place) } else { self.remember(place) }
    }

    fn object(&mut self, opcode: u8) -> Result<(), ModelError> {
        match opcode {
            b'c' => {
                let (module, name) = (self.line()?.to_owned(), self.line()?.to_owned());
                self.push(Node::Global(module, name))
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let text = |id: Id| match &self.nodes[id] {
                    Node::Text(text) => Ok(text.clone()),
                    _ => Err(damaged("a name is no text")),
                };
                let global = Node::Global(text(module)?, text(name)?);
                self.push(global)
            }
            b'R' | 0x81 => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                self.call(callable, arguments)
            }
            0x92 => {
                let (_, arguments, callable) = (self.pop()?, self.pop()?, self.pop()?);
                self.call(callable, arguments)
            }
            b'b' => {
                let given = self.pop()?;
                let top = self.top()?;
                if let Node::Called { state, .. } = &mut self.nodes[top] {
                    *state = Some(given);
                }
                Ok(())
            }
            // Two old ways to make an object: by a class on the stack, and by a class that is named here.
            b'o' => {
                let mut items = self.pop_mark()?;
                if items.is_empty() {
                    return Err(damaged("an object has no class"));
                }
                let callable = items.remove(0);
                self.push(Node::Sequence(items))?;
                let arguments = self.pop()?;
                self.call(callable, arguments)
            }
            _ => {
                let (module, name) = (self.line()?.to_owned(), self.line()?.to_owned());
                let items = self.pop_mark()?;
                self.push(Node::Sequence(items))?;
                self.push(Node::Global(module, name))?;
                let (callable, arguments) = (self.pop()?, self.pop()?);
                self.call(callable, arguments)
            }
        }
    }
}

/// A whole number of up to eight bytes, the lowest first, whose highest bit is its sign.
fn little_endian(bytes: &[u8]) -> Option<i64> {
    if bytes.len() > 8 {
        return None;
    }
    let fill = if bytes.last().is_some_and(|&byte| byte >= 0x80) { 0xff } else { 0 };
    let mut all = [fill; 8];
    all[..bytes.len()].copy_from_slice(bytes);
    Some(i64::from_le_bytes(all))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn calls_are_written_down_and_not_made() {
        let pickle = read(b"cos\nsystem\n(S'echo hello'\ntR.").unwrap();
        let Node::Called { callable, arguments, .. } = pickle.node(pickle.root) else { panic!("no call") };
        assert_eq!(pickle.global(*callable), Some(("os", "system")));
        let arguments = pickle.sequence(*arguments).unwrap();
        assert_eq!(pickle.text(arguments[0]), Some("echo hello"));
    }

    #[test]
    fn numbers_and_containers_are_read() {
        // {"a": (1, -2, 300), "b": [True]}
        let pickle = read(
            b"\x80\x02}q\x00(X\x01\x00\x00\x00aK\x01J\xfe\xff\xff\xffM,\x01\x87X\x01\x00\x00\x00b]\x88au.",
        )
        .unwrap();
        let Node::Dict(items) = pickle.node(pickle.root) else { panic!("no dict") };
        assert_eq!(pickle.text(items[0].0), Some("a"));
        let numbers: Vec<_> =
            pickle.sequence(items[0].1).unwrap().iter().map(|&id| pickle.node(id)).collect();
        assert_eq!(numbers, [&Node::Int(1), &Node::Int(-2), &Node::Int(300)]);
        assert_eq!(pickle.node(pickle.sequence(items[1].1).unwrap()[0]), &Node::Bool(true));
        assert_eq!(little_endian(&[0xff]), Some(-1));
        assert_eq!(little_endian(&[0xff, 0]), Some(255));
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        for bytes in [
            &b""[..],
            b".",
            b"(",
            b"t.",
            b"K",
            b"X\xff\xff\xff\xffa",
            b"h\x05.",
            b"r\xff\xff\xff\x7f.",
            b"\x93.",
            b"R.",
            b"\xff",
            b"o.",
            b"(o.",
        ] {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
    }
}
