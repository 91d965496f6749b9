"""A question becomes an explained answer. Every stage returns what it did."""
