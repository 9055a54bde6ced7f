//! Random bytes of the operating system.

/// `N` fresh random bytes.
///
/// # Panics
/// When the operating system has no randomness: nothing secret can be made then, and nothing should go on.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
