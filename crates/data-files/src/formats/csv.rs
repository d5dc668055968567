//! Images as rows of cells: CSV of any separator, with or without a header, label, index and id.
//!
//! Kaggle's Digit Recognizer, pandas, Excel and OpenML each write their own. What a column holds is seen from its name, and
//! without one from its values: labels differ from row to row, an index counts up, pixels make a square.

use crate::{
    Choice, ImportError, ImportOptions, Question,
    raw::{Label, RawImages, RawSet},
    source::SourceFile,
    text::{Dialect, MAX_COLUMNS, decode, lines, shown},
};

/// Rows that are looked at to tell what columns hold.
const SAMPLE: usize = 400;
/// More values than this are refused: 650,000 images of MNIST's size.
const MAX_VALUES: usize = 512 << 20;

/// What was read, and how.
pub(crate) struct CsvFound {
    pub(crate) set: RawSet,
    pub(crate) choices: Vec<Choice>,
    pub(crate) notes: Vec<String>,
}

/// Reads rows of images.
pub(crate) fn read(
    file: &SourceFile,
    options: &ImportOptions,
    progress: &mut dyn FnMut(f64),
) -> Result<CsvFound, ImportError> {
    let text = decode(&file.bytes);
    let dialect = Dialect::of(&text);
    let table = Table::of(file, &text, dialect, options)?;
    let mut scale = table.scale(&text);
    let mut read = table.read(&text, scale, progress);
    if matches!(read, Err(Stop::BeyondScale)) {
        // The rows that were looked at were too dark to tell.
        scale = Scale::Levels;
        read = table.read(&text, scale, progress);
    }
    let (values, labels, notes) = read.map_err(|stop| match stop {
        Stop::Error(error) => error,
        Stop::BeyondScale => ImportError::file(&file.path, "its values are of no scale"),
    })?;
    if values.is_empty() {
        return Err(ImportError::file(&file.path, "it has no rows"));
    }
    let images = RawImages { width: table.side, height: table.side, values };
    let labels = (table.label.is_some() || !table.one_hot.is_empty() && labels.len() == images.len())
        .then_some(labels);
    let mut all = table.notes;
    all.extend(notes);
    all.extend(scale.note(&file.path));
    let set = RawSet { source: file.path.clone(), role: file.role(), images: Some(images), labels };
    Ok(CsvFound { set, choices: table.choices, notes: all })
}

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Pixel,
    Label,
    Dropped,
}

struct Table<'a> {
    file: &'a SourceFile,
    dialect: Dialect,
    /// The row of names, as it stands.
    header: Option<&'a [u8]>,
    /// Whether the first row holds an image whose values pandas took for names, and told apart.
    is_mangled: bool,
    /// Which value of a row each pixel is, where names put them in another order.
    order: Option<Vec<usize>>,
    /// Columns of which the one that is 1 says the class; empty where labels are written otherwise.
    one_hot: Vec<usize>,
    columns: Vec<Column>,
    label: Option<usize>,
    side: usize,
    choices: Vec<Choice>,
    notes: Vec<String>,
}

/// How values stand for grey levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// 0 to 255.
    Levels,
    /// 0 to 1.
    Unit,
    /// -1 to 1.
    Symmetric,
}

impl Scale {
    fn level(self, value: f64) -> Option<u8> {
        let level = match self {
            Self::Levels => value,
            Self::Unit => 255.0 * value,
            Self::Symmetric => 127.5 * (value + 1.0),
        };
        (-0.5..255.5).contains(&level).then(|| level.round() as u8)
    }

    fn note(self, file: &str) -> Option<String> {
        match self {
            Self::Levels => None,
            Self::Unit => Some(format!("{file}: its values of 0 to 1 were taken for 0 to 255.")),
            Self::Symmetric => Some(format!("{file}: its values of -1 to 1 were taken for 0 to 255.")),
        }
    }
}

/// Grey levels, labels, and what is to be said of the rows.
type Rows = (Vec<u8>, Vec<Label>, Vec<String>);

enum Stop {
    Error(ImportError),
    /// A value is larger than the scale allows.
    BeyondScale,
}

impl<'a> Table<'a> {
    fn of(
        file: &'a SourceFile,
        text: &'a [u8],
        dialect: Dialect,
        options: &ImportOptions,
    ) -> Result<Self, ImportError> {
        let mut rows = lines(text);
        let Some((_, first)) = rows.next() else {
            return Err(ImportError::file(&file.path, "it has no rows"));
        };
        let mut names: Vec<&[u8]> = dialect.cells(first).take(MAX_COLUMNS + 1).collect();
        if names.len() > MAX_COLUMNS {
            let why = format!(
                "it has more than {MAX_COLUMNS} columns; a row is one image, of at most 256x256 pixels"
            );
            return Err(ImportError::Row { file: file.path.clone(), row: 1, why });
        }
        let second: Vec<&[u8]> = rows.next().map_or_else(Vec::new, |(_, row)| dialect.cells(row).collect());
        if second.len() == names.len() + 1 && is_header(dialect, &names) {
            // R writes no name above its names of rows; others end each row with a separator.
            if second.last().is_some_and(|cell| cell.is_empty()) {
                names.push(b"");
            } else {
                names.insert(0, b"");
            }
        }
        let is_mangled = is_mangled(dialect, &names, &second);
        let header = (!is_mangled && is_header(dialect, &names)).then_some(first);
        // The first rows, and as many from all over the file, which may be sorted by class.
        let about = text.len() / lines(text).nth(1).map_or(first.len() + 1, |(_, row)| row.len() + 1);
        let step = (2 * about / SAMPLE).max(1);
        let body = || lines(text).skip(usize::from(header.is_some() || is_mangled));
        let sample: Vec<Vec<&[u8]>> = body()
            .take(SAMPLE / 2)
            .chain(body().skip(SAMPLE / 2).step_by(step).take(SAMPLE))
            .map(|(_, row)| dialect.cells(row).take(names.len()).collect())
            .collect();
        let mut table = Self {
            file,
            dialect,
            header,
            is_mangled,
            order: None,
            one_hot: Vec::new(),
            columns: vec![Column::Pixel; names.len()],
            label: None,
            side: 0,
            choices: Vec::new(),
            notes: Vec::new(),
        };
        if dialect.separator != b',' {
            table.notes.push(format!("{}: its cells are divided by {}.", file.path, dialect.name()));
        }
        table.find_columns(&names, &sample, options)?;
        Ok(table)
    }

