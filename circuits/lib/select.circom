pragma circom 2.1.6;

/// Reads one bit of two masks at the same index.  2^n + 1 constraints
///
/// The two masks travel through one tree of multiplexers as a + 2·b, and the value at its root,
/// which is exactly 0…3, is split into two bits at the end: half the price of two trees, and no
/// comparison of the index with every possible value.
///
/// Soundness: index bits are boolean (caller), so the root is the leaf that they spell, and with
/// a, b boolean the split a + 2·b is unique.
template SelectFromTwoMasks(n) {
    signal input index[n];        // bits, least significant first; boolean, constrained by the caller
    signal input mask[2][1 << n]; // boolean, constrained by the caller
    signal output out[2];

    signal level[n][1 << (n - 1)];
    for (var k = 0; k < n; k++) {
        var width = 1 << (n - 1 - k);
        for (var i = 0; i < width; i++) {
            if (k == 0) {
                level[k][i] <== mask[0][2 * i] + 2 * mask[1][2 * i]
                    + index[k] * (mask[0][2 * i + 1] + 2 * mask[1][2 * i + 1] - mask[0][2 * i] - 2 * mask[1][2 * i]);
            } else {
                level[k][i] <== level[k - 1][2 * i]
                    + index[k] * (level[k - 1][2 * i + 1] - level[k - 1][2 * i]);
            }
        }
    }

    out[0] <-- level[n - 1][0] & 1;
    out[1] <-- (level[n - 1][0] >> 1) & 1;
    out[0] * (out[0] - 1) === 0;
    out[1] * (out[1] - 1) === 0;
    level[n - 1][0] === out[0] + 2 * out[1];
}
