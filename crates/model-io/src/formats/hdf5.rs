//! HDF5, as Keras uses it: arrays in nested groups, and a text beside them.
//!
//! Format: "HDF5 File Format Specification Version 3.0". Read are files as h5py writes them by default, and its newer headers and small
//! groups. What else there is in a file is refused by its name. Checksums of headers are not compared.

use std::{borrow::Cow, io::Read as _};

use flate2::read::ZlibDecoder;

use crate::{
    MAX_FILE_BYTES, ModelError, NamedTensor,
    tensor::{ValueType, size_of},
};

const FORMAT: &str = "HDF5 file";
const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";
const MAX_DEPTH: usize = 16;
const MAX_ARRAYS: usize = 10_000;
const MAX_NAME_BYTES: usize = 255;
/// Kernels of convolutions have 4 or 5.
const MAX_DIMENSIONS: usize = 8;
/// Messages, links and chunks together: parts may point to each other in many ways, and this ends them all.
const MAX_PARTS: usize = 1 << 20;
/// Chunks at the edges of an array reach beyond it.
const MAX_CHUNK_BYTES: usize = 2 * MAX_FILE_BYTES;
const MAX_FILTERS: usize = 4;
/// The address of what is not there.
const UNDEFINED: usize = usize::MAX;

// Messages of an object header.
const DATASPACE: usize = 0x01;
const LINK_INFO: usize = 0x02;
const DATATYPE: usize = 0x03;
const LINK: usize = 0x06;
const LAYOUT: usize = 0x08;
const FILTERS: usize = 0x0b;
const ATTRIBUTE: usize = 0x0c;
const CONTINUATION: usize = 0x10;
const SYMBOL_TABLE: usize = 0x11;
const ATTRIBUTE_INFO: usize = 0x15;

// Classes of datatypes.
const FLOAT: usize = 1;
const STRING: usize = 3;
const OF_ANY_LENGTH: usize = 9;

pub(crate) fn is_hdf5(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Arrays, whose names are their paths, and the texts that belong to the file itself.
pub(crate) struct Contents {
    pub(crate) arrays: Vec<NamedTensor>,
    config: Option<String>,
}

impl Contents {
    /// What Keras writes about the network, where it does.
    pub(crate) fn config(&self) -> Option<&str> {
        self.config.as_deref()
    }
}

pub(crate) fn read(bytes: impl AsRef<[u8]>) -> Result<Contents, ModelError> {
    let mut reader = Reader {
        file: bytes.as_ref(),
        arrays: Vec::new(),
        bytes_left: MAX_FILE_BYTES,
        chunk_bytes_left: MAX_CHUNK_BYTES,
        parts_left: MAX_PARTS,
    };
    let root = reader.superblock()?;
    let root = reader.header(root)?;
    let config = reader.config(&root)?;
    reader.group(&root, "", 0)?;
    Ok(Contents { arrays: reader.arrays, config })
}

fn damaged(why: impl core::fmt::Display) -> ModelError {
    ModelError::damaged(FORMAT, why)
}

fn unsupported(what: impl Into<String>) -> ModelError {
    ModelError::unsupported(FORMAT, what)
}

type Read<T> = Result<T, ModelError>;

/// Bytes that are taken from the front.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let (taken, rest) =
            self.0.split_at_checked(count).ok_or_else(|| damaged("a part of it ends early"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// A number of at most eight bytes; one that is larger than any place in memory becomes [`UNDEFINED`].
    fn number(&mut self, bytes: usize) -> Read<usize> {
        let mut word = [0; 8];
        word[..bytes].copy_from_slice(self.take(bytes)?);
        Ok(usize::try_from(u64::from_le_bytes(word)).unwrap_or(UNDEFINED))
    }

    /// Numbers of so many bytes each.
    fn numbers<const N: usize>(&mut self, bytes: [usize; N]) -> Read<[usize; N]> {
        let mut numbers = [0; N];
        for (number, bytes) in numbers.iter_mut().zip(bytes) {
            *number = self.number(bytes)?;
        }
        Ok(numbers)
    }

    /// A number for each dimension of an array.
    fn sides(&mut self, dimensions: usize, bytes: usize) -> Read<Vec<usize>> {
        (0..dimensions).map(|_| self.number(bytes)).collect()
    }
}

/// How many bytes a field has that is there where a flag is set.
const fn optional(flags: usize, flag: usize, bytes: usize) -> usize {
    if flags & flag == 0 { 0 } else { bytes }
}

/// A part of an object header.
struct Message<'a> {
    kind: usize,
    is_shared: bool,
    body: &'a [u8],
}

fn find<'a>(header: &[Message<'a>], kind: usize) -> Read<Option<Cursor<'a>>> {
    match header.iter().find(|message| message.kind == kind) {
        Some(message) if message.is_shared => Err(unsupported("a header that several objects share")),
        message => Ok(message.map(|message| Cursor(message.body))),
    }
}

