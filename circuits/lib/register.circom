pragma circom 2.1.6;

include "circomlib/circuits/poseidon.circom";
include "circomlib/circuits/comparators.circom";
include "circomlib/circuits/bitify.circom";

/// One level of the quaternary tree: puts a node among its three siblings and hashes.
/// 7 + 297 constraints
///
/// Soundness: the digit is two boolean bits, so it is 0…3 and the four places are a one-hot; the four
/// children are then the node and the siblings in child order, with nothing left to choose.
template ParentNode() {
    signal input node;
    signal input digit;         // which child `node` is
    signal input siblings[3];   // the other children, in child order
    signal output out;

    signal low;
    signal high;
    low <-- digit & 1;
    high <-- (digit >> 1) & 1;
    low * (low - 1) === 0;
    high * (high - 1) === 0;
    digit === low + 2 * high;

    signal isThird <== low * high;     // child 3
    var isZeroth = 1 - low - high + isThird;
    var isFirst = low - isThird;

    signal child[4];
    child[0] <== siblings[0] + isZeroth * (node - siblings[0]);
    signal firstOwn <== isFirst * (node - siblings[1]);
    child[1] <== siblings[1] + firstOwn + isZeroth * (siblings[0] - siblings[1]);
    child[3] <== siblings[2] + isThird * (node - siblings[2]);
    // The four children are the same four values as the node and its siblings: the last is the rest.
    child[2] <== node + siblings[0] + siblings[1] + siblings[2] - child[0] - child[1] - child[3];

    out <== Poseidon(4)(child);
}

/// The root above a leaf H3(key, nextKey, head).  261 constraints and 304 a level
template RegisterRoot(DEPTH) {
    signal input key;
    signal input nextKey;
    signal input head;
    signal input position[DEPTH];      // base-4 digits, bottom level first
    signal input siblings[DEPTH][3];
    signal output out;

    signal node[DEPTH + 1];
    node[0] <== Poseidon(3)([key, nextKey, head]);
    for (var k = 0; k < DEPTH; k++) {
        node[k + 1] <== ParentNode()(node[k], position[k], siblings[k]);
    }
    out <== node[DEPTH];
}

/// Ties the chain to the leaf: either the leaf is the key's own and its head is the chain's, or the
/// leaf is the low leaf of an absent key and there is no entry.  753 constraints
///
/// Soundness: which of the two cases it is follows from leafKey == key (IsEqual); the prover does not
/// say. The gaps are spelled in 248 bits. leafKey is range-checked, so leafKey + 1 + gap = key has no
/// wrapped solution, and leafNextKey = key + 1 + gap is below 2^249 and therefore the integer that
/// it looks like: it needs no range check of its own.
template LeafAnswersForKey() {
    signal input key;           // below 2^248
    signal input leafKey;
    signal input leafNextKey;
    signal input leafHead;
    signal input head;          // the chain's; 0 without entries
    signal input count;         // number of entries

    signal isPresent <== IsEqual()([leafKey, key]);

    // 1. Present: the whole chain, nothing less.
    isPresent * (leafHead - head) === 0;

    // 2. Absent: no entries …
    (1 - isPresent) * count === 0;

    // 3. … and leafKey < key < leafNextKey, or leafNextKey = 0, which stands for "none larger".
    _ <== Num2Bits(248)(leafKey);
    signal gapBelow <== (1 - isPresent) * (key - leafKey - 1);
    _ <== Num2Bits(248)(gapBelow);

    signal isLargest <== IsZero()(leafNextKey);
    signal needsGapAbove <== (1 - isPresent) * (1 - isLargest);
    signal gapAbove <== needsGapAbove * (leafNextKey - key - 1);
    _ <== Num2Bits(248)(gapAbove);
}
