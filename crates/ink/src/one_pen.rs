//! Which of several pointers draws. A hand rests on the glass beside its pen, and a second finger comes down by chance.

/// What a pointer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointerKind {
    /// A mouse.
    Mouse,
    /// A stylus.
    Pen,
    /// A finger, or the palm of a hand.
    Touch,
}

/// What a pointer that comes down does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointerDown {
    /// It begins a stroke.
    Draws,
    /// It begins a stroke, and the one under way was a palm's: it goes.
    ReplacesStroke,
    /// Nothing.
    Ignored,
}

/// One pointer draws at a time, and a pen goes before a hand.
#[derive(Clone, Debug, Default)]
pub struct OnePen {
    drawing: Option<(i32, PointerKind)>,
    /// When a pen was last near the paper.
    pen_ms: Option<f64>,
}

impl OnePen {
    /// For so long after a pen was last seen, a touch is the hand that holds it.
    const PALM_MS: f64 = 500.0;

    /// A pointer comes down at a time of any one clock.
    pub fn down(&mut self, id: i32, kind: PointerKind, now_ms: f64) -> PointerDown {
        self.see(kind, now_ms);
        let is_palm =
            kind == PointerKind::Touch && self.pen_ms.is_some_and(|pen_ms| now_ms - pen_ms < Self::PALM_MS);
        let answer = match self.drawing {
            _ if is_palm => PointerDown::Ignored,
            // Its end was not heard of.
            Some((drawing, _)) if drawing == id => PointerDown::Draws,
            Some((_, PointerKind::Touch)) if kind == PointerKind::Pen => PointerDown::ReplacesStroke,
            Some(_) => PointerDown::Ignored,
            None => PointerDown::Draws,
        };
        if answer != PointerDown::Ignored {
            self.drawing = Some((id, kind));
        }
        answer
    }

    /// A pointer is seen, whether it draws or not.
    pub fn see(&mut self, kind: PointerKind, now_ms: f64) {
        if kind == PointerKind::Pen {
            self.pen_ms = Some(now_ms);
        }
    }

    /// Whether this pointer draws.
    pub fn draws(&self, id: i32) -> bool {
        self.drawing.is_some_and(|(drawing, _)| drawing == id)
    }

    /// Whether any pointer draws.
    pub fn is_down(&self) -> bool {
        self.drawing.is_some()
    }

    /// A pointer has gone; true where it was the one that drew.
    pub fn up(&mut self, id: i32) -> bool {
        let drew = self.draws(id);
        if drew {
            self.drawing = None;
        }
        drew
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use PointerDown::{Draws, Ignored, ReplacesStroke};
    use PointerKind::{Mouse, Pen, Touch};

    /// Pointers that come down one after the other, and what each does.
    #[track_caller]
    fn check(downs: &[(i32, PointerKind, f64, PointerDown)]) {
        let mut pen = OnePen::default();
        for &(id, kind, now_ms, expected) in downs {
            assert_eq!(pen.down(id, kind, now_ms), expected, "pointer {id} at {now_ms} ms");
        }
    }

    #[test]
    fn one_pointer_draws_at_a_time() {
        check(&[(1, Touch, 0.0, Draws), (2, Touch, 10.0, Ignored)]);
        check(&[(1, Mouse, 0.0, Draws), (2, Touch, 10.0, Ignored)]);
        check(&[(1, Pen, 0.0, Draws), (2, Mouse, 10.0, Ignored)]);
    }

    #[test]
    fn a_pen_goes_before_a_palm() {
        check(&[(1, Touch, 0.0, Draws), (2, Pen, 300.0, ReplacesStroke), (3, Touch, 400.0, Ignored)]);
        check(&[(1, Pen, 0.0, Draws), (2, Touch, 700.0, Ignored)]);
        let mut pen = OnePen::default();
        pen.see(Pen, 0.0);
        assert_eq!(pen.down(1, Touch, 100.0), Ignored, "the pen hovers");
        assert_eq!(pen.down(1, Touch, 600.0), Draws, "the pen has been laid down");
    }

    #[test]
    fn a_pointer_whose_end_was_missed_draws_again() {
        check(&[(1, Mouse, 0.0, Draws), (1, Mouse, 10.0, Draws)]);
        let mut pen = OnePen::default();
        pen.down(1, Mouse, 0.0);
        assert!(pen.is_down() && pen.draws(1) && !pen.up(2) && pen.up(1) && !pen.is_down());
    }
}
