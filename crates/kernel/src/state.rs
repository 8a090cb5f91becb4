//! States and their legal moves, written once (design.md, section 6).

/// Declares the states of a thing and the moves between them. `state.to(next)?` is the only way to change one.
///
/// ```
/// stoa_kernel::states! {
///     /// A light.
///     pub enum Light { Red = "Red" -> [Green], Green = "Green" -> [Red] }
/// }
/// assert!(Light::Red.to(Light::Green).is_ok());
/// assert!(Light::Red.to(Light::Red).is_err());
/// ```
#[macro_export]
macro_rules! states {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($state:ident = $text:literal -> [$($next:ident),* $(,)?]),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[allow(missing_docs, reason = "the names of states are their documentation")]
        $vis enum $name { $($state),+ }

        impl $name {
            /// Every state, in order.
            pub const ALL: &'static [$name] = &[$($name::$state),+];
            /// The text of every state, in order.
            pub const TEXTS: &'static [&'static str] = &[$($text),+];

            /// The text that is stored and shown.
            pub const fn text(self) -> &'static str {
                match self { $($name::$state => $text),+ }
            }

            /// Reads the text back.
            pub fn parse(text: &str) -> Option<$name> {
                match text { $($text => Some($name::$state),)+ _ => None }
            }

            /// The states that may follow this one.
            pub const fn next(self) -> &'static [$name] {
                match self { $($name::$state => &[$($name::$next),*]),+ }
            }

            /// Moves on.
            ///
            /// # Errors
            /// A conflict that names the states from which the move is legal.
            pub fn to(self, next: $name) -> $crate::Result<$name> {
                if self.next().contains(&next) {
                    return Ok(next);
                }
                let valid: Vec<&str> =
                    $name::ALL.iter().filter(|state| state.next().contains(&next)).map(|state| state.text()).collect();
                Err($crate::Error::Conflict(format!("Valid states for operation: {}.", valid.join(", "))))
            }
        }
    };
}