    /// Decides what each column is for.
    fn find_columns(
        &mut self,
        names: &[&[u8]],
        sample: &[Vec<&[u8]>],
        options: &ImportOptions,
    ) -> Result<(), ImportError> {
        let count = names.len();
        let is_named = self.is_named(names);
        let mut is_certain = true;
        if is_named {
            for (index, name) in names.iter().enumerate() {
                self.columns[index] = named_column(name).unwrap_or(Column::Pixel);
            }
            // What is called otherwise than most is no pixel.
            let stems: Vec<Vec<u8>> = names.iter().map(|name| stem(name)).collect();
            let mut sorted: Vec<&Vec<u8>> = stems.iter().collect();
            sorted.sort();
            if let Some(most) = sorted.chunk_by(|a, b| a == b).max_by_key(|chunk| chunk.len())
                && side_of(most.len()).is_some()
            {
                let others: Vec<usize> = (0..count).filter(|&index| stems[index] != *most[0]).collect();
                let unknown = others.iter().filter(|&&index| self.columns[index] == Column::Pixel).count();
                if self.position().is_some() || unknown == 0 {
                    for index in others {
                        if self.columns[index] == Column::Pixel {
                            self.columns[index] = Column::Dropped;
                        }
                    }
                }
            }
            // A label without a usual name is what no pixel is called.
            let odd: Vec<usize> = (0..count).filter(|&index| is_odd_name(names, index)).collect();
            if self.position().is_none() && odd.len() == 1 && self.columns[odd[0]] == Column::Pixel {
                self.columns[odd[0]] = Column::Label;
            }
            // A second name for the same thing: the first counts.
            let is_name = |index: &usize| names[*index].eq_ignore_ascii_case(b"name");
            let first = (0..count)
                .find(|index| self.columns[*index] == Column::Label && !is_name(index))
                .or(self.position());
            for (index, column) in self.columns.iter_mut().enumerate() {
                if *column == Column::Label && Some(index) != first {
                    *column = Column::Dropped;
                }
            }
        }
        let square =
            |columns: &[Column]| side_of(columns.iter().filter(|&&column| column == Column::Pixel).count());
        if !is_named || square(&self.columns).is_none() {
            self.columns.fill(Column::Pixel);
            let named = self.position().filter(|_| is_named);
            is_certain = self.by_values(sample);
            if let Some(named) = named
                && self.columns[named] == Column::Dropped
            {
                if let Some(before) = self.position() {
                    self.columns[before] = Column::Dropped;
                }
                self.columns[named] = Column::Label;
            }
        }
        self.choose(names, options, is_named);
        self.label = self.position();
        let pixels = self.columns.iter().filter(|&&column| column == Column::Pixel).count();
        self.side = side_of(pixels).ok_or_else(|| {
            let why = format!(
                "row 1 has {count} columns; a label and 784 pixels are needed, or another square number of pixels"
            );
            ImportError::file(&self.file.path, why)
        })?;
        if is_named {
            self.order_by_names(names);
        }
        self.say(names, is_certain);
        Ok(())
    }

    /// Finds the order of the pixels where their names number them otherwise than they stand.
    fn order_by_names(&mut self, names: &[&[u8]]) {
        let pixels: Vec<usize> =
            (0..names.len()).filter(|&index| self.columns[index] == Column::Pixel).collect();
        let places: Vec<Vec<u32>> = pixels.iter().map(|&index| numbers_in(names[index])).collect();
        let parts = places.first().map_or(0, Vec::len);
        let mut order: Vec<usize> = (0..pixels.len()).collect();
        order.sort_by_key(|&at| &places[at]);
        let is_square = |part: usize| {
            let mut all: Vec<u32> = places.iter().map(|place| place[part]).collect();
            all.sort_unstable();
            all.dedup();
            all.len() == if parts == 1 { pixels.len() } else { self.side }
        };
        let all_numbered = (1..=2).contains(&parts)
            && places.iter().all(|place| place.len() == parts)
            && (0..parts).all(is_square);
        let are_distinct = order.windows(2).all(|pair| places[pair[0]] != places[pair[1]]);
        if all_numbered && are_distinct && !order.is_sorted() {
            self.notes.push(format!("{}: its columns were put in the order of their names.", self.file.path));
            self.order = Some(order);
        }
    }

