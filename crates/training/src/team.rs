//! Several runs that do the steps of one together.
//!
//! Each rank holds the whole network, computes the gradient of its share of every batch, and adds up everyone's in the
//! order of the ranks: all of them take the same step, to the last bit.

use core::{fmt, future::Future, ops::Range, pin::Pin};

/// The others of a team could not be heard; the text is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a helping worker was lost: {0}")]
pub struct TeamError(pub String);

/// What everyone else sent, by rank, the own rank left out.
pub type Gathering<'a> = Pin<Box<dyn Future<Output = Result<Vec<Vec<f32>>, TeamError>> + 'a>>;

/// How values travel between the ranks.
pub trait Exchange {
    /// Sends the values, all parts as one, to every other rank, and waits for what those send in the same round.
    fn gather<'a>(&'a mut self, own: &'a [Vec<f32>]) -> Gathering<'a>;
}

/// A place among several runs that work together.
pub struct Team {
    rank: usize,
    ranks: usize,
    exchange: Box<dyn Exchange>,
}

impl fmt::Debug for Team {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "rank {} of {}", self.rank, self.ranks)
    }
}

impl Team {
    /// The place `rank`, from 0, among so many `ranks`.
    pub fn new(rank: usize, ranks: usize, exchange: Box<dyn Exchange>) -> Self {
        Self { rank, ranks, exchange }
    }

    /// Waits until every rank has come this far.
    ///
    /// # Errors
    /// [`TeamError`] where one cannot be heard.
    pub async fn meet(&mut self) -> Result<(), TeamError> {
        self.sum(Vec::new()).await.map(drop)
    }

    /// The own part of `count` things.
    pub(crate) fn share(&self, count: usize) -> Range<usize> {
        count * self.rank / self.ranks..count * (self.rank + 1) / self.ranks
    }

    /// Adds everyone's values up, in the order of the ranks.
    pub(crate) async fn sum(&mut self, mut own: Vec<Vec<f32>>) -> Result<Vec<Vec<f32>>, TeamError> {
        let others = self.exchange.gather(&own).await?;
        let length: usize = own.iter().map(Vec::len).sum();
        if others.len() + 1 != self.ranks || others.iter().any(|values| values.len() != length) {
            return Err(TeamError("it sent something else than was due".into()));
        }
        let mut start = 0;
        for part in &mut own {
            let range = start..start + part.len();
            start = range.end;
            match self.rank {
                // Of two summands the order does not matter: nothing needs to be moved.
                rank if rank < 2 => {
                    for values in &others {
                        add(part, &values[range.clone()]);
                    }
                }
                rank => {
                    let mut sum = others[0][range.clone()].to_vec();
                    for values in &others[1..rank] {
                        add(&mut sum, &values[range.clone()]);
                    }
                    add(&mut sum, part);
                    for values in &others[rank..] {
                        add(&mut sum, &values[range.clone()]);
                    }
                    *part = sum;
                }
            }
        }
        Ok(own)
    }
}

fn add(sums: &mut [f32], values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}
