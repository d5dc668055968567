//! A chart to take away: as a picture that needs nothing else, and as numbers.

use core::fmt::Write as _;

use crate::{Scale, polyline};

/// Space around the lines: above, right, below, left.
const MARGINS: (f64, f64, f64, f64) = (44.0, 24.0, 48.0, 72.0);
/// Height of a row of the legend.
const ROW: f64 = 20.0;
/// About the width of a letter.
const LETTER: f64 = 6.6;
/// Radius of a mark at a value.
const DOT: f64 = 3.0;
/// The most values that are marked in the picture.
const MAX_DOTS: usize = 200;

/// A line of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnLine<'a> {
    /// Its name in the legend; `None` for one that is drawn only, as the raw values behind smoothed ones.
    pub name: Option<&'a str>,
    /// Rising.
    pub xs: &'a [f64],
    /// As many values.
    pub ys: &'a [f64],
    /// Its colour.
    pub stroke: &'a str,
    /// Strokes and gaps in turn; none for a whole line.
    pub dash: &'a [f64],
    /// Its width in pixels.
    pub width: f64,
    /// From 0 to 1.
    pub opacity: f64,
    /// Whether each value is marked, where there are not too many.
    pub has_dots: bool,
}

/// An area between two lines.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnBand<'a> {
    /// Rising.
    pub xs: &'a [f64],
    /// The lower edge.
    pub low: &'a [f64],
    /// The upper edge.
    pub high: &'a [f64],
    /// Its colour, which is drawn thin.
    pub fill: &'a str,
}

/// A chart as it is to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture<'a> {
    /// What stands above it.
    pub title: &'a str,
    /// What the values are, with their unit.
    pub unit: &'a str,
    /// What the x values are.
    pub x_name: &'a str,
    /// The axes, and the size of the area between them.
    pub scale: &'a Scale,
    /// Behind the lines.
    pub bands: &'a [DrawnBand<'a>],
    /// In the order in which they are drawn.
    pub lines: &'a [DrawnLine<'a>],
    /// Colours of the page, the text and the grid.
    pub colours: (&'a str, &'a str, &'a str),
}

/// The picture as an SVG file of its own, and its width and height.
#[must_use]
pub fn chart_svg(picture: &Picture) -> (String, (f64, f64)) {
    let Picture { scale, colours: (page, ink, grid), .. } = picture;
    let (plot_width, plot_height) = scale.size;
    let (top, right, below, left) = MARGINS;
    let width = left + plot_width + right;
    let (legend, rows) = legend(picture, left + plot_width);
    let height = top + plot_height + below + ROW * rows as f64;
    let mut svg = String::new();
    // Writing to a String cannot fail; here and below.
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"{ink}\"><title>{title}</title>\
         <rect width=\"{width}\" height=\"{height}\" fill=\"{page}\"/>\
         <text x=\"{left}\" y=\"24\" font-size=\"15\"><tspan font-weight=\"600\">{title}</tspan> {unit}</text>",
        title = escaped(picture.title),
        unit = escaped(picture.unit),
    );
    for tick in scale.y_axis.ticks() {
        let y = top + scale.y(tick);
        let _ = write!(
            svg,
            "<path d=\"M{left} {y:.2}h{plot_width}\" stroke=\"{grid}\"/><text x=\"{x}\" y=\"{text_y:.2}\" text-anchor=\"end\">{text}</text>",
            x = left - 8.0,
            text_y = y + 4.0,
            text = scale.y_axis.text(tick),
        );
    }
    for tick in scale.x_axis.ticks() {
        let x = left + scale.x(tick);
        let _ = write!(
            svg,
            "<path d=\"M{x:.2} {end}v4\" stroke=\"{ink}\"/><text x=\"{x:.2}\" y=\"{y}\" text-anchor=\"middle\">{text}</text>",
            end = top + plot_height,
            y = top + plot_height + 18.0,
            text = scale.x_axis.text(tick),
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{name}</text>\
         <path d=\"M{left} {top}v{plot_height}h{plot_width}\" fill=\"none\" stroke=\"{ink}\"/>\
         <svg x=\"{left}\" y=\"{top}\" width=\"{plot_width}\" height=\"{plot_height}\" fill=\"none\" stroke-linejoin=\"round\">",
        x = left + plot_width / 2.0,
        y = top + plot_height + 38.0,
        name = escaped(picture.x_name),
    );
    for band in picture.bands {
        let upper = polyline(band.xs, band.high, None, scale);
        let mut lower = polyline(band.xs, band.low, None, scale);
        lower.reverse();
        let all: Vec<_> = upper.into_iter().chain(lower).filter(|point| point.1.is_finite()).collect();
        let d = path(&all);
        let _ =
            write!(svg, "<path d=\"{d}\" fill=\"{fill}\" fill-opacity=\"0.2\"/>", fill = escaped(band.fill));
    }
    for line in picture.lines {
        let _ = write!(
            svg,
            "<path d=\"{d}\" {stroke}/>",
            d = path(&polyline(line.xs, line.ys, None, scale)),
            stroke = stroke(line)
        );
        if line.has_dots && line.xs.len() <= MAX_DOTS {
            for (x, y) in line.xs.iter().zip(line.ys).filter(|(_, y)| y.is_finite()) {
                let (x, y, fill) = (scale.x(*x), scale.y(*y), escaped(line.stroke));
                let _ = write!(svg, "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{DOT}\" fill=\"{fill}\"/>");
            }
        }
    }
    svg.push_str("</svg>");
    let _ = write!(svg, "<g transform=\"translate(0 {:.2})\">{legend}</g></svg>", top + plot_height + below);
    (svg, (width, height))
}