/// Refuses what stands outside the header that this message belongs to, as many links or attributes of later versions do.
fn not_dense(info: Option<Cursor>, counter_bytes: usize, what: &str) -> Read<()> {
    let Some(mut info) = info else { return Ok(()) };
    let [_, flags] = info.numbers([1, 1])?;
    match info.numbers([optional(flags, 1, counter_bytes), 8])? {
        [_, UNDEFINED] => Ok(()),
        _ => Err(unsupported(format!("dense {what} (h5py's default libver writes none)"))),
    }
}

/// How the numbers of an array are stored, and whether their highest byte is the first. `None` for what are no weights, as seeds and
/// counters of an optimizer.
fn number_type(mut datatype: Cursor) -> Read<Option<(ValueType, bool)>> {
    let [class, order, _, size] = datatype.numbers([1, 1, 2, 4])?;
    if class & 0xf != FLOAT {
        return Ok(None);
    }
    let [_, _, exponent_bits, _, mantissa_bits] = datatype.numbers([4, 1, 1, 1, 1])?;
    let value = match (size, exponent_bits, mantissa_bits) {
        (8, 11, 52) => ValueType::F64,
        (4, 8, 23) => ValueType::F32,
        (2, 5, 10) => ValueType::F16,
        (2, 8, 7) => ValueType::Bf16,
        _ => return Ok(None),
    };
    // Both bits are the order of a VAX.
    Ok((order & 0x41 != 0x41).then_some((value, order & 1 == 1)))
}

/// The sides of an array; `None` for one that is declared to have no values.
fn shape(mut dataspace: Cursor) -> Read<Option<Vec<usize>>> {
    let [version, dimensions, _, class] = dataspace.numbers([1, 1, 1, 1])?;
    match (version, class) {
        _ if dimensions > MAX_DIMENSIONS => Err(unsupported(format!("an array of {dimensions} dimensions"))),
        (1, _) => dataspace.take(4).and_then(|_| dataspace.sides(dimensions, 8)).map(Some),
        (2, 2) => Ok(None),
        (2, _) => dataspace.sides(dimensions, 8).map(Some),
        _ => Err(unsupported(format!("a shape of version {version}"))),
    }
}

/// What was done to each chunk, the first first: numbers of filters, and the first of their settings.
fn filters(mut pipeline: Cursor) -> Read<Vec<(usize, usize)>> {
    let [version, count] = pipeline.numbers([1, 1])?;
    if count > MAX_FILTERS {
        return Err(unsupported(format!("chunks with {count} filters")));
    }
    let is_old = version == 1;
    pipeline.take(if is_old { 6 } else { 0 })?;
    let mut filter = || {
        let id = pipeline.number(2)?;
        let name_bytes = pipeline.number(if is_old || id >= 256 { 2 } else { 0 })?;
        let [_, settings] = pipeline.numbers([2, 2])?;
        pipeline.take(name_bytes)?;
        // The older version fills up to eight bytes.
        let settings = pipeline.take(4 * if is_old { settings.next_multiple_of(2) } else { settings })?;
        Ok((id, Cursor(settings).number(4).unwrap_or(0)))
    };
    (0..count).map(|_| filter()).collect()
}

