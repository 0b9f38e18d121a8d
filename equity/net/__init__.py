"""The network: one careful session, and downloaded files kept with receipts."""
