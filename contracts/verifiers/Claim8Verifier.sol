// SPDX-License-Identifier: GPL-3.0
/*
    Copyright 2021 0KIMS association.

    This file is generated with [snarkJS](https://github.com/iden3/snarkjs).

    snarkJS is a free software: you can redistribute it and/or modify it
    under the terms of the GNU General Public License as published by
    the Free Software Foundation, either version 3 of the License, or
    (at your option) any later version.

    snarkJS is distributed in the hope that it will be useful, but WITHOUT
    ANY WARRANTY; without even the implied warranty of MERCHANTABILITY
    or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public
    License for more details.

    You should have received a copy of the GNU General Public License
    along with snarkJS. If not, see <https://www.gnu.org/licenses/>.
*/

pragma solidity ^0.8.28;

/// @title Groth16 verifier of the circuit Claim8
/// @notice Generated with the keys by scripts/ceremony.ts; not to be edited. Returns false for a
/// proof that does not verify, a signal not below r and a coordinate not below q.
contract Claim8Verifier {
    // Scalar field size
    uint256 constant r    = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
    // Base field size
    uint256 constant q   = 21888242871839275222246405745257275088696311157297823662689037894645226208583;

    // Verification Key data
    uint256 constant alphax  = 6690270783365781688025401212535988237701608081348468425253328147090748478744;
    uint256 constant alphay  = 9066318893065251943778184219733273469176244078911207865525558005370077517352;
    uint256 constant betax1  = 12820040100379217402544936929733167962659495089016276412469951315087295009399;
    uint256 constant betax2  = 9371285381186379998538447358029456016433916326134930324418098950988091351558;
    uint256 constant betay1  = 18381654074595792967073847670381079693831817318385834351973855016896713903739;
    uint256 constant betay2  = 346350530675010891127726286920079137958066309670269960386617008336683402145;
    uint256 constant gammax1 = 11559732032986387107991004021392285783925812861821192530917403151452391805634;
    uint256 constant gammax2 = 10857046999023057135944570762232829481370756359578518086990519993285655852781;
    uint256 constant gammay1 = 4082367875863433681332203403145435568316851327593401208105741076214120093531;
    uint256 constant gammay2 = 8495653923123431417604973247489272438418190587263600148770280649306958101930;
    uint256 constant deltax1 = 20708464035185904853290430661733504983170489045110453069574931705870975404249;
    uint256 constant deltax2 = 8783329992405849043794192942570488749297069480962065394343229570114138330259;
    uint256 constant deltay1 = 10432142053401741058892790865946832143801201558624578019425845339683346662343;
    uint256 constant deltay2 = 303258586801205472885420989954934888932819068613373493399965394785751604390;

    uint256 constant IC0x = 12532776048985464262628070480499082708487423858420084203444516147122591782751;
    uint256 constant IC0y = 7893056002374104146054641454746129385417664706399143982179437633758017350523;

    uint256 constant IC1x = 1334017168557875032446111244421693456352521189639669205830055328208242222437;
    uint256 constant IC1y = 2471308535473352622785410102067296601654704123751529418089884239537575242768;

    uint256 constant IC2x = 8709009679577438658885484786837384029170166538450699688349333739388564844017;
    uint256 constant IC2y = 13259567332682602830481969737398368108708852488384517614035717293373562542908;

    uint256 constant IC3x = 15701107224602211785676706716881091364488016828977359934080649104097746901454;
    uint256 constant IC3y = 14394233760723782888601396873906541502070531579100217681800002569419503808194;

    uint256 constant IC4x = 19490909160317369979566101765366355466286331256855954795522608912510523440094;
    uint256 constant IC4y = 5610307904272057376892762031871857732795098717446129219358946742671542400083;

    uint256 constant IC5x = 10820272136072358100941754886441886678149413988187163229572416106322949294812;
    uint256 constant IC5y = 198689514101949162762177961140765280925364924269027342574204318558519290825;

    uint256 constant IC6x = 10859769662676055701516253296530275535918778331335032108187722087935430902991;
    uint256 constant IC6y = 14102294092149525042891883864405986915797557044242537439148614572837366192477;

    uint256 constant IC7x = 8853953538588791689781783154265742689026312528451824594118516841432221542477;
    uint256 constant IC7y = 13808280755586282511082623943770163562615071682258659617052455573420640755781;

    uint256 constant IC8x = 8720420580374659893327095592150176652290785523410304831510257637395874152651;
    uint256 constant IC8y = 19614781851965554539523039713370500316176673942728770662093427966217079220375;

    // Memory data
    uint16 constant pVk = 0;
    uint16 constant pPairing = 128;

    uint16 constant pLastMem = 896;

    function verifyProof(uint[2] calldata _pA, uint[2][2] calldata _pB, uint[2] calldata _pC, uint[8] calldata _pubSignals) public view returns (bool) {
        assembly {
            function checkField(v) {
                if iszero(lt(v, r)) {
                    mstore(0, 0)
                    return(0, 0x20)
                }
            }

            function checkCoordinate(v) {
                if iszero(lt(v, q)) {
                    mstore(0, 0)
                    return(0, 0x20)
                }
            }

            // G1 function to multiply a G1 value(x,y) to value in an address
            function g1_mulAccC(pR, x, y, s) {
                let success
                let mIn := mload(0x40)
                mstore(mIn, x)
                mstore(add(mIn, 32), y)
                mstore(add(mIn, 64), s)

                success := staticcall(sub(gas(), 2000), 7, mIn, 96, mIn, 64)

                if iszero(success) {
                    mstore(0, 0)
                    return(0, 0x20)
                }

                mstore(add(mIn, 64), mload(pR))
                mstore(add(mIn, 96), mload(add(pR, 32)))

                success := staticcall(sub(gas(), 2000), 6, mIn, 128, pR, 64)

                if iszero(success) {
                    mstore(0, 0)
                    return(0, 0x20)
                }
            }

            function checkPairing(pA, pB, pC, pubSignals, pMem) -> isOk {
                let _pPairing := add(pMem, pPairing)
                let _pVk := add(pMem, pVk)

                mstore(_pVk, IC0x)
                mstore(add(_pVk, 32), IC0y)

                // Compute the linear combination vk_x

                g1_mulAccC(_pVk, IC1x, IC1y, calldataload(add(pubSignals, 0)))

                g1_mulAccC(_pVk, IC2x, IC2y, calldataload(add(pubSignals, 32)))

                g1_mulAccC(_pVk, IC3x, IC3y, calldataload(add(pubSignals, 64)))

                g1_mulAccC(_pVk, IC4x, IC4y, calldataload(add(pubSignals, 96)))

                g1_mulAccC(_pVk, IC5x, IC5y, calldataload(add(pubSignals, 128)))

                g1_mulAccC(_pVk, IC6x, IC6y, calldataload(add(pubSignals, 160)))

                g1_mulAccC(_pVk, IC7x, IC7y, calldataload(add(pubSignals, 192)))

                g1_mulAccC(_pVk, IC8x, IC8y, calldataload(add(pubSignals, 224)))

                // -A
                mstore(_pPairing, calldataload(pA))
                mstore(add(_pPairing, 32), mod(sub(q, calldataload(add(pA, 32))), q))

                // B
                mstore(add(_pPairing, 64), calldataload(pB))
                mstore(add(_pPairing, 96), calldataload(add(pB, 32)))
                mstore(add(_pPairing, 128), calldataload(add(pB, 64)))
                mstore(add(_pPairing, 160), calldataload(add(pB, 96)))

                // alpha1
                mstore(add(_pPairing, 192), alphax)
                mstore(add(_pPairing, 224), alphay)

                // beta2
                mstore(add(_pPairing, 256), betax1)
                mstore(add(_pPairing, 288), betax2)
                mstore(add(_pPairing, 320), betay1)
                mstore(add(_pPairing, 352), betay2)

                // vk_x
                mstore(add(_pPairing, 384), mload(add(pMem, pVk)))
                mstore(add(_pPairing, 416), mload(add(pMem, add(pVk, 32))))

                // gamma2
                mstore(add(_pPairing, 448), gammax1)
                mstore(add(_pPairing, 480), gammax2)
                mstore(add(_pPairing, 512), gammay1)
                mstore(add(_pPairing, 544), gammay2)

                // C
                mstore(add(_pPairing, 576), calldataload(pC))
                mstore(add(_pPairing, 608), calldataload(add(pC, 32)))

                // delta2
                mstore(add(_pPairing, 640), deltax1)
                mstore(add(_pPairing, 672), deltax2)
                mstore(add(_pPairing, 704), deltay1)
                mstore(add(_pPairing, 736), deltay2)

                let success := staticcall(sub(gas(), 2000), 8, _pPairing, 768, _pPairing, 0x20)

                isOk := and(success, mload(_pPairing))
            }

            let pMem := mload(0x40)
            mstore(0x40, add(pMem, pLastMem))

            // Validate that all evaluations ∈ F

            checkField(calldataload(add(_pubSignals, 0)))

            checkField(calldataload(add(_pubSignals, 32)))

            checkField(calldataload(add(_pubSignals, 64)))

            checkField(calldataload(add(_pubSignals, 96)))

            checkField(calldataload(add(_pubSignals, 128)))

            checkField(calldataload(add(_pubSignals, 160)))

            checkField(calldataload(add(_pubSignals, 192)))

            checkField(calldataload(add(_pubSignals, 224)))

            // Validate that every coordinate is spelled canonically
            checkCoordinate(calldataload(add(_pA, 0)))
            checkCoordinate(calldataload(add(_pA, 32)))
            checkCoordinate(calldataload(add(_pB, 0)))
            checkCoordinate(calldataload(add(_pB, 32)))
            checkCoordinate(calldataload(add(_pB, 64)))
            checkCoordinate(calldataload(add(_pB, 96)))
            checkCoordinate(calldataload(add(_pC, 0)))
            checkCoordinate(calldataload(add(_pC, 32)))

            // Validate all evaluations
            let isValid := checkPairing(_pA, _pB, _pC, _pubSignals, pMem)

            mstore(0, isValid)
             return(0, 0x20)
         }
     }
 }
