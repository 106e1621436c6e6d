pragma circom 2.1.6;

include "../../../circuits/lib/register.circom";

component main = RegisterRoot(14);
