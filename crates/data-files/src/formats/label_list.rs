//! A list that says what each picture shows: rows of a file's name and a label.

use std::collections::BTreeSet;

use crate::{
    ImportError,
    raw::Label,
    source::{Role, SourceFile, name_of, stem_of},
    text::{Dialect, decode, lines, shown},
};

/// Names of files and their labels, in the order of the list.
pub(crate) struct LabelList {
    rows: Vec<(String, Label)>,
}

const ENDINGS: [&str; 8] = [".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".heic", ".tif"];
const FILE_NAMES: [&str; 14] = [
    "file",
    "filename",
    "file_name",
    "image",
    "path",
    "name",
    "picture",
    "img",
    "id",
    "image_id",
    "imageid",
    "image_name",
    "filenames",
    "filepath",
];
const LABEL_NAMES: [&str; 8] = ["label", "class", "digit", "target", "category", "answer", "labels", "y"];

/// Whether a text is such a list and no rows of pixels.
pub(crate) fn is_label_list(bytes: &[u8], stems: &BTreeSet<String>) -> bool {
    const MOST_COLUMNS: usize = 12;
    const LOOKED_AT: usize = 40;
    let text = decode(bytes);
    let dialect = Dialect::of(&text);
    let mut rows = lines(&text);
    let Some((_, first)) = rows.next() else { return false };
    let cells = lowered(dialect, first);
    let names_files = |row: &[u8]| lowered(dialect, row).iter().any(|cell| is_picture_name(cell));
    let names_given =
        |row: &[u8]| lowered(dialect, row).iter().any(|cell| stems.contains(stem_of(name_of(cell))));
    let names = |of: &[&str]| cells.iter().any(|cell| of.contains(&cell.as_str()));
    // Names without endings may be numbers by chance: most rows must name a picture that is there.
    let rest: Vec<&[u8]> = rows.take(LOOKED_AT).map(|(_, row)| row).collect();
    let given = rest.iter().filter(|row| names_given(row)).count();
    (2..=MOST_COLUMNS).contains(&cells.len())
        && (names(&FILE_NAMES) && names(&LABEL_NAMES)
            || names_files(first)
            || rest.iter().take(3).any(|row| names_files(row))
            || given > 2 && 10 * given > 9 * rest.len())
}

fn lowered(dialect: Dialect, row: &[u8]) -> Vec<String> {
    dialect.cells(row).take(16).map(|cell| String::from_utf8_lossy(cell).to_lowercase()).collect()
}

fn is_picture_name(cell: &str) -> bool {
    ENDINGS.iter().any(|ending| cell.ends_with(ending))
}

/// Reads a list, with or without a header.
pub(crate) fn read(file: &SourceFile, paths: &[&str]) -> Result<LabelList, ImportError> {
    let stems: BTreeSet<String> = paths.iter().map(|path| stem_of(name_of(path)).to_lowercase()).collect();
    let text = decode(&file.bytes);
    let dialect = Dialect::of(&text);
    // Names of files may hold anything: quotes are read as RFC 4180 has them.
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(dialect.separator)
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(&*text);
    let mut all: Vec<(usize, csv::ByteRecord)> = Vec::new();
    for record in reader.byte_records() {
        let record = record.map_err(|error| ImportError::file(&file.path, error.to_string()))?;
        let number = record.position().map_or(0, csv::Position::line) as usize;
        if record.iter().any(|cell| !cell.is_empty()) {
            all.push((number, record));
        }
    }
    let Some((_, first)) = all.first() else {
        return Err(ImportError::file(&file.path, "it names no pictures"));
    };
    let lower: Vec<String> = first.iter().map(|cell| String::from_utf8_lossy(cell).to_lowercase()).collect();
    let position = |names: &[&str]| names.iter().find_map(|name| lower.iter().position(|cell| cell == name));
    let (mut of_file, mut of_label) = (position(&FILE_NAMES), position(&LABEL_NAMES));
    let mut has_header = of_file.is_some() || of_label.is_some();
    let names_one = |cell: &str| is_picture_name(cell) || stems.contains(stem_of(name_of(cell)));
    if of_file.is_none() {
        of_file = lower.iter().position(|cell| names_one(cell));
        // A header in another language.
        if let (None, Some((_, second))) = (of_file, all.get(1)) {
            of_file = second.iter().position(|cell| names_one(&String::from_utf8_lossy(cell).to_lowercase()));
            has_header |= of_file.is_some();
        }
    }
    if let (Some(known), None) | (None, Some(known)) = (of_file, of_label)
        && first.len() == 2
    {
        (of_file, of_label) =
            if of_file.is_some() { (Some(known), Some(1 - known)) } else { (Some(1 - known), Some(known)) };
    }
    let (Some(of_file), Some(of_label)) = (of_file, of_label) else {
        return Err(ImportError::file(&file.path, "its columns `file` and `label` were not found"));
    };
    let mut rows = Vec::new();
    for (number, cells) in all.iter().skip(usize::from(has_header)) {
        let wrong = |why: String| ImportError::Row { file: file.path.clone(), row: *number, why };
        let (Some(name), Some(label)) = (cells.get(of_file), cells.get(of_label)) else {
            return Err(wrong(format!("it has {} columns, and row 1 has {}", cells.len(), first.len())));
        };
        if has_header && *name == first[of_file] && *label == first[of_label] {
            continue;
        }
        if name.is_empty() || label.is_empty() {
            return Err(wrong(format!(
                "a file and a label are needed, and there stand {:?} and {:?}",
                shown(name),
                shown(label)
            )));
        }
        rows.push((
            String::from_utf8_lossy(name).replace('\\', "/"),
            Label::of(&String::from_utf8_lossy(label)),
        ));
    }
    if rows.is_empty() {
        Err(ImportError::file(&file.path, "it names no pictures"))
    } else {
        Ok(LabelList { rows })
    }
}

impl LabelList {
    /// The picture of each row, by its place in `paths`. Folders before a name, its ending and capitals need not be as on the disk.
    pub(crate) fn places(&self, list: &str, paths: &[&str]) -> Result<Vec<(usize, Label)>, ImportError> {
        let lower = |text: &str| name_of(text).to_lowercase();
        let mut by_name: Vec<(String, usize)> = Vec::new();
        for (place, path) in paths.iter().enumerate() {
            let name = lower(path);
            by_name.push((stem_of(&name).to_owned(), place));
            by_name.push((name, place));
        }
        by_name.sort();
        self.rows
            .iter()
            .map(|(name, label)| {
                let places = |wanted: &str| {
                    let start = by_name.partition_point(|(known, _)| known.as_str() < wanted);
                    by_name[start..]
                        .iter()
                        .take_while(move |(known, _)| known == wanted)
                        .map(|(_, place)| *place)
                        .collect::<Vec<_>>()
                };
                let wanted = lower(name);
                let mut found = places(&wanted);
                if found.is_empty() {
                    found = places(stem_of(&wanted));
                }
                // Two folders may each have a `1.png`: the one that the row names, else the one beside the list.
                let place = found.iter().copied().rev().max_by_key(|&place| {
                    let path = paths[place];
                    (
                        shared_folders(path, name),
                        Role::of_path(path) == Role::of_path(list),
                        shared_start(path, list),
                    )
                });
                let place = place.ok_or_else(|| {
                    ImportError::file(list, format!("it names {name}, which is not among the pictures"))
                })?;
                Ok((place, label.clone()))
            })
            .collect()
    }
}

/// How many folders, from the name outwards, are the same.
fn shared_folders(a: &str, b: &str) -> usize {
    let folders = |path: &str| path.rsplit('/').skip(1).map(str::to_lowercase).collect::<Vec<_>>();
    folders(a).iter().zip(&folders(b)).take_while(|(a, b)| a == b).count()
}

/// How many folders, from the outermost inwards, are the same.
fn shared_start(a: &str, b: &str) -> usize {
    a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check(text: &str, paths: &[&str], expected: Result<&[(usize, &str)], &str>) {
        assert!(is_label_list(text.as_bytes(), &BTreeSet::new()), "{text}");
        let file = SourceFile::new("labels.csv", text.as_bytes().to_vec());
        let found = read(&file, paths).and_then(|list| list.places("labels.csv", paths));
        match (found, expected) {
            (Ok(found), Ok(expected)) => {
                let found: Vec<_> = found.iter().map(|(place, label)| (*place, label.to_string())).collect();
                let expected: Vec<_> =
                    expected.iter().map(|(place, label)| (*place, (*label).to_owned())).collect();
                assert_eq!(found, expected);
            }
            (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn lists_are_read_as_people_write_them() {
        let paths = ["a.png", "dir/B.PNG", "c, d.jpg"];
        check("file,label\na.png,3\nb.png, 4\n", &paths, Ok(&[(0, "3"), (1, "4")]));
        check("filename;class\na;3\nb;4\n", &paths, Ok(&[(0, "3"), (1, "4")]));
        check("writer,label,file\nx,9,\"c, d.jpg\"\n", &paths, Ok(&[(2, "9")]));
        check("file,label\nsomewhere\\dir\\b.png,A\n", &paths, Ok(&[(1, "A")]));
        check("a.png\t7.0\nB\t1\n", &paths, Ok(&[(0, "7"), (1, "1")]));
        check("label,image\n3,a.png\n", &paths, Ok(&[(0, "3")]));
        // Two of one name.
        check("file,label\nx/1.png,1\ny/1.png,2\n", &["y/1.png", "x/1.png"], Ok(&[(1, "1"), (0, "2")]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        check(
            "file,label\na.png,3\nz.png,4\n",
            &["a.png"],
            Err("it names z.png, which is not among the pictures"),
        );
        check("file,label\na.png\n", &["a.png"], Err("row 2: it has 1 columns"));
        check("file,label\na.png,\n", &["a.png"], Err("row 2: a file and a label are needed"));
        check("file,label\n", &[], Err("it names no pictures"));
        assert!(!is_label_list(b"label,pixel0,pixel1\n1,2,3\n", &BTreeSet::new()));
    }
}