    fn is_named(&self, names: &[&[u8]]) -> bool {
        let has_label = || names.iter().any(|name| named_column(name) == Some(Column::Label));
        self.header.is_some() && (!counts_up(self.dialect, names) || has_label())
    }

    fn position(&self) -> Option<usize> {
        self.columns.iter().position(|&column| column == Column::Label)
    }

    /// Without names: as many columns as make no square are no pixels, at the front or at the back. Returns whether the values
    /// leave no doubt.
    fn by_values(&mut self, sample: &[Vec<&[u8]>]) -> bool {
        const MOST_EXTRA: usize = 3;
        if self.find_one_hot(sample) {
            return true;
        }
        let count = self.columns.len();
        let extra = (0..=MOST_EXTRA.min(count)).find(|extra| side_of(count - extra).is_some());
        let Some(extra) = extra else { return true };
        let look = |index: usize| Look::at(self.dialect, sample, index);
        // Every way to divide them between front and back; the one whose columns look least like pixels.
        let ways = (0..=extra).map(|front| {
            let columns: Vec<usize> = (0..front).chain(count - (extra - front)..count).collect();
            let score: u32 = columns.iter().map(|&index| look(index).score()).sum();
            (score, columns)
        });
        let ways: Vec<_> = ways.collect();
        let best = ways.iter().map(|(score, _)| *score).max().unwrap_or(0);
        // Of equals the one with the most in front: there most programs write the label.
        let Some((_, columns)) = ways.iter().rev().find(|(score, _)| *score == best) else { return true };
        let is_certain = extra == 0 || ways.iter().filter(|(score, _)| *score == best).count() == 1;
        let label = columns.iter().copied().max_by_key(|&index| {
            let look = look(index);
            // Two that count up: an index, and the digits in order.
            (look.label_score(), if look.counts_up { index } else { count - index })
        });
        for &index in columns {
            self.columns[index] = Column::Dropped;
        }
        if let Some(label) = label
            && (look(label).label_score() > 0)
        {
            self.columns[label] = Column::Label;
        }
        is_certain && !label.is_some_and(|label| look(label).counts_up)
    }

    /// Labels as columns of which one is 1, at the end or in front of a square number of pixels; whether there are such.
    fn find_one_hot(&mut self, sample: &[Vec<&[u8]>]) -> bool {
        let (all, dialect) = (self.columns.len(), self.dialect);
        let blank = usize::from(Look::at(dialect, sample, all - 1).is_empty);
        for classes in [10, 26, 36, 47, 62] {
            let ends = all.checked_sub(blank + classes).filter(|&rest| side_of(rest).is_some());
            let Some(rest) = ends else { continue };
            for at in [rest, 0] {
                let is_one_hot = |row: &Vec<&[u8]>| {
                    let values: Option<Vec<f64>> = row
                        .get(at..at + classes)
                        .map(|cells| cells.iter().filter_map(|cell| dialect.number(cell)).collect());
                    values.is_some_and(|values| {
                        values.len() == classes
                            && values.iter().all(|v| *v == 0.0 || *v == 1.0)
                            && values.iter().sum::<f64>() == 1.0
                    })
                };
                if sample.iter().all(is_one_hot) {
                    self.columns[at..at + classes].fill(Column::Dropped);
                    if blank == 1 {
                        self.columns[all - 1] = Column::Dropped;
                    }
                    self.one_hot = (at..at + classes).collect();
                    return true;
                }
            }
        }
        false
    }

    /// A person knows better which column holds the labels.
    fn choose(&mut self, names: &[&[u8]], options: &ImportOptions, is_named: bool) {
        let Some(chosen) = options.get(Question::LabelColumn) else { return };
        let index = (0..names.len()).find(|&index| column_name(names, index, is_named) == chosen);
        if let Some(index) = index
            && self.position() != Some(index)
        {
            let other = if self.columns[index] == Column::Pixel { Column::Pixel } else { Column::Dropped };
            if let Some(before) = self.position() {
                self.columns[before] = other;
            }
            self.columns[index] = Column::Label;
        }
    }

    /// Notes and choices for the person.
    fn say(&mut self, names: &[&[u8]], is_certain: bool) {
        let is_named = self.is_named(names);
        let name = |index: usize| column_name(names, index, is_named);
        let dropped: Vec<String> =
            (0..names.len()).filter(|&index| self.columns[index] == Column::Dropped).map(name).collect();
        if !dropped.is_empty() {
            self.notes.push(format!(
                "{}: {} holds no pixels and was left out.",
                self.file.path,
                dropped.join(", ")
            ));
        }
        if self.is_mangled {
            self.notes.push(format!(
                "{}: its first row is an image whose values a program took for names; it was read as an image.",
                self.file.path
            ));
        }
        if let Some(label) = self.label {
            let mut options = vec![name(label)];
            for index in [0, 1, names.len() - 1] {
                let other = name(index);
                if index < names.len() && !options.contains(&other) {
                    options.push(other);
                }
            }
            self.choices.push(Choice {
                question: Question::LabelColumn,
                chosen: name(label),
                options,
                is_certain,
            });
        }
    }

