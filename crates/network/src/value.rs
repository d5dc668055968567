//! Values between two operations.

use burn::tensor::Tensor;
pub(crate) use kernels::Layout;

/// What flows from one operation to the next, for all images of a pass.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Feature maps: `[images, channels, side, side]` or `[images, side, side, channels]`, as the layout says.
    Maps(Tensor<4>, Layout),
    /// Vectors: `[images, features]`.
    Rows(Tensor<2>),
}

impl Value {
    /// Vectors as they are.
    ///
    /// # Panics
    /// For maps, which a checked network never hands to an operation over vectors.
    pub(crate) fn rows(self) -> Tensor<2> {
        match self {
            Self::Rows(rows) => rows,
            Self::Maps(maps, _) => unreachable!("a checked network flattens {:?} first", maps.dims()),
        }
    }

    /// Maps in the layout that the plan has seen to.
    ///
    /// # Panics
    /// For vectors, which a checked network never hands to an operation over maps.
    pub(crate) fn maps(self, layout: Layout) -> Tensor<4> {
        match self {
            Self::Maps(maps, own) => {
                debug_assert_eq!(own, layout, "the plan puts a relayout before an operation that needs one");
                maps
            }
            Self::Rows(rows) => unreachable!("a checked network has maps here, not {:?}", rows.dims()),
        }
    }

    /// Vectors as they are; maps, channels last, as one row a pixel. `over` makes rows of the same size of them.
    pub(crate) fn over_channels(self, over: impl FnOnce(Tensor<2>) -> Tensor<2>) -> Self {
        match self {
            Self::Rows(rows) => Self::Rows(over(rows)),
            maps @ Self::Maps(..) => {
                let maps = maps.maps(Layout::ChannelsLast);
                let dims @ [images, height, width, channels] = maps.dims();
                let rows = over(maps.reshape([images * height * width, channels]));
                Self::Maps(rows.reshape(dims), Layout::ChannelsLast)
            }
        }
    }
}
