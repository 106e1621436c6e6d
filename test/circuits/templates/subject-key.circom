pragma circom 2.1.6;

include "../../../circuits/lib/identity.circom";

component main = SubjectKey();