    /// The scale of the values, from the first rows.
    fn scale(&self, text: &[u8]) -> Scale {
        let (mut least, mut most, mut is_whole) = (0.0_f64, 0.0_f64, true);
        let skipped = usize::from(self.header.is_some() || self.is_mangled);
        for (_, row) in lines(text).skip(skipped).take(SAMPLE) {
            for (cell, column) in self.dialect.cells(row).zip(&self.columns) {
                if *column == Column::Pixel
                    && let Some(value) = self.dialect.number(cell)
                {
                    (least, most) = (least.min(value), most.max(value));
                    is_whole &= value.fract() == 0.0;
                }
            }
        }
        if (-1.0..0.0).contains(&least) && most <= 1.0 {
            Scale::Symmetric
        } else if most <= 1.0 && !is_whole {
            Scale::Unit
        } else {
            Scale::Levels
        }
    }

    /// Reads all rows: grey levels, labels and what is to be said.
    fn read(&self, text: &[u8], scale: Scale, progress: &mut dyn FnMut(f64)) -> Result<Rows, Stop> {
        const REPORTED_EVERY: usize = 1 << 20;
        let pixels = self.side * self.side;
        let first_row = lines(text).next().map_or(0, |(_, row)| row.len());
        let mut values =
            Vec::with_capacity((text.len() / (first_row + 1) + 2).min(MAX_VALUES / pixels) * pixels);
        let (mut labels, mut notes) = (Vec::new(), Vec::new());
        let (mut repeated, mut reported) = (0, 0);
        let start = text.as_ptr() as usize;
        for (index, (number, row)) in lines(text).enumerate() {
            let done = row.as_ptr() as usize - start;
            if done >= reported + REPORTED_EVERY {
                reported = done;
                progress(done as f64 / text.len() as f64);
            }
            if let Some(header) = self.header {
                if index == 0 {
                    continue;
                }
                // Files that were put one behind the other keep their headers.
                let bare = row.strip_prefix(b"\xef\xbb\xbf").unwrap_or(row);
                let may_be = bare.first() == header.first() || !bare.first().is_some_and(u8::is_ascii_digit);
                if may_be && self.dialect.cells(bare).eq(self.dialect.cells(header)) {
                    repeated += 1;
                    continue;
                }
            }
            let is_mangled = self.is_mangled && index == 0;
            self.read_row((number, row), scale, is_mangled, &mut values, &mut labels)?;
            if let Some(order) = &self.order {
                let row = values.split_off(values.len() - pixels);
                values.extend(order.iter().map(|&at| row[at]));
            }
            if values.len() > MAX_VALUES {
                let why = format!("it holds more than {} images", MAX_VALUES / pixels);
                return Err(Stop::Error(ImportError::file(&self.file.path, why)));
            }
        }
        if repeated > 0 {
            notes
                .push(format!("{}: {repeated} more header(s) among its rows were left out.", self.file.path));
        }
        values.shrink_to_fit();
        Ok((values, labels, notes))
    }

