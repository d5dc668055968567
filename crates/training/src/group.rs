//! A data-parallel group: several runs that take the steps of one together.
//!
//! Each rank holds the whole network and computes the gradient of its share of every batch. Of the parameters, taken as
//! one list, each owns a part: everyone sends it that part of their gradients, it adds them up in the order of the ranks,
//! takes the optimizer's step, and sends everyone the new values. So all have the same parameters, to the last bit, and
//! the sums, the step and its moments are divided like the batch.

use core::{fmt, future::Future, ops::Range, pin::Pin};

/// Another rank of a group could not be reached; the text is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a worker of the group was lost: {0}")]
pub struct GroupError(pub String);

/// What everyone else sent, by rank, the own rank left out.
pub type Received<'a> = Pin<Box<dyn Future<Output = Result<Vec<Vec<f32>>, GroupError>> + 'a>>;

/// How values travel between the ranks.
pub trait AllToAll {
    /// Sends every other rank, by rank, what is meant for it, all pieces as one, and waits for what those send in the
    /// same round.
    fn all_to_all<'a>(&'a mut self, outgoing: &'a [Vec<&'a [f32]>]) -> Received<'a>;
}

/// A place in a data-parallel group.
pub struct Group {
    rank: usize,
    ranks: usize,
    transport: Box<dyn AllToAll>,
}

impl fmt::Debug for Group {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "rank {} of {}", self.rank, self.ranks)
    }
}

impl Group {
    /// The place `rank`, from 0, among `ranks`.
    pub fn new(rank: usize, ranks: usize, transport: Box<dyn AllToAll>) -> Self {
        Self { rank, ranks, transport }
    }

    /// Waits until every rank has come this far.
    ///
    /// # Errors
    /// [`GroupError`] where one cannot be reached.
    pub async fn barrier(&mut self) -> Result<(), GroupError> {
        self.all_reduce(Vec::new()).await.map(drop)
    }

    /// The own part of `count` things.
    pub(crate) fn share(&self, count: usize) -> Range<usize> {
        self.share_of(self.rank, count)
    }

    fn share_of(&self, rank: usize, count: usize) -> Range<usize> {
        count * rank / self.ranks..count * (rank + 1) / self.ranks
    }

    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let own = self.rank;
        (0..self.ranks).filter(move |&rank| rank != own)
    }

    /// Adds everyone's values up, in the order of the ranks. For few values: everyone sends all of them to everyone.
    pub(crate) async fn all_reduce(&mut self, own: Vec<f32>) -> Result<Vec<f32>, GroupError> {
        let outgoing: Vec<Vec<&[f32]>> = self.others().map(|_| vec![&own[..]]).collect();
        let arrived = self.round(&outgoing, |_| own.len()).await?;
        Ok(self.added(own, arrived))
    }

    /// Adds up everyone's `gradients`, of which every rank gets its own part, and everyone's `sums`, which all get.
    pub(crate) async fn reduce_scatter(
        &mut self,
        gradients: &[Vec<f32>],
        sums: &[f32],
    ) -> Result<(Vec<f32>, Vec<f32>), GroupError> {
        let length = length(gradients);
        let to = |rank| {
            let mut pieces = pieces(gradients, &self.share_of(rank, length));
            pieces.push(sums);
            pieces
        };
        let outgoing: Vec<Vec<&[f32]>> = self.others().map(to).collect();
        let own = self.share(length);
        let arrived = self.round(&outgoing, |_| own.len() + sums.len()).await?;
        let mut mine = pieces(gradients, &own);
        mine.push(sums);
        let mut part = self.added(mine.concat(), arrived);
        let sums = part.split_off(own.len());
        Ok((part, sums))
    }

    /// Has everyone take over the parts of `values` that the others own.
    pub(crate) async fn all_gather(&mut self, values: &mut [Vec<f32>]) -> Result<(), GroupError> {
        let length = length(values);
        let others: Vec<Range<usize>> = self.others().map(|rank| self.share_of(rank, length)).collect();
        let own = pieces(values, &self.share(length));
        let outgoing = vec![own; others.len()];
        let arrived = self.round(&outgoing, |place| others[place].len()).await?;
        for (range, arrived) in others.iter().zip(arrived) {
            let mut rest = &arrived[..];
            for piece in pieces_mut(values, range) {
                let (head, tail) = rest.split_at(piece.len());
                piece.copy_from_slice(head);
                rest = tail;
            }
        }
        Ok(())
    }

    /// A round, in which each other rank, by its place among them, sends `due` values.
    async fn round(
        &mut self,
        outgoing: &[Vec<&[f32]>],
        due: impl Fn(usize) -> usize,
    ) -> Result<Vec<Vec<f32>>, GroupError> {
        let arrived = self.transport.all_to_all(outgoing).await?;
        let as_due = arrived.iter().enumerate().all(|(place, values)| values.len() == due(place));
        if arrived.len() + 1 == self.ranks && as_due {
            Ok(arrived)
        } else {
            Err(GroupError("it sent something else than was due".into()))
        }
    }

    /// The own values and what arrived, added up in the order of the ranks.
    fn added(&self, mut own: Vec<f32>, mut arrived: Vec<Vec<f32>>) -> Vec<f32> {
        // Of two summands the order does not matter: the first rank's own may come second.
        if self.rank >= 2 {
            core::mem::swap(&mut own, &mut arrived[0]);
            arrived[..self.rank].rotate_left(1);
        }
        for values in arrived {
            for (sum, value) in own.iter_mut().zip(values) {
                *sum += value;
            }
        }
        own
    }
}

/// Values in all lists.
fn length(lists: &[Vec<f32>]) -> usize {
    lists.iter().map(Vec::len).sum()
}

/// The pieces of lists that make up this range of all of them, one after the other.
fn pieces<'a>(lists: &'a [Vec<f32>], range: &Range<usize>) -> Vec<&'a [f32]> {
    let cuts = cuts(lists, range);
    lists.iter().zip(cuts).map(|(list, cut)| &list[cut]).collect()
}

/// As [`pieces`], for changes.
pub(crate) fn pieces_mut<'a>(lists: &'a mut [Vec<f32>], range: &Range<usize>) -> Vec<&'a mut [f32]> {
    let cuts = cuts(lists, range);
    lists.iter_mut().zip(cuts).map(|(list, cut)| &mut list[cut]).collect()
}

/// What of each list lies in this range of all of them.
fn cuts(lists: &[Vec<f32>], range: &Range<usize>) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut cut = |list: &Vec<f32>| {
        let own = within(range, start, list.len());
        start += list.len();
        own
    };
    lists.iter().map(&mut cut).collect()
}

/// The part of a range that lies in a list which begins at `start`.
fn within(range: &Range<usize>, start: usize, length: usize) -> Range<usize> {
    let place = |end: usize| end.saturating_sub(start).min(length);
    place(range.start)..place(range.end)
}
