pragma circom 2.1.6;

// Wrong on purpose: a hint that nothing holds to a bit. The tests of the solver show that it sees it.
template LooseParity() {
    signal input in;
    signal output isOdd;
    signal half;

    isOdd <-- in & 1;
    half <-- in >> 1;
    in === 2 * half + isOdd;
    isOdd * (isOdd - 1) === 0;
}

component main = LooseParity();
