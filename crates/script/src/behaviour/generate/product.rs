//! Products of a pool of 500: the same number is the same product, whoever orders it, so that orders compete for articles.

use std::ops::Range;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::{Value, json};

use super::{cents, pick, sentence, word};
use crate::behaviour::template::rfc3339_ms;

/// Numbers of products.
pub(super) const POOL: Range<u64> = 0..500;

const DAY_MS: u64 = 86_400_000;

/// The product of a number.
pub(super) fn product(number: u64, now_ms: u64) -> Value {
    let random = &mut Xoshiro256PlusPlus::seed_from_u64(number ^ 0x5eed_0f90_0d50);
    let variants: Vec<_> = (0..random.random_range(3..=7)).map(|of| variant(number, of, random)).collect();
    let tags: Vec<_> = (0..random.random_range(2..=8)).map(|_| word(random, 7)).collect();
    let image = |random: &mut Xoshiro256PlusPlus| {
        format!("https://images.example.com/{}/{}.jpg", number, word(random, 12))
    };
    let images: Vec<_> = (0..random.random_range(1..=5)).map(|_| image(random)).collect();
    let categories = ["electronics", "clothing", "home_garden", "books", "sports", "automotive"];
    json!({
        "product_id": format!("PROD-{number:05}"), "name": sentence(random, 15..=60), "description": sentence(random, 300..=900),
        "category": pick(random, &categories), "brand": word(random, 9), "variants": variants, "tags": tags, "images": images,
        "reviews_average": cents(random.random_range(1.0..5.0)), "reviews_count": random.random_range(0..5_000),
        "created_at": rfc3339_ms(now_ms - random.random_range(30..700) * DAY_MS), "updated_at": rfc3339_ms(now_ms),
        "metadata": { "supplier": word(random, 10), "warehouse": word(random, 4) },
    })
}

fn variant(product: u64, of: u64, random: &mut Xoshiro256PlusPlus) -> Value {
    let side = |random: &mut Xoshiro256PlusPlus| cents(random.random_range(1.0..80.0));
    let (length, width, height) = (side(random), side(random), side(random));
    json!({
        "sku": format!("SKU-{product:05}-{of}"), "name": sentence(random, 10..=40),
        "attributes": { "colour": word(random, 6), "size": pick(random, &["S", "M", "L", "XL"]), "material": word(random, 8) },
        "price": cents(random.random_range(9.99..999.99)), "weight_grams": random.random_range(50..5_000),
        "dimensions_cm": { "length": length, "width": width, "height": height },
        "stock_quantity": random.random_range(0..1_000), "is_digital": random.random_bool(0.1),
    })
}
