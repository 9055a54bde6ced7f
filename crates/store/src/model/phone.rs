use super::{Member, MemberId, OpeningId, SessionId, Trust, UnixSeconds, debug_only};

/// A phone number that was proved, to be bound to a member.
#[derive(Clone)]
pub struct BindPhone {
    /// Whose it is.
    pub member: MemberId,
    /// The session that brought the proof.
    pub session: SessionId,
    /// SHA-256 of the proof: the ciphertext or the phone code.
    pub digest: [u8; 32],
    /// What that session is answered, and will be if it asks again; sealed by the caller.
    pub sealed_answer: Vec<u8>,
    /// The number, sealed by the caller.
    pub phone_sealed: Vec<u8>,
    /// A keyed hash of the number: equal for equal numbers.
    pub phone_index: [u8; 32],
    /// How it was proved.
    pub trust: Trust,
    /// Whether it may replace another number, because the member logged in a moment ago.
    pub may_replace: bool,
    /// The try in the failure budget to release.
    pub opening: Option<OpeningId>,
    /// Until when the proof would be accepted if it were not remembered here.
    pub usable_until: UnixSeconds,
    /// The instant of the binding.
    pub now: UnixSeconds,
}

debug_only!(BindPhone { member, session, trust, may_replace });

/// What became of a [`BindPhone`].
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every binding is the large one, and it is moved once")]
pub enum Bound {
    /// Bound; the member as they are now.
    Done(Member),
    /// The proof was accepted before. Nothing was written.
    UsedBefore(UsedProof),
    /// Another number is bound, which it may not replace. Nothing was written.
    LoginTooOld,
    /// There is no such member, or the session has ended. Nothing was written.
    Gone,
}

/// A proof that was accepted.
#[derive(Clone, PartialEq, Eq)]
pub struct UsedProof {
    /// Whose it was.
    pub member: MemberId,
    /// Which session brought it.
    pub session: SessionId,
    /// What that session was answered, as the caller sealed it; empty when the number was withdrawn since.
    pub sealed_answer: Vec<u8>,
}

debug_only!(UsedProof { member, session });
