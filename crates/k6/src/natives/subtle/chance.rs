//! Chance as the libraries of curves and RSA want it.

use rsa::rand_core::{CryptoRng, Error, RngCore};

/// The user's chance, which follows from the run's seed: enough for load, not for secrets.
pub(super) struct Chance<'a, R>(pub(super) &'a mut R);

impl<R: rand::RngCore> RngCore for Chance<'_, R> {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl<R> CryptoRng for Chance<'_, R> {}