/// What a chunk was before its filters, of which those whose bits are set in `left_out` were not used.
fn unfiltered<'a>(
    stored: &'a [u8],
    filters: &[(usize, usize)],
    left_out: usize,
    chunk_bytes: usize,
) -> Read<Cow<'a, [u8]>> {
    let mut bytes = Cow::Borrowed(stored);
    for (index, &filter) in filters.iter().enumerate().rev() {
        bytes = match filter {
            _ if left_out >> index & 1 == 1 => bytes,
            (1, _) => {
                let mut unpacked = Vec::new();
                let mut unpacker = ZlibDecoder::new(&*bytes).take(chunk_bytes as u64 + 1);
                unpacker.read_to_end(&mut unpacked).map_err(damaged)?;
                Cow::Owned(unpacked)
            }
            (2, number_bytes) => Cow::Owned(unshuffled(&bytes, number_bytes)),
            (id, _) => {
                return Err(unsupported(format!("chunks with the filter {id}, no deflate or shuffle")));
            }
        }
    }
    Ok(bytes)
}

/// Puts the bytes of each number together, which were stored as all first bytes, all second bytes and so on.
fn unshuffled(bytes: &[u8], number_bytes: usize) -> Vec<u8> {
    let count = bytes.len().checked_div(number_bytes).unwrap_or(0);
    let (shuffled, rest) = bytes.split_at(count * number_bytes);
    let mut numbers = vec![0; shuffled.len()];
    for (byte, plane) in shuffled.chunks_exact(count.max(1)).enumerate() {
        for (number, &value) in plane.iter().enumerate() {
            numbers[number * number_bytes + byte] = value;
        }
    }
    numbers.extend_from_slice(rest);
    numbers
}

/// An array in memory, which is put together from chunks. It has at least one dimension.
struct Canvas<'s> {
    shape: &'s [usize],
    chunk: Vec<usize>,
    number_bytes: usize,
    bytes: Vec<u8>,
}

impl Canvas<'_> {
    /// Copies a chunk that starts inside the array, row by row, without what reaches beyond.
    fn put(&mut self, values: &[u8], start: &[usize]) {
        let last = self.shape.len() - 1;
        let copied = self.chunk[last].min(self.shape[last] - start[last]) * self.number_bytes;
        'rows: for (row, values) in values.chunks_exact(self.chunk[last] * self.number_bytes).enumerate() {
            let (mut rest, mut place, mut stride) = (row, start[last], self.shape[last]);
            for axis in (0..last).rev() {
                let index = start[axis] + rest % self.chunk[axis];
                if index >= self.shape[axis] {
                    continue 'rows;
                }
                rest /= self.chunk[axis];
                place += index * stride;
                stride *= self.shape[axis];
            }
            self.bytes[place * self.number_bytes..][..copied].copy_from_slice(&values[..copied]);
        }
    }
}

struct Reader<'a> {
    file: &'a [u8],
    arrays: Vec<NamedTensor>,
    bytes_left: usize,
    chunk_bytes_left: usize,
    parts_left: usize,
}

impl<'a> Reader<'a> {
    fn part(&mut self) -> Read<()> {
        let left = self.parts_left.checked_sub(1);
        self.parts_left = left.ok_or_else(|| damaged(format!("it has more than {MAX_PARTS} parts")))?;
        Ok(())
    }

