//! What the original pretends to take: its sleeps, added up. They are fixed, so below their sum no answer can come.

/// A time that an answer is kept back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    us: u64,
}

impl Cost {
    /// Of the fraud score.
    pub(super) const FRAUD: Self = Self { us: 1_000 };
    /// Of looking for one item in the inventory.
    pub(super) const ITEM: Self = Self { us: 500 };
    /// Of the business rules.
    pub(super) const RULES: Self = Self { us: 2_000 };
    /// Of saving an order (5 ms), its customer (2 ms), and what is reserved (1 ms).
    pub(super) const SAVING: Self = Self { us: 8_000 };
    /// Of an analytics event.
    pub(super) const EVENT: Self = Self { us: 1_000 };
    /// Of an item of a large batch.
    pub(super) const BATCH_ITEM: Self = Self { us: 100 };
    /// Of a plain request.
    pub(super) const PLAIN: Self = Self { us: 100 };
    /// Of a payment. The original has none.
    pub(super) const CHARGE: Self = Self { us: 1_000 };

    pub(super) const fn times(self, count: usize) -> Self {
        Self { us: self.us * count as u64 }
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self { us: self.us + other.us }
    }

    pub(super) const fn ns(self) -> u64 {
        self.us * 1_000
    }

    pub(super) fn ms(self) -> f64 {
        self.us as f64 / 1e3
    }

    pub(super) fn seconds(self) -> f64 {
        self.us as f64 / 1e6
    }
}
