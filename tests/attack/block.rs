//! Blocks of AES-CBC, as far as they can be handled without the key.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// What AES works on.
pub type Block = [u8; 16];

/// `a` with `b` laid over it.
pub fn xor(a: &Block, b: &Block) -> Block {
    std::array::from_fn(|index| a[index] ^ b[index])
}

/// `encryptedData` and `iv`, taken apart.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Payload {
    pub iv: Block,
    pub blocks: Vec<Block>,
}

impl Payload {
    pub fn read(encrypted_data: &str, iv: &str) -> Self {
        let bytes = BASE64_STANDARD.decode(encrypted_data).unwrap();
        let blocks = bytes.chunks_exact(16).map(|block| block.try_into().unwrap()).collect();
        Self { iv: BASE64_STANDARD.decode(iv).unwrap().try_into().unwrap(), blocks }
    }

    /// What `POST /v1/phone` takes.
    pub fn body(&self) -> Value {
        let (data, iv) = (BASE64_STANDARD.encode(self.blocks.concat()), BASE64_STANDARD.encode(self.iv));
        json!({ "encryptedData": data, "iv": iv })
    }

    /// The same with one bit pattern laid over one byte of one block; block 0 is the IV, so that byte `n` of the plaintext's
    /// block `block` changes with it.
    pub fn flipped(&self, block: usize, byte: usize, pattern: u8) -> Self {
        let mut changed = self.clone();
        let block = if block == 0 { &mut changed.iv } else { &mut changed.blocks[block - 1] };
        block[byte] ^= pattern;
        changed
    }
}

/// Numbers that look random and are the same in each run (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end as u64).unwrap()
    }

    pub fn block(&mut self) -> Block {
        (u128::from(self.roll()) << 64 | u128::from(self.roll())).to_le_bytes()
    }
}
