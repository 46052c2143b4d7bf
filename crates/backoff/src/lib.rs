//! How long to wait between the attempts of something that may succeed later.
//!
//! A [`Policy`] says how waits grow, how far they are spread at random, how long one may be, and when to
//! give up. A [`Backoff`] gives the waits of one row of attempts. [`rest`] is a wait that a stop ends. A
//! [`Throttle`] says which of the failures are worth a line of a log.
//!
//! ```
//! use std::time::Duration;
//!
//! use backoff::{Backoff, Policy};
//!
//! let mut policy = Policy::doubling(Duration::from_millis(100), Duration::from_secs(30));
//! policy.budget = Duration::from_secs(1);
//! let mut backoff = Backoff::new(policy, 7);
//! let mut spent = Duration::ZERO;
//! while let Some(wait) = backoff.wait(spent) {
//!     // Wait, try again, and leave the loop when it succeeds.
//!     spent += wait;
//! }
//! assert_eq!(backoff.attempts(), 4);
//! ```
//!
//! What it does not know: what is tried, clocks, and runtimes.

mod policy;
mod rest;
mod throttle;
mod waits;

pub use policy::Policy;
pub use rest::rest;
pub use throttle::{Due, Throttle};
pub use waits::Backoff;