/// The rows of the legend, and how many there are.
fn legend(picture: &Picture, width: f64) -> (String, usize) {
    let (mut text, mut x, mut row) = (String::new(), MARGINS.3, 0);
    let named = picture.lines.iter().filter_map(|line| line.name.map(|name| (name, line)));
    for (name, line) in named {
        let own = 40.0 + LETTER * name.chars().count() as f64 + 16.0;
        if x > MARGINS.3 && x + own > width {
            (x, row) = (MARGINS.3, row + 1);
        }
        let y = ROW * row as f64 + ROW / 2.0;
        let _ = write!(
            text,
            "<path d=\"M{x:.1} {y}h32\" fill=\"none\" {stroke}/><text x=\"{text_x:.1}\" y=\"{text_y}\">{name}</text>",
            stroke = stroke(line),
            text_x = x + 38.0,
            text_y = y + 4.0,
            name = escaped(name),
        );
        x += own;
    }
    (text, row + 1)
}

fn stroke(line: &DrawnLine) -> String {
    let mut text = format!("stroke=\"{}\" stroke-width=\"{}\"", escaped(line.stroke), line.width);
    if line.opacity < 1.0 {
        let _ = write!(text, " stroke-opacity=\"{}\"", line.opacity);
    }
    if !line.dash.is_empty() {
        let _ = write!(text, " stroke-dasharray=\"{}\"", crate::dash_text(line.dash));
    }
    text
}

/// Points as an SVG path, broken where one is not a number.
fn path(points: &[(f32, f32)]) -> String {
    let mut path = String::new();
    let mut is_down = false;
    for (x, y) in points {
        if y.is_finite() {
            let _ = write!(path, "{}{x:.2} {y:.2}", if is_down { 'L' } else { 'M' });
        }
        is_down = y.is_finite();
    }
    path
}

/// Text as it stands in XML. What XML cannot hold is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            _ if letter.is_control() && !matches!(letter, '\t' | '\n' | '\r') => {}
            '\u{fffe}' | '\u{ffff}' => {}
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// All values as rows of line, x and y, each number as long as it takes to come back the same.
#[must_use]
pub fn chart_csv(columns: &[(&str, &[f64], &[f64])]) -> String {
    let mut csv = String::from("line,x,y\r\n");
    for (name, xs, ys) in columns {
        let name = quoted(name);
        for (x, y) in xs.iter().zip(*ys) {
            let _ = write!(csv, "{name},{x},{y}\r\n");
        }
    }
    csv
}

