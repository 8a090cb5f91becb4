//! Server-rendered pages: signing in, accepting an invitation, and what a person manages of the own account.
