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

/// @title Groth16 verifier of the circuit Claim40
/// @notice Generated with the keys by scripts/ceremony.ts; not to be edited. Returns false for a
/// proof that does not verify, a signal not below r and a coordinate not below q.
contract Claim40Verifier {
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
    uint256 constant deltax1 = 15652358687120657909276412902588444887522082109831939845164859809304789024448;
    uint256 constant deltax2 = 18061271853896612592931972522602124109645007673761474825542742142717686025654;
    uint256 constant deltay1 = 19567969158690602180123983289133136018522669527577909015767835132112751512559;
    uint256 constant deltay2 = 10064229715785488061116348362087473964650117751633795681143849007636921067490;

    uint256 constant IC0x = 9449959306603191205914848384708884645778377859596975392043419859047789423843;
    uint256 constant IC0y = 17144608397773879293945469520123974220860712766621417641670147345581202853353;

    uint256 constant IC1x = 39963010726733086771341652195145642149475269342489113019334125741819525307;
    uint256 constant IC1y = 6516276379056293495598776347738213599319899448827621609571262534507189433599;

    uint256 constant IC2x = 18998961840268182090171739176033008727619811710626283043665327989774695921673;
    uint256 constant IC2y = 15049639698205117214359441089828820609184107132618187255242358417617275491886;

    uint256 constant IC3x = 11984477018561841881025560745137662479508896081845503432684334416525151566904;
    uint256 constant IC3y = 18346460962430715058938711881183912887358299442007666417376423451939726180487;

    uint256 constant IC4x = 956521909017613497490135822360884398052795744490436174368168271183364371470;
    uint256 constant IC4y = 8037217456042684994056709226643193499618560226090918104203849841885894058898;

    uint256 constant IC5x = 4456366821250123999972187179592008566812765394008631450744931129969656937396;
    uint256 constant IC5y = 16143314969013285452250639718428378833537671848308179862940598925107463362248;

    uint256 constant IC6x = 4347811579445041317425390678521216432391901535198537791663688299460457925162;
    uint256 constant IC6y = 5334233469523313976508022622126387653409252917428023308428561192099189162912;

    uint256 constant IC7x = 13447657907960758453405576707790968969745098911897709845823860961782569999452;
    uint256 constant IC7y = 16505099301711221232300472468945082293681682639200132265684204889472499606599;

    uint256 constant IC8x = 7596788603531223246509075926612396910668442013401272121723488563638280533708;
    uint256 constant IC8y = 17397061799353062980152120397965474065327590083808572873868153062824924432339;

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