    /// What stands at an address, behind the signature that it must have.
    fn at(&self, address: usize, signature: &[u8]) -> Read<Cursor<'a>> {
        let rest = self.file.get(address..).and_then(|rest| rest.strip_prefix(signature));
        rest.map(Cursor).ok_or_else(|| damaged(format!("what is expected at byte {address} is not there")))
    }

    /// The address of the root group.
    fn superblock(&self) -> Read<usize> {
        let mut block = self.at(0, MAGIC)?;
        let version = block.number(1)?;
        // Behind the sizes: settings of trees, or flags. Behind the base: other addresses, and the name of the root group.
        let (before_sizes, behind_sizes, behind_base) = match version {
            0 => (4, 9, 32),
            1 => (4, 13, 32),
            2 | 3 => (0, 1, 16),
            _ => return Err(unsupported(format!("a superblock of version {version}"))),
        };
        block.take(before_sizes)?;
        let sizes = block.numbers([1, 1])?;
        block.take(behind_sizes)?;
        if sizes != [8, 8] || block.number(8)? != 0 {
            return Err(unsupported("addresses that are short or do not count from its first byte"));
        }
        block.take(behind_base)?;
        block.number(8)
    }

    /// The messages of an object, those in later blocks behind the others.
    fn header(&mut self, address: usize) -> Read<Vec<Message<'a>>> {
        let newer = self.at(address, b"OHDR\x02").ok();
        let is_new = newer.is_some();
        let (first, order_bytes) = if let Some(mut start) = newer {
            let flags = start.number(1)?;
            start.take(optional(flags, 0x20, 16) + optional(flags, 0x10, 4))?;
            let size = start.number(1 << (flags & 3))?;
            (start.take(size)?, optional(flags, 4, 2))
        } else {
            let mut start = self.at(address, b"\x01\0")?;
            let [_, _, size, _] = start.numbers([2, 4, 4, 4])?;
            (start.take(size)?, 0)
        };
        let widths = if is_new { [1, 2, 1, order_bytes] } else { [2, 2, 1, 3] };
        let (mut messages, mut blocks, mut next) = (Vec::new(), vec![first], 0);
        while let Some(&block) = blocks.get(next) {
            next += 1;
            let mut block = Cursor(block);
            while block.0.len() >= widths.iter().sum() {
                self.part()?;
                let [kind, size, flags, _] = block.numbers(widths)?;
                let body = block.take(size)?;
                if kind == CONTINUATION {
                    let [address, size] = Cursor(body).numbers([8, 8])?;
                    // Newer blocks stand between a signature and a checksum.
                    let (signature, around): (&[u8], _) = if is_new { (b"OCHK", 8) } else { (b"", 0) };
                    blocks.push(self.at(address, signature)?.take(size.saturating_sub(around))?);
                } else {
                    messages.push(Message { kind, is_shared: flags & 2 != 0, body });
                }
            }
        }
        Ok(messages)
    }

    /// The text of the attribute `model_config`.
    fn config(&mut self, root: &[Message<'a>]) -> Read<Option<String>> {
        not_dense(find(root, ATTRIBUTE_INFO)?, 2, "attributes")?;
        for message in root.iter().filter(|message| message.kind == ATTRIBUTE) {
            let mut rest = Cursor(message.body);
            let [version, shared] = rest.numbers([1, 1])?;
            let [name, datatype, dataspace, _] = rest.numbers([2, 2, 2, usize::from(version == 3)])?;
            let mut part =
                |size: usize| rest.take(if version == 1 { size.next_multiple_of(8) } else { size });
            let (name, datatype, _) = (part(name)?, part(datatype)?, part(dataspace)?);
            if message.is_shared || (version > 1 && shared != 0) {
                return Err(unsupported("an attribute that several objects share"));
            }
            if !name.starts_with(b"model_config\0") {
                continue;
            }
            let [class, flags, _, size] = Cursor(datatype).numbers([1, 1, 2, 4])?;
            let text = match (class & 0xf, flags & 0xf) {
                (STRING, _) => rest.take(size)?,
                (OF_ANY_LENGTH, 1) => {
                    let [size, heap, index] = rest.numbers([4, 8, 4])?;
                    Cursor(self.heap_object(heap, index)?).take(size)?
                }
                _ => return Err(unsupported("a model_config that is no text")),
            };
            let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
            return String::from_utf8(text.to_vec()).map(Some).map_err(damaged);
        }
        Ok(None)
    }

    /// An object of the global heap.
    fn heap_object(&mut self, address: usize, wanted: usize) -> Read<&'a [u8]> {
        let mut heap = self.at(address, b"GCOL\x01")?;
        let [_, size] = heap.numbers([3, 8])?;
        let mut objects = Cursor(heap.take(size.saturating_sub(16))?);
        loop {
            self.part()?;
            let [index, _, size] = objects.numbers([2, 6, 8])?;
            match index {
                0 => return Err(damaged("a text is not in its heap")),
                _ if index == wanted => return objects.take(size),
                _ => objects.take(size.checked_next_multiple_of(8).unwrap_or(UNDEFINED))?,
            };
        }
    }

    fn group(&mut self, header: &[Message<'a>], path: &str, depth: usize) -> Read<()> {
        if depth > MAX_DEPTH {
            return Err(damaged("its groups are nested too deeply"));
        }
        let mut groups = Vec::new();
        for (name, address) in self.links(header)? {
            let object = self.header(address)?;
            match find(&object, LAYOUT)? {
                Some(layout) => self.array(&object, layout, &format!("{path}{name}"))?,
                None => groups.push((name, object)),
            }
        }
        for (name, object) in groups {
            // Hard links may lead back up: the depth ends them.
            self.group(&object, &format!("{path}{name}/"), depth + 1)?;
        }
        Ok(())
    }

    /// Names in a group, and where their objects are.
    fn links(&mut self, group: &[Message<'a>]) -> Read<Vec<(&'a str, usize)>> {
        let soft = || unsupported("a link that is no hard link");
        let text = |name: &'a [u8]| {
            let text = str::from_utf8(name).ok().filter(|text| (1..=MAX_NAME_BYTES).contains(&text.len()));
            text.ok_or_else(|| damaged("a name in it makes no sense"))
        };
        let mut links = Vec::new();
        if let Some(mut table) = find(group, SYMBOL_TABLE)? {
            let [tree, heap] = table.numbers([8, 8])?;
            let [_, size, _, names] = self.at(heap, b"HEAP\0")?.numbers([3, 8, 8, 8])?;
            let names = self.at(names, b"")?.take(size)?;
            for (_, node) in self.leaves(tree, 8, usize::MAX)? {
                let mut node = self.at(node, b"SNOD\x01\0")?;
                for _ in 0..node.number(2)? {
                    self.part()?;
                    let [name, address, cached, _, _, _] = node.numbers([8, 8, 4, 4, 8, 8])?;
                    if cached == 2 {
                        return Err(soft());
                    }
                    let name = names.get(name..).unwrap_or_default();
                    let end = name.iter().take(MAX_NAME_BYTES + 1).position(|&byte| byte == 0);
                    links.push((text(&name[..end.unwrap_or(0)])?, address));
                }
            }
        }
        not_dense(find(group, LINK_INFO)?, 8, "groups")?;
        for message in group.iter().filter(|message| message.kind == LINK) {
            let mut link = Cursor(message.body);
            let [_, flags] = link.numbers([1, 1])?;
            let [class, _, _, size] = link.numbers([
                optional(flags, 8, 1),
                optional(flags, 4, 8),
                optional(flags, 16, 1),
                1 << (flags & 3),
            ])?;
            if class != 0 {
                return Err(soft());
            }
            links.push((text(link.take(size)?)?, link.number(8)?));
        }
        Ok(links)
    }

    /// What the leaves of a B-tree of version 1 point to, each with the key before it.
    fn leaves(&mut self, address: usize, key_bytes: usize, above: usize) -> Read<Vec<(&'a [u8], usize)>> {
        let mut found = Vec::new();
        let mut node = self.at(address, b"TREE")?;
        let [_, level, count, _, _] = node.numbers([1, 1, 2, 8, 8])?;
        // Levels sink, so that no branch leads back up.
        if level >= above {
            return Err(damaged("a tree in it has a wrong branch"));
        }
        for _ in 0..count {
            self.part()?;
            let (key, child) = (node.take(key_bytes)?, node.number(8)?);
            if level == 0 {
                found.push((key, child));
            } else {
                found.append(&mut self.leaves(child, key_bytes, level)?);
            }
        }
        Ok(found)
    }

    fn array(&mut self, header: &[Message<'a>], layout: Cursor<'a>, name: &str) -> Read<()> {
        let incomplete = || damaged(format!("\"{name}\" has no type or no shape"));
        let value = number_type(find(header, DATATYPE)?.ok_or_else(incomplete)?)?;
        let Some((value, is_big_endian)) = value else { return Ok(()) };
        let Some(shape) = shape(find(header, DATASPACE)?.ok_or_else(incomplete)?)? else { return Ok(()) };
        let size = size_of(&shape).and_then(|size| size.checked_mul(value.bytes()));
        let left = size.and_then(|size| self.bytes_left.checked_sub(size));
        self.bytes_left = left.ok_or(ModelError::UnpacksToTooMuch)?;
        if self.arrays.len() == MAX_ARRAYS {
            return Err(damaged(format!("it has more than {MAX_ARRAYS} arrays")));
        }
        let mut bytes = self.values(header, layout, &shape, value.bytes())?;
        if is_big_endian {
            bytes.to_mut().chunks_exact_mut(value.bytes()).for_each(<[u8]>::reverse);
        }
        self.arrays.push(NamedTensor::read(FORMAT, name, &shape, value, &bytes)?);
        Ok(())
    }

    fn values(
        &mut self,
        header: &[Message<'a>],
        mut layout: Cursor<'a>,
        shape: &[usize],
        number_bytes: usize,
    ) -> Read<Cow<'a, [u8]>> {
        match layout.numbers([1, 1])? {
            // In the header itself.
            [3 | 4, 0] => {
                let size = layout.number(2)?;
                layout.take(size).map(Cow::Borrowed)
            }
            // In one piece.
            [3 | 4, 1] => match layout.numbers([8, 8])? {
                [_, 0] => Ok(Cow::Borrowed(&[])),
                [UNDEFINED, _] => Err(damaged("an array in it was never written")),
                [address, size] => self.at(address, b"")?.take(size).map(Cow::Borrowed),
            },
            [3, 2] => self.chunks(header, layout, shape, number_bytes).map(Cow::Owned),
            [version, class] => {
                Err(unsupported(format!("an array in the layout {class} of version {version}")))
            }
        }
    }

    fn chunks(
        &mut self,
        header: &[Message<'a>],
        mut layout: Cursor<'a>,
        shape: &[usize],
        number_bytes: usize,
    ) -> Read<Vec<u8>> {
        let wrong = || damaged("the chunks of an array in it make no sense");
        let [dimensions, tree] = layout.numbers([1, 8])?;
        let chunk = layout.sides(shape.len(), 4)?;
        let chunk_bytes =
            size_of(&chunk).and_then(|size| size.checked_mul(number_bytes)).ok_or_else(wrong)?;
        // The last dimension of a chunk is the size of a number.
        let is_right = dimensions == shape.len() + 1 && layout.number(4)? == number_bytes;
        if !is_right || shape.is_empty() || chunk_bytes == 0 {
            return Err(wrong());
        }
        let filters = find(header, FILTERS)?.map_or(Ok(Vec::new()), filters)?;
        let is_empty = tree == UNDEFINED;
        let places = if is_empty { Vec::new() } else { self.leaves(tree, 8 + 8 * dimensions, usize::MAX)? };
        let counts: Vec<usize> =
            shape.iter().zip(&chunk).map(|(side, chunk)| side.div_ceil(*chunk)).collect();
        if size_of(&counts) != Some(places.len()) {
            return Err(damaged("chunks of an array in it are missing"));
        }
        let bytes = vec![0; shape.iter().product::<usize>() * number_bytes];
        let mut canvas = Canvas { shape, chunk, number_bytes, bytes };
        for (key, address) in places {
            let left = self.chunk_bytes_left.checked_sub(chunk_bytes);
            self.chunk_bytes_left = left.ok_or_else(|| damaged("its chunks are larger than its arrays"))?;
            let mut key = Cursor(key);
            let [stored_bytes, left_out] = key.numbers([4, 4])?;
            let start = key.sides(shape.len(), 8)?;
            let stored = self.at(address, b"")?.take(stored_bytes)?;
            let values = unfiltered(stored, &filters, left_out, chunk_bytes)?;
            if values.len() != chunk_bytes || start.iter().zip(shape).any(|(start, side)| start >= side) {
                return Err(wrong());
            }
            canvas.put(&values, &start);
        }
        Ok(canvas.bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const ROOT: usize = 64;
    const ARRAY: usize = 512;
    const TREE: usize = 1_024;
    const CHUNKS: [usize; 2] = [1_536, 1_792];

    fn word(number: usize) -> [u8; 8] {
        (number as u64).to_le_bytes()
    }

    /// A header of version 2.
    fn object(messages: &[(usize, Vec<u8>)]) -> Vec<u8> {
        let message =
            |(kind, body): &(usize, Vec<u8>)| [&[*kind as u8, body.len() as u8, 0, 0], &body[..]].concat();
        let block: Vec<u8> = messages.iter().flat_map(message).collect();
        [b"OHDR\x02\x02", &(block.len() as u32).to_le_bytes()[..], &block, &[0; 4]].concat()
    }

    fn link(name: &str, address: usize) -> (usize, Vec<u8>) {
        (LINK, [&[1, 0, name.len() as u8], name.as_bytes(), &word(address)].concat())
    }

    /// A file with a superblock of version 2, whose root has these messages.
    fn file(root: &[(usize, Vec<u8>)], filter: u8) -> Vec<u8> {
        let start = [MAGIC, &[2, 8, 8, 0], &word(0), &[0xff; 8], &word(2_048), &word(ROOT), &[0; 4]].concat();
        // Big-endian halves, 2 x 3 in chunks of 2 x 2, shuffled and packed.
        let datatype =
            [&[0x11, 1, 0, 0, 2, 0, 0, 0], &[0, 0, 16, 0, 10, 5, 0, 10][..], &[15, 0, 0, 0]].concat();
        let layout = [&[3, 2, 3], &word(TREE)[..], &[2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]].concat();
        let filters = [&[2, 2, 2, 0, 0, 0, 1, 0, 2, 0, 0, 0][..], &[filter, 0, 0, 0, 0, 0]].concat();
        let shape = [&[2, 2, 0, 1], &word(2)[..], &word(3)].concat();
        let array = object(&[(DATATYPE, datatype), (DATASPACE, shape), (LAYOUT, layout), (FILTERS, filters)]);
        let mut tree = [b"TREE\x01\0\x02\0", &[0xff; 16][..]].concat();
        let mut parts = vec![(0, start), (ROOT, object(root)), (ARRAY, array)];
        // 1, 2, 4, 5 and 3, beyond, 6, beyond.
        for (index, high) in [[0x3c, 0x40, 0x44, 0x45], [0x42, 0, 0x46, 0]].iter().enumerate() {
            let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
            packer.write_all(&[high, &[0_u8; 4][..]].concat()).unwrap();
            let chunk = packer.finish().unwrap();
            tree.extend([&[chunk.len() as u8, 0, 0, 0, 0, 0, 0, 0], &word(0)[..], &word(2 * index)].concat());
            tree.extend([word(0), word(CHUNKS[index])].concat());
            parts.push((CHUNKS[index], chunk));
        }
        parts.push((TREE, tree));
        let mut bytes = vec![0; 2_048];
        for (place, part) in parts {
            bytes[place..][..part.len()].copy_from_slice(&part);
        }
        bytes
    }

    #[test]
    fn newer_headers_and_packed_chunks_are_read() {
        let datatype = [0x13, 0, 0, 0, 2, 0, 0, 0];
        let name = b"model_config\0";
        let attribute = [&[3, 0, 13, 0, 8, 0, 4, 0, 0], &name[..], &datatype, &[2, 0, 0, 0], b"{}"].concat();
        let contents = read(file(&[(ATTRIBUTE, attribute), link("kernel", ARRAY)], 1)).unwrap();
        assert_eq!(contents.config(), Some("{}"));
        let values = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(contents.arrays, [NamedTensor { name: "kernel".into(), shape: vec![2, 3], values }]);
    }

    #[test]
    fn older_headers_and_groups_are_read() {
        let contents = read(include_bytes!("../../../../tests/models/keras.h5")).unwrap();
        assert!(contents.config().unwrap().contains("\"class_name\": \"Conv2D\""));
        let weights = contents.arrays.iter().filter(|array| array.name.starts_with("model_weights/"));
        assert_eq!(weights.map(|array| array.values.len()).sum::<usize>(), 2_230);
    }

    #[test]
    fn what_is_not_read_is_named() {
        let check = |messages: &[(usize, Vec<u8>)], filter, complaint: &str| {
            let error = read(file(messages, filter)).err().unwrap().to_string();
            assert!(error.contains(complaint), "{error}");
        };
        let kernel = || link("kernel", ARRAY);
        check(&[kernel()], 3, "chunks with the filter 3");
        check(&[(LINK_INFO, [&[0, 0], &word(TREE)[..], &word(TREE)].concat())], 1, "dense groups");
        check(&[link("kernel", 1 << 30)], 1, "is not there");
        // A group in itself, and a block that continues in itself.
        check(&[kernel(), link("up", ROOT)], 1, "nested too deeply");
        let mut older = file(&[], 1);
        let around =
            [&[1, 0, 1, 0, 1, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0], &[16, 0, 16, 0, 0, 0, 0, 0][..]].concat();
        older[ROOT..][..40].copy_from_slice(&[&around[..], &word(ROOT + 16), &word(24)].concat());
        assert!(read(older).err().unwrap().to_string().contains("parts"));
    }
}