    fn read_row(
        &self,
        (number, row): (usize, &[u8]),
        scale: Scale,
        is_mangled: bool,
        values: &mut Vec<u8>,
        labels: &mut Vec<Label>,
    ) -> Result<(), Stop> {
        let mut rest = row;
        for (index, column) in self.columns.iter().enumerate() {
            if self.dialect.separator == b' ' {
                rest = rest.trim_ascii_start();
            }
            // Nearly every cell: up to three digits.
            if scale == Scale::Levels && *column == Column::Pixel && !is_mangled {
                let mut level = 0_u32;
                let mut length = 0;
                while length < 4
                    && let Some(&byte) = rest.get(length)
                    && byte.is_ascii_digit()
                {
                    level = 10 * level + u32::from(byte - b'0');
                    length += 1;
                }
                let is_last = index + 1 == self.columns.len();
                let ends = match rest.get(length) {
                    Some(&byte) => !is_last && byte == self.dialect.separator,
                    None => is_last,
                };
                if ends && length > 0 && level < 256 {
                    values.push(level as u8);
                    rest = &rest[(length + 1).min(rest.len())..];
                    continue;
                }
            }
            let mut cells = self.dialect.cells(rest);
            let Some(cell) = cells.next() else { break };
            if (index + 1 == self.columns.len()) == cells.has_more() {
                let found = self.dialect.cells(row).count();
                let why = format!("it has {found} columns, and row 1 has {}", self.columns.len());
                return Err(Stop::Error(ImportError::Row { file: self.file.path.clone(), row: number, why }));
            }
            rest = cells.rest();
            match column {
                Column::Dropped => {
                    if let Some(class) =
                        index.checked_sub(self.one_hot.first().copied().unwrap_or(usize::MAX))
                        && class < self.one_hot.len()
                        && self.dialect.number(cell) == Some(1.0)
                    {
                        labels.push(Label::Number(class as i64));
                    }
                }
                Column::Label if cell.is_empty() => {
                    return Err(self.cell_error(number, index, cell, "a label"));
                }
                Column::Label if is_mangled => {
                    labels.push(Label::of(&String::from_utf8_lossy(unmangled(cell))));
                }
                Column::Label => labels.push(Label::of(&String::from_utf8_lossy(cell))),
                Column::Pixel => {
                    let cell = if is_mangled { unmangled(cell) } else { cell };
                    let value = self.dialect.number(cell);
                    let level = value.and_then(|value| scale.level(value));
                    match (level, value) {
                        (Some(level), _) => values.push(level),
                        (None, Some(value)) if scale == Scale::Unit && (0.0..255.5).contains(&value) => {
                            return Err(Stop::BeyondScale);
                        }
                        _ => {
                            let needed = match scale {
                                Scale::Levels => "a number from 0 to 255",
                                Scale::Unit => "a number from 0 to 1",
                                Scale::Symmetric => "a number from -1 to 1",
                            };
                            return Err(self.cell_error(number, index, cell, needed));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn cell_error(&self, row: usize, index: usize, cell: &[u8], needed: &str) -> Stop {
        let name = self.header.and_then(|header| self.dialect.cells(header).nth(index));
        let column = match name {
            Some(name) if !name.is_empty() => format!("{} ({})", index + 1, shown(name)),
            _ => (index + 1).to_string(),
        };
        Stop::Error(ImportError::Cell {
            file: self.file.path.clone(),
            row,
            column,
            text: shown(cell),
            needed: needed.to_owned(),
        })
    }
}

/// What the values of a column look like.
#[expect(clippy::struct_excessive_bools, reason = "four things that are seen, each on its own")]
struct Look {
    is_empty: bool,
    most: f64,
    counts_up: bool,
    has_text: bool,
    distinct: usize,
    is_small_and_whole: bool,
}

impl Look {
    fn at(dialect: Dialect, sample: &[Vec<&[u8]>], index: usize) -> Self {
        let cells: Vec<&[u8]> = sample.iter().filter_map(|row| row.get(index).copied()).collect();
        let numbers: Vec<Option<f64>> = cells.iter().map(|cell| dialect.number(cell)).collect();
        let mut distinct: Vec<&[u8]> = cells.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let counts_up = numbers.len() >= 3
            && numbers.windows(2).enumerate().all(|(at, pair)| {
                matches!(pair, [Some(a), Some(b)] if *b == a + 1.0 || at + 1 >= SAMPLE / 2 && b > a)
            });
        let is_small =
            |number: &Option<f64>| number.is_some_and(|n| n.fract() == 0.0 && (0.0..255.0).contains(&n));
        Self {
            is_empty: cells.iter().all(|cell| cell.is_empty()),
            most: numbers.iter().flatten().copied().fold(0.0, f64::max),
            counts_up,
            has_text: cells.iter().zip(&numbers).any(|(cell, number)| number.is_none() && !cell.is_empty()),
            distinct: distinct.len(),
            is_small_and_whole: numbers.iter().all(is_small),
        }
    }

    /// How little it looks like a pixel at the edge of an image, which is nearly always paper.
    const fn score(&self) -> u32 {
        if self.counts_up || self.has_text || self.is_empty {
            10
        } else if self.distinct > 1 && self.is_small_and_whole && self.most < 62.0 {
            4
        } else if self.distinct > 1 {
            3
        } else {
            0
        }
    }

    /// How much it looks like labels.
    const fn label_score(&self) -> u32 {
        if self.is_empty || self.counts_up && self.most > 9.0 {
            0
        } else if self.counts_up {
            1
        } else if self.is_small_and_whole && self.distinct > 1 {
            3
        } else if self.has_text {
            2
        } else {
            1
        }
    }
}

/// Sides of the images that so many pixels make.
fn side_of(pixels: usize) -> Option<usize> {
    const SIDES: core::ops::RangeInclusive<usize> = 4..=256;
    let side = pixels.isqrt();
    (side * side == pixels && SIDES.contains(&side)).then_some(side)
}

/// Whether a row holds names and not values.
fn is_header(dialect: Dialect, cells: &[&[u8]]) -> bool {
    let texts = cells.iter().filter(|cell| dialect.number(cell).is_none()).count();
    // A row of values has a text at most for its label, its id and its file.
    2 * texts >= cells.len() || counts_up(dialect, cells)
}

/// `0,1,2,3,...`: names that pandas gives.
fn counts_up(dialect: Dialect, cells: &[&[u8]]) -> bool {
    const LEAST: usize = 16;
    // Columns beside the pixels may have names of their own, or none above an index.
    const MOST_NAMED: usize = 3;
    let numbers: Vec<Option<f64>> = cells.iter().map(|cell| dialect.number(cell)).collect();
    let rising = |pair: &[Option<f64>]| matches!(pair, [Some(a), Some(b)] if *b == a + 1.0);
    let front = numbers.iter().take_while(|number| number.is_none()).count();
    let back = numbers.iter().rev().take_while(|number| number.is_none()).count();
    cells.len() >= LEAST
        && front + back <= MOST_NAMED
        && numbers[front..cells.len() - back][1..].windows(2).all(rising)
}

/// Whether pandas took a row of values for names: it tells equal ones apart by `.1`, `.2`, ...
fn is_mangled(dialect: Dialect, first: &[&[u8]], second: &[&[u8]]) -> bool {
    const LEAST: usize = 16;
    let is_whole = |cell: &&[u8]| dialect.number(cell).is_some_and(|number| number.fract() == 0.0);
    let parts: Vec<&&[u8]> = first.iter().filter(|cell| unmangled(cell) != **cell).collect();
    let with_number = |cell: &&[u8]| dialect.number(unmangled(cell)).is_some();
    first.len() >= LEAST
        && 4 * parts.len() >= first.len()
        && first.iter().skip_while(|cell| named_column(cell) == Some(Column::Dropped)).all(with_number)
        && second.iter().all(is_whole)
        && !second.is_empty()
        // `0.1, 0.2, ...` stands for as many zeros; values of a scale would come in any order.
        && parts.windows(2).filter(|pair| suffix(pair[0]).zip(suffix(pair[1])).is_some_and(|(a, b)| b == a + 1)).count() * 2 > parts.len()
}

fn suffix(cell: &[u8]) -> Option<u32> {
    let at = cell.iter().rposition(|&byte| byte == b'.')?;
    core::str::from_utf8(&cell[at + 1..]).ok()?.parse().ok()
}

/// A value without what told it apart from its equals.
fn unmangled(cell: &[u8]) -> &[u8] {
    match cell.iter().rposition(|&byte| byte == b'.') {
        Some(at) if at > 0 && suffix(cell).is_some() => &cell[..at],
        _ => cell,
    }
}

/// What a column is for, by its name.
fn named_column(name: &[u8]) -> Option<Column> {
    const LABELS: [&str; 14] = [
        "label",
        "labels",
        "class",
        "classes",
        "digit",
        "target",
        "y",
        "category",
        "letter",
        "character",
        "char",
        "name",
        "answer",
        "output",
    ];
    const OTHERS: [&str; 16] = [
        "", "index", "id", "ids", "imageid", "image_id", "image id", "row", "row_id", "uid", "key", "no",
        "nr", "file", "filename", "usage",
    ];
    let name = String::from_utf8_lossy(name).to_lowercase();
    if LABELS.contains(&name.as_str()) {
        Some(Column::Label)
    } else if OTHERS.contains(&name.as_str()) || name.starts_with("unnamed:") {
        Some(Column::Dropped)
    } else {
        None
    }
}

/// A name without its digits: equal for all pixels.
fn stem(name: &[u8]) -> Vec<u8> {
    name.iter().copied().filter(|byte| !byte.is_ascii_digit()).collect()
}

/// The numbers in a name: `pixel12`, `3x4`, `pixel_3_4`.
fn numbers_in(name: &[u8]) -> Vec<u32> {
    let digits = name.split(|byte| !byte.is_ascii_digit()).filter(|digits| !digits.is_empty());
    digits.filter_map(|digits| core::str::from_utf8(digits).ok()?.parse().ok()).collect()
}

/// Whether a name has no number where nearly all others have one.
fn is_odd_name(names: &[&[u8]], index: usize) -> bool {
    let has_number = |name: &&[u8]| name.last().is_some_and(u8::is_ascii_digit);
    let with = names.iter().filter(|name| has_number(name)).count();
    10 * with > 9 * names.len() && !has_number(&names[index])
}

/// How a column is called in choices and notes.
fn column_name(names: &[&[u8]], index: usize, is_named: bool) -> String {
    match names.get(index) {
        Some(name) if is_named && !name.is_empty() => shown(name),
        _ => format!("column {}", index + 1),
    }
}

/// What a file of answers, as Kaggle wants them, is told by: two columns, the second without pixels.
pub(crate) fn is_answers(text: &[u8]) -> bool {
    let dialect = Dialect::of(text);
    let Some((_, first)) = lines(text).next() else { return false };
    let names: Vec<String> =
        dialect.cells(first).take(3).map(|cell| String::from_utf8_lossy(cell).to_lowercase()).collect();
    names == ["imageid", "label"] || names == ["image_id", "label"] || names == ["id", "label"]
}

/// Whether a text has as many columns as an image has pixels.
pub(crate) fn may_hold_images(text: &[u8]) -> bool {
    const LEAST: usize = 16;
    let text = decode(text);
    let dialect = Dialect::of(&text);
    lines(&text).take(2).any(|(_, row)| dialect.cells(row).take(LEAST).count() == LEAST)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use dataset::{LabelledImages, built_in_digits};

    fn digits() -> LabelledImages {
        built_in_digits(24, 3)
    }

    /// Rows of a label and 784 values, as spreadsheets of cells.
    fn rows(images: &LabelledImages, cell: impl Fn(u8) -> String) -> Vec<Vec<String>> {
        let row = |index: usize| {
            let label = images.labels[index].to_string();
            core::iter::once(label).chain(images.image(index).iter().map(|&level| cell(level))).collect()
        };
        (0..images.len()).map(row).collect()
    }

    fn plain(images: &LabelledImages) -> Vec<Vec<String>> {
        rows(images, |level| level.to_string())
    }

    fn header(first: &str, pixel: impl Fn(usize) -> String) -> Vec<String> {
        core::iter::once(first.to_owned()).chain((0..784).map(pixel)).collect()
    }

    fn joined(rows: &[Vec<String>], separator: &str, end: &str) -> Vec<u8> {
        rows.iter().map(|row| row.join(separator) + end).collect::<String>().into_bytes()
    }

    fn found(bytes: Vec<u8>) -> Result<CsvFound, ImportError> {
        read(&SourceFile::new("a.csv", bytes), &ImportOptions::default(), &mut |_| ())
    }

    /// Checks that all images and labels come back; labels are none where a file has none.
    #[track_caller]
    fn check(bytes: Vec<u8>, has_labels: bool) -> CsvFound {
        let images = digits();
        let found = found(bytes).unwrap();
        let labels =
            has_labels.then(|| images.labels.iter().map(|&label| Label::Number(label.into())).collect());
        assert_eq!(found.set.labels, labels);
        assert!(found.set.images.as_ref().unwrap().values == images.pixels, "other images");
        found
    }

    #[test]
    fn every_usual_separator_end_and_mark() {
        let all = [vec![header("label", |pixel| format!("pixel{pixel}"))], plain(&digits())].concat();
        for (separator, end) in
            [(",", "\n"), (";", "\r\n"), ("\t", "\n"), ("|", "\n"), (" ", "\n"), (", ", "\n"), (",", "\r")]
        {
            let bytes = joined(&all, separator, end);
            check(bytes.clone(), true);
            check([&b"\xef\xbb\xbf"[..], &bytes].concat(), true);
            let text = String::from_utf8(bytes).unwrap();
            check(text.encode_utf16().flat_map(u16::to_le_bytes).collect(), true);
            check(
                [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect(),
                true,
            );
            check(joined(&all[1..], separator, end), true);
        }
        let quoted: Vec<Vec<String>> =
            all.iter().map(|row| row.iter().map(|cell| format!("\"{cell}\"")).collect()).collect();
        check(joined(&quoted, ",", "\n"), true);
        // No line end behind the last row, and empty rows.
        let text = joined(&all, ",", "\n\n");
        check(text[..text.len() - 2].to_vec(), true);
    }

    #[test]
    fn headers_of_all_kinds() {
        let images = plain(&digits());
        for first in [
            header("label", |pixel| format!("{}x{}", pixel / 28 + 1, pixel % 28 + 1)),
            header("class", |pixel| format!("pixel_{pixel}")),
            header("0", |pixel| (pixel + 1).to_string()),
            header("digit", |pixel| pixel.to_string()),
            header("Ziffer", |pixel| format!("p{pixel}")),
        ] {
            let all = [vec![first.clone()], images.clone()].concat();
            check(joined(&all, ",", "\n"), true);
            // Two files, one behind the other.
            let twice = [&all[..10], &[first], &all[10..]].concat();
            assert_eq!(check(joined(&twice, ",", "\n"), true).notes.len(), 1);
        }
    }

    /// `read_csv` without `header=None`, then `to_csv`: the first image becomes names, and equal ones are told apart.
    #[test]
    fn a_row_that_pandas_took_for_names_is_an_image() {
        let mut all = plain(&digits());
        let mut seen = std::collections::HashMap::new();
        for cell in &mut all[0] {
            let count = seen.entry(cell.clone()).or_insert(0_u32);
            *count += 1;
            if *count > 1 {
                *cell = format!("{cell}.{}", *count - 1);
            }
        }
        assert!(check(joined(&all, ",", "\n"), true).notes[0].contains("it was read as an image"));
    }

    #[test]
    fn labels_stand_where_they_stand() {
        let turn = |mut row: Vec<String>| {
            row.rotate_left(1);
            row
        };
        let names = header("class", |pixel| format!("pixel{}", pixel + 1));
        let last: Vec<Vec<String>> = plain(&digits()).into_iter().map(turn).collect();
        check(joined(&[vec![turn(names)], last.clone()].concat(), ",", "\n"), true);
        assert!(check(joined(&last, ",", "\n"), true).choices[0].is_certain);
        // A person knows better.
        let mut options = ImportOptions::default();
        options.set(Question::LabelColumn, "column 1".into());
        let found = read(&SourceFile::new("a.csv", joined(&last, ",", "\n")), &options, &mut |_| ()).unwrap();
        assert_eq!(found.set.labels.unwrap()[0], Label::Number(0));
    }

    #[test]
    fn an_index_or_an_id_is_left_out() {
        let with = |first: &dyn Fn(usize) -> String, rows: Vec<Vec<String>>| -> Vec<Vec<String>> {
            rows.into_iter().enumerate().map(|(index, row)| [vec![first(index)], row].concat()).collect()
        };
        let count = |index: usize| index.to_string();
        let names = [vec![String::new()], header("label", |pixel| format!("pixel{pixel}"))].concat();
        let counted = with(&count, plain(&digits()));
        check(joined(&[vec![names], counted.clone()].concat(), ",", "\n"), true);
        check(joined(&counted, ",", "\n"), true);
        let named = with(&|index| format!("img_{index:03}.png"), plain(&digits()));
        check(joined(&named, ",", "\n"), true);
        // Without labels: an index alone.
        let bare: Vec<Vec<String>> = plain(&digits()).into_iter().map(|row| row[1..].to_vec()).collect();
        check(joined(&bare, ",", "\n"), false);
        check(joined(&with(&count, bare), ",", "\n"), false);
    }

    #[test]
    fn values_of_every_scale() {
        let check = |cell: &dyn Fn(u8) -> String, separator: &str| {
            check(joined(&rows(&digits(), cell), separator, "\n"), true);
        };
        check(&|level| format!("{:.6}", f64::from(level) / 255.0), ",");
        check(&|level| format!("{level}.0"), ",");
        check(&|level| format!("{:.6}", f64::from(level) / 127.5 - 1.0), ",");
        check(&|level| format!("{:.6}", f64::from(level) / 255.0).replace('.', ","), ";");
        check(&|level| format!("{:e}", f64::from(level)), ",");
    }

    #[test]
    fn labels_may_be_names_and_images_of_other_sizes() {
        let row = |row: usize| [["cat", "dog"][row % 2], &vec!["3"; 64].join(",")].join(",");
        let text = (0..12).map(row).collect::<Vec<_>>().join("\n");
        let found = found(text.into_bytes()).unwrap();
        assert_eq!(found.set.images.unwrap().width, 8);
        assert_eq!(found.set.labels.unwrap()[1], Label::Text("dog".into()));
    }

    /// Files as programs write them, beside those above.
    #[test]
    fn tables_of_many_writers() {
        let images = plain(&digits());
        let moved = |row: &[String]| [&row[1..], &row[..1]].concat();
        let numbered = |front: &[&str], back: &[&str]| -> Vec<String> {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            [owned(front), (0..784).map(|pixel: usize| pixel.to_string()).collect(), owned(back)].concat()
        };
        // pandas names columns by their numbers, and a person names the one of the labels.
        check(joined(&[vec![numbered(&["label"], &[])], images.clone()].concat(), ",", "\n"), true);
        let last: Vec<Vec<String>> = images.iter().map(|row| moved(row)).collect();
        check(joined(&[vec![numbered(&[], &["label"])], last].concat(), ",", "\n"), true);
        let indexed: Vec<Vec<String>> = images
            .iter()
            .enumerate()
            .map(|(index, row)| [vec![index.to_string()], row.clone()].concat())
            .collect();
        for name in ["", "Unnamed: 0", "id"] {
            check(
                joined(&[vec![numbered(&[name, "label"], &[])], indexed.clone()].concat(), ",", "\n"),
                true,
            );
        }
        // `numpy.savetxt`, and quotes of either kind.
        let scientific = |cell: &String| format!("{:.18e}", cell.parse::<f64>().unwrap());
        let saved: Vec<Vec<String>> = images.iter().map(|row| row.iter().map(scientific).collect()).collect();
        check(joined(&saved, " ", "\n"), true);
        // A separator behind the last cell, and Excel's word for the separator.
        check(joined(&images, ",", ",\n"), true);
        check([&b"sep=;\n"[..], &joined(&images, ";", "\r\n")].concat(), true);
        // Columns in another order are put right by their names.
        let turned =
            |row: &[String]| row[..1].iter().chain(row[1..].iter().rev()).cloned().collect::<Vec<_>>();
        let named = [vec![header("label", |pixel| format!("pixel{pixel}"))], images.clone()].concat();
        let backwards: Vec<Vec<String>> = named.iter().map(|row| turned(row)).collect();
        check(joined(&backwards, ",", "\n"), true);
    }

    /// Labels that count up are labels, and a file that is sorted by class has them too.
    #[test]
    fn sorted_labels_are_no_index_and_no_pixels() {
        let mut ten = digits().subset(&(0..10).collect::<Vec<_>>());
        ten.labels = (0..10).collect();
        let found = found(joined(&plain(&ten), ",", "\n")).unwrap();
        assert_eq!(found.set.labels.unwrap()[9], Label::Number(9));
        let all = built_in_digits(1_000, 3);
        let mut numbers: Vec<u32> = (0..1_000).collect();
        numbers.sort_by_key(|&number| all.labels[number as usize]);
        let sorted = all.subset(&numbers);
        let last: Vec<Vec<String>> =
            plain(&sorted).iter().map(|row| [&row[1..], &row[..1]].concat()).collect();
        let found = self::found(joined(&last, ",", "\n")).unwrap();
        assert!(found.set.images.unwrap().values == sorted.pixels, "shifted by a pixel");
    }

    #[track_caller]
    fn complain(bytes: Vec<u8>, complaint: &str) {
        let error = found(bytes).err().unwrap().to_string();
        assert!(error.contains(complaint), "{error}");
    }

    #[test]
    fn each_fault_names_its_row_and_column() {
        let good = [vec![header("label", |pixel| format!("pixel{pixel}"))], plain(&digits())].concat();
        let with = |row: usize, column: usize, cell: &str| {
            let mut all = good.clone();
            cell.clone_into(&mut all[row][column]);
            joined(&all, ",", "\n")
        };
        complain(
            with(3, 5, "300"),
            "a.csv, row 4, column 6 (pixel4) is \"300\": a number from 0 to 255 is needed.",
        );
        complain(with(3, 5, "x"), "row 4, column 6 (pixel4) is \"x\"");
        complain(with(24, 784, ""), "row 25, column 785 (pixel783) is \"\"");
        complain(with(2, 0, ""), "row 3, column 1 (label) is \"\": a label is needed");
        let mut short = good.clone();
        short[7].truncate(700);
        complain(joined(&short, ",", "\n"), "row 8: it has 700 columns, and row 1 has 785");
        short[7] = [good[7].clone(), vec!["1".into()]].concat();
        complain(joined(&short, ",", "\n"), "row 8: it has 786 columns, and row 1 has 785");
        complain(b"1,2\n3,4\n".to_vec(), "row 1 has 2 columns; a label and 784 pixels are needed");
        complain(vec![b','; 10_000_000], "it has more than 65552 columns");
        complain(vec![b'1'; 3_000_000], "row 1 has 1 columns");
    }
}
