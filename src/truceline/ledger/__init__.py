"""The log's arithmetic: tree, tiles, proofs, notes, checkpoints, cosignatures.

Formats are those of C2SP (tlog-tiles, tlog-checkpoint, signed-note,
tlog-cosignature, tlog-witness), so that tools that we did not write verify the
same log. Everything here is bytes in, bytes out: no disk, no network, no clock.
"""
