pragma circom 2.1.6;

include "circomlib/circuits/poseidon.circom";

/// Which of N slots hold an entry: the first `count`.  2N − 1 constraints
///
/// Soundness: the flags are boolean, never rise again after a 0, and sum to `count`. So count is a
/// whole number in 0…N, and no slot in the middle can be left out.
template UsedSlots(N) {
    signal input count;
    signal output used[N];

    var sum = 0;
    for (var i = 0; i < N; i++) {
        used[i] <-- i < count ? 1 : 0;
        used[i] * (used[i] - 1) === 0;
        if (i > 0) {
            used[i] * (1 - used[i - 1]) === 0;
        }
        sum += used[i];
    }
    count === sum;
}

/// The chain over the used slots: head₀ = 0, headᵢ₊₁ = H3(headᵢ, opᵢ, H2(packedᵢ, contentᵢ)).
/// 504 constraints a slot
///
/// Unused slots pass the head on and must be empty, so that a witness has one spelling only
/// (op is forced to 0 there by OpFlags).
template EntryChain(N) {
    signal input used[N];      // boolean, first ones then zeros
    signal input op[N];
    signal input packed[N];
    signal input content[N];
    signal output head;        // 0 when no slot is used

    signal at[N + 1];
    signal body[N];
    signal linked[N];
    at[0] <== 0;
    for (var i = 0; i < N; i++) {
        body[i] <== Poseidon(2)([packed[i], content[i]]);
        linked[i] <== Poseidon(3)([at[i], op[i], body[i]]);
        at[i + 1] <== at[i] + used[i] * (linked[i] - at[i]);

        packed[i] * (1 - used[i]) === 0;
        content[i] * (1 - used[i]) === 0;
    }
    head <== at[N];
}
