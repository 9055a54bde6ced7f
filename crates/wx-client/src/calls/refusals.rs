//! Errcodes by name. What a number means depends on the call: each family has its own enum.

/// An enum of a family's errcodes, and the way to it from an [`Error`](crate::Error).
macro_rules! refusals {
    ($(#[$about:meta])* $name:ident { $($(#[$meaning:meta])* $case:ident = $($errcode:literal)|+,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$meaning])* $case,)+
        }

        impl $name {
            /// What an error of these calls comes to, if it is one of these.
            pub fn of(error: &$crate::Error) -> Option<Self> {
                match error.errcode()? {
                    $($($errcode)|+ => Some(Self::$case),)+
                    _ => None,
                }
            }
        }
    };
}