/// A field as RFC 4180 writes it.
fn quoted(field: &str) -> String {
    let needs_it = field.contains([',', '"', '\r', '\n']) || field.trim() != field;
    if needs_it { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.to_owned() }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::Axis;

    #[track_caller]
    fn check(names: &[&str], expected: &[&str]) {
        let scale = Scale {
            x_axis: Axis::between(0.0, 2.0, false),
            y_axis: Axis::between(0.0, 1.0, false),
            size: (200.0, 100.0),
        };
        let line = |name: &&'static str| DrawnLine {
            name: (!name.is_empty()).then_some(*name),
            xs: &[0.0, 1.0, 2.0],
            ys: &[0.0, f64::NAN, 1.0],
            stroke: "#123456",
            dash: &[8.0, 4.0],
            width: 2.0,
            opacity: 0.25,
            has_dots: true,
        };
        let names: Vec<&'static str> = names.iter().map(|name| &*name.to_string().leak()).collect();
        let lines: Vec<DrawnLine> = names.iter().map(line).collect();
        let bands = [DrawnBand { xs: &[0.0, 2.0], low: &[0.0, 0.5], high: &[1.0, 1.0], fill: "red" }];
        let picture = Picture {
            title: "Loss & more",
            unit: "nats",
            x_name: "Step",
            scale: &scale,
            bands: &bands,
            lines: &lines,
            colours: ("#fff", "#000", "#ddd"),
        };
        let (svg, (width, height)) = chart_svg(&picture);
        for part in expected {
            assert!(svg.contains(part), "no {part} in {svg}");
        }
        assert!(width > 200.0 && height > 100.0);
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        assert_eq!(svg.matches("<svg").count(), 2);
        assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</g></svg>"));
        assert!(!svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn a_picture_stands_alone() {
        check(
            &["run <1>", ""],
            &[
                "Loss &amp; more",
                ">run &lt;1&gt;</text>",
                "stroke-dasharray=\"8 4\"",
                "stroke-opacity=\"0.25\"",
                // Broken at the value that is none.
                "d=\"M0.00 100.00M200.00 0.00\"",
                "fill=\"red\" fill-opacity=\"0.2\"",
                ">Step</text>",
                ">0.2</text>",
                "<circle cx=\"200.00\" cy=\"0.00\"",
            ],
        );
        check(&["one of a long name", "another of a long name", "a third"], &["translate(0 192.00)"]);
    }

    #[track_caller]
    fn check_csv(name: &str, x: f64, y: f64, row: &str) {
        let csv = chart_csv(&[(name, &[x], &[y])]);
        assert_eq!(csv, format!("line,x,y\r\n{row}\r\n"));
    }

    #[test]
    fn numbers_and_names_come_back_the_same() {
        check_csv("loss", 1.0, 0.1 + 0.2, "loss,1,0.30000000000000004");
        check_csv("a, \"b\"", 1.5, f64::NAN, "\"a, \"\"b\"\"\",1.5,NaN");
        check_csv("two\nlines", 1e-7, -1e21, "\"two\nlines\",0.0000001,-1000000000000000000000");
        let (xs, ys) = ([1.0 / 3.0, 2e9], [f64::MIN_POSITIVE, 1e300]);
        let csv = chart_csv(&[("a", &xs, &ys), ("b", &[], &[])]);
        let rows: Vec<(f64, f64)> = csv
            .lines()
            .skip(1)
            .map(|row| {
                let mut fields = row.split(',').skip(1).map(|field| field.parse().unwrap());
                (fields.next().unwrap(), fields.next().unwrap())
            })
            .collect();
        assert_eq!(rows, [(xs[0], ys[0]), (xs[1], ys[1])]);
    }
}
